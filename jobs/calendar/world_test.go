package calendar_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/queries/testdb"
)

const (
	ada     = "ada.lindqvist@gmail.example"
	atMost  = 15 * time.Second
	glances = 5 * time.Millisecond
)

// season is a supplier whose barn is booked by way of WedSync and blocked by Ada's Google calendar, on a database of its own,
// with a real queue.
type season struct {
	*calendar.Sync
	t          *testing.T
	out        *sandbox.World
	org        testdb.Supplier
	barn       uuid.UUID
	connection uuid.UUID
	calendar   uuid.UUID
	cut        atomic.Int32 // so many of Google's answers to writing are lost on their way
	renewed    atomic.Int32 // access tokens
}

// google counts, and loses answers after Google has done what was asked.
func (s *season) google(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			s.renewed.Add(1)
		}
		writes := strings.Contains(r.URL.Path, "/events") && !strings.HasSuffix(r.URL.Path, "/watch") && (r.Method == http.MethodPost || r.Method == http.MethodPatch)
		if !writes || s.cut.Add(-1) < 0 {
			h.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	})
}

func newSeason(t *testing.T) *season {
	t.Helper()
	s := bareSeason(t)
	access, refresh := s.out.Google.Grant(ada)
	var err error
	s.connection, err = s.Connect(t.Context(), calendar.Connecting{OrgID: s.org.ID, By: &s.org.Owner.ID, Kind: queries.CalendarKindGoogle,
		Tokens: &remote.Tokens{Access: access, Refresh: refresh, Account: ada, Until: time.Now().Add(time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	s.one(&s.calendar, "SELECT id FROM calendars WHERE org_id = $1 AND receives", s.org.ID)
	s.waitForGoogle()
	return s
}

func (s *season) waitForGoogle() {
	s.t.Helper()
	s.until("Google calls us", "SELECT EXISTS (SELECT 1 FROM calendar_channels WHERE calendar_id = $1 AND expires_at IS NOT NULL)", s.calendar)
	s.quiet()
}

// bareSeason has no calendar yet.
func bareSeason(t *testing.T) *season {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	pool := testdb.New(t)
	s := &season{t: t, out: sandbox.NewWorld(time.Now()), org: testdb.Org(t, pool)}
	box, err := seal.FromFile(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/sandbox/google/", s.google(s.out.Google))
	mux.Handle("/sandbox/microsoft/", s.out.Graph)
	mux.HandleFunc("POST /webhooks/google", func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.HearGoogle(r.Context(), r.Header.Get("X-Goog-Channel-ID"), r.Header.Get("X-Goog-Resource-ID"), r.Header.Get("X-Goog-Channel-Token")); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /webhooks/microsoft", func(w http.ResponseWriter, r *http.Request) {
		if answer, asked := remote.MicrosoftValidation(r.URL.Query()); asked {
			_, _ = io.WriteString(w, answer)
			return
		}
		body, _ := io.ReadAll(r.Body)
		all, err := remote.ReadMicrosoft(body)
		if err == nil {
			err = s.HearMicrosoft(r.Context(), all)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	server := httptest.NewServer(mux)
	base, _ := url.Parse(server.URL)
	if err := s.out.Open(base); err != nil {
		t.Fatal(err)
	}
	s.Sync = &calendar.Sync{Pool: pool, Box: box, Door: outside.New(outside.Config{Pool: pool, Log: log, AllowPrivate: true}), Settings: s.out.CalendarSettings(base), Base: base, Log: log,
		Waker: queries.NewWaker(queries.New(pool), log), AllowPrivate: true}
	s.start(server)
	s.one(&s.barn, "INSERT INTO resources (org_id, name, usual) VALUES ($1, 'Barn', true) RETURNING id", s.org.ID)
	return s
}

func (s *season) start(server *httptest.Server) {
	s.t.Helper()
	workers := river.NewWorkers()
	s.AddWorkers(workers)
	river.AddWorker(workers, &booking.Lapse{Pool: s.Pool, Waker: s.Waker})
	river.AddWorker(workers, &booking.Line{Pool: s.Pool, Waker: s.Waker, Log: s.Log})
	client, err := river.NewClient(riverpgxv5.New(s.Pool), &river.Config{Logger: s.Log, Workers: workers, SkipUnknownJobCheck: true,
		Queues:        map[string]river.QueueConfig{calendar.QueueName: {MaxWorkers: 8}, booking.QueueName: {MaxWorkers: 2}},
		FetchCooldown: time.Millisecond, FetchPollInterval: 20 * time.Millisecond})
	if err != nil {
		s.t.Fatal(err)
	}
	s.River = client
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.out.Run(ctx) })
	running.Go(func() { s.Waker.Run(ctx) })
	if err := client.Start(ctx); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		within, done := context.WithTimeout(context.Background(), atMost)
		defer done()
		_ = client.StopAndCancel(within)
		cancel()
		running.Wait()
		server.Close()
	})
}

func (s *season) one(into any, sql string, args ...any) {
	s.t.Helper()
	if err := s.Pool.QueryRow(s.t.Context(), sql, args...).Scan(into); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

func (s *season) count(sql string, args ...any) (n int) {
	s.t.Helper()
	s.one(&n, sql, args...)
	return n
}

// until waits for what a query says to become so.
func (s *season) until(what, sql string, args ...any) {
	s.t.Helper()
	eventually(s.t, what, func() (so bool) {
		s.one(&so, sql, args...)
		return so
	})
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	end := time.After(atMost)
	look := time.NewTicker(glances)
	defer look.Stop()
	for !so() {
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("it did not come to pass: %s", what)
		}
	}
}

// quiet waits until nothing is queued or under way.
func (s *season) quiet() {
	s.t.Helper()
	s.until("quiet", "SELECT NOT EXISTS (SELECT 1 FROM river_job WHERE (state IN ('available', 'running', 'retryable') OR state = 'scheduled' AND scheduled_at < now() + interval '10 seconds') AND kind <> 'fan_out')")
}

// pull asks the calendar now.
func (s *season) pull() {
	s.t.Helper()
	if err := s.Pull(s.t.Context(), s.org.ID, s.calendar, false); err != nil {
		s.t.Fatal(err)
	}
}

func on(day string, from, until int) booking.When {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return booking.When{Starts: d.Add(time.Duration(from) * time.Hour), Ends: d.Add(time.Duration(until) * time.Hour), Zone: "Europe/London"}
}

func (s *season) take(title string, when booking.When, status queries.BookingStatus) (taken booking.Taken, err error) {
	err = s.do(func(tx pgx.Tx) error {
		taken, err = booking.Take(s.t.Context(), tx, s.River, booking.Want{OrgID: s.org.ID, Title: title, When: when, Status: status}, time.Now())
		return err
	})
	return taken, err
}

func (s *season) booked(title string, when booking.When) uuid.UUID {
	s.t.Helper()
	taken, err := s.take(title, when, queries.BookingStatusConfirmed)
	if err != nil {
		s.t.Fatal(err)
	}
	return taken.ID
}

func (s *season) do(f func(tx pgx.Tx) error) error { return pgx.BeginFunc(s.t.Context(), s.Pool, f) }

// copyOf is what stands in Ada's calendar of a booking.
func (s *season) copyOf(id uuid.UUID) map[string]any {
	s.t.Helper()
	var remoteID string
	s.one(&remoteID, "SELECT remote_id FROM sync_entities WHERE org_id = $1 AND subject_id = $2", s.org.ID, id)
	e, there := s.out.Google.Event(ada, remoteID)
	if !there {
		s.t.Fatalf("no copy of %s stands as %s", id, remoteID)
	}
	return e
}

// inAMonth is a day ahead that the demo's calendars leave free: their longest series ends before it.
func inAMonth(days int) string { return time.Now().AddDate(0, 6, days).Format(time.DateOnly) }

func timed(day, from, until string) map[string]any {
	return map[string]any{"start": map[string]any{"dateTime": day + "T" + from + ":00", "timeZone": "Europe/London"}, "end": map[string]any{"dateTime": day + "T" + until + ":00", "timeZone": "Europe/London"}}
}

// try moves a booking.
func (s *season) try(id uuid.UUID, to booking.When) error {
	return s.do(func(tx pgx.Tx) error {
		_, err := booking.Move(s.t.Context(), tx, s.River, s.org.ID, id, to, nil, nil, "", time.Now())
		return err
	})
}

// join is another organisation that connects the same account; the season is its from then on.
func (s *season) join() {
	s.t.Helper()
	s.org = testdb.Org(s.t, s.Pool)
	s.one(&s.barn, "INSERT INTO resources (org_id, name, usual) VALUES ($1, 'Barn', true) RETURNING id", s.org.ID)
	s.connect()
	s.one(&s.calendar, "SELECT id FROM calendars WHERE org_id = $1 AND receives", s.org.ID)
	s.waitForGoogle()
}
