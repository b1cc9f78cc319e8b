package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/queries/testdb"
)

func (s *site) login(t *testing.T, email, password, next string, with *http.Cookie) *httptest.ResponseRecorder {
	t.Helper()
	return s.post(t, "/login", url.Values{"email": {email}, "password": {password}, "next": {next}}, with)
}

// cookieOf is the one session of an answer; the browser's own number may stand beside it.

func cookieOf(t *testing.T, w *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	all := slices.DeleteFunc(w.Result().Cookies(), func(c *http.Cookie) bool { return strings.HasSuffix(c.Name, "-device") })
	if len(all) != 1 {
		t.Fatalf("%d: %d cookies", w.Code, len(all))
	}
	return all[0]
}

func (s *site) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheCookie(t *testing.T) {
	t.Parallel()
	tests := []struct {
		scheme, name string
		secure       bool
	}{
		{"http", "wedsync", false},
		{"https", "__Host-wedsync", true},
	}
	for _, tt := range tests {
		s := newSite(t, func(c *Config) { c.URL = &url.URL{Scheme: tt.scheme, Host: "wedsync.test"} })
		who := testdb.Org(t, s.pool).Owner
		signedIn := s.login(t, who.Email, testdb.Password, "", nil)
		got := cookieOf(t, signedIn)
		if got.Name != tt.name || got.Secure != tt.secure || !got.HttpOnly || got.SameSite != http.SameSiteLaxMode || got.Path != "/" || got.Domain != "" || got.MaxAge != 30*24*3600 || len(got.Value) < 43 {
			t.Errorf("%s: %+v", tt.scheme, got)
		}
		if hsts := signedIn.Header().Get("Strict-Transport-Security") != ""; hsts != tt.secure {
			t.Errorf("%s: Strict-Transport-Security is %t", tt.scheme, hsts)
		}
		if page := s.get(t, "/app", got); page.Code != 200 {
			t.Errorf("%s: %d", tt.scheme, page.Code)
		}
		gone := cookieOf(t, s.post(t, "/logout", nil, got))
		if gone.Name != tt.name || gone.MaxAge >= 0 || gone.Value != "" || gone.Secure != tt.secure || gone.Path != "/" {
			t.Errorf("%s: signed out: %+v", tt.scheme, gone)
		}
		if s.count(t, "SELECT count(*) FROM sessions WHERE token_sha256 = $1", []byte(got.Value)) != 0 {
			t.Error("the token itself is kept")
		}
	}
}

func TestSigningInLeadsHome(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for email, home := range map[string]string{w.org.Owner.Email: "/app", w.couple.Person.Email: "/us", strings.ToUpper(w.org.Owner.Email): "/app", " " + w.org.Owner.Email + " ": "/app"} {
		got := w.login(t, email, testdb.Password, "", nil)
		if got.Code != 303 || got.Header().Get("Location") != home {
			t.Errorf("%q: %d to %s", email, got.Code, got.Header().Get("Location"))
		}
	}
}

func TestSigningInBeginsANewSessionAndEndsTheOldOne(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	email := w.org.Owner.Email
	first := cookieOf(t, w.login(t, email, testdb.Password, "", nil))
	second := cookieOf(t, w.login(t, email, testdb.Password, "", first))
	if first.Value == second.Value || w.get(t, "/app", first).Code != 303 || w.get(t, "/app", second).Code != 200 {
		t.Error("the session before goes on")
	}
	planted := w.cookie("planted-by-somebody", 3600)
	third := cookieOf(t, w.login(t, email, testdb.Password, "", planted))
	if third.Value == planted.Value || w.get(t, "/app", planted).Code != 303 {
		t.Error("a planted session is worth something")
	}
	if w.get(t, "/app", second).Code != 200 {
		t.Error("signing in elsewhere ended another browser's session")
	}
	w.login(t, email, "not the password", "", third)
	if w.get(t, "/app", third).Code != 200 {
		t.Error("a failed sign-in ended the session")
	}
}

