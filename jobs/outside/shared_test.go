package outside

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

func (p *peer) shared(ctx context.Context, node int) error {
	req, err := http.NewRequest(http.MethodGet, p.URL, nil)
	if err != nil {
		return err
	}
	_, err = p.nodes[node].Do(ctx, Call{OrgID: p.org, Peer: "resend", Purpose: "send an e-mail", Shared: true}, req)
	return err
}

func TestACarrierOfAllHasOneBreakerAndEverybodyTheirOwnRows(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.status.Store(503)
	first := p.org
	for i := range tripInARow {
		if i == 3 {
			p.org = testdb.Org(t, p.pool).ID
		}
		if err := p.shared(t.Context(), i%2); err == nil {
			t.Fatal("no error")
		}
	}
	var open *Open
	if err := p.shared(t.Context(), 0); !errors.As(err, &open) || !open.Until.Equal(noon.Add(5*time.Minute)) {
		t.Fatalf("not open: %v", err)
	}
	if n := count(t, p.pool, fmt.Sprintf("SELECT count(*) FROM breakers WHERE org_id = '%s' AND opened_at IS NOT NULL", queries.House)); n != 1 {
		t.Errorf("%d breakers of the house are open", n)
	}
	if n := count(t, p.pool, "SELECT count(*) FROM breakers"); n != 1 {
		t.Errorf("%d breakers", n)
	}
	if mine, theirs := count(t, p.pool, fmt.Sprintf("SELECT count(*) FROM outside_calls WHERE org_id = '%s'", first)), count(t, p.pool,
		fmt.Sprintf("SELECT count(*) FROM outside_calls WHERE org_id = '%s'", p.org)); mine != 3 || theirs != 2 {
		t.Errorf("%d and %d rows tell", mine, theirs)
	}
	// Whoever has a wedding under way may try sooner; the others are spared by it.
	if _, err := p.pool.Exec(t.Context(), `INSERT INTO bookings (org_id, status, during) VALUES ($1, 'confirmed', tstzrange($2, $3))`,
		p.org, noon.Add(-time.Hour), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	p.pass(20 * time.Second)
	p.status.Store(200)
	p.org, first = first, p.org
	if err := p.shared(t.Context(), 0); !errors.As(err, &open) {
		t.Errorf("without a wedding: %v", err)
	}
	p.org = first
	if err := p.shared(t.Context(), 0); err != nil {
		t.Errorf("with a wedding: %v", err)
	}
}

// One organisation's thousand must not shut the others out: who says "too often" is there.
func TestTooOftenOpensNoSharedBreaker(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.status.Store(429)
	for range 3 * tripInARow {
		var later *Later
		if err := p.shared(t.Context(), 0); !errors.As(err, &later) || later.Status != 429 || !later.Sent {
			t.Fatal(err)
		}
	}
}

// The healthy path asks for no lock: it goes on while somebody holds the breaker's row, and every call is still told and
// counted.
func TestAHealthyBurstDoesNotQueueForOneRow(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	if err := p.shared(t.Context(), 0); err != nil { // makes the row
		t.Fatal(err)
	}
	tx, err := p.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context()) //nolint:errcheck // rolled back below
	if _, err := tx.Exec(t.Context(), "SELECT FROM breakers FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	const burst = 60
	var all sync.WaitGroup
	for range burst {
		all.Go(func() {
			if err := p.shared(t.Context(), 0); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := count(t, p.pool, "SELECT count(*) FROM outside_calls WHERE outcome = 'answered 200 (OK)'"); n != burst+1 {
		t.Errorf("%d calls are told", n)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A second later one of them touches the row, with all of them counted.
	p.pass(time.Second)
	if err := p.shared(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if n := count(t, p.pool, "SELECT sum((s->>'c')::int) FROM breakers, jsonb_array_elements(recent) s"); n != burst+2 {
		t.Errorf("%d calls are counted", n)
	}
}

// What was waiting to be counted is counted before a failure is judged: ten failures among many good calls are no outage.
func TestAHealthyBurstCountsWhenCallsFail(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	call := func(status int64, times int) {
		p.status.Store(status)
		for range times {
			if err := p.shared(t.Context(), 0); (err == nil) != (status == 200) {
				t.Fatalf("%d: %v", status, err)
			}
		}
	}
	call(200, 40)
	for range 5 {
		call(503, 4)
		call(200, 1) // not five in a row; 20 of 65 calls
	}
	if n := count(t, p.pool, "SELECT count(*) FROM breakers WHERE opened_at IS NULL"); n != 1 {
		t.Error("it opened: the good calls were not counted")
	}
	p.pass(time.Minute) // and once they are out of the window they count no more
	for range 4 {
		call(503, 4)
		if n := count(t, p.pool, "SELECT count(*) FROM breakers WHERE opened_at IS NOT NULL"); n == 1 {
			return
		}
		call(200, 1)
	}
	t.Error("it stayed closed though most calls failed")
}

func TestCountingKeepsTheRuleAndTheOrder(t *testing.T) {
	t.Parallel()
	s := State{Recent: []Second{{Unix: 10, Calls: 1}, {Unix: 12, Calls: 2, Failed: 1}}}
	got := s.Counting([]Second{{Unix: 9, Calls: 5}, {Unix: 10, Calls: 1}, {Unix: 11, Calls: 3}, {Unix: 12, Calls: 1}, {Unix: 13, Calls: 4}})
	want := "[{9 5 0} {10 2 0} {11 3 0} {12 3 1} {13 4 0}]"
	if text := fmt.Sprint(got.Recent); text != want {
		t.Errorf("%s, want %s", text, want)
	}
	if fmt.Sprint(s.Recent) != "[{10 1 0} {12 2 1}]" {
		t.Error("it changed what it was given")
	}
	if open := (State{OpenedAt: noon}).Counting([]Second{{Unix: 1, Calls: 1}}); len(open.Recent) != 0 {
		t.Error("an open breaker counts")
	}
}

func TestSentTellsALostAnswerFromACallThatNeverLeft(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck // it is heard, and that is all
		switch r.URL.Path {
		case "/broken":
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
		case "/cut":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "short")
		case "/503":
			w.WriteHeader(503)
		}
	}))
	defer s.Close()
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	w := newWorld(t, true, nil, s, nobody)
	for address, sent := range map[string]bool{s.URL + "/broken": true, s.URL + "/cut": true, s.URL + "/503": true, nobody.URL: false, "https://nobody.example.com/": false} {
		_, err := w.do(t, http.MethodPost, address)
		var later *Later
		if !errors.As(err, &later) || later.Sent != sent {
			t.Errorf("%s: %v, sent is not %t", address, err, sent)
		}
	}
	req, _ := http.NewRequest(http.MethodPost, untrusted.URL, strings.NewReader("x"))
	var later *Later
	if _, err := newWire(true, lines{}).send(t.Context(), Call{Deadline: 5 * time.Second, Limit: 10}, req); !errors.As(err, &later) || later.Sent {
		t.Errorf("a certificate of nobody's: %v", err)
	}
}

// A conversation that is not HTTP's goes through the same door.
func TestAttempt(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(conn, "220 good day\r\n")
			conn.Close()
		}
	}()
	call := Call{OrgID: p.org, Peer: "smtp", Purpose: "send an e-mail", Shared: true, Deadline: time.Second}
	attempt := func(ctx context.Context, address string, verdict Verdict) error {
		return p.nodes[0].Attempt(ctx, call, "SMTP", "mail.example.com", func(ctx context.Context) (Verdict, string) {
			if _, bounded := ctx.Deadline(); !bounded {
				t.Error("no deadline")
			}
			conn, err := p.nodes[0].Dial(ctx, call, "tcp", address)
			if err != nil {
				var later *Later
				if !errors.As(err, &later) || later.Sent {
					t.Error(err)
				}
				return verdict, err.Error()
			}
			defer conn.Close()
			line, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil {
				t.Error(err)
			}
			return verdict, strings.TrimSpace(line)
		})
	}
	if err := attempt(t.Context(), server.Addr().String(), Answered); err != nil {
		t.Fatal(err)
	}
	for range tripInARow { // cut short by us: it proves nothing
		ctx, cancel := context.WithCancel(t.Context())
		if err := p.nodes[0].Attempt(ctx, call, "SMTP", "", func(within context.Context) (Verdict, string) {
			cancel()
			<-within.Done()
			return Failed, "cut short"
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := attempt(t.Context(), server.Addr().String(), Answered); err != nil {
		t.Fatal(err)
	}
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	for range tripInARow {
		if err := attempt(t.Context(), nobody.Listener.Addr().String(), Failed); err != nil {
			t.Fatal(err)
		}
	}
	var open *Open
	if err := attempt(t.Context(), server.Addr().String(), Answered); !errors.As(err, &open) {
		t.Errorf("not open: %v", err)
	}
	for query, want := range map[string]int{
		"SELECT count(*) FROM outside_calls WHERE method = 'SMTP' AND host = 'mail.example.com' AND outcome = '220 good day' AND status IS NULL": 2,
		"SELECT count(*) FROM outside_calls WHERE outcome LIKE '%could not be reached%'":                                                         tripInARow,
	} {
		if n := count(t, p.pool, query); n != want {
			t.Errorf("%s: %d", query, n)
		}
	}
	call.Typed = true
	strict := newWire(false, lines{})
	if _, err := strict.dial(t.Context(), call.whole(), "tcp", server.Addr().String()); !errors.Is(err, ErrPrivate) {
		t.Errorf("a typed address inside: %v", err)
	}
}
