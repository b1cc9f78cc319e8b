package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/wedsync/wedsync/jobs/sandbox"
)

// shot is one page in one state, as somebody sees it.
type shot struct {
	name, route string // the route as routes.go has it; empty for a state of a page that is there already
	as          string // an e-mail address; empty: nobody is signed in
	path        string // where the route has an id, or the state is in the query
	act         func(w *person)
	status      int // of the first visit; 0 means 200
}

// gallery is the demo with everything in it that a page can show.
type gallery struct {
	*house
	cookies sync.Map // by e-mail address
}

// notForPeople are the GET routes without a page.
var notForPeople = []string{"/live", "/healthz", "/readyz", "/metrics", "/sandbox/vsco/*", "/sandbox/resend/*", "/sandbox/twilio/*", "/sandbox/outbox/:id/html",
	"/sandbox/sheets/lightblue.csv", "/sandbox/sheets/lightblue.html", "/sw.js", "/oauth/google/callback", "/oauth/microsoft/callback", "/feeds/:token",
	"/sandbox/google/*", "/sandbox/microsoft/*"}

// TestEveryPage takes every page's picture on a phone and on a desk, by day and by night, and has axe look at each.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	g := &gallery{house: demo(t, Options{Operators: "ada@demo.example"})}
	shots := g.shots()
	for _, route := range getRoutes(t) {
		if !slices.Contains(notForPeople, route) && !slices.ContainsFunc(shots, func(s shot) bool { return s.route == route }) {
			t.Errorf("no picture of %s: add it to shots", route)
		}
	}
	for _, s := range shots {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			g.look(t, s)
		})
	}
}

// getRoutes reads the site map.
func getRoutes(t *testing.T) (paths []string) {
	t.Helper()
	source := must(os.ReadFile("../routes.go"))(t)
	for _, m := range regexp.MustCompile(`\{get, "([^"]+)"`).FindAllSubmatch(source, -1) {
		paths = append(paths, string(m[1]))
	}
	if len(paths) < 10 {
		t.Fatalf("routes.go does not look as it did: %v", paths)
	}
	return paths
}

const (
	ada  = "ada@demo.example"
	thea = "thea@demo.example"
)

// sent is what WedSync might have sent: the page of an e-mail, and that of a text message.
func (g *gallery) sent() (mail, text string) {
	to := sandbox.NewWorld(time.Now()).Carriers(must(url.Parse(g.Base))(g.t))
	post := func(address, contentType, user, password, body string) (answer struct{ ID, SID string }) {
		req := must(http.NewRequest(http.MethodPost, address, strings.NewReader(strings.ReplaceAll(body, "http://127.0.0.1/", g.Base+"/"))))(g.t)
		req.Header.Set("Content-Type", contentType)
		if req.SetBasicAuth(user, password); user == "" {
			req.Header.Set("Authorization", "Bearer "+password)
		}
		res := must(http.DefaultClient.Do(req))(g.t)
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.ID+answer.SID == "" {
			g.t.Fatalf("%s: %d %v", address, res.StatusCode, err)
		}
		return answer
	}
	mail = post(to.ResendURL+"/emails", "application/json", "", to.ResendKey, `{"from":"Ada Lindqvist Photography <hello@wedsync.example>","to":"wilhelmina.featherstonehaugh-cholmondeley@bounce.example","reply_to":"ada@demo.example",
		"subject":"Your photographs with Ada Lindqvist: the week of your wedding","text":"Saturday 12 June 2027, 13:00 at Holm House.\n\nEverything in one place: http://127.0.0.1/us\n\nAda",
		"html":"<html><body style='font:18px Georgia'><div style='display:none'>Everything in one place, a week before</div><h1>Your week</h1><p>Saturday 12 June 2027, 13:00 at Holm House.</p><p><a href='http://127.0.0.1/us'>Everything in one place</a></p></body></html>"}`).ID
	form := url.Values{"To": {"+447700900123"}, "From": {to.TwilioFrom}, "Body": {"Ada Lindqvist Photography: Kay & Fry have paid £500.00 for 12 June. http://127.0.0.1/app/payments"}}
	text = post(to.TwilioURL+"/2010-04-01/Accounts/"+to.TwilioSID+"/Messages.json", "application/x-www-form-urlencoded", to.TwilioSID, to.TwilioToken, form.Encode()).SID
	return "/sandbox/outbox/" + mail, "/sandbox/outbox/" + text[2:10] + "-" + text[10:14] + "-" + text[14:18] + "-" + text[18:22] + "-" + text[22:]
}

