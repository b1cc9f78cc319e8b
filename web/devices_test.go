package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries/testdb"
)

const firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0"

func deviceOf(t *testing.T, w *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	for _, c := range w.Result().Cookies() {
		if strings.HasSuffix(c.Name, "-device") {
			return c
		}
	}
	t.Fatalf("%d: the browser got no number", w.Code)
	return nil
}

// from signs somebody in with the cookies of a browser.
func (s *site) from(t *testing.T, p testdb.Person, agent string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	t.Helper()
	r := s.request(t, http.MethodPost, "/login", url.Values{"email": {p.Email}, "password": {testdb.Password}}, nil)
	r.Header.Set("User-Agent", agent)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	got := s.do(t, r)
	if got.Code != 303 {
		t.Fatal(got.Code)
	}
	return got
}

func TestANewBrowserIsTold(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	anna := testdb.Org(t, s.pool).Owner
	first := deviceOf(t, s.from(t, anna, firefox))
	if first.Name != "wedsync-device" || !first.HttpOnly || first.SameSite != http.SameSiteLaxMode || first.MaxAge != 365*24*3600 || len(first.Value) != 43 {
		t.Errorf("%+v", first)
	}
	if again := deviceOf(t, s.from(t, anna, firefox, first)); again.Value != first.Value {
		t.Error("a known browser gets another number")
	}
	if n := len(s.mailed(t, anna.ID, "new_device")); n != 0 {
		t.Fatalf("the first browser is news: %d", n)
	}
	s.from(t, anna, "<script>\r\nSafari/1 iPhone"+strings.Repeat("x", 10_000))
	for i, junk := range []string{"", "short", strings.Repeat("z", 5000)} {
		s.from(t, anna, firefox, &http.Cookie{Name: "wedsync-device", Value: junk})
		if n := len(s.mailed(t, anna.ID, "new_device")); n != i+2 {
			t.Errorf("%.5q: %d letters", junk, n)
		}
	}
	all := s.mailed(t, anna.ID, "new_device")
	if last := all[len(all)-1]; last.Detail != "Safari on iPhone" || last.To != anna.Email || time.Since(last.At) > time.Minute {
		t.Errorf("%+v", last)
	}
	r := s.request(t, http.MethodPost, s.magicLink(t, anna), nil, nil)
	r.AddCookie(first)
	s.do(t, r)
	if n := len(s.mailed(t, anna.ID, "new_device")); n != len(all) {
		t.Error("a link in a known browser is news")
	}
	s.post(t, s.magicLink(t, anna), nil, nil)
	if n := len(s.mailed(t, anna.ID, "new_device")); n != len(all)+1 {
		t.Error("a link in a new browser is no news")
	}
	if s.count(t, "SELECT count(*) FROM devices WHERE position(convert_to($1, 'UTF8') IN device_sha256) > 0", first.Value) != 0 {
		t.Error("the number itself is kept")
	}
}

func TestTwoPeopleShareABrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	anna, ben := testdb.Org(t, s.pool).Owner, testdb.Org(t, s.pool).Owner
	browser := deviceOf(t, s.from(t, anna, firefox))
	for range 2 {
		for _, p := range []testdb.Person{ben, anna} {
			if got := deviceOf(t, s.from(t, p, firefox, browser)); got.Value != browser.Value {
				t.Fatal("the browser's number changes with who signs in")
			}
		}
	}
	if len(s.mailed(t, anna.ID, "new_device"))+len(s.mailed(t, ben.ID, "new_device")) != 0 {
		t.Error("a shared browser is news each time")
	}
}

func TestTheBrowsersNumberOnHTTPS(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.URL = &url.URL{Scheme: "https", Host: "wedsync.test"} })
	got := deviceOf(t, s.login(t, testdb.Org(t, s.pool).Owner.Email, testdb.Password, "", nil))
	if got.Name != "__Host-wedsync-device" || !got.Secure || got.Path != "/" || got.Domain != "" {
		t.Errorf("%+v", got)
	}
}

func TestSigningOutEverywhereElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	anna, ben := testdb.Org(t, s.pool).Owner, testdb.Org(t, s.pool).Owner
	there, here := s.from(t, anna, firefox), s.from(t, anna, "Mozilla/5.0 (Macintosh) Version/18 Safari/605")
	bens := s.session(t, ben)
	s.post(t, "/app/account", url.Values{"name": {"Anna"}, "email": {"thief@example.com"}}, cookieOf(t, there))
	page := func() string {
		r := s.request(t, http.MethodGet, "/app/settings", nil, cookieOf(t, here))
		r.AddCookie(deviceOf(t, here))
		return s.do(t, r).Body.String()
	}
	if got := page(); !strings.Contains(got, "1 other browser.") || !strings.Contains(got, "Firefox on Windows") || !strings.Contains(got, "Safari on a Mac") || strings.Count(got, "This browser") != 1 {
		t.Error("the page does not list both browsers")
	}
	r := s.request(t, http.MethodPost, "/app/account/sign-outs", nil, cookieOf(t, here))
	r.AddCookie(deviceOf(t, here))
	if got := s.do(t, r); got.Header().Get("Location") != "/app/settings?done=elsewhere" {
		t.Fatal(got.Code)
	}
	if s.get(t, "/app", cookieOf(t, there)).Code != 303 || s.get(t, "/app", cookieOf(t, here)).Code != 200 || s.get(t, "/app", bens).Code != 200 {
		t.Error("not those sessions ended that should have")
	}
	if got := page(); !strings.Contains(got, "nowhere else") || strings.Contains(got, "Firefox on Windows") {
		t.Error("the page still lists the other browser")
	}
	if got := s.post(t, s.linkIn(t, anna.ID, "verify", 1), nil, nil); got.Code != 410 {
		t.Errorf("what a stranger had sent for still works: %d", got.Code)
	}
}

func TestBrowserWords(t *testing.T) {
	t.Parallel()
	const like = "AppleWebKit/537.36 (KHTML, like Gecko) "
	for agent, want := range map[string]string{
		firefox: "Firefox on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + like + "Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0":                               "Edge on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + like + "Chrome/139.0.0.0 Safari/537.36 OPR/120.0":                                   "Opera on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + like + "Chrome/139.0.0.0 Safari/537.36":                                       "Chrome on a Mac",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":            "Safari on a Mac",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 CriOS/139.0 Mobile Safari/604.1":                      "Chrome on iPhone",
		"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 FxiOS/141.0 Mobile Safari/605.1.15":                            "Firefox on iPad",
		"Mozilla/5.0 (Linux; Android 14; SM-S921B) " + like + "SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36":                      "Samsung Internet on Android",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8) " + like + "Chrome/139.0.0.0 Mobile Safari/537.36 EdgA/139.0":                            "Edge on Android",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + like + "Chrome/139.0.0.0 Safari/537.36":                                              "Chrome on a Chromebook",
		"Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0":                                                           "Firefox on Linux",
		"curl/8.5.0": "A browser that does not say what it is", "": "A browser that does not say what it is",
		"Something Linux": "A browser on Linux", "Firefox/1": "Firefox",
		"<b>Your bank</b>\r\nBcc: x": "A browser that does not say what it is", "\xff\xfe\x00": "A browser that does not say what it is",
		strings.Repeat("é", 100_000) + firefox: "A browser that does not say what it is",
	} {
		if got := browserWords(agent); got != want {
			t.Errorf("%.80q: %q, want %q", agent, got, want)
		}
	}
}
