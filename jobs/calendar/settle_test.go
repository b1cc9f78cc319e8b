package calendar_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/queries"
)

func (s *season) strategy(all string, by string) {
	s.t.Helper()
	s.sql("UPDATE calendar_connections SET strategy = $2::conflict_strategy, strategies = $3::jsonb WHERE org_id = $1", s.org.ID, all, by)
}

// open are the kinds and fields that are asked about.
func (s *season) open() (all string) {
	s.t.Helper()
	s.one(&all, "SELECT coalesce(string_agg(kind || ' ' || field, ', ' ORDER BY kind, field), '') FROM sync_conflicts WHERE org_id = $1 AND resolved_at IS NULL", s.org.ID)
	return all
}

func (s *season) asked() (id uuid.UUID) {
	s.t.Helper()
	s.one(&id, "SELECT id FROM sync_conflicts WHERE org_id = $1 AND resolved_at IS NULL ORDER BY created_at DESC LIMIT 1", s.org.ID)
	return id
}

func (s *season) resolve(how string) uuid.UUID {
	s.t.Helper()
	id := s.asked()
	if err := s.Resolve(s.t.Context(), s.org.ID, id, how, s.org.Owner.ID); err != nil {
		s.t.Fatal(how, err)
	}
	s.quietly()
	return id
}

func (s *season) undo(id uuid.UUID) {
	s.t.Helper()
	if err := s.Undo(s.t.Context(), s.org.ID, id, s.org.Owner.ID); err != nil {
		s.t.Fatal(err)
	}
	s.quietly()
}

// both edits the title here and there, and the place there.
func (s *season) both(id uuid.UUID, there string) {
	s.t.Helper()
	s.until("nobody leases it", "SELECT leased_until IS NULL FROM calendars WHERE id = $1", s.calendar)
	// Here first, without telling the copy's job: nobody may be quicker than the other side's edit.
	s.sql("UPDATE bookings SET title = 'Ours' WHERE id = $1", id)
	s.patch(there, map[string]any{"summary": "Theirs", "location": "The garden"})
	s.quietly()
	s.copies(id)
	s.quietly()
}

func (s *season) here(id uuid.UUID) (title string) {
	s.t.Helper()
	s.one(&title, "SELECT title || ' at ' || venue FROM bookings WHERE id = $1", id)
	return title
}

func (s *season) outThere(there string) string {
	s.t.Helper()
	e, _ := s.out.Google.Event(ada, there)
	if e["status"] == "cancelled" {
		return "deleted"
	}
	return fmt.Sprint(e["summary"], " at ", e["location"])
}

func (s *season) says(what string, id uuid.UUID, here, there, theirs, asked string) {
	s.t.Helper()
	if got := s.here(id); got != here {
		s.t.Errorf("%s: here %q, not %q", what, got, here)
	}
	if got := s.outThere(there); got != theirs {
		s.t.Errorf("%s: there %q, not %q", what, got, theirs)
	}
	if got := s.open(); got != asked {
		s.t.Errorf("%s: asked %q, not %q", what, got, asked)
	}
}

func TestBothSidesEditedByEachStrategy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ strategy, by, here, there, asked string }{
		{"local_wins", "{}", "Ours at ", "Ours at <nil>", ""},
		{"remote_wins", "{}", "Theirs at The garden", "Theirs at The garden", ""},
		{"merge", "{}", "Ours at The garden", "Theirs at The garden", "edited title"},
		{"manual", "{}", "Ours at ", "Theirs at The garden", "edited title, edited venue"},
		{"merge", `{"title": "local_wins"}`, "Ours at The garden", "Ours at The garden", ""},
		{"local_wins", `{"venue": "remote_wins"}`, "Ours at The garden", "Ours at The garden", ""},
	} {
		t.Run(c.strategy+c.by, func(t *testing.T) {
			t.Parallel()
			s := newSeason(t)
			s.strategy(c.strategy, c.by)
			id, there := s.written("Kay & Fry", on(inAMonth(0), 12, 23))
			s.both(id, there)
			s.says("edited", id, c.here, there, c.there, c.asked)
		})
	}
}

