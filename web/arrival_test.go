package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// newTelling is a site that works, at an address where its carriers' stand-ins answer and call back.
func newTelling(t *testing.T) (*switchboard, *sandbox.World) {
	t.Helper()
	s, world := tellingSite(t)
	return &switchboard{s.work(t), testdb.Org(t, s.pool)}, world
}

// tellingSite is a site and, at its own address, the stand-ins of its carriers.
func tellingSite(t *testing.T) (*site, *sandbox.World) {
	t.Helper()
	world := sandbox.NewWorld(time.Now())
	world.Resend.Pace, world.Twilio.Pace = 10*time.Millisecond, 10*time.Millisecond
	var ours atomic.Pointer[site]
	mux := http.NewServeMux()
	mux.Handle("/sandbox/resend/", world.Resend)
	mux.Handle("/sandbox/twilio/", world.Twilio)
	mux.Handle("/sandbox/push/", world.Push)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { ours.Load().ServeHTTP(w, r) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := world.Open(base); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(c *Config) { c.URL, c.World, c.Carriers = base, world, world.Carriers(base) })
	ours.Store(s)
	ctx, stop := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { world.Run(ctx) })
	t.Cleanup(func() { stop(); run.Wait() })
	return s, world
}

const aPayment = `{"id":"evt_1","object":"event","type":"payment_intent.succeeded","created":1790000000,"data":{"object":{"id":"pi_1","object":"payment_intent","amount":50000,
	"amount_received":50000,"currency":"gbp","status":"succeeded","description":"Deposit","receipt_email":"anna@example.com"}}}`

func TestAPaymentReachesItsSupplier(t *testing.T) {
	t.Parallel()
	w, world := newTelling(t)
	c := w.caller(t, w.org.ID, queries.ProviderStripe, "203.0.113.9")
	for range 3 { // Stripe sends it again
		if status, _, _ := c.send(t, c.signed(t, aPayment)); status != 202 && status != 200 {
			t.Fatal(status)
		}
	}
	inbox := func() string {
		return w.word(t, "SELECT coalesce(string_agg(channel || ' ' || status, ', ' ORDER BY channel::text), '') FROM notification_logs WHERE org_id = $1 AND kind = 'payment'", w.org.ID)
	}
	eventually(t, "the mail is delivered", func() bool { return inbox() == "email delivered, in_app delivered" })
	mails := world.Outbox.Newest(sandbox.Email, w.org.Owner.Email)
	if len(mails) != 1 {
		t.Fatalf("%d mails: %+v", len(mails), mails)
	}
	m := mails[0]
	if !slices.Equal(m.To, []string{w.org.Owner.Email}) || m.From != "WedSync <hello@wedsync.example>" || !strings.Contains(m.Subject, "£500.00") ||
		!strings.Contains(m.HTML, "Deposit") || !strings.Contains(m.Text, w.base+"/app/payments") {
		t.Errorf("%+v", m)
	}
	if touched := w.word(t, "SELECT count(*)::text FROM live_regions WHERE audience = $1 AND region = $2", w.org.ID, notify.InboxRegion(w.org.Owner.ID)); touched != "1" {
		t.Errorf("the bell does not ring: %s", touched)
	}
	if steps := w.word(t, "SELECT string_agg(step, ', ' ORDER BY id) FROM notification_steps WHERE org_id = $1", w.org.ID); !strings.Contains(steps, "attempt, ") || !strings.Contains(steps, "email.delivered") {
		t.Error(steps)
	}
	// The button in the mail program: no more of them, and everything else.
	link := strings.Trim(m.Headers["List-Unsubscribe"], "<>")
	if m.Headers["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click" || !strings.HasPrefix(link, w.base+"/unsubscribe/") {
		t.Fatalf("%+v", m.Headers)
	}
	if got := w.oneClick(t, strings.TrimPrefix(link, w.base)); got.Code != 200 {
		t.Fatal(got.Code)
	}
	if status, _, _ := c.send(t, c.signed(t, strings.NewReplacer("evt_1", "evt_2", "pi_1", "pi_2").Replace(aPayment))); status != 202 {
		t.Fatal(status)
	}
	eventually(t, "the second payment is in the inbox", func() bool { return inbox() == "email delivered, in_app delivered, in_app delivered" })
	if len(world.Outbox.Newest(sandbox.Email, w.org.Owner.Email)) != 1 {
		t.Error("a mail came after they had asked for none")
	}
}

// A carrier that takes a mail and hangs up has it, perhaps. When its breaker opens after a few of these, what may be out
// waits for it, and only what it never saw goes by the mail server.
func TestWhatMayBeOutDoesNotGoByAnotherCarrier(t *testing.T) {
	t.Parallel()
	w, world := newTelling(t)
	c := w.caller(t, w.org.ID, queries.ProviderStripe, "203.0.113.9")
	var mu sync.Mutex
	mails := map[string][]string{} // carriers, by notification
	world.Outbox.Took = func(s sandbox.Sent) {
		if !strings.Contains(strings.Join(s.To, " "), w.org.Owner.Email) {
			return // on a Monday morning others hear of their week
		}
		mu.Lock()
		defer mu.Unlock()
		id, _, _ := strings.Cut(strings.TrimPrefix(s.Headers["Message-Id"], "<"), "@")
		if tag := s.Tags["notification_id"]; tag != "" {
			id = tag
		}
		mails[id] = append(mails[id], s.Carrier)
	}
	if err := world.SetTrouble("resend", sandbox.HangsUp); err != nil {
		t.Fatal(err)
	}
	world.Resend.Base = nil // and it tells nothing either
	pay := func(n int) {
		t.Helper()
		body := strings.NewReplacer("evt_1", fmt.Sprint("evt_", n), "pi_1", fmt.Sprint("pi_", n)).Replace(aPayment)
		if status, _, _ := c.send(t, c.signed(t, body)); status != 202 {
			t.Fatal(status)
		}
	}
	const rows = "SELECT count(*)::text FROM notification_logs WHERE org_id = $1 AND channel = 'email' AND kind = 'payment' AND "
	for n := range 6 {
		pay(n)
	}
	eventually(t, "the breaker is open, and each was looked at again", func() bool {
		return w.word(t, rows+"(attempts > 1 OR provider = 'smtp')", w.org.ID) == "6"
	})
	pay(6)
	eventually(t, "the mail server takes what Resend never saw", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(mails) == 7 && w.word(t, rows+"provider = 'smtp' AND status = 'accepted'", w.org.ID) != "0" // it may have had one before the seventh
	})
	mu.Lock()
	defer mu.Unlock()
	for id, by := range mails {
		if len(by) != 1 {
			t.Errorf("%s went by %v", id, by)
		}
	}
	if unknown := w.word(t, rows+"status = 'unknown' AND next_try_at IS NOT NULL", w.org.ID); unknown == "0" || len(mails) != 7 {
		t.Errorf("%s are unknown, %d mails are out: the test did not test", unknown, len(mails))
	}
}
