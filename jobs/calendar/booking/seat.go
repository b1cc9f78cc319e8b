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
)

// Seat gives places to bookings that another system has made, moved or ended. What it has promised to a couple cannot be
// refused any more, so a booking whose place is taken stays what the system says, has no claims, and is a conflict until
// somebody settles it. It gives the ids of those.
//
// Everything is read at once and written at once: a batch of deliveries brings a hundred. Touching the regions is the
// caller's.
func Seat(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], org, connection uuid.UUID, externalIDs []string, now time.Time) (without []uuid.UUID, err error) {
	s := seating{taking: *begin(tx, client, org, nil, now)}
	rows, err := s.q.BookingsToSeat(ctx, queries.BookingsToSeatParams{OrgID: org, ConnectionID: connection, ExternalIds: externalIDs})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	if err := s.had(ctx, rows); err != nil {
		return nil, fmt.Errorf("seat: %w", err)
	}
	if err := s.resources(ctx, rows); err != nil {
		return nil, fmt.Errorf("seat: %w", err)
	}
	for _, row := range rows {
		s.sort(row)
	}
	if err := s.lock(ctx); err != nil {
		return nil, fmt.Errorf("seat: %w", err)
	}
	if err := s.place(ctx); err != nil {
		return nil, fmt.Errorf("seat: %w", err)
	}
	if err := s.write(ctx); err != nil {
		return nil, fmt.Errorf("seat: %w", err)
	}
	return s.contest.p.BookingIds, nil
}

// seating is a batch of bookings on their way to their places.
type seating struct {
	taking
	named   map[string]queries.ResourcesNamedRow
	needed  map[uuid.UUID][]Need   // what a booking needed before
	said    map[uuid.UUID][]string // the same in words
	gives   []uuid.UUID            // resources that some of them have now
	all     []uuid.UUID            // whose claims are written anew
	needs   []wish
	freed   bool
	wanting []seat
	single  bool // everything is one of a single thing: the batch is dealt in one go
	taken   map[uuid.UUID][]claim
	titles  map[uuid.UUID]string // of those whose claims stand in the way
	claims  queries.AddClaimsParams
	contest contest
	placed  []uuid.UUID // had no place, and have one now, or want none
	told    []notify.Notice
}

// wish is what a booking needs, also where it only asks.
type wish struct {
	id    uuid.UUID
	needs []Need
}

// seat is a booking that wants a place.
type seat struct {
	row   queries.BookingsToSeatRow
	needs []Need
	span
}

// resources finds what the bookings name, and makes what nobody named before.
func (s *seating) resources(ctx context.Context, rows []queries.BookingsToSeatRow) error {
	var asked, new []string
	for _, row := range rows {
		if s.keeps(row) {
			continue
		}
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

// had finds what the bookings need and have as they stand.
func (s *seating) had(ctx context.Context, rows []queries.BookingsToSeatRow) (err error) {
	s.needed, s.said = map[uuid.UUID][]Need{}, map[uuid.UUID][]string{}
	for _, row := range rows {
		s.all = append(s.all, row.ID)
	}
	needs, err := s.q.NeedsOf(ctx, queries.NeedsOfParams{OrgID: s.org, BookingIds: s.all})
	if err != nil {
		return err
	}
	for _, n := range needs {
		s.needed[n.BookingID] = append(s.needed[n.BookingID], Need{n.ResourceID, int(n.Units)})
		s.said[n.BookingID] = append(s.said[n.BookingID], n.Name)
	}
	s.gives, err = s.q.ClaimedResources(ctx, queries.ClaimedResourcesParams{OrgID: s.org, BookingIds: s.all})
	return err
}

// keeps says whether a booking is still about what it needs: a person gave it a set of things, of which the other system knows
// the words at most.
func (s *seating) keeps(row queries.BookingsToSeatRow) bool {
	words := strings.Split(row.Resource, ", ")
	slices.Sort(words)
	said := slices.Sorted(slices.Values(s.said[row.ID]))
	return len(said) > 0 && slices.Equal(words, said)
}

// sort decides what a booking wants: a place, or none.
func (s *seating) sort(row queries.BookingsToSeatRow) {
	needs := s.needed[row.ID]
	if !s.keeps(row) {
		needs = nil
		if resource, named := s.named[strings.ToLower(resourceName(row.Resource))]; named && resource.RetiredAt == nil {
			needs = []Need{{resource.ID, 1}}
		}
	}
	s.needs = append(s.needs, wish{row.ID, needs})
	lives := row.Status == queries.BookingStatusHeld || row.Status == queries.BookingStatusConfirmed
	s.freed = s.freed || row.Seated                                           // if only by moving away
	if !lives || len(needs) == 0 || !row.Timed || !row.EndsAt.After(s.now) || // nobody can be double-booked in the past
		row.EndsAt.Sub(row.StartsAt) > longest {
		s.placed = append(s.placed, row.ID)
		return
	}
	s.wanting = append(s.wanting, seat{row, needs, span{row.StartsAt, row.EndsAt}})
}

// lock locks what they have and what they want, all at once.
func (s *seating) lock(ctx context.Context) error {
	var wanted []uuid.UUID
	for _, w := range s.wanting {
		wanted = append(wanted, ids(w.needs)...)
	}
	all := append(slices.Clone(wanted), s.gives...)
	if err := s.holdResources(ctx, all); err != nil {
		return err
	}
	rows, err := s.q.ResourcesByID(ctx, queries.ResourcesByIDParams{OrgID: s.org, Ids: wanted})
	if err != nil {
		return err
	}
	shapes := map[uuid.UUID]queries.ResourcesByIDRow{}
	for _, r := range rows {
		shapes[r.ID] = r
	}
	keys := keysOf(s.gives, dealing)
	s.single = true
	for i, w := range s.wanting {
		for _, n := range w.needs {
			r := shapes[n.ResourceID]
			s.single = s.single && len(w.needs) == 1 && n.Units == 1 && r.Capacity == 1 && r.RetiredAt == nil
			keys = append(keys, toTake(n.ResourceID, r.Capacity, around(r.MinutesBefore, r.MinutesAfter, w.from, w.until))...)
		}
		if r := shapes[w.needs[0].ResourceID]; s.single {
			s.wanting[i].span = around(r.MinutesBefore, r.MinutesAfter, w.from, w.until)
		}
	}
	slices.Sort(keys)
	return s.q.HoldDates(ctx, slices.Compact(keys))
}

func (s *seating) write(ctx context.Context) error {
	if err := s.settle(ctx, s.placed); err != nil {
		return err
	}
	if err := s.q.StandAsSaid(ctx, queries.StandAsSaidParams{OrgID: s.org, Ids: s.all}); err != nil {
		return err
	}
	if err := s.contestAll(ctx, &s.contest); err != nil {
		return err
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
		for _, id := range append(s.all, s.ended...) {
			jobs = append(jobs, river.InsertManyParams{Args: CopiesArgs{s.org, id}})
		}
	}
	if (s.freed || s.line) && todo.Waits {
		jobs = append(jobs, river.InsertManyParams{Args: LineArgs{s.org}})
	}
	if len(jobs) == 0 {
		return nil
	}
	_, err = s.client.InsertManyFastTx(ctx, s.tx, jobs)
	return err
}
