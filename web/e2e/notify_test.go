package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/playwright-community/playwright-go"

	"github.com/wedsync/wedsync/jobs/sandbox"
)

// TestDemoLettersReachThea: what a button of the demo sets off, as she gets it, and what becomes of it.
func TestDemoLettersReachThea(t *testing.T) {
	t.Parallel()
	h := demo(t, Options{})
	const thea, phone = "thea@demo.example", "+447700900123"
	h.change(`UPDATE users SET phone = $2, phone_verified_at = now() WHERE email = $1`, thea, phone)
	h.change(`INSERT INTO preferences (org_id, user_id, category, channel, pace) SELECT m.org_id, m.user_id, 'bookings', 'sms', 'at_once' FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email = $1`, thea)
	bench := sitDown(t, h.Base)
	bench.visit("/sandbox")
	tab := bench.signInAs("thyme")
	booking := func() {
		t.Helper()
		bench.visit("/sandbox")
		for _, s := range sandbox.Scenarios() {
			if s.Key == "custom_booking" {
				bench.pressFor("Wild Thyme Flowers", s, tab)
			}
		}
	}
	sent := func(channel, provider string) int {
		return ask[int](h, `SELECT count(*)::int FROM notification_logs l JOIN users u ON u.id = l.recipient_id WHERE u.email = $1 AND l.kind = 'booking' AND l.channel = $2::text::channel
			AND l.provider = $3 AND l.status IN ('accepted', 'delivered')`, thea, channel, provider)
	}
	arrives := func(what, channel, provider string, n int) {
		t.Helper()
		if err := Await(soon(t), what, func() (bool, error) { return sent(channel, provider) == n, nil }); err != nil {
			t.Fatalf("%v: %s", err, ask[string](h, `SELECT coalesce(string_agg(concat_ws(' ', l.kind, l.channel, l.provider, l.status, l.reason, l.attempts, l.next_try_at - now()), '; '), '')
				FROM notification_logs l JOIN users u ON u.id = l.recipient_id WHERE u.email = $1`, thea))
		}
	}
	outbox := func(channel, to string) playwright.Locator {
		t.Helper()
		bench.visit("/sandbox/outbox?channel=" + channel + "&to=" + url.QueryEscape(to))
		all := bench.page.GetByRole("list", playwright.PageGetByRoleOptions{Name: "Sent Today"}).Locator("> li")
		return all.Filter(playwright.LocatorFilterOptions{HasText: regexp.MustCompile("Confirmed: | is confirmed")}) // on a Monday there is the week's summary too
	}
	happens := func(to playwright.Locator, what string) {
		t.Helper()
		bench.ok(to.GetByText("What happens next").Click())
		bench.ok(to.Locator("[name=do][value=" + what + "]").Click())
	}

	booking()
	arrives("the mail", "email", "resend", 1)
	arrives("the text message", "sms", "twilio", 1)

	texts := outbox("sms", phone)
	bench.ok(bench.expect.Locator(texts).ToHaveCount(1))
	happens(texts, "stop")
	bench.see("WedSync answered 200")

	bench.ok(outbox("email", thea).Locator(".name a").Click())
	bench.ok(bench.expect.Locator(bench.page.FrameLocator("iframe").Locator("body")).ToContainText("is confirmed"))
	bench.picture("letter-booking")

	// Resend knows our key no more: the mail server takes the next one, and nobody writes to a number that said STOP.
	outbox("", "")
	must(bench.page.Locator("#trouble-resend").SelectOption(playwright.SelectOptionValues{Values: &[]string{string(sandbox.KeyRefused)}}))(t)
	bench.ok(bench.page.Locator("form:has(#trouble-resend) button").First().Click())
	booking()
	arrives("the mail by the mail server", "email", "smtp", 1)
	bench.ok(bench.expect.Locator(outbox("email", thea)).ToHaveCount(2))
	bench.ok(bench.expect.Locator(outbox("email", thea).First()).ToContainText("Mail server"))
	bench.ok(bench.expect.Locator(outbox("sms", phone)).ToHaveCount(1))

	// Her address bounces: her own page says so, and nothing more goes there.
	happens(outbox("email", thea).Last(), "bounced")
	bench.see("WedSync answered 204")
	tab.visit("/app/notifications")
	tab.see("e-mail has bounced since")
	tab.see("replied STOP")
	tab.see("Bounced")
	tab.picture("notifications-bounced")
	tab.visit("/app")
	tab.says("live")
	booking()
	await(t, "the third booking in her inbox", func() (bool, error) {
		return ask[int](h, `SELECT count(*)::int FROM notification_logs l JOIN users u ON u.id = l.recipient_id WHERE u.email = $1 AND l.kind = 'booking' AND l.channel = 'in_app'`, thea) == 3, nil
	})
	if mails, texts := ask[int](h, `SELECT count(*)::int FROM notification_logs l JOIN users u ON u.id = l.recipient_id WHERE u.email = $1 AND l.kind = 'booking' AND l.channel = 'email'`, thea),
		ask[int](h, `SELECT count(*)::int FROM notification_logs l JOIN users u ON u.id = l.recipient_id WHERE u.email = $1 AND l.kind = 'booking' AND l.channel = 'sms'`, thea); mails != 2 || texts != 1 {
		t.Errorf("%d mails and %d text messages after the bounce and STOP", mails, texts)
	}
}

