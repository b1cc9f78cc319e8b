package calendar

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/queries"
)

// canaryPrefix marks the canary among what is ours.
const canaryPrefix = "canary:"

// apply hears what became of our own copies, and then writes the reading into the mirror: events, when they are busy, and the token
// for the next time, all in one transaction. Before it commits the old mirror stands whole, and what was heard is heard again as
// the same.
func (s *Sync) apply(ctx context.Context, account remote.Account, p *pulling, r *reading) error {
	m := &mirroring{sync: s, q: queries.New(s.Pool), pulling: p, now: time.Now(), touched: map[string]bool{}}
	if err := m.locate(); err != nil {
		return err
	}
	if err := m.compare(ctx, r); err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	if err := m.findCopies(ctx); err != nil {
		return fmt.Errorf("our own copies: %w", err)
	}
	// Each in a transaction of its own: a move locks weeks, and two of them in one transaction wait for others in a ring.
	if err := m.ours(ctx, account); err != nil {
		return fmt.Errorf("our own copies: %w", err)
	}
	return m.within(ctx, func(m *mirroring) error {
		if _, err := m.q.LeaseHeld(ctx, queries.LeaseHeldParams{OrgID: p.org, ID: p.id, Until: &p.until}); err != nil {
			return fmt.Errorf("it took longer than it may: %w", err)
		}
		if err := m.write(ctx); err != nil {
			return fmt.Errorf("mirror: %w", err)
		}
		if err := m.pulled(ctx, r); err != nil {
			return fmt.Errorf("mirror: %w", err)
		}
		return touch(ctx, m.q, p.org, "calendar", "conflicts", "kpis", "weddings")
	})
}

