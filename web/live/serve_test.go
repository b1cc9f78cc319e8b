package live

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

func TestNothingIsLeftOfStreamsThatHaveGone(t *testing.T) { // not parallel: it counts goroutines
	h := setup(t)
	us := h.org()
	round := func(n int) {
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				p := h.open(us, "kpis=-1")
				if i%2 == 0 {
					p.next()
				}
				p.close() // also in the middle of joining
				p.rest()
			})
		}
		all.Wait()
		h.eventually("all have left", func() bool { return h.hub.Open() == 0 })
	}
	round(10) // what stays for good is there now
	before := runtime.NumGoroutine()
	for range 10 {
		round(50)
	}
	h.eventually("no goroutine is left", func() bool { return runtime.NumGoroutine() <= before+2 })
	h.hub.mu.Lock()
	defer h.hub.mu.Unlock()
	left := 0
	h.hub.streams.Range(func(any, any) bool { left++; return true })
	if len(h.hub.rooms)+len(h.hub.people)+left != 0 {
		t.Errorf("left: %d rooms, %d people, %d streams", len(h.hub.rooms), len(h.hub.people), left)
	}
}

func TestDrawingsBreakOutOfNoField(t *testing.T) {
	t.Parallel()
	html := "<p>\r\rdata: forged\r\nevent: bye\rid: 7\n\nretry: 1\n: x</p>"
	h := setup(t, func(h *house) {
		h.drawn = func(_ string, d *Drawn) error { d.HTML = []byte(html); return nil }
	})
	us := h.org()
	p := h.open(us, "kpis=-1")
	if m := p.next(); m.name != "kpis_event" || m.data != strings.ReplaceAll(html, "\r", "") {
		t.Errorf("got %q %q", m.name, m.data)
	}
	h.tell(us.org, "kpis")
	if m := p.next(); m.name != "kpis_event" {
		t.Errorf("then %q %q", m.name, m.data)
	}
}

func TestAnEmptyDrawingDoesNotEndTheStream(t *testing.T) {
	t.Parallel()
	h := setup(t, func(h *house) {
		h.drawn = func(region string, d *Drawn) error {
			if region == "kpis" {
				d.HTML = []byte("\r")
			}
			return nil
		}
	})
	us := h.org()
	p := h.open(us, "kpis=-1", "barrier=0")
	h.tell(us.org, "kpis")
	h.tell(us.org, "barrier")
	p.wants("barrier_event", 1)
}

func TestLastEventIDIsHarmless(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	for _, id := range []string{"", "7", "-1", "x", strings.Repeat("9", 4000), "é\x01"} {
		p, status := h.try(us, http.Header{"Last-Event-Id": {strings.ReplaceAll(id, "\x01", "")}}, "kpis=-1")
		if status != http.StatusOK {
			t.Errorf("%.20q: status %d", id, status)
			continue
		}
		p.wants("kpis_event", 0)
	}
}

func TestDrainingEndsEveryStreamWithinTheSpreadAndRefusesNewOnes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	var pages []*page
	for range 50 {
		pages = append(pages, h.open(us, "kpis=-1"))
	}
	began := time.Now()
	h.hub.Drain()
	h.hub.Drain()
	if _, status := h.try(us, http.Header{}, "kpis=-1"); status != http.StatusServiceUnavailable {
		t.Errorf("status %d for one that comes now", status)
	}
	for _, p := range pages {
		all, _ := p.rest()
		if slices.ContainsFunc(all, func(m message) bool { return m.name == "bye" }) {
			t.Error("goodbye to somebody who is to come back")
		}
	}
	if took := time.Since(began); took > drainSpread+500*time.Millisecond || took < drainSpread/4 {
		t.Errorf("all had ended after %v; the spread is %v", took, drainSpread)
	}
	h.eventually("none is open", func() bool { return h.hub.Open() == 0 })
}

// recorder is a response in memory, with which a bubble's clock may run.
type recorder struct {
	header http.Header
	mu     sync.Mutex
	body   bytes.Buffer
	sets   int
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(int)     {}
func (r *recorder) Flush()              {}
func (r *recorder) SetWriteDeadline(time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sets++
	return nil
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.body.Write(p)
}

func (r *recorder) taken() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.body.Reset()
	return r.body.String()
}

// idle is a pool that never connects.
func idle(t testing.TB) *pgxpool.Pool {
	pool, err := pgxpool.New(t.Context(), "postgres://nobody@127.0.0.1:1/none")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestAHeartbeatEveryFifteenSecondsSaysWhetherTheDatabaseAnswers(t *testing.T) {
	t.Parallel()
	pool := idle(t)
	synctest.Test(t, func(t *testing.T) {
		hub := New(Config{Pool: pool, Log: slog.New(slog.DiscardHandler)})
		out := &recorder{header: http.Header{}}
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
			ended <- hub.Serve(out, r, uuid.New(), Viewer{Person: uuid.New()}, map[string]int64{})
		}()
		synctest.Wait()
		out.taken()
		for minute := range 10 {
			hub.looked.Store(time.Now().Add(time.Duration(minute%2) * time.Hour).UnixMilli()) // odd: it answers all the time
			synctest.Wait()
			for range 4 {
				<-time.After(15 * time.Second) // on the bubble's clock, which does not wait
				synctest.Wait()
				got := out.taken()
				if !strings.Contains(got, "\n: ") && !strings.HasPrefix(got, ": ") {
					t.Errorf("15 s without a comment: %q", got)
				}
				if beats := strings.Contains(got, "event: beat"); beats != (minute%2 == 1) {
					t.Errorf("the database answers: %v, but the page hears %q", minute%2 == 1, got)
				}
			}
		}
		leave()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A deadline set after the handler has returned would fall on the next request of that connection; with echo, which
// uses its responses again, on anybody's.
func TestNoDeadlineIsSetOnceTheHandlerHasReturned(t *testing.T) {
	t.Parallel()
	pool := idle(t)
	hub := New(Config{Pool: pool, Log: slog.New(slog.DiscardHandler)})
	for range 200 {
		out := &recorder{header: http.Header{}}
		ctx, leave := context.WithCancel(t.Context())
		leave()
		r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
		if err := hub.Serve(out, r, uuid.New(), Viewer{Person: uuid.New()}, map[string]int64{}); err != nil {
			t.Fatal(err)
		}
		out.mu.Lock()
		sets := out.sets
		out.mu.Unlock()
		runtime.Gosched()
		out.mu.Lock()
		if out.sets != sets {
			t.Error("one was")
		}
		out.mu.Unlock()
	}
	out := &recorder{header: http.Header{}}
	w := &writer{ResponseWriter: out, control: http.NewResponseController(out)}
	w.release()
	w.interrupt()
	if out.sets != 0 {
		t.Error("interrupted after it was released")
	}
}