func TestAnEditIsSettledAndUndone(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	id, there := s.written("Kay & Fry", on(inAMonth(0), 12, 23))
	s.both(id, there)
	s.says("edited", id, "Ours at The garden", there, "Theirs at The garden", "edited title")
	theirs := s.resolve(calendar.Theirs)
	s.says("theirs", id, "Theirs at The garden", there, "Theirs at The garden", "")
	s.undo(theirs)
	s.says("undone", id, "Ours at The garden", there, "Theirs at The garden", "edited title")
	if err := s.Undo(t.Context(), s.org.ID, theirs, s.org.Owner.ID); !errors.Is(err, calendar.ErrSettled) {
		t.Errorf("undone twice: %v", err)
	}
	ours := s.resolve(calendar.Ours)
	s.says("ours", id, "Ours at The garden", there, "Ours at The garden", "")
	if err := s.Resolve(t.Context(), s.org.ID, ours, calendar.Theirs, s.org.Owner.ID); !errors.Is(err, calendar.ErrSettled) {
		t.Errorf("settled twice: %v", err)
	}
	s.undo(ours)
	if got := s.open(); got != "edited title" {
		t.Errorf("undone: %q", got)
	}
	for _, how := range []string{calendar.Both, calendar.Again, calendar.Cancel, calendar.Ignore, "whatever"} {
		if err := s.Resolve(t.Context(), s.org.ID, s.asked(), how, s.org.Owner.ID); !errors.Is(err, calendar.ErrCannot) {
			t.Errorf("%s: %v", how, err)
		}
	}
	s.resolve(calendar.Theirs)
	s.says("theirs at last", id, "Theirs at The garden", there, "Theirs at The garden", "")
	// The same edit once more is a new question.
	s.strategy("manual", "{}")
	s.patch(there, map[string]any{"summary": "Other"})
	s.quietly()
	s.resolve(calendar.Ours)
	s.patch(there, map[string]any{"summary": "Other"})
	s.quietly()
	s.says("the same edit again", id, "Theirs at The garden", there, "Other at The garden", "edited title")
	// A later one takes the place of the question, and one that is taken back ends it.
	s.patch(there, map[string]any{"summary": "Yet another"})
	s.quietly()
	s.says("another edit", id, "Theirs at The garden", there, "Yet another at The garden", "edited title")
	s.patch(there, map[string]any{"summary": "Theirs"})
	s.quietly()
	s.says("taken back", id, "Theirs at The garden", there, "Theirs at The garden", "")
}

func TestAMoveThatCannotBeHadIsAskedAbout(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	a, b := inAMonth(0), inAMonth(1)
	id, there := s.written("Kay & Fry", on(a, 12, 23))
	other, _ := s.written("Noor & Sam", on(b, 12, 23))
	s.patch(there, timed(b, "14:00", "22:00"))
	s.quietly()
	if s.open() != "refused when" || s.count("SELECT count(*) FROM bookings WHERE id = $1 AND starts_local::date = $2::date", id, a) != 1 {
		t.Fatalf("%q", s.open())
	}
	s.copies(id)
	if e, _ := s.out.Google.Event(ada, there); !strings.Contains(fmt.Sprint(e["start"]), b) {
		t.Error("theirs was overwritten before it was settled")
	}
	var refused *booking.Refused
	if err := s.Resolve(t.Context(), s.org.ID, s.asked(), calendar.Theirs, s.org.Owner.ID); !errors.As(err, &refused) {
		t.Errorf("%v", err)
	}
	ours := s.resolve(calendar.Ours)
	if e, _ := s.out.Google.Event(ada, there); !strings.Contains(fmt.Sprint(e["start"]), a) || s.open() != "" {
		t.Errorf("%v, %q", e["start"], s.open())
	}
	s.undo(ours)
	if err := s.do(func(tx pgx.Tx) error {
		return booking.Cancel(t.Context(), tx, s.River, s.org.ID, other, nil, time.Now())
	}); err != nil {
		t.Fatal(err)
	}
	s.quietly()
	theirs := s.resolve(calendar.Theirs)
	if s.count("SELECT count(*) FROM bookings WHERE id = $1 AND starts_local = $2::date + time '14:00'", id, b) != 1 || s.open() != "" {
		t.Errorf("it did not move; %q", s.open())
	}
	s.undo(theirs)
	if s.count("SELECT count(*) FROM bookings WHERE id = $1 AND starts_local = $2::date + time '12:00'", id, a) != 1 || s.open() != "refused when" {
		t.Errorf("it did not move back; %q", s.open())
	}
	// A booking that is cancelled leaves nothing to ask.
	if err := s.do(func(tx pgx.Tx) error { return booking.Cancel(t.Context(), tx, s.River, s.org.ID, id, nil, time.Now()) }); err != nil {
		t.Fatal(err)
	}
	s.quietly()
	if s.open() != "" || s.outThere(there) != "deleted" || s.count("SELECT count(*) FROM sync_entities WHERE subject_id = $1", id) != 0 {
		t.Errorf("%q, %s", s.open(), s.outThere(there))
	}
}

