package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
	"github.com/wedsync/wedsync/views/mail"
)

// posted is what the house announced to one person.
type posted struct {
	mail.News
	To string
}

// mailed are all of a kind to one person, the newest first.
func (s *site) mailed(t *testing.T, user uuid.UUID, what string) (all []posted) {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), "SELECT id, facts, secret, client_email FROM notices WHERE org_id = $1 AND user_id = $2 AND kind = 'security' AND facts->>'what' = $3 ORDER BY at DESC, id DESC", queries.House, user, what)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id uuid.UUID
		var raw, secret []byte
		l := posted{}
		if err := rows.Scan(&id, &raw, &secret, &l.To); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &l.News); err != nil {
			t.Fatal(err)
		}
		if l.Link != "" || l.Code != "" {
			t.Errorf("the facts hold a secret: %s", raw)
		}
		if err := notify.Unseal(s.box, queries.House, id, secret, &l.News); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// linkIn is where the link of the n-th letter leads, as soon as that letter is there.
func (s *site) linkIn(t *testing.T, user uuid.UUID, what string, n int) string {
	t.Helper()
	var all []posted
	eventually(t, "a letter "+what+" is announced", func() bool {
		all = s.mailed(t, user, what)
		return len(all) >= n
	})
	path, ours := strings.CutPrefix(all[len(all)-n].Link, s.base)
	if !ours || len(path) < 43 {
		t.Fatalf("the link is %q", all[len(all)-n].Link)
	}
	return path
}

func (s *site) magicLink(t *testing.T, p testdb.Person) string {
	t.Helper()
	n := len(s.mailed(t, p.ID, "magic_link"))
	if got := s.post(t, "/magic", url.Values{"email": {p.Email}}, nil); got.Code != 303 || got.Header().Get("Location") != "/login?sent=link" {
		t.Fatalf("%d to %s", got.Code, got.Header().Get("Location"))
	}
	return s.linkIn(t, p.ID, "magic_link", n+1)
}

func (s *site) resetLink(t *testing.T, p testdb.Person) string {
	t.Helper()
	n := len(s.mailed(t, p.ID, "reset"))
	if got := s.post(t, "/forgot", url.Values{"email": {p.Email}}, nil); got.Code != 303 || got.Header().Get("Location") != "/forgot?sent=link" {
		t.Fatalf("%d to %s", got.Code, got.Header().Get("Location"))
	}
	return s.linkIn(t, p.ID, "reset", n+1)
}

func (s *site) unprove(t *testing.T, p testdb.Person) {
	t.Helper()
	s.exec(t, "UPDATE users SET email_verified_at = NULL WHERE id = $1", p.ID)
}

func (s *site) isProven(t *testing.T, p testdb.Person) bool {
	t.Helper()
	return s.count(t, "SELECT count(*) FROM users WHERE id = $1 AND email_verified_at IS NOT NULL", p.ID) == 1
}

var newPassword = url.Values{"password": {"a quite new sentence"}}

// Case 15 of the failures: a mail scanner opens everything before the person does, and then they press twice.
func TestCase15AScannersGETNeverUsesAMagicLink(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	anna := testdb.Org(t, s.pool).Owner
	path := s.magicLink(t, anna)
	for range 10 {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := s.do(t, s.request(t, method, path, nil, nil))
			if len(got.Result().Cookies()) != 0 || method == http.MethodGet && (got.Code != 200 || !strings.Contains(got.Body.String(), "Sign in as Owner of Kay Photography")) {
				t.Fatalf("%s: %d with %d cookies", method, got.Code, len(got.Result().Cookies()))
			}
		}
	}
	if s.count(t, "SELECT count(*) FROM sessions") != 0 {
		t.Fatal("a scanner is signed in")
	}
	got := s.post(t, path, nil, nil)
	if got.Code != 303 || got.Header().Get("Location") != "/app" {
		t.Fatalf("the person's own press: %d to %s", got.Code, got.Header().Get("Location"))
	}
	in := cookieOf(t, got)
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		if again := s.do(t, s.request(t, method, path, nil, in)); again.Code != 303 || again.Header().Get("Location") != "/app" || len(again.Result().Cookies()) != 0 {
			t.Errorf("%s again: %d to %s", method, again.Code, again.Header().Get("Location"))
		}
		if other := s.do(t, s.request(t, method, path, nil, nil)); other.Code != 410 || !strings.Contains(other.Body.String(), "This link was used") || !strings.Contains(other.Body.String(), "/login") {
			t.Errorf("%s by who was sent it on: %d", method, other.Code)
		}
	}
	if s.get(t, "/app", in).Code != 200 {
		t.Error("pressing twice ended the session")
	}
}

func TestOfTwoPressesAtOnceOneWins(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	for _, kind := range []string{"magic", "reset"} {
		for range 5 {
			anna := testdb.Org(t, s.pool).Owner
			path := ""
			if kind == "magic" {
				path = s.magicLink(t, anna)
			} else {
				path = s.resetLink(t, anna)
			}
			var both sync.WaitGroup
			answers := make([]*httptest.ResponseRecorder, 2)
			for i := range answers {
				both.Go(func() { answers[i] = s.post(t, path, newPassword, nil) })
			}
			both.Wait()
			codes := answers[0].Code + answers[1].Code
			if codes != 303+410 || s.count(t, "SELECT count(*) FROM sessions WHERE user_id = $1", anna.ID) != 1 {
				t.Errorf("%s: %d and %d", kind, answers[0].Code, answers[1].Code)
			}
		}
		s.letters.limit = 1000
	}
}

func TestAForeignOrEndedLinkOpensNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	anna := testdb.Org(t, s.pool).Owner
	magic, reset := s.magicLink(t, anna), s.resetLink(t, anna)
	token := func(path string) string { return path[strings.LastIndex(path, "/")+1:] }
	wrong := []string{"/magic/" + token(reset), "/reset/" + token(magic), "/verify/" + token(magic), "/verify/" + token(reset)}
	for _, page := range []string{"/magic/", "/reset/", "/verify/"} {
		wrong = append(wrong, page+"x", page+"%00", page+"%ff%fe", page+strings.Repeat("t", 5000), page+strings.ToUpper(token(magic)), page+token(magic)+"A", page+"';DROP TABLE users--")
	}
	for _, path := range wrong {
		path = strings.ReplaceAll(path, " ", "%20")
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if got := s.do(t, s.request(t, method, path, newPassword, nil)); got.Code != 404 || len(got.Result().Cookies()) != 0 {
				t.Errorf("%s %.60s: %d", method, path, got.Code)
			}
		}
	}
	s.exec(t, "UPDATE account_tokens SET expires_at = now() - interval '1 second'")
	for _, path := range []string{magic, reset} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			got := s.do(t, s.request(t, method, path, newPassword, nil))
			if got.Code != 410 || len(got.Result().Cookies()) != 0 || !strings.Contains(got.Body.String(), "This link has ended") {
				t.Errorf("ended: %s %s: %d", method, path, got.Code)
			}
		}
	}
	if s.login(t, anna.Email, testdb.Password, "", nil).Code != 303 {
		t.Error("the password has changed")
	}
}

func TestWhoeverElseIsSignedInIsToldAndSignedOut(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	anna, ben := testdb.Org(t, s.pool).Owner, testdb.Org(t, s.pool).Owner
	for _, path := range []string{s.magicLink(t, anna), s.resetLink(t, anna)} {
		bens := s.session(t, ben)
		if page := s.get(t, path, bens).Body.String(); !strings.Contains(page, "is signed in in this browser") {
			t.Errorf("%.7s does not say who is signed in", path)
		}
		if s.get(t, "/app", bens).Code != 200 {
			t.Error("looking at the page signed Ben out")
		}
		got := s.post(t, path, newPassword, bens)
		if got.Code != 303 || s.get(t, "/app", bens).Code != 303 || !strings.Contains(s.get(t, "/app", cookieOf(t, got)).Body.String(), "Owner of") {
			t.Errorf("%.7s: %d", path, got.Code)
		}
	}
}

// Nobody learns at these pages whether an address has an account.
func TestAskingForALinkAnswersAlike(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	anna := testdb.Org(t, s.pool).Owner
	for _, path := range []string{"/forgot", "/magic"} {
		known, unknown := s.post(t, path, url.Values{"email": {anna.Email}}, nil), s.post(t, path, url.Values{"email": {"nobody@example.com"}}, nil)
		if known.Code != 303 || unknown.Code != 303 || known.Header().Get("Location") != unknown.Header().Get("Location") || known.Body.String() != unknown.Body.String() {
			t.Errorf("%s: %d and %d", path, known.Code, unknown.Code)
		}
		if page := s.get(t, known.Header().Get("Location"), nil); page.Code != 200 || !strings.Contains(page.Body.String(), "If the address has an account here") {
			t.Errorf("%s: %d", path, page.Code)
		}
		for _, email := range []string{"", "anna", "Anna <a@example.com>", "a\x00@example.com", "\xff@example.com", "a@example.com\r\nBcc: b@example.com", strings.Repeat("a", 300) + "@example.com"} {
			if got := s.post(t, path, url.Values{"email": {email}}, nil); got.Code != 422 || !strings.Contains(got.Body.String(), "Give an e-mail address") {
				t.Errorf("%s: %.40q: %d", path, email, got.Code)
			}
		}
	}
	if s.count(t, "SELECT count(*) FROM account_tokens") != 0 || s.count(t, "SELECT count(*) FROM river_job WHERE kind = 'mail_link'") != 4 {
		t.Error("a page looked whether the address is known")
	}
}

func TestLettersAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	anna := testdb.Org(t, s.pool).Owner
	for range 5 {
		s.post(t, "/magic", url.Values{"email": {strings.ToUpper(anna.Email)}}, nil)
	}
	eventually(t, "all five are answered", func() bool {
		return s.count(t, "SELECT count(*) FROM river_job WHERE kind = 'mail_link' AND state = 'completed'") == 5
	})
	if all := s.mailed(t, anna.ID, "magic_link"); len(all) != 3 || all[0].To != anna.Email {
		t.Errorf("%d letters went out within the hour", len(all))
	}
	s.exec(t, "UPDATE account_tokens SET created_at = now() - interval '61 minutes'")
	s.magicLink(t, anna)
	for range 20 {
		s.post(t, "/forgot", url.Values{"email": {"nobody@example.com"}}, nil)
	}
	if got := s.post(t, "/forgot", url.Values{"email": {anna.Email}}, nil); got.Code != 429 || got.Header().Get("Retry-After") == "" {
		t.Errorf("a caller asks without end: %d", got.Code)
	}
}

func TestTokensStayOutOfTheLogAndTheTables(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	anna := testdb.Org(t, s.pool).Owner
	for _, path := range []string{s.magicLink(t, anna), s.resetLink(t, anna)} {
		token := path[strings.LastIndex(path, "/")+1:]
		s.get(t, path, nil)
		s.post(t, path, newPassword, nil)
		s.post(t, path, newPassword, nil)
		if strings.Contains(s.log.String(), token) {
			t.Errorf("%.7s: the token is in the log", path)
		}
		if s.count(t, "SELECT count(*) FROM account_tokens WHERE position(convert_to($1, 'UTF8') IN token_sha256) > 0", token) != 0 {
			t.Errorf("%.7s: the token itself is kept", path)
		}
	}
}
