package web

import (
	"compress/gzip"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// aPush is a browser of the organisation's owner.
func aPush(t *testing.T, w *town, org testdb.Supplier) (id uuid.UUID) {
	t.Helper()
	err := w.pool.QueryRow(t.Context(), "INSERT INTO push_subscriptions (user_id, endpoint, p256dh, auth) VALUES ($1, $2, '', '') RETURNING id", org.Owner.ID, "https://push.example/"+rand.Text()).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// aBrowser is what one posts when it is asked.
func aBrowser(t *testing.T, endpoint string) url.Values {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{"endpoint": {endpoint}, "p256dh": {base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())},
		"auth": {base64.RawURLEncoding.EncodeToString([]byte(rand.Text()[:16]))}, "timezone": {"America/New_York"}}
}

func (w *town) pushes(t *testing.T, who testdb.Person) []queries.PushSubscriptionsOfRow {
	t.Helper()
	rows, err := w.q.PushSubscriptionsOf(t.Context(), who.ID)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func (w *town) subscribe(t *testing.T, who testdb.Person, form url.Values) int {
	t.Helper()
	req := w.request(t, http.MethodPost, "/app/push", form, w.session(t, who))
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	return w.do(t, req).Code
}

func TestABrowserIsKeptRenewedAndRemoved(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ada, ben := w.org.Owner, testdb.Member(t, w.pool, w.org.ID, queries.RoleStaff)
	form := aBrowser(t, "https://push.example/one")
	if code := w.subscribe(t, ada, form); code != http.StatusSeeOther {
		t.Fatal(code)
	}
	first := w.pushes(t, ada)
	if len(first) != 1 || first[0].Endpoint != "https://push.example/one" || first[0].Timezone != "America/New_York" || first[0].Label != "Firefox on Linux" ||
		len(first[0].P256dh) != 65 || len(first[0].Auth) != 16 {
		t.Fatalf("%+v", first)
	}
	page := w.get(t, "/app/preferences", w.session(t, ada)).Body.String()
	for _, want := range []string{"Firefox on Linux", `data-key="B`, "https://push.example/one", "/static/push."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}

	// The same browser gives new keys: one row, with them.
	again := aBrowser(t, "https://push.example/one")
	again.Set("label", "The studio's <laptop>")
	again.Set("timezone", "../../etc/passwd")
	if code := w.subscribe(t, ada, again); code != http.StatusSeeOther {
		t.Fatal(code)
	}
	renewed := w.pushes(t, ada)
	if len(renewed) != 1 || renewed[0].ID != first[0].ID || string(renewed[0].P256dh) == string(first[0].P256dh) || renewed[0].Label != "The studio's <laptop>" || renewed[0].Timezone != "" {
		t.Errorf("%+v", renewed)
	}

	// Somebody else signs in there: it is theirs alone.
	if code := w.subscribe(t, ben, again); code != http.StatusSeeOther {
		t.Fatal(code)
	}
	if a, b := w.pushes(t, ada), w.pushes(t, ben); len(a) != 0 || len(b) != 1 || b[0].LastUsedAt != nil {
		t.Errorf("%+v, %+v", a, b)
	}

	removal := "/app/push/" + w.pushes(t, ben)[0].ID.String() + "/removal"
	for _, tt := range []struct {
		who  testdb.Person
		want int
	}{{ada, 404}, {w.theirs.Owner, 404}, {ben, 303}, {ben, 404}} {
		if got := w.do(t, w.request(t, http.MethodPost, removal, nil, w.session(t, tt.who))); got.Code != tt.want {
			t.Errorf("%s: %d, want %d", tt.who.Email, got.Code, tt.want)
		}
	}
	if b := w.pushes(t, ben); len(b) != 0 {
		t.Errorf("%+v", b)
	}
}

func TestWhatABrowserMayNotGive(t *testing.T) {
	t.Parallel()
	w := newTown(t, func(c *Config) { c.AllowPrivate = false })
	for what, change := range map[string]func(url.Values){
		"an address of this machine": func(f url.Values) { f.Set("endpoint", "https://127.0.0.1/x") },
		"one that is not encrypted":  func(f url.Values) { f.Set("endpoint", "http://push.example/x") },
		"none":                       func(f url.Values) { f.Del("endpoint") },
		"one too long":               func(f url.Values) { f.Set("endpoint", "https://push.example/"+strings.Repeat("x", 1000)) },
		"no key":                     func(f url.Values) { f.Set("p256dh", "x") },
		"no secret":                  func(f url.Values) { f.Set("auth", "") },
	} {
		form := aBrowser(t, "https://push.example/x")
		change(form)
		got := w.do(t, w.request(t, http.MethodPost, "/app/push", form, w.session(t, w.org.Owner)))
		if got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), "Nothing was changed") {
			t.Errorf("%s: %d", what, got.Code)
		}
	}
	if rows := w.pushes(t, w.org.Owner); len(rows) != 0 {
		t.Errorf("%+v", rows)
	}
}