func TestADeletedCopyIsAskedAbout(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	id, there := s.written("Kay & Fry", on(inAMonth(0), 12, 23))
	remove := func() {
		t.Helper()
		s.one(&there, "SELECT remote_id FROM sync_entities WHERE subject_id = $1", id)
		if err := s.out.Google.Delete(ada, there); err != nil {
			t.Fatal(err)
		}
		s.quietly()
	}
	stands := func() (n int) {
		for _, e := range s.out.Google.Events(ada) {
			if e["summary"] == "Kay & Fry" {
				n++
			}
		}
		return n
	}
	remove()
	if s.open() != "deleted when" || s.count("SELECT count(*) FROM bookings WHERE id = $1 AND status = 'confirmed'", id) != 1 {
		t.Fatalf("%q", s.open())
	}
	s.copies(id)
	if stands() != 0 {
		t.Error("it was put back unasked")
	}
	both := s.resolve(calendar.Both)
	s.out.Google.ExpireTokens()
	s.quietly()
	if stands() != 0 || s.open() != "" {
		t.Errorf("asked again: %q", s.open())
	}
	s.undo(both)
	again := s.resolve(calendar.Again)
	if stands() != 1 || s.open() != "" {
		t.Fatalf("%d copies; %q", stands(), s.open())
	}
	s.undo(again)
	s.resolve(calendar.Again)
	if stands() != 1 || s.open() != "" {
		t.Errorf("%d copies; %q", stands(), s.open())
	}
	remove()
	cancel := s.resolve(calendar.Cancel)
	if s.count("SELECT count(*) FROM bookings WHERE id = $1 AND status = 'cancelled'", id) != 1 {
		t.Error("not cancelled")
	}
	s.undo(cancel)
	if s.count("SELECT count(*) FROM bookings WHERE id = $1 AND status = 'confirmed'", id) != 1 || stands() != 1 {
		t.Errorf("not taken back; %d copies", stands())
	}
	s.resolve(calendar.Again)
	// Out of the bin again it is as it was.
	remove()
	if err := s.out.Google.Patch(ada, there, map[string]any{"status": "confirmed"}); err != nil {
		t.Fatal(err)
	}
	s.quietly()
	if s.open() != "" || stands() != 1 {
		t.Errorf("%q, %d", s.open(), stands())
	}
	s.strategy("local_wins", "{}")
	remove()
	if s.open() != "" || stands() != 1 {
		t.Errorf("ours is right: %q, %d", s.open(), stands())
	}
	// Of what is over nobody is asked.
	s.strategy("manual", "{}")
	s.sql("UPDATE bookings SET starts_local = now() - interval '200 days', ends_local = now() - interval '199 days' WHERE id = $1", id)
	remove()
	if s.open() != "" || stands() != 0 {
		t.Errorf("over: %q, %d", s.open(), stands())
	}
}

