package booking

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// Seat gives places to bookings that another system has made, moved or ended. What it has promised to a couple cannot be
// refused any more, so a booking whose place is taken stays what the system says, has no claims, and is a conflict until
// somebody settles it. It gives the ids of those.
//
// Everything is read at once and written at once: a batch of deliveries brings a hundred. Touching the regions is the
// caller's.
func Seat(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], org, connection uuid.UUID, externalIDs []string, now time.Time) (without []uuid.UUID, err error) {
	s := seating{taking: taking{tx: tx, q: queries.New(tx), client: client, org: org, now: now}}
	rows, err := s.q.BookingsToSeat(ctx, queries.BookingsToSeatParams{OrgID: org, ConnectionID: connection, ExternalIds: externalIDs})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	if err := s.resources(ctx, rows); err != nil {
		return nil, fmt.Errorf("seat: %w", err)
	}
	for _, row := range rows {
		s.sort(row)
	}
	if err := s.read(ctx); err != nil {
		return nil, fmt.Errorf("seat: %w", err)
	}
	s.place()
	if err := s.write(ctx); err != nil {
		return nil, fmt.Errorf("seat: %w", err)
	}
	return s.contest.BookingIds, nil
}

// seating is a batch of bookings on their way to their places.
type seating struct {
	taking
	named   map[string]queries.ResourcesNamedRow
	all     []uuid.UUID // whose claims are written anew
	freed   bool
	wanting []seat
	taken   map[uuid.UUID][]claim
	titles  map[uuid.UUID]string // of those whose claims stand in the way
	claims  queries.AddClaimsParams
	needs   queries.AddNeedsParams
	contest queries.OpenContestParams
	placed  []uuid.UUID // had no place, and have one now, or want none
	told    []notify.Notice
}

type seat struct {
	row      queries.BookingsToSeatRow
	resource queries.ResourcesNamedRow
	span
}

// resources finds what the bookings name, and makes what nobody named before.
func (s *seating) resources(ctx context.Context, rows []queries.BookingsToSeatRow) error {
	var asked, new []string
	for _, row := range rows {
		asked = append(asked, strings.ToLower(resourceName(row.Resource)))
		if name := resourceName(row.Resource); name != "" {
			new = append(new, name)
		}
	}
	for range 2 {
		found, err := s.q.ResourcesNamed(ctx, queries.ResourcesNamedParams{OrgID: s.org, Names: asked})
		if err != nil {
			return err
		}
		s.named = map[string]queries.ResourcesNamedRow{}
		for _, r := range found {
			s.named[strings.ToLower(r.Name)] = r
			if r.Usual {
				s.named[""] = r
			}
		}
		new = slices.DeleteFunc(new, func(name string) bool { _, there := s.named[strings.ToLower(name)]; return there })
		if len(new) == 0 {
			return nil
		}
		slices.Sort(new) // two batches that make the same ones never wait for each other in a ring
		new = slices.Compact(new)
		if err := s.q.AddResourcesNamed(ctx, queries.AddResourcesNamedParams{OrgID: s.org, Names: new}); err != nil {
			return err
		}
	}
	return nil
}

const longestName = 80

func resourceName(said string) string {
	said = strings.Join(strings.Fields(said), " ")
	if r := []rune(said); len(r) > longestName {
		said = strings.TrimSpace(string(r[:longestName]))
	}
	return said
}

// sort decides what a booking wants: a place, or none.
func (s *seating) sort(row queries.BookingsToSeatRow) {
	resource, named := s.named[strings.ToLower(resourceName(row.Resource))]
	lives := row.Status == queries.BookingStatusHeld || row.Status == queries.BookingStatusConfirmed
	s.all = append(s.all, row.ID)
	if !lives || !named || !row.Timed || !row.EndsAt.After(s.now) || // nobody can be double-booked in the past
		row.EndsAt.Sub(row.StartsAt) > longest || resource.RetiredAt != nil {
		s.freed = s.freed || row.Seated
		s.placed = append(s.placed, row.ID)
		return
	}
	s.freed = s.freed || row.Seated // it may have moved away
	s.wanting = append(s.wanting, seat{row, resource, around(resource.MinutesBefore, resource.MinutesAfter, row.StartsAt, row.EndsAt)})
}

// read locks the weeks and reads who has what in them.
func (s *seating) read(ctx context.Context) error {
	s.taken, s.titles = map[uuid.UUID][]claim{}, map[uuid.UUID]string{}
	if len(s.wanting) == 0 {
		return nil
	}
	var keys []int64
	p := queries.ClaimsMeetingParams{OrgID: s.org}
	for _, w := range s.wanting {
		keys = append(keys, weeks(w.resource.ID, w.from, w.until)...)
		p.ResourceIds, p.StartsAts, p.EndsAts = append(p.ResourceIds, w.resource.ID), append(p.StartsAts, w.from), append(p.EndsAts, w.until)
	}
	slices.Sort(keys)
	if err := s.q.HoldWeeks(ctx, slices.Compact(keys)); err != nil {
		return err
	}
	rows, err := s.q.ClaimsMeeting(ctx, p)
	for _, r := range rows {
		if !slices.Contains(s.all, r.BookingID) {
			s.taken[r.ResourceID] = append(s.taken[r.ResourceID], claim{r.BookingID, int(r.Slot), r.StartsAt, r.EndsAt})
			s.titles[r.BookingID] = r.Title
		}
	}
	return err
}

