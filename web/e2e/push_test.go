package e2e

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/SherClockHolmes/webpush-go"
	"github.com/google/uuid"
	"github.com/playwright-community/playwright-go"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	out "github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries/testdb"
)

func pushKey(t testing.TB) (private string, key carrier.Key) {
	t.Helper()
	private = carrier.NewVAPIDKey()
	return private, must(carrier.ParseVAPIDKey(private))(t)
}

func (b pushBrowser) note(payload string) carrier.Note {
	return carrier.Note{OrgID: uuid.New(), ID: uuid.New(), Endpoint: b.Endpoint, P256dh: b.private.PublicKey().Bytes(), Auth: b.auth,
		Payload: []byte(payload), TTL: time.Hour, Urgency: "high", Topic: "b00c"}
}

// TestTwoSendersAreReadAlike proves the push service by somebody else's sender, and ours by the push service.
func TestTwoSendersAreReadAlike(t *testing.T) {
	t.Parallel()
	service := newPushService(t)
	private, key := pushKey(t)
	browser, payload := service.subscribe(), `{"title":"Anna & Tom paid the deposit"}`
	res, err := webpush.SendNotification([]byte(payload), &webpush.Subscription{Endpoint: browser.Endpoint, Keys: webpush.Keys{Auth: browser.Auth(), P256dh: browser.P256dh()}},
		&webpush.Options{Subscriber: "post@wedsync.test", VAPIDPublicKey: key.Public(), VAPIDPrivateKey: private, TTL: 3600, Urgency: webpush.UrgencyHigh, Topic: "b00c"})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("somebody else's sender: %s", res.Status)
	}
	theirs := service.last(1)

	door := out.New(out.Config{Pool: testdb.New(t), Log: slog.New(slog.DiscardHandler), AllowPrivate: true})
	sender := carrier.WebPush{Door: door, Key: key, Subject: "mailto:post@wedsync.test"}
	if o := sender.Send(t.Context(), browser.note(payload)); o.Fate != carrier.Accepted || !strings.HasPrefix(o.Ref, service.URL) {
		t.Fatalf("%+v", o)
	}
	ours := service.last(2)
	if string(theirs.Plain) != payload || string(ours.Plain) != payload {
		t.Errorf("%s, %s", theirs.Plain, ours.Plain)
	}
	if ours.Subject != theirs.Subject || ours.K != strings.TrimRight(theirs.K, "=") {
		t.Errorf("%+v, %+v", ours, theirs)
	}
	for _, name := range []string{"TTL", "Urgency", "Topic", "Content-Encoding", "Content-Type"} {
		if got, want := ours.Header.Get(name), theirs.Header.Get(name); got != want {
			t.Errorf("%s: %q, theirs is %q", name, got, want)
		}
	}
	if ours.Size > 400 || theirs.Size < 4000 {
		t.Errorf("%d bytes, theirs %d", ours.Size, theirs.Size)
	}
	gone := browser.note(payload)
	gone.Endpoint = service.URL + "/push/nobody"
	if o := sender.Send(t.Context(), gone); o.Suppress != "gone" {
		t.Errorf("%+v", o)
	}
}

// subscribable makes the browser take the push service's word where it would ask its maker's, and nothing else.
func (w *person) subscribable(b pushBrowser, more string) {
	w.t.Helper()
	w.ok(w.tabs.AddInitScript(playwright.Script{Content: playwright.String(fmt.Sprintf(`(() => {
		const made = { endpoint: %q, toJSON: () => ({ endpoint: %[1]q, keys: { p256dh: %q, auth: %q } }),
			unsubscribe: async () => { localStorage.removeItem('pushed'); return true } }
		PushManager.prototype.getSubscription = async () => localStorage.getItem('pushed') && made
		PushManager.prototype.subscribe = async options => { localStorage.setItem('pushed', JSON.stringify(options)); return made }
		%s
	})()`, b.Endpoint, b.P256dh(), b.Auth(), more))}))
}

var notified = playwright.BrowserNewContextOptions{Permissions: []string{"notifications"}}

// worker is the page's service worker as the browser's own tools see it.
type worker struct {
	*person
	session      playwright.CDPSession
	registration string
	inside       playwright.Worker
	delivered    int
}

func (w *person) worker() *worker {
	w.t.Helper()
	session := must(w.tabs.NewCDPSession(w.page))(w.t)
	known := make(chan string, 10)
	session.On("ServiceWorker.workerRegistrationUpdated", func(params any) {
		all, _ := params.(map[string]any)["registrations"].([]any)
		for _, one := range all {
			select {
			case known <- one.(map[string]any)["registrationId"].(string):
			default:
			}
		}
	})
	must(session.Send("ServiceWorker.enable", nil))(w.t)
	all := w.tabs.ServiceWorkers()
	if len(all) != 1 {
		w.t.Fatalf("%d service workers", len(all))
	}
	must(all[0].Evaluate(`() => {
		self.showing = []
		const show = registration.showNotification
		registration.showNotification = (...all) => { const done = show.apply(registration, all); self.showing.push(done); return done }
	}`))(w.t)
	select {
	case id := <-known:
		return &worker{person: w, session: session, registration: id, inside: all[0]}
	case <-soon(w.t).Done():
		w.t.Fatal("the browser knows no service worker")
		return nil
	}
}