func (h *house) change(sql string, args ...any) {
	h.t.Helper()
	if _, err := h.db.Exec(soon(h.t), sql, args...); err != nil {
		h.t.Fatalf("%s: %v", sql, err)
	}
}

// carriers are stand-ins in the test's own process: they outlive the program.
type carriers struct {
	*sandbox.World
	env []string
	mu  sync.Mutex
	by  map[string][]string // who took it, by notification
}

// standBy lets them listen, and call the program back that will be at addr.
func standBy(t testing.TB, addr string) *carriers {
	t.Helper()
	c := &carriers{World: sandbox.NewWorld(time.Now()), by: map[string][]string{}}
	c.Outbox.Took = c.note
	mux := http.NewServeMux()
	mux.Handle("/sandbox/resend/", c.Resend)
	mux.Handle("/sandbox/twilio/", c.Twilio)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	if err := c.Open(&url.URL{Scheme: "http", Host: addr}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { c.Run(ctx) })
	t.Cleanup(func() { stop(); run.Wait() })
	s := c.Carriers(must(url.Parse(server.URL))(t))
	c.env = []string{"RESEND_API_KEY=" + s.ResendKey, "RESEND_URL=" + s.ResendURL, "RESEND_WEBHOOK_SECRET=" + s.ResendSecret, "SMTP_URL=" + s.SMTPURL, "MAIL_FROM=" + s.MailFrom,
		"TWILIO_ACCOUNT_SID=" + s.TwilioSID, "TWILIO_AUTH_TOKEN=" + s.TwilioToken, "TWILIO_FROM=" + s.TwilioFrom, "TWILIO_URL=" + s.TwilioURL}
	return c
}

func (c *carriers) note(s sandbox.Sent) {
	id := s.Tags["notification_id"]
	switch s.Carrier {
	case "twilio":
		if at, err := url.Parse(s.Callback); err == nil {
			id = at.Query().Get("n")
		}
	case "smtp":
		id, _, _ = strings.Cut(strings.TrimPrefix(s.Headers["Message-Id"], "<"), "@")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by[id] = append(c.by[id], s.Carrier)
}

func (c *carriers) taken() map[string][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.by)
}