// place deals places, to those first that have one already: a batch that comes twice ends the same.
func (s *seating) place() {
	slices.SortStableFunc(s.wanting, func(a, b seat) int {
		switch {
		case a.row.Seated == b.row.Seated:
			return 0
		case a.row.Seated:
			return -1
		default:
			return 1
		}
	})
	for _, w := range s.wanting {
		s.needs.BookingIds, s.needs.ResourceIds, s.needs.Units = append(s.needs.BookingIds, w.row.ID), append(s.needs.ResourceIds, w.resource.ID), append(s.needs.Units, 1)
		slots := vacant(s.taken[w.resource.ID], int(w.resource.Capacity), 1, w.from, w.until)
		if len(slots) == 0 {
			s.without(w)
			continue
		}
		c := claim{w.row.ID, slots[0], w.from, w.until}
		s.taken[w.resource.ID] = append(s.taken[w.resource.ID], c)
		s.titles[w.row.ID] = w.row.Title
		into(&s.claims, w.row.ID, w.resource.ID, c)
		if w.row.ContestedAt != nil {
			s.placed = append(s.placed, w.row.ID)
			s.step(w.row.ID, "seated", "")
		}
	}
}

// without is a booking that finds its place taken.
func (s *seating) without(w seat) {
	other := uuid.Nil
	for _, c := range s.taken[w.resource.ID] {
		if c.meets(w.from, w.until) {
			other = c.booking
		}
	}
	p := &s.contest
	p.BookingIds, p.OtherIds = append(p.BookingIds, w.row.ID), append(p.OtherIds, other)
	p.StartsAts, p.EndsAts = append(p.StartsAts, w.row.StartsAt), append(p.EndsAts, w.row.EndsAt)
	p.Titles, p.OtherTitles = append(p.Titles, w.row.Title), append(p.OtherTitles, s.titles[other])
	if w.row.ContestedAt != nil {
		return
	}
	s.step(w.row.ID, "contested", s.titles[other])
	starts, ends := w.row.StartsAt, w.row.EndsAt
	s.told = append(s.told, notify.Notice{OrgID: s.org, ID: notify.NoticeID(w.row.ID, "contested"+starts.UTC().Format(time.RFC3339)), At: s.now, News: mail.News{Kind: mail.Conflict,
		What: "double_booked", Title: w.row.Title, Detail: w.resource.Name + " is taken by " + s.titles[other], Starts: &starts, Ends: &ends, Zone: "UTC", At: s.now, Path: "/app/conflicts"}})
}

func (s *seating) write(ctx context.Context) error {
	s.claims.OrgID, s.needs.OrgID, s.contest.OrgID = s.org, s.org, s.org
	if _, err := s.q.DropClaims(ctx, queries.DropClaimsParams{OrgID: s.org, BookingIds: s.all}); err != nil {
		return err
	}
	if len(s.wanting) > 0 {
		if err := s.q.DropNeeds(ctx, queries.DropNeedsParams{OrgID: s.org, BookingIds: s.all}); err != nil {
			return err
		}
		if err := s.q.AddNeeds(ctx, s.needs); err != nil {
			return err
		}
		if err := s.q.AddClaims(ctx, s.claims); err != nil {
			return err
		}
	}
	if err := s.settle(ctx, s.placed); err != nil {
		return err
	}
	if len(s.contest.BookingIds) > 0 {
		if err := s.q.ContestBookings(ctx, queries.ContestBookingsParams{OrgID: s.org, Ids: s.contest.BookingIds, At: s.now}); err != nil {
			return err
		}
		if err := s.q.OpenContest(ctx, s.contest); err != nil {
			return err
		}
	}
	if len(s.steps.Ids) > 0 {
		s.steps.OrgID, s.steps.At = s.org, s.now
		if err := s.q.AddBookingSteps(ctx, s.steps); err != nil {
			return err
		}
	}
	if err := notify.Announce(ctx, s.tx, s.client, s.told...); err != nil {
		return err
	}
	return s.follow(ctx)
}

// follow queues what outside calendars and those in line have to hear. A supplier without either causes no job.
func (s *seating) follow(ctx context.Context) error {
	todo, err := s.q.WhoFollows(ctx, s.org)
	if err != nil {
		return err
	}
	var jobs []river.InsertManyParams
	if todo.Receives {
		for _, id := range s.all {
			jobs = append(jobs, river.InsertManyParams{Args: CopiesArgs{s.org, id}})
		}
	}
	if s.freed && todo.Waits {
		jobs = append(jobs, river.InsertManyParams{Args: LineArgs{s.org}})
	}
	if len(jobs) == 0 {
		return nil
	}
	_, err = s.client.InsertManyFastTx(ctx, s.tx, jobs)
	return err
}