// deliver hands the browser what a push service would, decrypted, and waits until it has been shown: Chromium forgets a
// notification that it is asked about while it draws it.
func (w *worker) deliver(data string) {
	w.t.Helper()
	must(w.session.Send("ServiceWorker.deliverPushMessage", map[string]any{"origin": w.base, "registrationId": w.registration, "data": data}))(w.t)
	w.delivered++
	await(w.t, "the push to be shown", func() (bool, error) {
		shown, err := w.inside.Evaluate(`async n => self.showing.length >= n && (await self.showing[n - 1], true)`, w.delivered)
		return shown == true, err
	})
}

type pushShown struct{ Title, Body, Tag, URL, ID string }

// shows waits until exactly these are shown, in any order.
func (w *worker) shows(want ...pushShown) {
	w.t.Helper()
	var got []pushShown
	inOrder := func(a, b pushShown) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	slices.SortFunc(want, inOrder)
	err := Await(soon(w.t), "notifications", func() (bool, error) {
		text := js[string](w.person, `async () => JSON.stringify((await (await navigator.serviceWorker.ready).getNotifications())
			.map(n => ({ Title: n.title, Body: n.body, Tag: n.tag, URL: n.data.url, ID: n.data.id })))`)
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			return false, err
		}
		slices.SortFunc(got, inOrder)
		return slices.Equal(got, want), nil
	})
	if err != nil {
		w.t.Fatalf("shown: %+v, want %+v: %v", got, want, err)
	}
}

