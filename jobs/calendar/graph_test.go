package calendar_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
)

const outlook = "ada.lindqvist@outlook.example"

// newOutlook is a season whose calendar is Ada's at Microsoft; it gives that calendar's id there.
func newOutlook(t *testing.T) (s *season, there string) {
	t.Helper()
	s = bareSeason(t)
	access, refresh := s.out.Graph.Consented(outlook)
	var err error
	s.connection, err = s.Connect(t.Context(), calendar.Connecting{OrgID: s.org.ID, By: &s.org.Owner.ID, Kind: queries.CalendarKindMicrosoft,
		Tokens: &remote.Tokens{Access: access, Refresh: refresh, Account: outlook, Until: time.Now().Add(time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	s.one(&s.calendar, "SELECT id FROM calendars WHERE org_id = $1 AND receives", s.org.ID)
	s.one(&there, "SELECT remote_id FROM calendars WHERE id = $1", s.calendar)
	s.waitForGoogle()
	return s, there
}

func TestCase05AMovedAndACancelledDateAtMicrosoft(t *testing.T) {
	t.Parallel()
	s, there := newOutlook(t)
	for i, zone := range []string{"Europe/London", "Pacific/Auckland", "America/Los_Angeles"} {
		at, _ := time.Parse(time.DateOnly, inAMonth(30*i))
		day := func(n int) string { return at.AddDate(0, 0, n).Format(time.DateOnly) }
		series := s.out.Graph.Add(outlook, there, sandbox.GraphEvent{Subject: "Market", AllDay: true, Starts: at, Ends: at.AddDate(0, 0, 1), Zone: zone, Recurs: &sandbox.GraphRule{Type: "daily", Interval: 7, Count: 4}})
		dates := s.out.Graph.Occurrences(outlook, series)
		if len(dates) != 4 {
			t.Fatal(dates)
		}
		s.quietly()
		s.out.Graph.Change(outlook, dates[1], func(e *sandbox.GraphEvent) { e.Starts, e.Ends = at.AddDate(0, 0, 9), at.AddDate(0, 0, 10) })
		s.out.Graph.Remove(outlook, dates[2])
		s.quietly()
		look := func(how string) {
			for n, want := range map[int]bool{0: false, 1: true, 6: true, 7: true, 8: true, 9: false, 10: true, 13: true, 14: true, 15: true, 21: false, 22: true} {
				s.isFree(fmt.Sprintf("%s, day %d, %s", zone, n, how), want, on(day(n), 9, 22))
			}
		}
		look("told of changes")
		s.out.Graph.ForgetTokens(outlook, 0, "")
		s.quietly()
		look("told again as a whole")
	}
}

func TestCase06ASubscriptionThatWasRemovedIsMadeAnew(t *testing.T) {
	t.Parallel()
	s, there := newOutlook(t)
	day := inAMonth(0)
	if n := s.out.Graph.Lifecycle(outlook, "subscriptionRemoved"); n != 1 {
		t.Fatalf("%d subscriptions", n)
	}
	at, _ := time.Parse(time.DateOnly, day)
	s.out.Graph.Add(outlook, there, sandbox.GraphEvent{Subject: "Meanwhile", Starts: at.Add(10 * time.Hour), Ends: at.Add(12 * time.Hour), Zone: "Europe/London"})
	eventually(t, "there is one again", func() bool { return s.out.Graph.Subscriptions(outlook) == 1 })
	s.until("what came meanwhile is known", "SELECT EXISTS (SELECT 1 FROM busy WHERE title = 'Meanwhile')")
	s.quiet()
	if n := s.count("SELECT count(*) FROM calendar_channels WHERE calendar_id = $1 AND closed_at IS NULL", s.calendar); n != 1 {
		t.Errorf("%d channels", n)
	}
}

func TestOurOwnAtMicrosoftIsKnownBeforeItsName(t *testing.T) {
	t.Parallel()
	s, there := newOutlook(t)
	before := len(s.out.Graph.Events(outlook, there))
	id := s.booked("Kay & Fry", on(inAMonth(0), 12, 23))
	if err := s.Sing(t.Context(), s.org.ID, s.calendar); err != nil {
		t.Fatal(err)
	}
	s.until("the canary is back", "SELECT canary_seen_at IS NOT NULL AND push_dead_at IS NULL FROM calendars WHERE id = $1", s.calendar)
	for range 20 {
		s.pull()
		s.copies(id)
	}
	s.quietly()
	if n := len(s.out.Graph.Events(outlook, there)); n != before+2 {
		t.Errorf("%d events, not two more than %d", n, before)
	}
	if n := s.count("SELECT count(*) FROM calendar_events e WHERE calendar_id = $1 AND parts->0->>'title' LIKE 'WedSync checks%'", s.calendar); n != 0 {
		t.Error("the canary is in the mirror")
	}
	var wrong string
	s.one(&wrong, "SELECT coalesce((SELECT string_agg(title, ', ') FROM busy WHERE title LIKE 'Kay%'), '') || coalesce((SELECT string_agg(kind || resolution || theirs, ', ') FROM sync_conflicts), '')")
	if wrong != "" {
		t.Errorf("our own copy blocks us: %s", wrong)
	}
	var copyID string
	s.one(&copyID, "SELECT remote_id FROM sync_entities WHERE subject_id = $1 AND state = 'agreed'", id)
	s.out.Graph.Change(outlook, copyID, func(e *sandbox.GraphEvent) { e.Subject = "K & F" })
	s.quietly()
	if got := s.here(id); got != "K & F at " || s.open() != "" {
		t.Errorf("%q, %q", got, s.open())
	}
}
