package live

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/queries"
)

// stall opens a page as open does, and never reads.
func (h *house) stall(g guest, shown string) net.Conn {
	h.Helper()
	address, err := url.Parse(h.url)
	h.must(err)
	conn, err := net.Dial("tcp", address.Host)
	h.must(err)
	h.Cleanup(func() { _ = conn.Close() })
	h.must(conn.(*net.TCPConn).SetReadBuffer(4 << 10))
	_, err = fmt.Fprintf(conn, "GET /?session=%s&%s HTTP/1.1\r\nHost: x\r\n\r\n", g.Session, shown)
	h.must(err)
	return conn
}

// followed is how long each of the pages took to show each of some changes.
func (h *house) followed(us guest, pages []*page, changes int) (p50, p99, worst time.Duration) {
	h.Helper()
	var took []time.Duration
	for range changes {
		began := time.Now()
		h.tell(us.org, "big")
		for _, p := range pages {
			took = append(took, p.next().at.Sub(began))
		}
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
}

// Not parallel: it measures.
func TestReadersThatNeverReadAreDroppedAndDelayNobody(t *testing.T) {
	const stalled, readers, deadline = 10, 20, 2 * time.Second
	big := bytes.Repeat([]byte(strings.Repeat("x", 1023)+"\n"), 256) // 256 KiB: more than the kernel keeps for anybody
	h := setup(t, func(h *house) {
		h.hub.writeTimeout = deadline
		h.drawn = func(_ string, d *Drawn) error { d.HTML = big; return nil }
	})
	us := h.org()
	var pages []*page
	for range readers {
		pages = append(pages, h.open(us, "big=0"))
	}
	p50, p99, worst := h.followed(us, pages, 10)
	t.Logf("alone:                      p50 %v p99 %v worst %v", p50, p99, worst)
	stall := func() {
		for range stalled {
			h.stall(us, "big=-1")
		}
		h.eventually("all are there", func() bool { return h.hub.Open() == stalled+readers })
	}

	stall()
	p50, p99, worst = h.followed(us, pages, 5)
	t.Logf("beside %d that never read:  p50 %v p99 %v worst %v", stalled, p50, p99, worst)
	if p99 > deadline/2 {
		t.Errorf("those who read waited %v", p99)
	}
	h.eventually("those who never read are dropped", func() bool { return h.hub.Open() == readers })

	began := time.Now()
	stall()
	h.eventually("those who never read are dropped", func() bool { return h.hub.Open() == readers })
	if took := time.Since(began); took > deadline+time.Second {
		t.Errorf("dropped after %v; the deadline is %v", took, deadline)
	} else {
		t.Logf("dropped after %v; the deadline is %v", took, deadline)
	}
	h.followed(us, pages, 1)
}

func TestRevokedStreamsEndAlsoWhenTheyNeverRead(t *testing.T) {
	t.Parallel()
	h := setup(t, func(h *house) {
		h.drawn = func(_ string, d *Drawn) error { d.HTML = bytes.Repeat([]byte("x"), 1<<20); return nil }
	})
	us := h.org()
	h.stall(us, "big=-1")
	h.eventually("it is there", func() bool { return h.hub.Open() == 1 && h.draws.Load() == 1 })
	began := time.Now()
	h.must(h.q.EndSession(t.Context(), us.Session))
	h.eventually("it has gone", func() bool { return h.hub.Open() == 0 })
	if took := time.Since(began); took > 1500*time.Millisecond { // a look, and half a second for a goodbye that nobody takes
		t.Errorf("after %v", took)
	}
}

// Not parallel: it weighs the process. The other end is a bare socket, so what is weighed is ours.
func TestMemoryPerStream(t *testing.T) {
	const n = 1000
	h := setup(t)
	us := h.org()
	h.open(us, "kpis=-1").wants("kpis_event", 0)
	before := inUse()
	for range n {
		h.stall(us, "kpis=-1&weddings=-1&activity=-1")
	}
	h.eventually("all have been shown all", func() bool {
		h.hub.mu.Lock()
		defer h.hub.mu.Unlock()
		r, served := h.hub.rooms[us.org], 0
		for s := range r.streams {
			if s.shown["kpis"] == 0 && s.shown["weddings"] <= 0 && s.judged == s.person.access {
				served++
			}
		}
		return served == n+1
	})
	each := float64(inUse()-before) / n / 1024
	t.Logf("%.1f KiB and %.1f goroutines per stream", each, float64(runtime.NumGoroutine())/n)
	if each > 128 {
		t.Error("that is a lot")
	}
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// crowd joins streams without connections: perOrg pages, each somebody else's, in each organisation, all up to date.
func crowd(b *testing.B, h *house, orgs, perOrg int) []uuid.UUID {
	var audiences []uuid.UUID
	var rows [][]any
	for range orgs {
		org := uuid.New()
		audiences = append(audiences, org)
		for _, region := range []string{"kpis", "weddings", "activity", "deliveries:" + uuid.NewString()} {
			rows = append(rows, []any{org, region, int64(1), time.Now()})
		}
		for range perOrg {
			person := uuid.New()
			rows = append(rows, []any{person, Access, int64(1), time.Now()})
			s := &stream{audience: org, viewer: Viewer{Person: person, Session: uuid.New()}, more: make(chan struct{}, 1), cancel: func() {},
				shown: map[string]int64{"kpis": 1, "weddings": 1, "activity": 1}}
			h.must(h.hub.join(s))
			s.judged = 1
		}
	}
	_, err := h.pool.CopyFrom(b.Context(), pgx.Identifier{"live_regions"}, []string{"audience", "region", "version", "changed_at"}, pgx.CopyFromRows(rows))
	h.must(err)
	h.exec("ANALYZE live_regions")
	return audiences
}

// quiet is a hub that looks only when told.
func quiet(b *testing.B) *house {
	h := setup(b)
	hub := h.hub
	h.hub = New(hub.config)
	return h
}

func BenchmarkTickOf10000Streams(b *testing.B) {
	for _, shape := range []struct{ orgs, perOrg int }{{10000, 1}, {2500, 4}, {1, 10000}} {
		b.Run(fmt.Sprintf("orgs=%d", shape.orgs), func(b *testing.B) {
			h := quiet(b)
			crowd(b, h, shape.orgs, shape.perOrg)
			for h.hub.hint(); h.hub.all || len(h.hub.sweep) > 0; {
				h.hub.lookOnce(b.Context())
			}
			var due, query, compare, held time.Duration
			b.ReportAllocs()
			for b.Loop() {
				h.hub.hint()
				for h.hub.all || len(h.hub.sweep) > 0 {
					t0 := time.Now()
					audiences, look := h.hub.due()
					t1 := time.Now()
					rows, err := h.q.RegionVersions(b.Context(), audiences)
					h.must(err)
					t2 := time.Now()
					h.hub.compare(look, audiences, rows)
					due, query, compare = due+t1.Sub(t0), query+t2.Sub(t1), compare+time.Since(t2)
					held = max(held, t1.Sub(t0), time.Since(t2))
				}
			}
			b.ReportMetric(float64(due.Microseconds())/float64(b.N), "due-µs")
			b.ReportMetric(float64(query.Microseconds())/float64(b.N), "query-µs")
			b.ReportMetric(float64(compare.Microseconds())/float64(b.N), "compare-µs")
			b.ReportMetric(float64(held.Microseconds()), "longest-lock-µs")
		})
	}
}

func BenchmarkHandTo1000Pages(b *testing.B) {
	h := quiet(b)
	org := crowd(b, h, 1, 1000)[0]
	h.hub.hint()
	h.hub.lookOnce(b.Context())
	r := h.hub.rooms[org]
	reg := r.regions["kpis"]
	for version := int64(2); b.Loop(); version++ {
		reg.last, reg.version = &Drawn{Version: version}, version
		r.hand("kpis", reg)
	}
}

// What each drawing pays to know that everybody in the room still stands, real sessions included.
func BenchmarkStandOf1000Sessions(b *testing.B) {
	h := setup(b)
	us := h.org()
	var sessions []uuid.UUID
	h.in(func(tx pgx.Tx) error {
		rows, err := tx.Query(b.Context(), `INSERT INTO sessions (token_sha256, user_id, org_id, expires_at)
			SELECT convert_to(gen_random_uuid()::text, 'UTF8'), $1, $2, now() + interval '1 hour' FROM generate_series(1, 1000) RETURNING id`, us.Person, us.org)
		if err != nil {
			return err
		}
		sessions, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
	for b.Loop() {
		roles, err := h.stand(b.Context(), us.org, sessions)
		if err != nil || len(roles) != 1000 || !strings.Contains(string(queries.RoleOwner), roles[sessions[0]]) {
			b.Fatal(err, len(roles))
		}
	}
}
