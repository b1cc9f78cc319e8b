package calendar

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/queries"
)

// canaryPrefix marks the canary among what is ours.
const canaryPrefix = "canary:"

// apply writes a reading into the mirror: events, when they are busy, what became of our own copies, and the token for the next
// time, all in one transaction. Before it commits the old mirror stands whole.
func (s *Sync) apply(ctx context.Context, p *pulling, r *reading) error {
	return pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		m := &mirroring{sync: s, tx: tx, q: queries.New(tx), pulling: p, now: time.Now(), touched: map[string]bool{}}
		if err := m.locate(); err != nil {
			return err
		}
		if err := m.compare(ctx, r); err != nil {
			return fmt.Errorf("mirror: %w", err)
		}
		if err := m.write(ctx); err != nil {
			return fmt.Errorf("mirror: %w", err)
		}
		if err := m.ours(ctx); err != nil {
			return fmt.Errorf("our own copies: %w", err)
		}
		if err := m.pulled(ctx, r); err != nil {
			return fmt.Errorf("mirror: %w", err)
		}
		return touch(ctx, m.q, p.org, "calendar", "conflicts", "kpis", "weddings")
	})
}

// mirroring is one reading on its way into the mirror.
type mirroring struct {
	*pulling
	sync    *Sync
	tx      pgx.Tx
	q       *queries.Queries
	now     time.Time
	zone    *time.Location // of times without one
	kept    []remote.Object
	dropped []string
	touched map[string]bool // series and single events whose occurrences are worked out anew
	copies  map[string]queries.CopiesInRow
	seen    bool // the canary came back
	capped  string
}

func (m *mirroring) locate() error {
	for _, name := range []string{m.Timezone, m.OrgTimezone} {
		if zone, _, known := ical.Zone(name); known && name != "" {
			m.zone = zone
			return nil
		}
	}
	m.zone = time.UTC
	return nil
}

// rootOf is the object whose occurrences an object is about: an exception is its series'.
func rootOf(id, series string, events []ical.Event) string {
	if series != "" && len(events) > 0 && events[0].Replaces != nil {
		return series
	}
	return id
}

// compare finds what there is to write: with a whole reading, what was not given is not there.
func (m *mirroring) compare(ctx context.Context, r *reading) error {
	if r.Whole {
		there, err := m.q.MirrorIDs(ctx, queries.MirrorIDsParams{OrgID: m.org, CalendarID: m.id})
		if err != nil {
			return err
		}
		for _, old := range there {
			if _, given := r.objects[old.RemoteID]; !given && r.capped == "" {
				m.drop(old.RemoteID)
				if old.SeriesID != "" {
					m.touched[old.SeriesID] = true
				}
			}
		}
	}
	for _, id := range r.order {
		o := r.objects[id]
		switch {
		case m.isCanary(o):
		case o.Gone:
			m.drop(id)
			if o.Series != "" {
				m.touched[o.Series] = true
			}
		default:
			m.kept = append(m.kept, o)
			m.touched[rootOf(o.ID, o.Series, o.Events)] = true
			m.touched[o.ID] = true
		}
	}
	m.capped = r.capped
	return nil
}

func (m *mirroring) drop(id string) {
	m.dropped = append(m.dropped, id)
	m.touched[id] = true
}

// isCanary knows our own canary; that it came is the proof.
func (m *mirroring) isCanary(o remote.Object) bool {
	ours := m.CanaryID != "" && o.ID == m.CanaryID
	for _, e := range o.Events {
		ours = ours || strings.HasPrefix(e.Ours, canaryPrefix)
	}
	m.seen = m.seen || ours && !o.Gone
	return ours
}