func TestAnOverlapIsAskedAboutAndSettled(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	day := inAMonth(0)
	id, _ := s.written("Kay & Fry", on(day, 12, 23))
	event := s.outside("Funeral", timed(day, "14:00", "15:00"))
	if s.open() != "overlap day" {
		t.Fatalf("%q", s.open())
	}
	if err := s.out.Google.Delete(ada, event); err != nil {
		t.Fatal(err)
	}
	s.quietly()
	if s.open() != "" {
		t.Errorf("it went: %q", s.open())
	}
	event = s.outside("Funeral", timed(day, "14:00", "15:00"))
	both := s.resolve(calendar.Both)
	s.patch(event, map[string]any{"description": "Black tie"})
	s.quietly()
	s.copies(id)
	if s.open() != "" {
		t.Errorf("settled, and asked again: %q", s.open())
	}
	s.undo(both)
	if s.open() != "overlap day" {
		t.Errorf("undone: %q", s.open())
	}
	s.resolve(calendar.Both)
	s.patch(event, timed(day, "16:00", "17:00"))
	s.quietly()
	if s.open() != "overlap day" {
		t.Errorf("another time: %q", s.open())
	}
	ignored := s.resolve(calendar.Ignore)
	s.patch(event, map[string]any{"description": "Dress as you like"})
	s.quietly()
	if n := s.count("SELECT count(*) FROM busy WHERE title = 'Funeral'"); n == 1 {
		s.t.Log("an edit of its words made it count again")
	}
	s.undo(ignored)
	if n := s.count("SELECT count(*) FROM busy WHERE title = 'Funeral'"); n != 1 || s.open() != "overlap day" {
		t.Errorf("%d, %q", n, s.open())
	}
	cancel := s.resolve(calendar.Cancel)
	if s.open() != "" {
		t.Errorf("cancelled: %q", s.open())
	}
	s.undo(cancel)
	if s.open() != "overlap day" || s.count("SELECT count(*) FROM bookings WHERE id = $1 AND status = 'confirmed'", id) != 1 {
		t.Errorf("revived: %q", s.open())
	}
}

func TestACalendarDeletedOutsideIsFreeAndSaid(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	day := inAMonth(0)
	id, _ := s.written("Kay & Fry", on(day, 12, 23))
	s.outside("Funeral", timed(day, "14:00", "15:00"))
	if s.open() != "overlap day" {
		t.Fatalf("%q", s.open())
	}
	s.out.Google.DeleteCalendar(ada)
	s.quietly()
	if s.open() != "" || s.count("SELECT count(*) FROM busy WHERE calendar_id = $1", s.calendar) != 0 || s.count("SELECT count(*) FROM sync_entities WHERE subject_id = $1", id) != 0 {
		t.Errorf("%q", s.open())
	}
	if n := s.count("SELECT count(*) FROM calendars WHERE id = $1 AND deleted_at IS NOT NULL AND failure = 'It was deleted there.'", s.calendar); n != 1 {
		t.Error("it is not said")
	}
	s.isFree("what it blocked", true, on(inAMonth(3), 12, 23))
}