func (g *gallery) shots() []shot {
	fresh := g.cli("supplier", "add", "--name", "Wilhelmina Featherstonehaugh-Cholmondeley & Daughters, Wedding Photography", "--category", "photographer",
		"--email", "fresh@example.com", "--password", password)
	silent := g.cli("connection", "add", "--org", fresh["org_id"], "--provider", "honeybook")
	g.longPayer(fresh["org_id"])
	g.cli("supplier", "add", "--name", "Nothing Yet", "--category", "cake", "--email", "nothing@example.com", "--password", password)
	g.told("told@example.com")
	g.pressWrong()
	connection := func(org, provider string) string {
		return "/app/connections/" + ask[string](g.house, `SELECT c.id::text FROM connections c JOIN orgs o ON o.id = c.org_id WHERE o.name = $1 AND c.provider::text = $2`, org, provider)
	}
	delivery := func(where string) string {
		return "/app/deliveries/" + ask[string](g.house, `SELECT w.id::text FROM webhook_logs w JOIN orgs o ON o.id = w.org_id WHERE `+where+` ORDER BY w.id LIMIT 1`)
	}
	stripe := connection("Ada Lindqvist Photography", "stripe")
	zapier, message := g.listener("Ada Lindqvist Photography", "Zapier: new bookings to the team's calendar", "")
	off, heldMessage := g.listener("Wild Thyme Flowers", "Make", "It answered 410 (Gone): it asked to be sent nothing more.")
	make := func(provider string) func(*person) {
		return func(w *person) {
			w.ok(w.page.GetByRole("radio", playwright.PageGetByRoleOptions{Name: regexp.MustCompile("^" + provider)}).Check())
			w.press("Make the connection")
			w.ok(w.expect.Locator(w.page.Locator("code#secret")).ToBeVisible())
		}
	}
	account, caldav, conflicts := g.calendars("calendars@example.com")
	mailed, texted := g.sent()
	looked, done := g.sheet(ada, connection("Ada Lindqvist Photography", "lightblue"), false), g.sheet(thea, connection("Wild Thyme Flowers", "studioninja"), true)
	return append(g.calendarShots(), []shot{
		{name: "landing", route: "/"},
		{name: "signup", route: "/signup"},
		{name: "signup-faults", path: "/signup", act: func(w *person) {
			w.fill("Name of your business", "Wild Thyme")
			w.fill("E-mail", "nobody")
			w.sendUnchecked()
			w.see("Not quite yet")
		}},
		{name: "login", route: "/login"},
		{name: "login-error", path: "/login", act: func(w *person) {
			w.fill("E-mail", ada)
			w.fill("Password", "not my password")
			w.press("Sign in")
			w.see("do not belong together")
		}},
		{name: "not-found", path: "/nowhere", status: http.StatusNotFound},
		{name: "not-found-signed-in", as: ada, path: "/app/deliveries/nothing", status: http.StatusNotFound},
		{name: "forbidden", as: "anna@demo.example", path: "/app", status: http.StatusForbidden},

		{name: "dashboard", route: "/app", as: ada},
		{name: "dashboard-waiting", as: thea, path: "/app"},
		{name: "weddings", route: "/app/weddings", as: ada},
		{name: "clients", route: "/app/clients", as: ada},
		{name: "clients-none-found", as: ada, path: "/app/clients?q=Zebedee"},
		{name: "payments", route: "/app/payments", as: ada},
		{name: "payments-long", as: "fresh@example.com", path: "/app/payments"},
		{name: "connections", route: "/app/connections", as: ada},
		{name: "connections-failed", as: thea, path: "/app/connections"},
		{name: "connection-new", route: "/app/connections/new", as: ada},
		{name: "connection-new-faults", as: ada, path: "/app/connections/new", act: func(w *person) {
			w.fill("Signing secret optional", "short")
			w.press("Make the connection")
			w.see("between 16 and 255")
		}},
		{name: "connection-made-stripe", as: "fresh@example.com", path: "/app/connections/new", act: make("Stripe")},
		{name: "connection-made-own", as: "fresh@example.com", path: "/app/connections/new", act: make("Your own system")},
		{name: "connection", route: "/app/connections/:id", as: ada, path: stripe},
		{name: "connection-none-found", as: ada, path: stripe + "?q=zebra"},
		{name: "connection-failed", as: thea, path: connection("Wild Thyme Flowers", "custom") + "?status=failed"},
		{name: "connection-silent", as: "fresh@example.com", path: "/app/connections/" + silent["connection_id"]},
		{name: "guide", route: "/app/connections/:id/guide", as: ada, path: stripe + "/guide"},
		{name: "guide-signed", as: "fresh@example.com", path: "/app/connections/" + silent["connection_id"] + "/guide?test=refused"},
		{name: "mapping", route: "/app/connections/:id/mapping", as: thea, path: connection("Wild Thyme Flowers", "custom") + "/mapping"},
		{name: "mapping-faults", as: thea, path: connection("Wild Thyme Flowers", "custom") + "/mapping", act: func(w *person) {
			must(w.field("Field that says what happened").SelectOption(playwright.SelectOptionValues{Values: &[]string{""}}))(w.t)
			w.press("Keep as version 1")
			w.see("The reading was not kept")
		}},
		{name: "mapping-empty", as: "fresh@example.com", path: "/app/connections/" + silent["connection_id"] + "/mapping"},
		{name: "readback", route: "/app/connections/:id/readback", as: ada, path: connection("Ada Lindqvist Photography", "tave") + "/readback"},
		{name: "delivery", route: "/app/deliveries/:id", as: ada, path: delivery(`o.name LIKE 'Ada%' AND w.status = 'applied' AND w.provider = 'stripe'`)},
		{name: "delivery-failed", as: thea, path: delivery(`o.name LIKE 'Wild%' AND w.status = 'failed'`)},
		{name: "endpoints", route: "/app/endpoints", as: ada},
		{name: "endpoints-off", path: "/app/endpoints", as: thea},
		{name: "endpoint-new", route: "/app/endpoints/new", as: ada},
		{name: "endpoint-new-faults", as: ada, path: "/app/endpoints/new", act: func(w *person) {
			w.fill("What is it?", "Make")
			w.fill("Address to send to", "https://2130706433/")
			w.press("Send there from now on")
			w.see("not a server's name")
		}},
		{name: "endpoint-made", as: "fresh@example.com", path: "/app/endpoints/new", act: func(w *person) {
			w.fill("What is it?", "Make")
			w.fill("Address to send to", "https://hook.eu1.make.com/abcdefghijklmnop")
			w.press("Send there from now on")
			w.ok(w.expect.Locator(w.page.Locator("code#secret")).ToBeVisible())
		}},
		{name: "endpoint", route: "/app/endpoints/:id", as: ada, path: zapier},
		{name: "endpoint-off", as: thea, path: off},
		{name: "endpoint-none-found", as: ada, path: zapier + "?status=delivered&before=" + zapier[len("/app/endpoints/"):]},
		{name: "message", route: "/app/messages/:id", as: ada, path: message},
		{name: "message-held", as: thea, path: heldMessage},
		{name: "imports", route: "/app/imports", as: ada},
		{name: "imports-none", as: "fresh@example.com", path: "/app/imports"},
		{name: "import-columns", route: "/app/imports/:id", as: ada, path: looked},
		{name: "import-done", as: thea, path: done},
		{name: "repairs", route: "/app/repairs", as: thea},
		{name: "repairs-none", as: "nothing@example.com", path: "/app/repairs"},
		{name: "rehearsal", as: thea, path: "/app/repairs", act: func(w *person) {
			w.ok(w.page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Try it out first", Exact: playwright.Bool(true)}).First().Click())
			w.see("Nothing has been changed")
		}},
		{name: "preferences", route: "/app/preferences", as: ada},
		{name: "preferences-preview", path: "/app/preferences", as: thea, act: func(w *person) {
			w.press("Show what would have come")
			w.ok(w.expect.Locator(w.page.Locator("#preview")).ToContainText("last month"))
		}},
		{name: "wording", route: "/app/wording", as: ada},
		{name: "wording-letter", path: "/app/wording?letter=booking.couple", as: thea, act: func(w *person) {
			w.fill("Subject optional", "{{coupel}}, you are booked")
			w.press("Keep these words")
			w.see("Did you mean")
		}},
		{name: "sent", route: "/app/notifications", as: "told@example.com"},
		{name: "sent-empty", path: "/app/notifications", as: "nothing@example.com"},
		{name: "sent-one", route: "/app/notifications/:id", as: "told@example.com", path: "/app/notifications/" + ask[string](g.house, `SELECT l.id::text FROM notification_logs l
			JOIN orgs o ON o.id = l.org_id WHERE o.name = 'Holm House & Gardens' AND l.status = 'bounced'`)},
		{name: "plan", route: "/app/plan", as: "told@example.com"},
		{name: "plan-empty", path: "/app/plan", as: "nothing@example.com"},
		{name: "unsubscribe", route: "/unsubscribe/:token", path: g.unsubscribing()},
		{name: "inbox", route: "/app/inbox", as: "told@example.com"},
		{name: "inbox-empty", path: "/app/inbox", as: "nothing@example.com"},
		{name: "dashboard-emergency", path: "/app", as: "told@example.com"},
		{name: "forgot", route: "/forgot"},
		{name: "forgot-sent", path: "/forgot?sent=link"},
		{name: "login-sent", path: "/login?sent=link"},
		{name: "reset", route: "/reset/:token", path: g.letter("/reset", "/forgot", url.Values{"email": {thea}})},
		{name: "magic", route: "/magic/:token", path: g.letter("/magic", "/magic", url.Values{"email": {thea}})},
		{name: "magic-signed-in", as: ada, path: g.letter("/magic", "/magic", url.Values{"email": {thea}})},
		{name: "verify", route: "/verify/:token", path: g.letter("/verify", "/signup", url.Values{"name": {"Not Proven"}, "category": {"venue"}, "timezone": {"Europe/London"}, "currency": {"GBP"},
			"person": {"Maximiliana von Hohenzollern-Sigmaringen"}, "email": {"maximiliana.von.hohenzollern@sigmaringen.example.com"}, "password": {password}})},
		{name: "link-wrong", path: "/magic/nonsense", status: http.StatusNotFound},
		{name: "unproven", path: "/app", as: "maximiliana.von.hohenzollern@sigmaringen.example.com"},
		{name: "settings", route: "/app/settings", as: ada},
		{name: "settings-team", as: "nothing@example.com", path: "/app/settings", act: func(w *person) { w.addToTeam("Maximilian von Hohenzollern-Sigmaringen", "max@example.com") }},

		{name: "calendars", route: "/app/calendars", as: "calendars@example.com"},
		{name: "calendars-empty", path: "/app/calendars", as: "nothing@example.com"},
		{name: "calendars-faults", path: "/app/calendars", as: "fresh@example.com", act: func(w *person) {
			w.fill("Address of the feed", "ftp://calendar.example.com/weddings.ics")
			w.press("Subscribe to it")
			w.see("was not connected")
		}},
		{name: "calendars-feed", path: "/app/calendars", as: "told@example.com", act: func(w *person) {
			w.press("Make an address")
			w.ok(w.expect.Locator(w.page.Locator("code#own-feed")).ToBeVisible())
		}},
		{name: "calendar-account", route: "/app/calendars/:id", as: "calendars@example.com", path: account},
		{name: "calendar-account-reconnect", as: "calendars@example.com", path: caldav},
		{name: "calendar-wording", route: "/app/calendars/wording", as: "calendars@example.com"},
		{name: "calendar-wording-faults", path: "/app/calendars/wording", as: ada, act: func(w *person) {
			w.fill("Title optional", "{{contact}}")
			w.press("Keep these words")
			w.see("were not kept")
		}},
		{name: "conflicts", route: "/app/conflicts", as: "calendars@example.com"},
		{name: "conflicts-empty", path: "/app/conflicts", as: "nothing@example.com"},
		{name: "conflicts-settled", path: "/app/conflicts?show=settled", as: "calendars@example.com"},
		{name: "conflict-edited", route: "/app/conflicts/:id", as: "calendars@example.com", path: conflicts["edited"]},
		{name: "conflict-deleted", as: "calendars@example.com", path: conflicts["deleted"]},
		{name: "conflict-overlap", as: "calendars@example.com", path: conflicts["overlap"]},
		{name: "conflict-contested", as: "calendars@example.com", path: conflicts["contested"]},
		{name: "conflict-refused", as: "calendars@example.com", path: conflicts["refused"]},
		{name: "conflict-settled", as: "calendars@example.com", path: conflicts["settled"]},

		{name: "calendar-connected", as: ada, path: "/app/calendar"},
		{name: "calendars-connected", as: ada, path: "/app/calendars"},
		{name: "calendar-account-fresh", as: ada, path: "/app/calendars/" + ask[string](g.house, `SELECT k.id::text FROM calendar_connections k JOIN orgs o ON o.id = k.org_id WHERE o.name LIKE 'Ada%'`)},
		{name: "conflicts-connected", as: ada, path: "/app/conflicts"},
		{name: "conflict-connected", as: ada, path: g.overlap()},
		{name: "google-consent", route: "/sandbox/google/*", as: "nothing@example.com", path: "/app/calendars", act: func(w *person) {
			w.press("Connect Google Calendar")
			w.see("Choose an account")
		}},
		{name: "google-consent-wrong", path: "/sandbox/google/o/oauth2/auth?client_id=somebody-else", status: http.StatusBadRequest},
		{name: "microsoft-consent", route: "/sandbox/microsoft/*", as: "nothing@example.com", path: "/app/calendars", act: func(w *person) {
			w.press("Connect Outlook")
			w.see("Choose an account")
		}},
		{name: "sandbox-calendars", route: "/sandbox/calendars"},
		{name: "sandbox-calendars-outlook", path: "/sandbox/calendars?side=microsoft&account=events%40holmhouse.example"},
		{name: "sandbox-calendars-faults", path: "/sandbox/calendars", act: func(w *person) {
			must(w.page.Evaluate(`() => { document.querySelector('form.form').noValidate = true }`))(w.t)
			w.press("Add it")
			w.see("The event was not added")
		}},

		{name: "empty-endpoints", as: "nothing@example.com", path: "/app/endpoints"},
		{name: "empty-dashboard", as: "nothing@example.com", path: "/app"},
		{name: "empty-weddings", as: "nothing@example.com", path: "/app/weddings"},
		{name: "empty-clients", as: "nothing@example.com", path: "/app/clients"},
		{name: "empty-payments", as: "nothing@example.com", path: "/app/payments"},
		{name: "empty-connections", as: "nothing@example.com", path: "/app/connections"},
		{name: "long-name", as: "fresh@example.com", path: "/app"},

		{name: "us", route: "/us", as: "anna@demo.example"},
		{name: "ops", route: "/ops", as: ada},
		{name: "integrations", route: "/ops/integrations", as: ada},
		{name: "sandbox", route: "/sandbox"},
		{name: "sandbox-calendars", route: "/sandbox/calendars"},
		{name: "outbox", route: "/sandbox/outbox"},
		{name: "outbox-letter", route: "/sandbox/outbox/:id", path: mailed},
		{name: "outbox-text", path: texted},
		{name: "sandbox-sent", path: "/sandbox", act: func(w *person) {
			holm := w.page.GetByRole("region", playwright.PageGetByRoleOptions{Name: "Send to Holm House"}) // whose pages nobody looks at
			w.ok(holm.Locator(`[name=delivery][value=stripe_paid]`).Click())
			w.see("Accepted (202)")
		}},
	}...)
}

// pressWrong sends what cannot be read, so that there is something to look at.
func (g *gallery) pressWrong() {
	g.t.Helper()
	org := ask[string](g.house, `SELECT id::text FROM orgs WHERE name = 'Wild Thyme Flowers'`)
	res := must(http.PostForm(g.Base+"/sandbox/deliveries", url.Values{"org": {org}, "delivery": {"custom_wrong"}}))(g.t)
	res.Body.Close()
	await(g.t, "the wrong delivery to fail", func() (bool, error) {
		return ask[int](g.house, `SELECT count(*) FROM webhook_logs WHERE status = 'failed'`) > 0, nil
	})
}

// overlap puts something over a booking of Ada's, at the made-up Google, and gives the conflict that comes of it.
func (g *gallery) overlap() (path string) {
	g.t.Helper()
	const mailbox = "ada.lindqvist@gmail.example"
	await(g.t, "Ada's first reading", func() (bool, error) {
		return ask[int](g.house, `SELECT count(*) FROM calendars c JOIN orgs o ON o.id = c.org_id WHERE o.name LIKE 'Ada%' AND c.first_at IS NOT NULL`) > 0, nil
	})
	day := ask[string](g.house, `SELECT to_char(b.starts_local, 'YYYY-MM-DD') FROM bookings b JOIN orgs o ON o.id = b.org_id WHERE o.name LIKE 'Ada%' AND b.starts_local > now() AND b.status = 'confirmed'
		AND EXISTS (SELECT FROM booking_claims c WHERE c.org_id = b.org_id AND c.booking_id = b.id) ORDER BY b.starts_local LIMIT 1`)
	must(http.PostForm(g.Base+"/sandbox/calendars/events", url.Values{"side": {"google"}, "account": {mailbox}, "calendar": {mailbox},
		"title": {"School concert, all three of them"}, "on": {day}, "at": {"14:00"}, "until": {"16:30"}}))(g.t).Body.Close()
	await(g.t, "the overlap to be asked about", func() (bool, error) {
		found := ask[*string](g.house, `SELECT max(c.id::text) FROM sync_conflicts c JOIN orgs o ON o.id = c.org_id WHERE o.name LIKE 'Ada%' AND c.kind = 'overlap' AND c.resolved_at IS NULL`)
		if found != nil {
			path = "/app/conflicts/" + *found
		}
		return found != nil, nil
	})
	return path
}

// sheet uploads the demo's list for a connection; run to the end, its columns are those that WedSync guessed.
func (g *gallery) sheet(email, connection string, run bool) string {
	g.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	must(0, form.WriteField("connection", path.Base(connection)))(g.t)
	file := must(form.CreateFormFile("file", "lightblue.csv"))(g.t)
	must(file.Write(sandbox.SheetCSV))(g.t)
	must(0, form.Close())(g.t)
	post := func(to, kind string, body io.Reader) string {
		req := must(http.NewRequest(http.MethodPost, g.Base+to, body))(g.t)
		req.Header.Set("Content-Type", kind)
		req.AddCookie(&http.Cookie{Name: "wedsync", Value: g.cookie(g.t.(*testing.T), email)})
		res := must(http.DefaultTransport.RoundTrip(req))(g.t)
		defer res.Body.Close()
		if res.StatusCode != http.StatusSeeOther {
			g.t.Fatalf("%s answered %d", to, res.StatusCode)
		}
		return res.Header.Get("Location")
	}
	at := post("/app/imports", form.FormDataContentType(), &body)
	if !run {
		return at
	}
	columns := url.Values{"kind": {"bookings"}}
	for field, column := range map[string]string{"reference": "0", "title": "1", "date": "2", "start": "3", "end": "4", "client": "5", "partner": "6", "email": "7", "phone": "8", "venue": "9", "status": "10", "value": "11"} {
		columns.Set("column."+field, column)
	}
	post(at+"/columns", "application/x-www-form-urlencoded", strings.NewReader(columns.Encode()))
	post(at+"/start", "application/x-www-form-urlencoded", nil)
	await(g.t, "the import to end", func() (bool, error) {
		return ask[string](g.house, `SELECT status::text FROM imports WHERE id = $1`, path.Base(at)) == "done", nil
	})
	return at
}

// letter sends a form and gives the path of the link in the letter that comes of it, as its reader finds it.
func (g *gallery) letter(path, form string, values url.Values) (link string) {
	g.t.Helper()
	before := g.letters(path)
	must(http.PostForm(g.Base+form, values))(g.t).Body.Close()
	await(g.t, "the letter with a link to "+path, func() (bool, error) {
		for at := range g.letters(path) {
			if !before[at] {
				link = at
			}
		}
		return link != "", nil
	})
	return link
}

// letters are the links in the outbox that lead there.
func (g *gallery) letters(path string) map[string]bool {
	found, read := map[string]bool{}, func(at string) string {
		res := must(http.Get(g.Base + at))(g.t)
		defer res.Body.Close()
		return string(must(io.ReadAll(res.Body))(g.t))
	}
	for _, m := range regexp.MustCompile(`/sandbox/outbox/[0-9a-f-]{36}`).FindAllString(read("/sandbox/outbox?channel=email"), -1) {
		for _, l := range regexp.MustCompile(regexp.QuoteMeta(g.Base)+path+`/[A-Za-z0-9_-]{43}`).FindAllString(read(m+"/html"), -1) {
			found[strings.TrimPrefix(l, g.Base)] = true
		}
	}
	return found
}

// longPayer pays with an address that has no place to break.
func (g *gallery) longPayer(org string) {
	g.t.Helper()
	made := g.cli("connection", "add", "--org", org, "--provider", "stripe")
	g.apply(sender{url: made["url"], secret: made["secret"]}, stripeEvent("evt_long", "payment_intent.succeeded", object{"id": "pi_long", "object": "payment_intent",
		"amount": 123_456_789, "amount_received": 123_456_789, "currency": "gbp", "status": "succeeded", "created": 1_790_000_000,
		"description": "Deposit", "receipt_email": "wilhelminafeatherstonehaughcholmondeley.40252902@example.com"}))
}

// look opens the page once and turns the screen and the lamp.
func (g *gallery) look(t *testing.T, s shot) {
	w := sitDown(t, g.Base, playwright.BrowserNewContextOptions{ReducedMotion: playwright.ReducedMotionReduce})
	w.ok(w.tabs.AddInitScript(playwright.Script{Path: playwright.String("node_modules/axe-core/axe.min.js")}))
	w.failOnBroken()
	if s.as != "" {
		w.ok(w.tabs.AddCookies([]playwright.OptionalCookie{{Name: "wedsync", Value: g.cookie(t, s.as), URL: &g.Base}}))
	}
	path := s.path
	if path == "" {
		path = s.route
	}
	if got, want := w.visit(path).Status(), max(s.status, http.StatusOK); got != want {
		t.Fatalf("%s answered %d, want %d", path, got, want)
	}
	if s.act != nil {
		s.act(w)
	}
	if must(w.page.Locator("#live-status").Count())(t) > 0 {
		w.says("live")
	}
	must(w.page.Evaluate(`() => document.fonts.ready.then(() => true)`))(t)
	for _, width := range []int{390, 1280} {
		w.unroll(width)
		for _, scheme := range []*playwright.ColorScheme{playwright.ColorSchemeLight, playwright.ColorSchemeDark} {
			w.ok(w.page.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: scheme}))
			name := fmt.Sprintf("%s-%d-%s", s.name, width, *scheme)
			w.picture(name)
			w.examine(name, width)
		}
	}
}