// TestABrowserIsToldWhileNobodyLooks goes the whole way: the switch, the row, the sender, a push service, and Chromium's own
// notifications. Only the way between a browser and its maker's push service is not real.
func TestABrowserIsToldWhileNobodyLooks(t *testing.T) {
	t.Parallel()
	service := newPushService(t)
	private, key := pushKey(t)
	h := serve(t, Options{Env: []string{"VAPID_PRIVATE_KEY=" + private}})
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	browser := service.subscribe()
	w := sitDown(t, h.Base, notified)
	w.subscribable(browser, "")
	w.signIn(ada.email, password)
	w.visit("/app/preferences")
	w.see("This browser is not told while WedSync is closed.")
	w.press("Tell me in this browser")
	w.see("This browser is told, also while WedSync is closed.")
	w.see("Chrome on Linux")
	w.picture("push")
	if asked := js[string](w, `() => JSON.stringify(JSON.parse(localStorage.getItem('pushed')))`); asked != `{"userVisibleOnly":true,"applicationServerKey":"`+key.Public()+`"}` {
		t.Errorf("the browser was asked for %s", asked)
	}
	if zone := ask[string](h, "SELECT timezone FROM push_subscriptions WHERE user_id = $1 AND endpoint = $2", ada.user, browser.Endpoint); zone != "Europe/London" {
		t.Errorf("zone %q", zone)
	}

	note := carrier.Note{OrgID: uuid.MustParse(ada.org), ID: uuid.New(), Endpoint: browser.Endpoint, TTL: time.Hour, Urgency: "high", Topic: "b00c",
		P256dh:  ask[[]byte](h, "SELECT p256dh FROM push_subscriptions"),
		Auth:    ask[[]byte](h, "SELECT auth FROM push_subscriptions"),
		Payload: []byte(`{"title":"Anna & Tom paid £500.00","body":"Deposit, 12 June 2027","url":"/app/payments","tag":"payment-1","id":"01a00000-0000-7000-8000-000000000001"}`)}
	door := out.New(out.Config{Pool: h.db, Log: slog.New(slog.DiscardHandler), AllowPrivate: true})
	if o := (carrier.WebPush{Door: door, Key: key, Subject: "mailto:post@wedsync.test"}).Send(t.Context(), note); o.Fate != carrier.Accepted {
		t.Fatalf("%+v", o)
	}
	came := service.last(1)
	if came.K != key.Public() || came.Subject != "mailto:post@wedsync.test" || came.Header.Get("TTL") != "3600" || came.Header.Get("Urgency") != "high" || came.Header.Get("Topic") != "b00c" {
		t.Errorf("%+v", came)
	}

	worker := w.worker()
	worker.deliver(string(came.Plain))
	paid := pushShown{"Anna & Tom paid £500.00", "Deposit, 12 June 2027", "payment-1", h.Base + "/app/payments", "01a00000-0000-7000-8000-000000000001"}
	worker.shows(paid)
	worker.deliver(string(came.Plain)) // again: the same tag replaces
	worker.shows(paid)
	// What cannot be read is shown all the same, and nothing leads away from here.
	broken := pushShown{"Something happened", "Open WedSync to see what.", "", h.Base + "/app", ""}
	all := []pushShown{paid}
	for data, want := range map[string]pushShown{
		`{"title":`: broken, `null`: broken, `7`: broken, `"x"`: broken, ``: broken, `{"title":{"a":1},"url":["x"]}`: broken,
		`{"title":"T","url":"https://evil.example/x"}`:    {"T", "", "", h.Base + "/app", ""},
		`{"title":"T","url":"//evil.example/x"}`:          {"T", "", "", h.Base + "/app", ""},
		"{\"title\":\"T\",\"url\":\"/\\t/evil.example\"}": {"T", "", "", h.Base + "/app", ""},
		`{"title":"T","url":"javascript:alert(1)"}`:       {"T", "", "", h.Base + "/app", ""},
		`{"title":"T","url":"http://["}`:                  {"T", "", "", h.Base + "/app", ""},
		`{"title":"` + strings.Repeat("x", 2000) + `"}`:   {strings.Repeat("x", 120), "", "", h.Base + "/app", ""},
	} {
		worker.deliver(data)
		all = append(all, want)
		worker.shows(slices.Clone(all)...)
	}
	worker.clicks(paid)
	worker.shows(all[1:]...)

	w.press("Stop in this browser")
	w.see("This browser is not told while WedSync is closed.")
	if n := ask[int](h, "SELECT count(*) FROM push_subscriptions"); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// clicks does to the real notification, inside the real worker, what the browser does when a person clicks. Only a person's
// hand may open windows, so what would be opened and sent is looked at instead.
func (w *worker) clicks(n pushShown) {
	w.t.Helper()
	did, err := w.inside.Evaluate(`async tag => {
		const [notification] = await registration.getNotifications({ tag })
		const did = []
		self.fetch = async (url, o) => did.push(o.method + ' ' + url + ' ' + o.credentials + ' ' + o.keepalive)
		clients.openWindow = async url => did.push('open ' + url)
		WindowClient.prototype.focus = async function () { did.push('focus ' + this.url) }
		const click = new NotificationEvent('notificationclick', { notification })
		let done
		click.waitUntil = promise => { done = promise }
		self.dispatchEvent(click)
		await done
		return did.join(', ')
	}`, n.Tag)
	want := "POST /app/inbox/" + n.ID + "/seen include true, open " + n.URL
	if err != nil || did != want {
		w.t.Errorf("a click did %v, want %s: %v", did, want, err)
	}
	w.visit("/app/payments")
	if open, err := w.inside.Evaluate(`async url => { const tabs = await clients.matchAll({ type: 'window', includeUncontrolled: true }); return tabs.some(tab => tab.url === url) }`, n.URL); err != nil || open != true {
		w.t.Errorf("the worker does not see the open page: %v, %v", open, err)
	}
	w.visit("/app/preferences")
}

// TestAPersonIsToldWhyTheirBrowserIsNotAsked has a case for every way in which a browser may not be told.
func TestAPersonIsToldWhyTheirBrowserIsNotAsked(t *testing.T) {
	t.Parallel()
	service := newPushService(t)
	private, _ := pushKey(t)
	h := serve(t, Options{Env: []string{"VAPID_PRIVATE_KEY=" + private}})
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	off := false
	phone := notified
	phone.UserAgent = playwright.String("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15")
	for name, c := range map[string]struct {
		options playwright.BrowserNewContextOptions
		script  string
		press   bool
		see     string
	}{
		"denied":      {playwright.BrowserNewContextOptions{}, "Object.defineProperty(Notification, 'permission', { value: 'denied' })", false, "does not allow notifications from WedSync, and only you can change that"},
		"an iPhone":   {phone, "delete window.PushManager", false, "first add WedSync to the home screen"},
		"unable":      {notified, "delete window.PushManager", false, "This browser cannot show notifications from websites"},
		"unreachable": {notified, "PushManager.prototype.subscribe = async () => { throw new DOMException('push service error', 'AbortError') }", true, "could not reach its maker's notification service"},
		"bad keys":    {notified, "made.toJSON = () => ({ keys: { p256dh: 'x', auth: 'y' } })", true, "WedSync could not keep what it gave"},
		"no script":   {playwright.BrowserNewContextOptions{JavaScriptEnabled: &off}, "", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := sitDown(t, h.Base, c.options)
			w.subscribable(service.subscribe(), c.script)
			w.signIn(ada.email, password)
			w.visit("/app/preferences")
			if c.press {
				w.press("Tell me in this browser")
			}
			if c.see != "" {
				w.see(c.see)
			} else { // playwright sees no text in a noscript
				w.ok(w.expect.Locator(w.page.Locator("noscript p")).ToBeVisible())
				w.ok(w.expect.Locator(w.page.Locator("#push .card")).ToBeHidden())
			}
			if n := ask[int](h, "SELECT count(*) FROM push_subscriptions"); n != 0 {
				t.Errorf("%d are kept", n)
			}
		})
	}
}