func TestASessionEnds(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ended := func(what string, cookie *http.Cookie) {
		t.Helper()
		if got := w.get(t, "/app/clients?q=a", cookie); got.Code != 303 || got.Header().Get("Location") != "/login?next=%2Fapp%2Fclients%3Fq%3Da" {
			t.Errorf("%s: %d to %s", what, got.Code, got.Header().Get("Location"))
		}
		if got := w.get(t, "/live", cookie); got.Code != 401 {
			t.Errorf("%s: the stream: %d", what, got.Code)
		}
	}
	out := w.as(t, "staff")
	w.post(t, "/logout", nil, out)
	ended("after signing out", out)

	expired := w.as(t, "staff")
	if _, err := w.pool.Exec(t.Context(), "UPDATE sessions SET expires_at = now() WHERE token_sha256 = $1", seal.TokenHash(expired.Value)); err != nil {
		t.Fatal(err)
	}
	ended("after it expired", expired)
	if n, err := w.q.EndExpiredSessions(t.Context()); err != nil || n != 1 {
		t.Errorf("%d sessions were tidied away, %v", n, err)
	}

	removed := testdb.Member(t, w.pool, w.org.ID, queries.RoleStaff)
	cookie := w.session(t, removed)
	if got := w.post(t, "/app/team/"+removed.ID.String()+"/removal", nil, w.as(t, "owner")); got.Code != 303 {
		t.Fatal(got.Code)
	}
	ended("after they left the team", cookie)
	for _, value := range []string{"", "x", strings.Repeat("y", 5000)} {
		ended("with a made-up cookie", w.cookie(value, 1))
	}
}

// Who asks whether an address has an account learns nothing.

func TestAnUnknownAddressAndAWrongPasswordAnswerAlike(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	known := w.login(t, w.org.Owner.Email, "not the password", "", nil)
	for what, form := range map[string]url.Values{
		"an unknown address": {"email": {"nobody@example.com"}, "password": {"not the password"}},
		"no address":         {"email": {""}, "password": {testdb.Password}},
		"a NUL":              {"email": {"a\x00b@example.com"}, "password": {testdb.Password}},
		"no UTF-8":           {"email": {"\xff\xfe@example.com"}, "password": {testdb.Password}},
		"a very long one":    {"email": {strings.Repeat("a", 10_000) + "@example.com"}, "password": {strings.Repeat("p", 10_000)}},
	} {
		got := w.post(t, "/login", form, nil)
		email := form.Get("email")
		if got.Code != 401 || got.Code != known.Code || len(got.Result().Cookies()) != 0 || !strings.Contains(got.Body.String(), "do not belong together") {
			t.Errorf("%s: %d", what, got.Code)
		}
		if what == "an unknown address" && strings.ReplaceAll(got.Body.String(), email, w.org.Owner.Email) != known.Body.String() {
			t.Errorf("%s: another page than for a wrong password", what)
		}
	}
}

func TestTheEleventhFailedSignInWaits(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	email := w.org.Owner.Email
	for i := range 10 {
		if got := w.login(t, email, "not the password", "", nil); got.Code != 401 {
			t.Fatalf("%d: %d", i, got.Code)
		}
	}
	for _, address := range []string{email, strings.ToUpper(email)} {
		if got := w.login(t, address, testdb.Password, "", nil); got.Code != 429 || got.Header().Get("Retry-After") == "" || len(got.Result().Cookies()) != 0 {
			t.Errorf("%s: %d", address, got.Code)
		}
	}
	if got := w.login(t, w.couple.Person.Email, testdb.Password, "", nil); got.Code != 303 {
		t.Errorf("somebody else waits with them: %d", got.Code)
	}
}

func TestNextStaysOnThisSite(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.badLogins.limit = 1000
	tests := map[string]string{
		"": "/app", "/app/clients?q=a": "/app/clients?q=a", "/us": "/us",
		"https://evil.example": "/app", "//evil.example": "/app", "/\\evil.example": "/app", "\\\\evil.example": "/app", "///evil.example": "/app", "javascript:alert(1)": "/app",
		"/\t/evil.example": "/app", "/\n/evil.example": "/app", "evil.example": "/app", "http:/evil.example": "/app", "//user@evil.example/app": "/app", " //evil.example": "/app",
		"/\x00": "/app", "https:evil.example": "/app", "/%zz": "/app",
	}
	for next, want := range tests {
		got := w.login(t, w.org.Owner.Email, testdb.Password, next, nil)
		if got.Code != 303 || got.Header().Get("Location") != want {
			t.Errorf("%q leads to %q", next, got.Header().Get("Location"))
		}
		form := w.get(t, "/login?next="+url.QueryEscape(next), nil)
		if want == "/app" && strings.Contains(form.Body.String(), "evil.example") {
			t.Errorf("%q stands in the form", next)
		}
	}
}

// Every zone that the form offers is one that Postgres reckons in too: one that is not would stop a query over all tenants.

// Each hash holds 64 MiB: a burst of sign-ins takes turns, and every one of them is answered.
