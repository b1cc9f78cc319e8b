package calendar_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
)

// outside puts an event into one of Ada's calendars and reads it.
func (s *season) outside(title string, event map[string]any) string {
	s.t.Helper()
	event["summary"] = title
	id, err := s.out.Google.Insert(ada, event)
	if err != nil {
		s.t.Fatal(err)
	}
	s.quietly()
	return id
}

// quietly reads what is new, whoever was told of it.
func (s *season) quietly() {
	s.t.Helper()
	s.pull()
	s.quiet()
}

func (s *season) patch(id string, changes map[string]any) {
	s.t.Helper()
	if err := s.out.Google.Patch(ada, id, changes); err != nil {
		s.t.Fatal(err)
	}
}

func days(from, until string) map[string]any {
	return map[string]any{"start": map[string]any{"date": from}, "end": map[string]any{"date": until}}
}

// free tells whether the barn may be had.
func (s *season) free(when booking.When) bool {
	s.t.Helper()
	reasons, err := booking.Reasons(s.t.Context(), queries.New(s.Pool), s.org.ID, when, []booking.Need{{ResourceID: s.barn, Units: 1}}, uuid.Nil, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return len(reasons) == 0
}

func (s *season) isFree(what string, want bool, when booking.When) {
	s.t.Helper()
	if got := s.free(when); got != want {
		s.t.Errorf("%s (%s): free is %t", what, when.Starts.Format(time.DateOnly), got)
	}
}

// written books a day and waits for its copy; it gives the copy's id at Google.
func (s *season) written(title string, when booking.When) (id uuid.UUID, there string) {
	s.t.Helper()
	id = s.booked(title, when)
	s.quiet()
	s.one(&there, "SELECT remote_id FROM sync_entities WHERE org_id = $1 AND subject_id = $2 AND state = 'agreed'", s.org.ID, id)
	s.quietly()
	return id, there
}

func (s *season) sql(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.Pool.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

func (s *season) copies(id uuid.UUID) {
	s.t.Helper()
	work := calendar.Copies{Sync: s.Sync}
	if err := work.Work(s.t.Context(), &river.Job[booking.CopiesArgs]{JobRow: &rivertype.JobRow{}, Args: booking.CopiesArgs{OrgID: s.org.ID, BookingID: id}}); err != nil {
		s.t.Fatal(err)
	}
}

// wrote is how often Google was asked to change an event.
func (s *season) wrote() (n int) {
	for _, asked := range s.out.Google.Asked() {
		if method, path, _ := strings.Cut(asked, " "); method != http.MethodGet && strings.Contains(path, "/events") && !strings.HasSuffix(path, "/watch") {
			n++
		}
	}
	return n
}

func TestCase03BusyInAwkwardForms(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	a, b, c, d := inAMonth(0), inAMonth(1), inAMonth(2), inAMonth(3)
	s.outside("Away", days(a, b))
	s.isFree("the evening of an all-day event", false, on(a, 22, 24))
	s.isFree("the night after", true, on(b, 0, 9))
	flips := s.outside("Perhaps", with(timed(b, "10:00", "12:00"), "transparency", "transparent"))
	s.isFree("what is only noted", true, on(b, 9, 12))
	s.patch(flips, map[string]any{"transparency": "opaque"})
	s.quietly()
	s.isFree("flipped to busy", false, on(b, 9, 12))
	s.patch(flips, map[string]any{"transparency": "transparent"})
	s.quietly()
	s.isFree("flipped back", true, on(b, 9, 12))
	s.outside("A moment", timed(c, "10:00", "10:00"))
	s.isFree("what takes no time", true, on(c, 9, 12))
	s.outside("Maybe", with(timed(d, "10:00", "12:00"), "status", "tentative"))
	s.isFree("tentative counts where nothing else was chosen", false, on(d, 9, 12))
	s.sql("UPDATE calendars SET tentative_busy = false WHERE id = $1", s.calendar)
	s.isFree("tentative does not count by choice", true, on(d, 9, 12))
	s.outside("Round the world", days(time.Now().AddDate(0, 0, -200).Format(time.DateOnly), time.Now().AddDate(0, 0, 20).Format(time.DateOnly)))
	s.isFree("what began before the window", false, on(time.Now().AddDate(0, 0, 10).Format(time.DateOnly), 9, 12))
}

func with(e map[string]any, name string, v any) map[string]any {
	e[name] = v
	return e
}

func TestCase03TheSecondCalendarCountsWhereItIsSaid(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	var second uuid.UUID
	var there string
	s.one(&second, "SELECT id FROM calendars WHERE org_id = $1 AND writable AND NOT receives", s.org.ID)
	s.one(&there, "SELECT remote_id FROM calendars WHERE id = $1", second)
	day := inAMonth(0)
	if _, err := s.out.Google.Insert(there, with(timed(day, "10:00", "12:00"), "summary", "School play")); err != nil {
		t.Fatal(err)
	}
	s.isFree("a calendar that does not block", true, on(day, 9, 12))
	s.sql("UPDATE calendars SET blocks = true WHERE id = $1", second)
	if err := s.Reconsider(t.Context(), s.org.ID, second); err != nil {
		t.Fatal(err)
	}
	s.quiet()
	s.isFree("the second calendar", false, on(day, 9, 12))
}

func TestCase05AMovedAndACancelledDateOfASeries(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	for _, zone := range []string{"Europe/London", "Pacific/Auckland", "America/Los_Angeles"} {
		s.sql("UPDATE orgs SET timezone = $2 WHERE id = $1", s.org.ID, zone) // days are days by the calendar's own clock
		first := inAMonth(map[string]int{"Europe/London": 0, "Pacific/Auckland": 30, "America/Los_Angeles": 60}[zone])
		at, _ := time.Parse(time.DateOnly, first)
		day := func(n int) string { return at.AddDate(0, 0, n).Format(time.DateOnly) }
		id := s.outside("Market "+zone, with(days(first, day(1)), "recurrence", []any{"RRULE:FREQ=WEEKLY;COUNT=4"}))
		instance := func(n int) string { return id + "_" + strings.ReplaceAll(day(n), "-", "") }
		s.patch(instance(7), days(day(9), day(10)))
		if err := s.out.Google.Delete(ada, instance(14)); err != nil {
			t.Fatal(err)
		}
		s.quietly()
		for n, want := range map[int]bool{0: false, 1: true, 6: true, 7: true, 8: true, 9: false, 10: true, 13: true, 14: true, 15: true, 21: false, 22: true} {
			s.isFree(fmt.Sprintf("%s, day %d", zone, n), want, on(day(n), 0, 24))
		}
		// Told again as a whole it is the same.
		s.out.Google.ExpireTokens()
		s.quietly()
		s.isFree(zone+", the moved date's old place after a whole reading", true, on(day(7), 0, 24))
		s.isFree(zone+", the cancelled date after a whole reading", true, on(day(14), 0, 24))
		if err := s.out.Google.Delete(ada, id); err != nil {
			t.Fatal(err)
		}
		s.quietly()
		s.isFree(zone+", the moved date of a series that went", true, on(day(9), 0, 24))
	}
}

func TestCase06PushDiesSilentlyAndPollingCovers(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	sing := func() {
		if err := s.Sing(t.Context(), s.org.ID, s.calendar); err != nil {
			t.Fatal(err)
		}
	}
	sing()
	s.until("the canary is back", "SELECT canary_seen_at IS NOT NULL AND canary_ms >= 0 AND push_dead_at IS NULL FROM calendars WHERE id = $1", s.calendar)
	s.quiet()
	s.out.Google.SetTrouble(sandbox.Silent)
	sing()
	day := inAMonth(0)
	if _, err := s.out.Google.Insert(ada, with(timed(day, "10:00", "12:00"), "summary", "Unheard")); err != nil {
		t.Fatal(err)
	}
	var before uuid.UUID
	s.one(&before, "SELECT id FROM calendar_channels WHERE calendar_id = $1 AND closed_at IS NULL", s.calendar)
	if err := s.Due(t.Context(), time.Now().Add(4*time.Minute)); err != nil {
		t.Fatal(err)
	}
	s.quiet()
	s.until("it is said", "SELECT push_dead_at IS NOT NULL FROM calendars WHERE id = $1", s.calendar)
	s.isFree("polling covers", false, on(day, 9, 12))
	s.until("another channel was opened", "SELECT count(*) = 1 AND bool_and(id <> $2) FROM calendar_channels WHERE calendar_id = $1 AND closed_at IS NULL", s.calendar, before)
	s.until("it is asked more often", "SELECT next_pull_at < now() + interval '6 minutes' FROM calendars WHERE id = $1", s.calendar)
	s.out.Google.SetTrouble(sandbox.Fine)
	if err := s.Due(t.Context(), time.Now().Add(16*time.Minute)); err != nil { // not only after hours
		t.Fatal(err)
	}
	s.until("pushes live again", "SELECT push_dead_at IS NULL FROM calendars WHERE id = $1", s.calendar)
}

func TestCase06AChannelIsRenewedBeforeItEnds(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	var before uuid.UUID
	var half time.Time
	s.one(&before, "SELECT id FROM calendar_channels WHERE calendar_id = $1 AND closed_at IS NULL", s.calendar)
	s.one(&half, "SELECT renew_at FROM calendar_channels WHERE id = $1", before)
	if err := s.Due(t.Context(), half.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	s.quiet()
	if n := s.count("SELECT count(*) FROM calendar_channels WHERE calendar_id = $1 AND closed_at IS NULL AND id <> $2 AND expires_at > now()", s.calendar, before); n != 1 || s.out.Google.Channels() != 1 {
		t.Errorf("%d open, %d at Google", n, s.out.Google.Channels())
	}
	// Two at once open one.
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := s.River.Insert(t.Context(), calendar.WatchArgs{OrgID: s.org.ID, CalendarID: s.calendar}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s.quiet()
	if n := s.count("SELECT count(*) FROM calendar_channels WHERE calendar_id = $1 AND closed_at IS NULL", s.calendar); n != 1 || s.out.Google.Channels() != 1 {
		t.Errorf("%d open, %d at Google", n, s.out.Google.Channels())
	}
}

func TestCase07ATokenRefusedAndAReadingThatFailsHalfWay(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	a, b, c := inAMonth(0), inAMonth(1), inAMonth(2)
	stays, goes := s.outside("Stays", timed(a, "10:00", "12:00")), s.outside("Goes", timed(b, "10:00", "12:00"))
	s.out.Google.SetTrouble(sandbox.Silent) // the blackout
	s.out.Google.ExpireTokens()
	s.patch(stays, map[string]any{"summary": "Stays, renamed"})
	if err := s.out.Google.Delete(ada, goes); err != nil {
		t.Fatal(err)
	}
	if _, err := s.out.Google.Insert(ada, with(timed(c, "10:00", "12:00"), "summary", "Came")); err != nil {
		t.Fatal(err)
	}
	for i := range 2600 { // more than a page
		if _, err := s.out.Google.Insert(ada, with(timed(inAMonth(20), "10:00", "12:00"), "summary", fmt.Sprint("Filler ", i))); err != nil {
			t.Fatal(err)
		}
	}
	var token string
	s.one(&token, "SELECT token FROM calendars WHERE id = $1", s.calendar)
	s.out.Google.Fail(0, "", "", 2) // 410 and the first page come
	s.out.Google.Fail(500, "backendError", "", 1)
	s.pull()
	if n := s.count("SELECT count(*) FROM calendars WHERE id = $1 AND token = $2 AND failure <> '' AND failures = 1", s.calendar, token); n != 1 {
		t.Error("half a reading moved the token, or was not said")
	}
	s.isFree("what went is still believed", false, on(b, 9, 12))
	s.isFree("what came is not known", true, on(c, 9, 12))
	s.quietly()
	s.isFree("what went", true, on(b, 9, 12))
	s.isFree("what came", false, on(c, 9, 12))
	if n := s.count("SELECT count(*) FROM busy WHERE org_id = $1 AND title = 'Stays, renamed'", s.org.ID); n != 1 {
		t.Error("the change of the blackout was lost")
	}
}

func TestCase07AServersFaultIsNoTokensEnd(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	day := inAMonth(0)
	s.outside("Stays", timed(day, "10:00", "12:00"))
	var token string
	s.one(&token, "SELECT token FROM calendars WHERE id = $1", s.calendar)
	s.out.Google.SetTrouble(sandbox.TokenBroken)
	s.pull()
	if n := s.count("SELECT count(*) FROM calendars WHERE id = $1 AND token = $2 AND failing_since IS NOT NULL", s.calendar, token); n != 1 {
		t.Error("the token was thrown away")
	}
	s.isFree("the old mirror stands", false, on(day, 9, 12))
}

func TestCase07StraysAreIgnored(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	var open uuid.UUID
	s.one(&open, "SELECT id FROM calendar_channels WHERE calendar_id = $1 AND closed_at IS NULL", s.calendar)
	for _, stray := range [][3]string{{uuid.NewString(), "res", "token"}, {open.String(), "res", "wrong"}, {"not an id", "", ""}, {open.String(), "", ""}} {
		if known, err := s.HearGoogle(t.Context(), stray[0], stray[1], stray[2]); known || err != nil {
			t.Errorf("%v: %t, %v", stray, known, err)
		}
	}
	if err := s.HearMicrosoft(t.Context(), []remote.Notification{{Subscription: uuid.NewString(), ClientState: "x"}, {Lifecycle: "subscriptionRemoved"}}); err != nil {
		t.Error(err)
	}
	s.sql("UPDATE calendar_channels SET closed_at = now() WHERE id = $1", open)
	pulls := s.count("SELECT count(*) FROM river_job WHERE kind = 'pull_calendar'")
	s.outside("Somebody calls", timed(inAMonth(0), "10:00", "12:00"))
	eventually(t, "the message was refused quietly", func() bool {
		pushed := s.out.Google.Pushed()
		return len(pushed) > 0 && strings.HasPrefix(pushed[len(pushed)-1].Answer, "200") && pushed[len(pushed)-1].State == "exists"
	})
	if n := s.count("SELECT count(*) FROM river_job WHERE kind = 'pull_calendar'"); n != pulls {
		t.Error("a closed channel was listened to")
	}
}

func TestCase08AThousandCyclesCreateNothing(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	id, _ := s.written("Kay & Fry", on(inAMonth(0), 12, 23))
	rows := "SELECT count(*) + (SELECT count(*) FROM calendar_events) + (SELECT count(*) FROM busy) * 1000 + (SELECT count(*) FROM sync_conflicts) * 1000000 FROM sync_entities"
	events, before, wrote := len(s.out.Google.Events(ada)), s.count(rows), s.wrote()
	for i := range 1000 {
		s.pull()
		s.copies(id)
		if i%250 == 100 {
			s.out.Google.ExpireTokens() // all over again
		}
	}
	s.quiet()
	if n := len(s.out.Google.Events(ada)); n != events || s.count(rows) != before || s.wrote() != wrote {
		t.Errorf("%d events, not %d; %d rows, not %d; %d writes, not %d", n, events, s.count(rows), before, s.wrote(), wrote)
	}
}

func TestCase08PushAndPollAtOnce(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	day := inAMonth(0)
	ids := []uuid.UUID{s.booked("Kay & Fry", on(day, 12, 23))}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if err := s.Pull(t.Context(), s.org.ID, s.calendar, i%2 == 0); err != nil {
				t.Error(err)
			}
		})
		if _, err := s.out.Google.Insert(ada, with(timed(inAMonth(5), "10:00", "12:00"), "summary", fmt.Sprint("Event ", i))); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := s.River.Insert(t.Context(), booking.CopiesArgs{OrgID: s.org.ID, BookingID: ids[0]}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	all.Wait()
	s.quietly()
	if n := s.count("SELECT count(*) FROM calendar_events WHERE calendar_id = $1 AND parts->0->>'title' LIKE 'Event %'", s.calendar); n != 8 {
		t.Errorf("%d of 8 events are known", n)
	}
	n := 0
	for _, e := range s.out.Google.Events(ada) {
		if e["summary"] == "Kay & Fry" {
			n++
		}
	}
	if n != 1 || s.count("SELECT count(*) FROM sync_conflicts WHERE org_id = $1", s.org.ID) != 0 {
		t.Errorf("%d copies", n)
	}
}

func TestCase08ManyChangesOfOursAreNobodysEdits(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	id, there := s.written("Kay & Fry", on(inAMonth(0), 12, 23))
	for i := range 8 {
		s.move(id, on(inAMonth(i%2), 10+i, 23))
		s.out.Google.Insert(ada, with(timed(inAMonth(9), "10:00", "12:00"), "summary", "Rings the bell"))
	}
	s.quietly()
	if n := s.count("SELECT count(*) FROM sync_conflicts WHERE org_id = $1", s.org.ID); n != 0 {
		t.Errorf("%d conflicts with ourselves", n)
	}
	e, _ := s.out.Google.Event(ada, there)
	if start := fmt.Sprint(e["start"]); !strings.Contains(start, inAMonth(1)+"T17:00") {
		t.Errorf("it stands at %s", start)
	}
}

func (s *season) move(id uuid.UUID, to booking.When) {
	s.t.Helper()
	if err := s.try(id, to); err != nil {
		s.t.Fatal(err)
	}
}

func TestCase08ALostAnswerMakesNoSecondEvent(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	before := len(s.out.Google.Events(ada))
	s.cut.Store(1)
	id := s.booked("Kay & Fry", on(inAMonth(0), 12, 23))
	s.until("the answer was lost", "SELECT EXISTS (SELECT 1 FROM sync_entities WHERE subject_id = $1 AND state = 'failed')", id)
	s.pull() // which finds an event that says it is ours
	if n := s.count("SELECT count(*) FROM busy WHERE title = 'Kay & Fry'"); n != 0 {
		t.Error("our own copy blocks us")
	}
	s.move(id, on(inAMonth(0), 14, 23))
	s.quietly()
	if n := len(s.out.Google.Events(ada)); n != before+1 {
		t.Errorf("%d events, not one more than %d", n, before)
	}
	if start := fmt.Sprint(s.copyOf(id)["start"]); !strings.Contains(start, "T14:00") {
		t.Errorf("it stands at %s", start)
	}
	if n := s.count("SELECT count(*) FROM sync_conflicts WHERE org_id = $1", s.org.ID); n != 0 {
		t.Errorf("%d conflicts", n)
	}
}

func TestCase09TwoRefreshesOfOneRotatingToken(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	s.out.Google.Rotating = true
	s.sql("UPDATE calendars SET blocks = true WHERE org_id = $1", s.org.ID)
	s.out.Google.ExpireAccess()
	rows, _ := s.Pool.Query(t.Context(), "SELECT id FROM calendars WHERE org_id = $1", s.org.ID)
	var calendars []uuid.UUID
	for rows.Next() {
		var id uuid.UUID
		_ = rows.Scan(&id)
		calendars = append(calendars, id)
	}
	var all sync.WaitGroup
	for _, id := range calendars {
		all.Go(func() {
			if err := s.Pull(t.Context(), s.org.ID, id, false); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := s.renewed.Load(); n != 1 || len(calendars) < 3 {
		t.Errorf("%d refreshes for %d calendars", n, len(calendars))
	}
	if n := s.count("SELECT count(*) FROM calendar_connections WHERE reconnect_since IS NOT NULL"); n != 0 {
		t.Error("a false alarm")
	}
}

func TestCase09ARevokedGrantIsSaidOnceAndHealed(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	s.out.Google.Revoke(ada)
	for range 3 {
		s.pull()
	}
	id := s.booked("Kay & Fry", on(inAMonth(0), 12, 23))
	s.quiet()
	if n := s.count("SELECT count(*) FROM calendar_connections WHERE reconnect_since IS NOT NULL AND failure LIKE '%Connect it again%'"); n != 1 {
		t.Error("it is not said")
	}
	if n := s.count("SELECT count(*) FROM notices WHERE org_id = $1 AND facts::text LIKE '%calendar_reconnect%'", s.org.ID); n != 1 {
		t.Errorf("%d notices", n)
	}
	asked := len(s.out.Google.Asked())
	if err := errors.Join(s.Due(t.Context(), time.Now().Add(time.Hour)), s.PullNow(t.Context(), s.org.ID, s.calendar)); err != nil {
		t.Fatal(err)
	}
	s.quiet()
	if n := len(s.out.Google.Asked()); n != asked || s.renewed.Load() != 1 {
		t.Errorf("%d calls more, %d refreshes", n-asked, s.renewed.Load())
	}
	connect := func(email string) error {
		access, refresh := s.out.Google.Grant(email)
		_, err := s.Connect(t.Context(), calendar.Connecting{OrgID: s.org.ID, By: &s.org.Owner.ID, Kind: queries.CalendarKindGoogle, Again: &s.connection,
			Tokens: &remote.Tokens{Access: access, Refresh: refresh, Account: email, Until: time.Now().Add(time.Hour)}})
		return err
	}
	var wrong *calendar.Wrong
	if err := connect("henry.holm@gmail.example"); !errors.As(err, &wrong) {
		t.Errorf("somebody else's account took its place: %v", err)
	}
	if err := connect(ada); err != nil {
		t.Fatal(err)
	}
	s.quiet()
	if n := s.count("SELECT count(*) FROM calendar_connections WHERE reconnect_since IS NULL AND failure = ''"); n != 1 {
		t.Error("it did not heal")
	}
	if e := s.copyOf(id); e["summary"] != "Kay & Fry" {
		t.Errorf("what waited was not written: %v", e)
	}
}
