package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries/testdb"
)

func TestANewPasswordShutsOutEverybodyElse(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	anna := testdb.Org(t, s.pool).Owner
	old, open := s.session(t, anna), s.resetLink(t, anna)
	path := s.resetLink(t, anna)
	if got := s.get(t, open, nil); got.Code != 410 {
		t.Errorf("a newer link leaves the older one open: %d", got.Code)
	}
	for _, password := range []string{"", "too short", strings.Repeat("p", 1001)} {
		if got := s.post(t, path, url.Values{"password": {password}}, nil); got.Code != 422 || strings.Contains(got.Body.String(), "value=\""+password+"\"") && password != "" {
			t.Errorf("%.10q: %d", password, got.Code)
		}
	}
	for range 10 { // a scanner
		if s.get(t, path, nil).Code != 200 {
			t.Fatal("opening the page used the link")
		}
	}
	waiting := s.magicLink(t, anna)
	version := "SELECT coalesce(sum(version), 0) FROM live_regions WHERE region = 'access' AND audience = $1"
	before := s.count(t, version, anna.ID)
	got := s.post(t, path, newPassword, nil)
	if got.Code != 303 || got.Header().Get("Location") != "/app" || s.get(t, "/app", cookieOf(t, got)).Code != 200 {
		t.Fatalf("%d", got.Code)
	}
	if s.get(t, "/app", old).Code != 303 || s.count(t, version, anna.ID) == before {
		t.Error("another browser goes on, or its live pages do")
	}
	if s.get(t, waiting, nil).Code != 410 {
		t.Error("a link that was under way still signs in")
	}
	if s.post(t, path, url.Values{"password": {"a third sentence"}}, nil).Code != 410 {
		t.Error("the link works twice")
	}
	if s.login(t, anna.Email, testdb.Password, "", nil).Code != 401 || s.login(t, anna.Email, newPassword.Get("password"), "", nil).Code != 303 {
		t.Error("the old password opens the account, or the new one does not")
	}
	told := s.mailed(t, anna.ID, "password_changed")
	if len(told) != 1 || told[0].To != anna.Email || told[0].Link != "" || time.Since(told[0].At) > time.Minute {
		t.Errorf("told: %+v", told)
	}
}

// Who has a session may ask for another address; the person's own new password ends that.
func TestANewPasswordEndsAStrangersChangeOfAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	anna := testdb.Org(t, s.pool).Owner
	s.post(t, "/app/account", url.Values{"name": {"Anna"}, "email": {"thief@example.com"}}, s.session(t, anna))
	thief := s.linkIn(t, anna.ID, "verify", 1)
	s.post(t, s.resetLink(t, anna), newPassword, nil)
	if got := s.post(t, thief, nil, nil); got.Code != 410 {
		t.Errorf("%d", got.Code)
	}
	if s.count(t, "SELECT count(*) FROM users WHERE email = 'thief@example.com'") != 0 {
		t.Error("the account has gone to the thief")
	}
}

// Whoever opened an account under somebody's address knows its password; the person at the mail does not take that over.
func TestAnUnprovenAccountIsTakenOverWhole(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	anna := testdb.Org(t, s.pool).Owner
	s.unprove(t, anna)
	squatter := s.session(t, anna)
	s.post(t, "/magic", url.Values{"email": {anna.Email}}, nil)
	path := s.linkIn(t, anna.ID, "reset", 1)
	if got := s.post(t, path, newPassword, nil); got.Code != 303 {
		t.Fatal(got.Code)
	}
	if len(s.mailed(t, anna.ID, "magic_link")) != 0 || s.get(t, "/app", squatter).Code != 303 || !s.isProven(t, anna) || s.login(t, anna.Email, testdb.Password, "", nil).Code != 401 {
		t.Error("who opened the account is still in")
	}
}

func TestACoupleResetsAsWell(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	couple := testdb.Couple(t, s.pool).Person
	for _, path := range []string{s.magicLink(t, couple), s.resetLink(t, couple)} {
		if got := s.post(t, path, newPassword, nil); got.Code != 303 || got.Header().Get("Location") != "/us" {
			t.Errorf("%.7s: %d to %s", path, got.Code, got.Header().Get("Location"))
		}
	}
}

func TestAMemberIsInvitedToAPasswordOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := testdb.Org(t, s.pool)
	owner := s.session(t, org.Owner)
	for email, first := range map[string]string{"sam@example.com": "", "kim@example.com": "ten characters"} {
		got := s.post(t, "/app/team", url.Values{"person": {"Sam"}, "email": {email}, "role": {"staff"}, "password": {first}}, owner)
		if got.Code != 303 {
			t.Fatalf("%s: %d", email, got.Code)
		}
		user, err := s.q.UserByEmail(t.Context(), email)
		if err != nil {
			t.Fatal(err)
		}
		sam := testdb.Person{ID: user.ID, Email: email}
		all := s.mailed(t, sam.ID, "invited")
		if len(all) != 1 || all[0].To != email || all[0].Title != "Kay Photography" || time.Until(*all[0].Ends) < 71*time.Hour {
			t.Fatalf("%+v", all)
		}
		if in := s.login(t, email, first, "", nil).Code; first != "" && in != 303 || first == "" && in != 401 {
			t.Errorf("with the first password %q: %d", first, in)
		}
		got = s.post(t, s.linkIn(t, sam.ID, "invited", 1), newPassword, nil)
		if got.Code != 303 || !s.isProven(t, sam) || s.get(t, "/app", cookieOf(t, got)).Code != 200 || s.login(t, email, first, "", nil).Code != 401 {
			t.Errorf("%s: %d", email, got.Code)
		}
	}
	if got := s.post(t, "/app/team", url.Values{"person": {"Sam"}, "email": {"lee@example.com"}, "role": {"staff"}, "password": {"short"}}, owner); got.Code != 422 {
		t.Errorf("a short first password: %d", got.Code)
	}
	if s.post(t, "/app/team", url.Values{"person": {"Root"}, "email": {operatorAddress}, "role": {"staff"}, "password": {"ten characters"}}, owner).Code != 303 ||
		s.login(t, operatorAddress, "ten characters", "", nil).Code != 401 {
		t.Error("an owner chose an operator's password")
	}
}

func TestOldLinksAndBrowsersGo(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	anna := testdb.Org(t, s.pool).Owner
	path := s.magicLink(t, anna)
	s.post(t, path, nil, nil)
	s.resetLink(t, anna)
	s.exec(t, "UPDATE account_tokens SET expires_at = now() - interval '8 days' WHERE purpose = 'magic_link'")
	before := time.Now().Add(-7 * 24 * time.Hour)
	if n, err := s.q.AllOrgsForgetLinks(t.Context(), before); n != 1 || err != nil || s.get(t, path, nil).Code != 404 {
		t.Errorf("%d links went, %v", n, err)
	}
	s.exec(t, "UPDATE devices SET last_seen_at = now() - interval '8 days'")
	if n, err := s.q.AllOrgsForgetDevices(t.Context(), before); n != 1 || err != nil {
		t.Errorf("%d browsers went, %v", n, err)
	}
	if n, err := s.q.AllOrgsForgetSecrets(t.Context(), time.Now()); n != 2 || err != nil || s.mailed(t, anna.ID, "reset")[0].Link != "" {
		t.Errorf("%d letters lost their link, %v", n, err)
	}
}