// within does a part of the work in a transaction.
func (m *mirroring) within(ctx context.Context, f func(*mirroring) error) error {
	return pgx.BeginFunc(ctx, m.sync.Pool, func(tx pgx.Tx) error {
		inner := *m
		inner.tx, inner.q = tx, queries.New(tx)
		return f(&inner)
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
	whose   map[string]uuid.UUID // our bookings, by the objects that are copies of them
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

// isCanary knows our own canary: by its name, by what it says of itself, or (Graph) by the key under which it was written. That
// of another organisation in the same account is none of ours.
func (m *mirroring) isCanary(o remote.Object) bool {
	if m.CanaryID != "" && o.ID == m.CanaryID {
		return true
	}
	return len(o.Events) > 0 && slices.Contains([]string{canaryPrefix + m.id.String(), plainHex(m.id)}, o.Events[0].Ours) ||
		len(o.Events) > 0 && m.CanaryRev != "" && o.Events[0].Ours == m.CanaryRev
}

// plainHex is an id as remote.Draft wants keys.
func plainHex(id uuid.UUID) string { return strings.ReplaceAll(id.String(), "-", "") }

// write keeps the events and works out when they are busy.
func (m *mirroring) write(ctx context.Context) error {
	if len(m.dropped) > 0 {
		if err := m.q.DropEvents(ctx, queries.DropEventsParams{OrgID: m.org, CalendarID: m.id, RemoteIds: m.dropped}); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(m.kept, 1000) {
		keep := queries.KeepEventsParams{OrgID: m.org, CalendarID: m.id, Now: m.now}
		for _, o := range batch {
			parts, err := json.Marshal(stable(o.Events))
			if err != nil {
				return err
			}
			keep.RemoteIds, keep.SeriesIds, keep.Etags = append(keep.RemoteIds, o.ID), append(keep.SeriesIds, o.Series), append(keep.Etags, o.ETag)
			keep.Parts, keep.BookingIds = append(keep.Parts, withoutNUL(parts)), append(keep.BookingIds, m.whose[o.ID])
		}
		if err := m.q.KeepEvents(ctx, keep); err != nil {
			return err
		}
	}
	return m.busy(ctx)
}

// stable is what is kept of events: numbers and stamps that change while nothing else does would undo what a person said of them.
func stable(events []ical.Event) []ical.Event {
	kept := slices.Clone(events)
	for i := range kept {
		kept[i].Sequence, kept[i].Updated = 0, time.Time{}
		kept[i].Starts, kept[i].Ends = dated(kept[i].Starts), dated(kept[i].Ends)
		if at := kept[i].Replaces; at != nil {
			day := dated(*at)
			kept[i].Replaces = &day
		}
	}
	return kept
}

// dated is a whole day as a date: it takes that day where the supplier is, wherever it was written down.
func dated(m ical.Moment) ical.Moment {
	if m.Day {
		m.Zone = ""
	}
	return m
}

// withoutNUL drops the one letter that jsonb does not take. A backslash that is itself written is left with what follows it.
func withoutNUL(raw []byte) string {
	const nul = `\u0000`
	var b strings.Builder
	for text := string(raw); ; {
		i := strings.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		if strings.HasPrefix(text[i:], nul) {
			text = text[i+len(nul):]
			continue
		}
		b.WriteString(text[i : i+2])
		text = text[i+2:]
	}
}

func (m *mirroring) findCopies(ctx context.Context) error {
	ids := slices.Clone(m.dropped)
	for _, o := range m.kept {
		ids = append(ids, o.ID)
	}
	rows, err := m.q.CopiesIn(ctx, queries.CopiesInParams{OrgID: m.org, CalendarID: m.id, RemoteIds: ids})
	if err != nil {
		return err
	}
	m.copies, m.whose = map[string]queries.CopiesInRow{}, map[string]uuid.UUID{}
	for _, row := range rows {
		m.copies[row.RemoteID], m.whose[row.RemoteID] = row, row.SubjectID
	}
	return m.findWritten(ctx)
}

// findWritten knows our copies by what they say of themselves, where they are on their way and their name is not known yet, or
// where another connection to the same calendar wrote them. Neither takes time of its own.
func (m *mirroring) findWritten(ctx context.Context) error {
	says := map[uuid.UUID][]string{}
	var ids []uuid.UUID
	for _, o := range m.kept {
		if _, known := m.whose[o.ID]; known || len(o.Events) == 0 {
			continue
		}
		if id, err := uuid.Parse(o.Events[0].Ours); err == nil {
			says[id] = append(says[id], o.ID)
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := m.q.CopiesWritten(ctx, queries.CopiesWrittenParams{OrgID: m.org, Ids: ids})
	for _, row := range rows {
		for _, remoteID := range append(says[row.SubjectID], says[row.ID]...) {
			onItsWay := row.RemoteID == "" && (row.PeerID == m.id || row.LeasedUntil != nil && row.LeasedUntil.After(m.now))
			if row.RemoteID == remoteID || onItsWay { // its name may have come between the two looks
				m.whose[remoteID] = row.SubjectID
			}
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
		add, err := m.occurrences(rows, batch)
		if err != nil {
			return err
		}
		if err := m.q.AddBusy(ctx, add); err != nil {
			return err
		}
	}
	follows, err := m.q.WhoFollows(ctx, m.org)
	if err == nil && follows.Waits { // what stood in somebody's way may be gone
		_, err = m.sync.River.InsertTx(ctx, m.tx, booking.LineArgs{OrgID: m.org}, nil)
	}
	return err
}

// occurrences are those of whole series at a time; our own copies and what a person said to ignore are not busy. An exception
// that was asked for without its series is dealt with where the series is.
func (m *mirroring) occurrences(rows []queries.SeriesPartsRow, batch []string) (queries.AddBusyParams, error) {
	add := queries.AddBusyParams{OrgID: m.org, CalendarID: m.id, Now: m.now}
	parts, not := map[string][]ical.Event{}, map[string]bool{}
	var order []string
	for _, row := range rows {
		var events []ical.Event
		if err := json.Unmarshal(row.Parts, &events); err != nil {
			return add, fmt.Errorf("parts of an event: %w", err)
		}
		root := rootOf(row.RemoteID, row.SeriesID, events)
		if _, asked := slices.BinarySearch(batch, root); !asked {
			continue
		}
		if row.BookingID != nil || row.IgnoredAt != nil {
			not[root] = not[root] || row.RemoteID == root
			for i := range events {
				events[i].Cancelled = true // it still stands in its place in the series
			}
		}
		if _, known := parts[root]; !known {
			order = append(order, root)
		}
		if row.RemoteID == root {
			parts[root] = append(events, parts[root]...) // the master comes first
		} else {
			parts[root] = append(parts[root], events...)
		}
	}
	order = slices.DeleteFunc(order, func(root string) bool { return not[root] })
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
	done := queries.CalendarPulledParams{OrgID: m.org, ID: m.id, Token: r.Token, AsOf: m.asked, Whole: r.Whole, Capped: m.capped,
		NextPullAt: m.now.Add(pollEvery(m.Kind, m.PushDeadAt != nil, time.Duration(m.FreshWithinMinutes)*time.Minute))}
	if r.Whole {
		done.WindowFrom, done.WindowUntil = &w.From, &w.Until
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