// unroll makes the screen as high as the page, so that what sticks to its lower edge is not in the middle of the picture.
func (w *person) unroll(width int) {
	w.t.Helper()
	w.ok(w.page.SetViewportSize(width, 844))
	w.ok(w.page.SetViewportSize(width, max(844, js[int](w, `() => document.documentElement.scrollHeight`))))
}

func (g *gallery) cookie(t *testing.T, email string) string {
	t.Helper()
	if known, ok := g.cookies.Load(email); ok {
		return known.(string)
	}
	word := password
	if strings.HasSuffix(email, "@demo.example") {
		word = sandbox.Password
	}
	cookie := must(g.SignIn(email, word))(t)
	g.cookies.Store(email, cookie.Value)
	return cookie.Value
}

// examine has axe read the page, and measures whether it is wider than the screen.
func (w *person) examine(name string, width int) {
	w.t.Helper()
	found := js[[]any](w, `() => axe.run(document, {
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'],
	}).then(r => r.violations.map(v => v.id + ': ' + v.help + ' — ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + (n.any[0] || n.all[0] || n.none[0] || {message: ''}).message).join(' | ')))`)
	for _, violation := range found {
		w.t.Errorf("%s: axe: %s", name, violation)
	}
	if wide := js[int](w, `() => document.documentElement.scrollWidth`); wide > width {
		w.t.Errorf("%s: the page is %d wide", name, wide)
	}
	// What is cut off at the side is as bad as a page that is too wide, and harder to see.
	cut := js[[]any](w, `() => [...document.querySelectorAll('main *')].filter(e => {
		const style = getComputedStyle(e)
		return style.overflowX === 'hidden' && style.textOverflow !== 'ellipsis' && e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1
	}).map(e => e.tagName + '.' + e.className + ' cuts off ' + (e.scrollWidth - e.clientWidth) + ' px')`)
	for _, c := range cut {
		w.t.Errorf("%s: %v", name, c)
	}
	ids := js[[]any](w, `() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return ids.filter((id, i) => ids.indexOf(id) !== i) }`)
	if len(ids) > 0 {
		w.t.Errorf("%s: ids that are there twice: %v", name, ids)
	}
}