// TestKillMinus9BetweenEventAndLetter: the program dies again and again while it tells six suppliers of their payments, by
// e-mail and by text message. Afterwards each has heard of each once, by each.
func TestKillMinus9BetweenEventAndLetter(t *testing.T) {
	t.Parallel()
	const suppliers, payments = 6, 15 // few enough each that nothing is bundled
	addr := FreeAddr()
	c := standBy(t, addr)
	h := serve(t, Options{Addr: addr, Env: c.env})
	var posts []func(context.Context)
	heard := answers{accepted: map[string]int{}}
	for n := range suppliers {
		who := h.supplier(fmt.Sprintf("Supplier %d", n), fmt.Sprintf("owner.%d@example.com", n))
		h.change(`UPDATE orgs SET tier = 'scale' WHERE id = $1::text::uuid`, who.org)
		h.change(`UPDATE users SET phone = $2, phone_verified_at = now() WHERE id = $1::text::uuid`, who.user, fmt.Sprintf("+4477009001%02d", n))
		h.change(`INSERT INTO preferences (org_id, user_id, category, channel, pace) VALUES ($1::text::uuid, $2::text::uuid, 'payments', 'sms', 'at_once')`, who.org, who.user)
		for i := range payments {
			p := post{fmt.Sprintf("%d evt_paid_%d", n, i), paid(i, 10_000+i*i), true}
			posts = append(posts, func(ctx context.Context) { p.send(ctx, who.stripe, &heard) })
		}
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		var senders sync.WaitGroup
		for lane := range 4 {
			senders.Go(func() {
				for i := lane; i < len(posts); i += 4 {
					posts[i](soon(t))
				}
			})
		}
		senders.Wait()
	}()
	halfway := 0
	for _, until := range []int{5, 40, 80, 110} { // of 180 messages
		await(t, "some messages", func() (bool, error) { return len(c.taken()) >= until, nil })
		h.Kill()
		halfway += ask[int](h, `SELECT count(*)::int FROM notification_logs WHERE status IN ('queued', 'sending')`)
		h.again()
	}
	<-sent
	if halfway == 0 {
		t.Error("nobody was on the way when the program died: the test did not test")
	}
	began := time.Now()
	settled, cancel := context.WithTimeout(context.Background(), 2*patience) // a hand-over that nobody heard the end of is leased for 20 seconds
	defer cancel()
	err := Await(settled, "every message to be handed over", func() (bool, error) {
		return ask[int](h, `SELECT count(*)::int FROM notification_logs WHERE kind = 'payment' AND channel = 'email' AND status IN ('accepted', 'delivered')`) == suppliers*payments &&
			ask[int](h, `SELECT count(*)::int FROM notification_logs WHERE kind = 'payment' AND status IN ('queued', 'sending')`) == 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d notifications were on the way when the program died; all were settled %s after the last start", halfway, since(began))
	c.reckon(h, suppliers*payments)

	// And with Resend gone, the mail server: a real conversation over TCP.
	if err := c.SetTrouble("resend", sandbox.KeyRefused); err != nil {
		t.Fatal(err)
	}
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	ada.stripe.send(t, paid(1, 12_345))
	await(t, "the mail server to have it", func() (bool, error) { return len(c.Outbox.Newest(sandbox.Email, ada.email)) > 0, nil })
	mail := c.Outbox.Newest(sandbox.Email, ada.email)[0]
	if mail.Carrier != "smtp" || !strings.Contains(mail.Subject, "£123.45") || !strings.Contains(mail.HTML, "Deposit") || !strings.Contains(mail.Text, h.Base+"/app/payments") ||
		mail.Headers["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click" || !slices.Equal(mail.To, []string{ada.email}) {
		t.Errorf("%+v", mail)
	}
}

// reckon compares what the program says with what the carriers have.
func (c *carriers) reckon(h *house, events int) {
	h.t.Helper()
	type row struct{ ID, Channel, Status string }
	rows, err := h.db.Query(soon(h.t), `SELECT id::text AS id, channel::text AS channel, status::text AS status FROM notification_logs WHERE kind = 'payment'`)
	if err != nil {
		h.t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		h.t.Fatal(err)
	}
	by, count := c.taken(), map[string]int{}
	for _, r := range all {
		count[r.Channel]++
		n, sure := len(by[r.ID]), r.Status == "accepted" || r.Status == "delivered"
		delete(by, r.ID)
		switch {
		case r.Channel == "in_app":
		case n > 1, sure && n == 0, r.Status != "unknown" && !sure:
			h.t.Errorf("%s by %s is %s, and was taken %d times", r.ID, r.Channel, r.Status, n)
		}
	}
	if count["email"] != events || count["sms"] != events || count["in_app"] != events || len(by) > 0 {
		h.t.Errorf("%v notifications of %d events; of these nobody knows: %v", count, events, by)
	}
}
