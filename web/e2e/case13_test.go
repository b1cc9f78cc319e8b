package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// The four of case 13: a live page after whatever comes between equals the database, and says meanwhile that it may not.

func TestCase13ChangeBetweenDrawAndSubscribe(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{})
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	w := sitDown(t, h.Base)
	w.signIn(ada.email, password)
	subscribing, changed := make(chan struct{}, 1), make(chan struct{})
	w.ok(w.page.Route("**/live?*", func(r playwright.Route) {
		subscribing <- struct{}{}
		<-changed
		r.Continue() //nolint:errcheck // the page shows whether it went on
	}))
	w.visit("/app")
	<-subscribing
	h.apply(ada.stripe, paid(1, 50_000))
	w.hasFigure("revenue_paid", 0) // drawn before the change, and not listening yet
	close(changed)
	w.hasFigure("revenue_paid", 50_000)
	w.says("live")
}

// apply posts a delivery and waits until it has changed the database.
func (h *house) apply(from sender, body []byte) {
	h.t.Helper()
	id := from.send(h.t, body).ID
	await(h.t, "the delivery to be applied", func() (bool, error) {
		return ask[bool](h, `SELECT status = 'applied' FROM webhook_logs WHERE id = $1`, id), nil
	})
}

func TestCase13TabAsleepForTwentyMinutes(t *testing.T) {
	t.Parallel()
	h, wire := serveBehindWire(t)
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	direct := ada.stripe.over(h, wire)
	w := sitDown(t, wire.URL())
	w.ok(w.page.Clock().Install())
	w.signIn(ada.email, password)
	w.says("live")
	w.mark()

	w.ok(w.tabs.SetOffline(true))
	wire.Cut()
	w.says("reconnecting")
	h.apply(direct, paid(1, 50_000))
	w.ok(w.page.Clock().FastForward("20:00"))
	w.says("stale")
	w.ok(w.expect.Locator(w.page.Locator("#live-status")).ToHaveText(regexp.MustCompile(`^Stale since \d\d:\d\d$`)))
	w.hasFigure("revenue_paid", 0)

	wire.Mend(h.Addr())
	began := time.Now()
	w.ok(w.tabs.SetOffline(false))
	w.hasFigure("revenue_paid", 50_000)
	w.says("live")
	t.Logf("awake to equal: %s", since(began))
	w.sameWindow()
}

func serveBehindWire(t *testing.T) (*house, *Wire) {
	t.Helper()
	addr := FreeAddr()
	wire, err := NewWire(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(wire.Close)
	return serve(t, Options{Addr: addr, URL: wire.URL()}), wire
}

// over posts past the wire.
func (s sender) over(h *house, wire *Wire) sender {
	s.url = strings.Replace(s.url, wire.URL(), "http://"+h.Addr(), 1)
	return s
}

// A hidden page gives its connection back, since a browser has only six over HTTP/1.1, and is drawn anew when looked at.
func TestAHiddenPageHoldsNoStream(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{})
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	w := sitDown(t, h.Base)
	w.ok(w.page.Clock().Install())
	w.signIn(ada.email, password)
	w.says("live")
	w.mark()
	turn := func(hidden bool) {
		must(w.page.Evaluate(`hidden => {
			Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
			document.dispatchEvent(new Event('visibilitychange'))
		}`, hidden))(t)
	}
	turn(true)
	w.ok(w.page.Clock().RunFor("00:20"))
	turn(false) // looked at again in time: nothing has happened
	w.ok(w.page.Clock().RunFor("00:20"))
	if n := h.streams(); n != 1 {
		t.Fatalf("%d streams of a page that was hidden for a moment", n)
	}
	turn(true)
	w.ok(w.page.Clock().RunFor("00:31"))
	await(t, "the end of the hidden page's stream", func() (bool, error) { return h.streams() == 0, nil })
	w.ok(w.page.Clock().RunFor("01:00")) // and it does not dial by itself
	if n := h.streams(); n != 0 {
		t.Fatalf("%d streams of a hidden page", n)
	}
	h.apply(ada.stripe, paid(1, 50_000))
	turn(false)
	w.hasFigure("revenue_paid", 50_000)
	w.says("live")
	w.sameWindow()
}

func TestCase13ServerRolled(t *testing.T) {
	t.Parallel()
	h, wire := serveBehindWire(t)
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	w := sitDown(t, wire.URL())
	w.signIn(ada.email, password)
	w.says("live")
	w.mark()

	next := start(t, Options{DatabaseURL: h.options.DatabaseURL, Data: h.options.Data, URL: wire.URL()}) // Data holds the keys
	wire.Mend(next.Addr())                                                                               // new connections go there; the open stream stays until the old node ends it
	moved := make(chan struct{}, 8)
	w.page.OnRequest(func(r playwright.Request) {
		if strings.Contains(r.URL(), "/live?") {
			moved <- struct{}{}
		}
	})
	code, took, err := h.Terminate(soon(t))
	if err != nil || code != 0 {
		t.Fatalf("the old node ended with %d after %v: %v", code, took, err)
	}
	<-moved
	ada.stripe.send(t, paid(1, 50_000)) // through the wire, to the new node
	w.hasFigure("revenue_paid", 50_000)
	w.says("live")
	w.sameWindow()
}

// TestCase13SlowReader: pages that stopped reading hold back nobody, and are let go.
func TestCase13SlowReader(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{})
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	session := must(h.SignIn(ada.email, password))(t)
	const slow = 20
	for range slow {
		h.readNothing(session)
	}
	await(t, "the slow readers' streams", func() (bool, error) { return h.streams() == slow, nil })
	quick := must(h.Live(t.Context(), session, "kpis=0"))(t)
	defer quick.Close()

	var posted, slowest time.Duration
	total, n := 0, 0
	// The kernel's buffers hide a slow reader for a while: redraw until the last one is gone.
	await(t, "the slow readers to be let go", func() (bool, error) {
		n++
		total += 1_000
		began := time.Now()
		ada.stripe.send(t, paid(n, 1_000))
		posted = max(posted, time.Since(began))
		want := fmt.Sprintf(`data-kpi="revenue_paid" data-value="%d"`, total)
		if _, err := quick.Hear(soon(t), func(e Event) bool { return strings.Contains(e.Data, want) }); err != nil {
			return false, err
		}
		slowest = max(slowest, time.Since(began))
		return h.streams() == 1, nil
	})
	t.Logf("beside %d slow readers %d payments were taken within %d ms and reached the quick one within %d ms", slow, n, posted.Milliseconds(), slowest.Milliseconds())
	if slowest > 3*time.Second {
		t.Errorf("a payment took %v to the quick reader", slowest)
	}
}

// readNothing opens a stream on a small buffer and never looks at it again.
func (h *house) readNothing(session *http.Cookie) {
	h.t.Helper()
	conn := must(net.Dial("tcp", h.Addr()))(h.t)
	h.t.Cleanup(func() { conn.Close() })
	conn.(*net.TCPConn).SetReadBuffer(4096) //nolint:errcheck // then it only takes longer
	fmt.Fprintf(conn, "GET /live?kpis=0&activity=0&weddings=0 HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", h.Addr(), session)
}

// streams is how many pages the program believes to be open.
func (h *house) streams() int {
	h.t.Helper()
	_, text, err := h.Get("/metrics")
	if err != nil {
		h.t.Fatal(err)
	}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		var n int
		if _, err := fmt.Sscanf(lines.Text(), "wedsync_live_streams %d", &n); err == nil {
			return n
		}
	}
	h.t.Fatal("no wedsync_live_streams among the metrics")
	return 0
}