func TestCopiesFollowTheirWordsAndTheirStatus(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	s.sql("UPDATE orgs SET copy_title = 'Wedding: {{couple}}{{status}}', copy_body = 'At {{venue}}' WHERE id = $1", s.org.ID)
	held, err := s.take("Kay & Fry", on(inAMonth(0), 12, 23), queries.BookingStatusHeld)
	if err != nil {
		t.Fatal(err)
	}
	s.quietly()
	if e := s.copyOf(held.ID); e["status"] != "tentative" {
		t.Errorf("a hold is %v", e["status"])
	}
	s.sql("UPDATE orgs SET copy_title = 'The wedding of {{couple}}' WHERE id = $1", s.org.ID)
	if err := s.Reconsider(t.Context(), s.org.ID, s.calendar); err != nil {
		t.Fatal(err)
	}
	s.quietly()
	if e := s.copyOf(held.ID); e["summary"] != "Hold: The wedding of Kay & Fry" {
		t.Errorf("%v", e["summary"])
	}
	// Somebody's own title has no word for a hold; confirmed, it takes its time for certain all the same.
	s.patch(s.copyOf(held.ID)["id"].(string), map[string]any{"summary": "K & F"})
	s.quietly()
	if err := s.do(func(tx pgx.Tx) error {
		_, err := booking.Confirm(t.Context(), tx, s.River, s.org.ID, held.ID, nil, "", time.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	s.quietly()
	e := s.copyOf(held.ID)
	if e["status"] != "confirmed" || e["summary"] != "K & F" || s.open() != "" {
		t.Errorf("%v, %v, %q", e["status"], e["summary"], s.open())
	}
	there := e["id"].(string)
	s.sql("UPDATE calendars SET receives = false WHERE id = $1", s.calendar)
	if err := s.Reconsider(t.Context(), s.org.ID, s.calendar); err != nil {
		t.Fatal(err)
	}
	s.quietly()
	if s.outThere(there) != "deleted" || s.count("SELECT count(*) FROM sync_entities") != 0 || s.open() != "" {
		t.Errorf("it does not receive any more: %s, %q", s.outThere(there), s.open())
	}
}

func TestWhatWasCancelledDuringAPauseIsTakenOut(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	id, there := s.written("Kay & Fry", on(inAMonth(0), 12, 23))
	if err := s.Pause(t.Context(), s.org.ID, s.connection, true); err != nil {
		t.Fatal(err)
	}
	if err := s.do(func(tx pgx.Tx) error { return booking.Cancel(t.Context(), tx, s.River, s.org.ID, id, nil, time.Now()) }); err != nil {
		t.Fatal(err)
	}
	s.quiet()
	if s.outThere(there) == "deleted" {
		t.Error("a paused connection was written to")
	}
	if err := s.Pause(t.Context(), s.org.ID, s.connection, false); err != nil {
		t.Fatal(err)
	}
	s.quietly()
	if s.outThere(there) != "deleted" {
		t.Errorf("it still stands: %s", s.outThere(there))
	}
}

func TestTwoOrganisationsWithTheSameAccount(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	mine, barn, calendarOf := s.org, s.barn, s.calendar
	s.join()
	day := inAMonth(0)
	s.booked("The other's wedding", on(day, 12, 23)) // s is the other one now
	if err := s.Sing(t.Context(), s.org.ID, s.calendar); err != nil {
		t.Fatal(err)
	}
	s.quietly()
	s.org, s.barn, s.calendar = mine, barn, calendarOf
	s.quietly()
	s.isFree("what the other one booked stands in the calendar of both", false, on(day, 12, 23))
	if n := s.count("SELECT count(*) FROM sync_entities WHERE org_id = $1", mine.ID); n != 0 {
		t.Errorf("%d copies that are the other's", n)
	}
	var all string
	s.one(&all, "SELECT coalesce(string_agg(kind || ' ' || (org_id = $1) || ' ' || ours::text || ' ' || theirs::text || resolution, ', '), '') FROM sync_conflicts", mine.ID)
	if all != "" {
		t.Error(all)
	}
}

func TestOneCalendarConnectedTwiceIsNoOverlap(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	s.connect()
	s.quiet()
	s.sql("UPDATE calendars SET receives = false WHERE org_id = $1 AND id <> $2", s.org.ID, s.calendar)
	s.booked("Kay & Fry", on(inAMonth(0), 12, 23))
	s.quietly()
	if s.open() != "" || s.count("SELECT count(*) FROM busy WHERE title = 'Kay & Fry'") != 0 {
		t.Errorf("our own copy blocks us by way of another connection: %q", s.open())
	}
}

func TestTextThatLooksLikeAnEscapeIsKept(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	s.outside(`C:\u0000 and \\u0000`+"\x00", timed(inAMonth(0), "10:00", "12:00"))
	if n := s.count("SELECT count(*) FROM calendars WHERE id = $1 AND failure = ''", s.calendar); n != 1 {
		t.Error("one title keeps the calendar from being read")
	}
	s.isFree("the event", false, on(inAMonth(0), 9, 12))
}

func (s *season) connect() {
	s.t.Helper()
	access, refresh := s.out.Google.Grant(ada)
	if _, err := s.Connect(s.t.Context(), calendar.Connecting{OrgID: s.org.ID, By: &s.org.Owner.ID, Kind: queries.CalendarKindGoogle,
		Tokens: &remote.Tokens{Access: access, Refresh: refresh, Account: ada, Until: time.Now().Add(time.Hour)}}); err != nil {
		s.t.Fatal(err)
	}
}