// write keeps the events and works out when they are busy.
func (m *mirroring) write(ctx context.Context) error {
	if err := m.findCopies(ctx); err != nil {
		return err
	}
	if len(m.dropped) > 0 {
		if err := m.q.DropEvents(ctx, queries.DropEventsParams{OrgID: m.org, CalendarID: m.id, RemoteIds: m.dropped}); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(m.kept, 1000) {
		keep := queries.KeepEventsParams{OrgID: m.org, CalendarID: m.id, Now: m.now}
		for _, o := range batch {
			parts, err := json.Marshal(o.Events)
			if err != nil {
				return err
			}
			keep.RemoteIds, keep.SeriesIds, keep.Etags = append(keep.RemoteIds, o.ID), append(keep.SeriesIds, o.Series), append(keep.Etags, o.ETag)
			keep.Parts, keep.BookingIds = append(keep.Parts, withoutNUL(parts)), append(keep.BookingIds, m.copies[o.ID].SubjectID)
		}
		if err := m.q.KeepEvents(ctx, keep); err != nil {
			return err
		}
	}
	return m.busy(ctx)
}

// withoutNUL drops the one letter that jsonb does not take.
func withoutNUL(parts []byte) string { return strings.ReplaceAll(string(parts), `\u0000`, "") }

func (m *mirroring) findCopies(ctx context.Context) error {
	ids := slices.Clone(m.dropped)
	for _, o := range m.kept {
		ids = append(ids, o.ID)
	}
	rows, err := m.q.CopiesIn(ctx, queries.CopiesInParams{OrgID: m.org, CalendarID: m.id, RemoteIds: ids})
	m.copies = map[string]queries.CopiesInRow{}
	for _, row := range rows {
		m.copies[row.RemoteID] = row
	}
	return errors.Join(err, m.findCopiesBeingWritten(ctx))
}

// findCopiesBeingWritten knows a copy by the mark it bears where a reading sees it before its writer has learnt its id: taken for
// somebody else's event it would lie over its own booking. A copy of it that a person made bears the mark too, but its booking's
// has an id then.
func (m *mirroring) findCopiesBeingWritten(ctx context.Context) error {
	marked := map[uuid.UUID]string{}
	for _, o := range m.kept {
		if _, known := m.copies[o.ID]; known || len(o.Events) == 0 {
			continue
		}
		if booking, err := uuid.Parse(o.Events[0].Ours); err == nil {
			marked[booking] = o.ID
		}
	}
	if len(marked) == 0 {
		return nil
	}
	rows, err := m.q.CopiesOfBookings(ctx, queries.CopiesOfBookingsParams{OrgID: m.org, BookingIds: slices.Collect(maps.Keys(marked))})
	for _, row := range rows {
		if row.PeerID == m.id && row.RemoteID == "" {
			m.copies[marked[row.SubjectID]] = queries.CopiesInRow{ID: row.ID, SubjectID: row.SubjectID, State: row.State}
		}
	}
	return err
}

// busy works out anew when what was touched takes place.
func (m *mirroring) busy(ctx context.Context) error {
	roots := make([]string, 0, len(m.touched))
	for root := range m.touched {
		roots = append(roots, root)
	}
	slices.Sort(roots)
	if len(roots) == 0 {
		return nil
	}
	if err := m.q.DropBusy(ctx, queries.DropBusyParams{OrgID: m.org, CalendarID: m.id, Roots: roots}); err != nil {
		return err
	}
	for batch := range slices.Chunk(roots, 1000) {
		rows, err := m.q.SeriesParts(ctx, queries.SeriesPartsParams{OrgID: m.org, CalendarID: m.id, Roots: batch})
		if err != nil {
			return err
		}
		add, err := m.occurrences(rows)
		if err != nil {
			return err
		}
		if err := m.q.AddBusy(ctx, add); err != nil {
			return err
		}
	}
	return nil
}

// occurrences are those of whole series at a time; our own copies and what a person said to ignore are not busy.
func (m *mirroring) occurrences(rows []queries.SeriesPartsRow) (queries.AddBusyParams, error) {
	add := queries.AddBusyParams{OrgID: m.org, CalendarID: m.id, Now: m.now}
	parts := map[string][]ical.Event{}
	var order []string
	for _, row := range rows {
		var events []ical.Event
		if err := json.Unmarshal(row.Parts, &events); err != nil {
			return add, fmt.Errorf("parts of an event: %w", err)
		}
		if row.BookingID != nil || row.IgnoredAt != nil {
			continue
		}
		root := rootOf(row.RemoteID, row.SeriesID, events)
		if _, known := parts[root]; !known {
			order = append(order, root)
		}
		if row.RemoteID == root {
			parts[root] = append(events, parts[root]...) // the master comes first
		} else {
			parts[root] = append(parts[root], events...)
		}
	}
	for _, root := range order {
		m.addBusy(&add, root, parts[root])
	}
	return add, nil
}

func (m *mirroring) addBusy(add *queries.AddBusyParams, root string, parts []ical.Event) {
	w := window(m.now)
	all, capped := ical.Expand(parts, m.zone, w.From, w.Until, mostBusy)
	if capped {
		m.capped = cmp.Or(m.capped, fmt.Sprintf("“%s” takes place too often: only the first %d times count.", parts[0].Title, mostBusy))
	}
	for _, o := range all {
		if o.Busy == ical.Free || !o.Ends.After(o.Starts) {
			continue
		}
		title := o.Title
		if o.Private {
			title = ""
		}
		add.RootIds, add.RemoteIds = append(add.RootIds, root), append(add.RemoteIds, root)
		add.StartsAts, add.EndsAts = append(add.StartsAts, o.Starts), append(add.EndsAts, o.Ends)
		add.AllDays, add.Tentatives = append(add.AllDays, o.Day), append(add.Tentatives, o.Busy == ical.Tentative)
		add.Titles = append(add.Titles, short(title))
	}
}

func short(title string) string {
	r := []rune(strings.ReplaceAll(title, "\x00", ""))
	return string(r[:min(len(r), 200)])
}

// pulled notes the token and the proof, last of all.
func (m *mirroring) pulled(ctx context.Context, r *reading) error {
	w := window(m.now)
	done := queries.CalendarPulledParams{OrgID: m.org, ID: m.id, Token: r.Token, AsOf: m.asked, Capped: m.capped, WindowFrom: &w.From, WindowUntil: &w.Until,
		NextPullAt: m.now.Add(pollEvery(m.Kind, m.PushDeadAt != nil, time.Duration(m.FreshWithinMinutes)*time.Minute))}
	if m.seen && m.CanarySentAt != nil && m.CanarySeenAt == nil && m.pushed {
		took := int32(m.now.Sub(*m.CanarySentAt).Milliseconds())
		done.CanarySeenAt, done.CanaryMs, done.PushLives = &m.now, &took, true
	}
	if err := m.q.CalendarPulled(ctx, done); err != nil || m.FirstAt != nil || !m.Blocks && !m.Receives {
		return err
	}
	if m.Kind != queries.CalendarKindGoogle && m.Kind != queries.CalendarKindMicrosoft {
		return nil
	}
	_, err := m.sync.River.InsertTx(ctx, m.tx, WatchArgs{OrgID: m.org, CalendarID: m.id}, nil)
	return err
}
