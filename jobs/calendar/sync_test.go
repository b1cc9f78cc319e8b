package calendar_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/queries"
)

func TestWhatIsBusyOutsideIsNotFreeHere(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	day := inAMonth(0)
	event := timed(day, "10:00", "12:00")
	event["summary"] = "Tax adviser"
	id, err := s.out.Google.Insert(ada, event)
	if err != nil {
		t.Fatal(err)
	}
	s.until("the push brings it", "SELECT EXISTS (SELECT 1 FROM busy WHERE org_id = $1 AND title = 'Tax adviser')", s.org.ID)
	var refused *booking.Refused
	if _, err := s.take("Kay & Fry", on(day, 11, 20), queries.BookingStatusConfirmed); !errors.As(err, &refused) || refused.Reasons[0].Why != booking.Outside || refused.Reasons[0].Title != "Tax adviser" {
		t.Errorf("%v", err)
	}
	if err := s.out.Google.Delete(ada, id); err != nil {
		t.Fatal(err)
	}
	s.until("it is gone", "SELECT NOT EXISTS (SELECT 1 FROM busy WHERE org_id = $1 AND title = 'Tax adviser')", s.org.ID)
	s.booked("Kay & Fry", on(day, 11, 20))
}

func TestABookingStandsOutsideAndFollows(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	day := inAMonth(1)
	id := s.booked("Kay & Fry", on(day, 12, 23))
	s.until("it is written", "SELECT EXISTS (SELECT 1 FROM sync_entities WHERE org_id = $1 AND subject_id = $2 AND state = 'agreed')", s.org.ID, id)
	if e := s.copyOf(id); e["summary"] != "Kay & Fry" {
		t.Errorf("%+v", e)
	}
	s.quiet()
	s.pull()
	if n := s.count("SELECT count(*) FROM busy WHERE org_id = $1 AND title = 'Kay & Fry'", s.org.ID); n != 0 {
		t.Error("our own copy blocks us")
	}
}

// A reading can see a copy before its writer has had Google's answer.
func TestACopyIsKnownBeforeItsWriterHasItsID(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	id := s.booked("Kay & Fry", on(inAMonth(3), 12, 23))
	s.until("it is written", "SELECT EXISTS (SELECT 1 FROM sync_entities WHERE org_id = $1 AND subject_id = $2 AND state = 'agreed')", s.org.ID, id)
	s.quiet()
	outside := s.copyOf(id)["id"].(string)
	for _, back := range []string{"UPDATE sync_entities SET remote_id = '', etag = '', hash = '', agreed = '{}' WHERE org_id = $1 AND subject_id = $2", "DELETE FROM calendar_events WHERE org_id = $1 AND booking_id = $2"} {
		if _, err := s.Pool.Exec(t.Context(), back, s.org.ID, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.out.Google.Patch(ada, outside, map[string]any{"colorId": "4"}); err != nil {
		t.Fatal(err)
	}
	s.until("it was read", "SELECT EXISTS (SELECT 1 FROM calendar_events WHERE org_id = $1 AND remote_id = $2)", s.org.ID, outside)
	s.quiet()
	if n := s.count("SELECT (SELECT count(*) FROM busy WHERE org_id = $1 AND title = 'Kay & Fry') + (SELECT count(*) FROM sync_conflicts WHERE org_id = $1)", s.org.ID); n != 0 {
		t.Error("a booking lies over itself")
	}
}

func TestAMoveOutsideIsAMoveHere(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	day := inAMonth(2)
	id := s.booked("Kay & Fry", on(day, 12, 23))
	s.until("it is written", "SELECT EXISTS (SELECT 1 FROM sync_entities WHERE org_id = $1 AND subject_id = $2 AND state = 'agreed')", s.org.ID, id)
	s.quiet()
	changes := timed(day, "14:00", "22:00")
	maps.Copy(changes, map[string]any{"summary": "Kay & Fry, at last"})
	if err := s.out.Google.Patch(ada, s.copyOf(id)["id"].(string), changes); err != nil {
		t.Fatal(err)
	}
	s.until("it moved", "SELECT starts_local::time = '14:00' AND title = 'Kay & Fry, at last' FROM bookings WHERE org_id = $1 AND id = $2", s.org.ID, id)
	s.quiet()
	if e := s.copyOf(id); e["summary"] != "Kay & Fry, at last" {
		t.Errorf("their words were overwritten: %v", e["summary"])
	}
	if n := s.count("SELECT count(*) FROM sync_conflicts WHERE org_id = $1", s.org.ID); n != 0 {
		t.Errorf("%d conflicts", n)
	}
}