func TestTwentyBrowsersAPerson(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for i := range 22 {
		if code := w.subscribe(t, w.org.Owner, aBrowser(t, fmt.Sprintf("https://push.example/%d", i))); code != http.StatusSeeOther {
			t.Fatal(code)
		}
		if i == 19 { // the first one is used, so the second makes room
			if _, err := w.pool.Exec(t.Context(), "UPDATE push_subscriptions SET last_used_at = now() WHERE endpoint = 'https://push.example/0'"); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := map[string]bool{}
	for _, r := range w.pushes(t, w.org.Owner) {
		left[r.Endpoint] = true
	}
	if len(left) != 20 || !left["https://push.example/0"] || left["https://push.example/1"] || left["https://push.example/2"] || !left["https://push.example/21"] {
		t.Errorf("%d: %v", len(left), left)
	}
}

// A worker that came packed twice, or under another policy than the pages, would fail in every browser at once.
func TestTheServiceWorkerIsServedWhole(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	req := w.request(t, http.MethodGet, "/sw.js", nil, nil)
	req.Header.Set("Accept-Encoding", "gzip")
	got := w.do(t, req)
	unpacked, err := gzip.NewReader(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	script, err := io.ReadAll(unpacked)
	if err != nil || !strings.Contains(string(script), "addEventListener('push'") {
		t.Errorf("%.80q, %v", script, err)
	}
	for header, want := range map[string]string{"Cache-Control": "no-cache", "Service-Worker-Allowed": "/", "Content-Type": "text/javascript; charset=utf-8", "Content-Security-Policy": contentPolicy} {
		if got.Header().Get(header) != want {
			t.Errorf("%s: %q", header, got.Header().Get(header))
		}
	}
	if !strings.Contains(contentPolicy, "worker-src 'self'") {
		t.Error("the pages may start no worker")
	}
}

// Whoever signs out at somebody else's computer hears nothing there any more; their own telephone goes on.
func TestSigningOutEndsThisBrowsersPushes(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	who := w.org.Owner
	aPush(t, w, w.org) // the telephone
	session, device := w.session(t, who), &http.Cookie{Name: "wedsync-device", Value: rand.Text() + rand.Text()[:17]}
	subscribe := w.request(t, http.MethodPost, "/app/push", aBrowser(t, "https://push.example/here"), session)
	subscribe.AddCookie(device)
	if got := w.do(t, subscribe); got.Code != 303 || len(w.pushes(t, who)) != 2 {
		t.Fatalf("%d, %d browsers", got.Code, len(w.pushes(t, who)))
	}
	out := w.request(t, http.MethodPost, "/logout", nil, session)
	out.AddCookie(device)
	if got := w.do(t, out); got.Code != 303 {
		t.Fatal(got.Code)
	}
	if left := w.pushes(t, who); len(left) != 1 || strings.HasSuffix(left[0].Endpoint, "/here") {
		t.Errorf("%+v", left)
	}
}
