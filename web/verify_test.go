package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/wedsync/wedsync/queries/testdb"
)

var holm = url.Values{"name": {"Holm House"}, "category": {"venue"}, "timezone": {"Europe/London"}, "currency": {"GBP"}, "person": {"Henry Holm"}, "email": {"henry@example.com"}, "password": {"ten characters"}}

// signUp opens an account in the browser.
func (s *site) signUp(t *testing.T, email string) (testdb.Person, *http.Cookie) {
	t.Helper()
	form := url.Values{}
	for k, v := range holm {
		form[k] = v
	}
	form.Set("email", email)
	got := s.post(t, "/signup", form, nil)
	if got.Code != 303 {
		t.Fatal(got.Code)
	}
	user, err := s.q.UserByEmail(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	return testdb.Person{ID: user.ID, Email: email}, cookieOf(t, got)
}

func TestASignUpIsConfirmedByMail(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	henry, in := s.signUp(t, "henry@example.com")
	path := s.linkIn(t, henry.ID, "verify", 1)
	for _, page := range []string{"/app", "/app/settings"} {
		if got := s.get(t, page, in).Body.String(); !strings.Contains(got, "Confirm henry@example.com") || !strings.Contains(got, "Send it again") {
			t.Errorf("%s does not ask for the proof", page)
		}
	}
	if s.get(t, "/app/connections/new", in).Code != 200 {
		t.Error("an owner without the proof cannot work")
	}
	for i, want := range []string{"sent", "sent", "enough", "enough"} {
		if got := s.post(t, "/app/account/verification", nil, in); got.Header().Get("Location") != "/app/settings?done="+want {
			t.Errorf("again, %d: to %s", i, got.Header().Get("Location"))
		}
	}
	if n := len(s.mailed(t, henry.ID, "verify")); n != 3 {
		t.Errorf("%d letters went out", n)
	}
	for range 10 { // a scanner
		if got := s.get(t, path, nil); got.Code != 200 || !strings.Contains(got.Body.String(), "Yes, it is mine") || s.isProven(t, henry) {
			t.Fatalf("%d", got.Code)
		}
	}
	if got := s.post(t, path, nil, nil); got.Code != 303 || got.Header().Get("Location") != path || !s.isProven(t, henry) {
		t.Fatalf("on another machine: %d to %s", got.Code, got.Header().Get("Location"))
	}
	if got := s.get(t, path, nil); got.Code != 200 || !strings.Contains(got.Body.String(), "Your address is confirmed") {
		t.Errorf("afterwards: %d", got.Code)
	}
	if got := s.post(t, path, nil, nil); got.Code != 303 || got.Header().Get("Location") != path {
		t.Errorf("the second press: %d", got.Code)
	}
	if got := s.get(t, "/app", in); strings.Contains(got.Body.String(), "Confirm henry") {
		t.Error("the page still asks")
	}
	if got := s.post(t, "/app/account/verification", nil, in); got.Header().Get("Location") != "/app/settings?done=proven" || len(s.mailed(t, henry.ID, "verify")) != 3 {
		t.Error("one more letter for a proven address")
	}
}

func TestAVerificationThatEndedOrWasSentToSomebodyElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	henry, in := s.signUp(t, "henry@example.com")
	path := s.linkIn(t, henry.ID, "verify", 1)
	ben := s.session(t, testdb.Org(t, s.pool).Owner)
	if got := s.get(t, path, ben); !strings.Contains(got.Body.String(), "Owner of Kay Photography is signed in") {
		t.Error("the page does not say who is signed in")
	}
	if got := s.post(t, path, nil, ben); got.Header().Get("Location") != path || s.get(t, "/app", ben).Code != 200 || !s.isProven(t, henry) {
		t.Error("proving an address signs in or out")
	}
	s.unprove(t, henry)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if got := s.do(t, s.request(t, method, path, nil, in)); got.Code != 410 || s.isProven(t, henry) {
			t.Errorf("used: %s: %d", method, got.Code)
		}
	}
	s.post(t, "/app/account/verification", nil, in)
	path = s.linkIn(t, henry.ID, "verify", 2)
	s.exec(t, "UPDATE account_tokens SET expires_at = now()")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if got := s.do(t, s.request(t, method, path, nil, in)); got.Code != 410 || s.isProven(t, henry) {
			t.Errorf("ended: %s: %d", method, got.Code)
		}
	}
}

// Anybody may open an account under an operator's address, and the operator may confirm it without a second look.
func TestAnOperatorsAddressOpensNothingToAStranger(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	operator, squatter := s.signUp(t, operatorAddress)
	path := s.linkIn(t, operator.ID, "verify", 1)
	if s.get(t, "/ops", squatter).Code != 403 || strings.Contains(s.get(t, "/app", squatter).Body.String(), `href="/ops"`) || s.get(t, "/ops/jobs", squatter).Code != 403 {
		t.Fatal("an address that nobody has proven opens /ops")
	}
	ben := s.session(t, testdb.Org(t, s.pool).Owner)
	for _, who := range []*http.Cookie{nil, ben} {
		if got := s.post(t, path, nil, who); got.Code != 303 || got.Header().Get("Location") != path || s.isProven(t, operator) {
			t.Fatalf("confirmed from outside the account: %d", got.Code)
		}
		if page := s.get(t, path, who).Body.String(); !strings.Contains(page, "Sign in first") || strings.Contains(page, "Yes, it is mine") {
			t.Error("the page does not ask to sign in first")
		}
	}
	got := s.post(t, s.resetLink(t, operator), newPassword, nil)
	if got.Code != 303 || s.get(t, "/ops", cookieOf(t, got)).Code != 200 || s.get(t, "/ops", squatter).Code != 303 {
		t.Errorf("the operator's own way in: %d", got.Code)
	}

	mallory := testdb.Org(t, s.pool).Owner // and somebody who wants the address later
	s.exec(t, "UPDATE users SET email = 'elsewhere@example.com' WHERE id = $1", operator.ID)
	in := s.session(t, mallory)
	s.post(t, "/app/account", url.Values{"name": {"M"}, "email": {operatorAddress}}, in)
	if got := s.post(t, s.linkIn(t, mallory.ID, "verify", 1), nil, nil); got.Code != 303 || s.get(t, "/ops", in).Code != 403 {
		t.Errorf("an operator confirmed somebody else's account: %d", got.Code)
	}
}

func TestAnOperatorConfirmsTheirOwnAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	operator, in := s.signUp(t, operatorAddress)
	got := s.post(t, s.linkIn(t, operator.ID, "verify", 1), nil, in)
	if got.Header().Get("Location") != "/app/settings?done=proven" || s.get(t, "/ops", in).Code != 200 {
		t.Errorf("%d to %s", got.Code, got.Header().Get("Location"))
	}
}

func TestANewAddressIsProvenBeforeItCounts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	anna := testdb.Org(t, s.pool).Owner
	in := s.session(t, anna)
	change := func(name, email string) *httptest.ResponseRecorder {
		return s.post(t, "/app/account", url.Values{"name": {name}, "email": {email}}, in)
	}
	if got := change(" Anna Kay ", strings.ToUpper(anna.Email)); got.Header().Get("Location") != "/app/settings?done=saved" || len(s.mailed(t, anna.ID, "verify")) != 0 {
		t.Errorf("a name alone: %d to %s", got.Code, got.Header().Get("Location"))
	}
	taken := testdb.Org(t, s.pool).Owner.Email
	for _, wrong := range [][2]string{{"", anna.Email}, {"\xff", anna.Email}, {strings.Repeat("n", 121), anna.Email}, {"A", ""}, {"A", "new"}, {"A", "a\x00@example.com"}, {"A", "a@example.com\r\nBcc: b@example.com"}, {"A", taken}, {"A", strings.ToUpper(taken)}} {
		if got := change(wrong[0], wrong[1]); got.Code != 422 || !strings.Contains(got.Body.String(), "Nothing was changed") {
			t.Errorf("%.20q: %d", wrong, got.Code)
		}
	}
	if got := change("Anna Kay", "new@example.com"); got.Header().Get("Location") != "/app/settings?done=proof" {
		t.Fatalf("%d to %s", got.Code, got.Header().Get("Location"))
	}
	if page := s.get(t, "/app/settings", in).Body.String(); !strings.Contains(page, "A link is on its way to new@example.com") || !strings.Contains(page, anna.Email) || !strings.Contains(page, "Anna Kay") {
		t.Error("the page does not say what is under way")
	}
	if all := s.mailed(t, anna.ID, "verify"); len(all) != 1 || all[0].To != "new@example.com" {
		t.Fatalf("the proof went to %+v", all)
	}
	path := s.linkIn(t, anna.ID, "verify", 1)
	if s.login(t, "new@example.com", testdb.Password, "", nil).Code != 401 {
		t.Error("it counts before it is proven")
	}
	if got := s.post(t, path, nil, in); got.Header().Get("Location") != "/app/settings?done=proven" {
		t.Fatalf("%d to %s", got.Code, got.Header().Get("Location"))
	}
	if s.login(t, "new@example.com", testdb.Password, "", nil).Code != 303 || s.login(t, anna.Email, testdb.Password, "", nil).Code != 401 {
		t.Error("the old address still signs in, or the new one does not")
	}
	if told := s.mailed(t, anna.ID, "address_changed"); len(told) != 1 || told[0].To != anna.Email || !strings.Contains(told[0].Detail, "new@example.com") {
		t.Errorf("the old address was told %+v", told)
	}
	change("Anna Kay", "c@example.com")
	change("Anna Kay", "d@example.com")
	if got := change("Anna Kay", "e@example.com"); got.Code != 422 || !strings.Contains(got.Body.String(), "within the hour") {
		t.Errorf("a fourth letter: %d", got.Code)
	}
}

func TestTwoWantOneAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var paths []string
	var people []testdb.Person
	for range 2 {
		p := testdb.Org(t, s.pool).Owner
		s.post(t, "/app/account", url.Values{"name": {"Anna"}, "email": {"both@example.com"}}, s.session(t, p))
		paths, people = append(paths, s.linkIn(t, p.ID, "verify", 1)), append(people, p)
	}
	codes := make([]int, 2)
	var both sync.WaitGroup
	for i, path := range paths {
		both.Go(func() { codes[i] = s.post(t, path, nil, nil).Code })
	}
	both.Wait()
	if codes[0]+codes[1] != 303+409 || s.count(t, "SELECT count(*) FROM users WHERE id IN ($1, $2) AND email IN ($3, $4)", people[0].ID, people[1].ID, people[0].Email, people[1].Email) != 1 {
		t.Errorf("%v", codes)
	}
}

// The proof of an address that went to another one would prove nothing.
func TestTheProofGoesToTheNewAddressAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t).work(t)
	anna := testdb.Org(t, s.pool).Owner
	s.post(t, "/app/account", url.Values{"name": {"Anna"}, "email": {"new@example.com"}}, s.session(t, anna))
	const rows = "SELECT count(*) FROM notification_logs WHERE recipient_id = $1 AND address = $2"
	eventually(t, "the letter is on its way", func() bool { return s.count(t, rows, anna.ID, "new@example.com") == 1 })
	s.post(t, s.linkIn(t, anna.ID, "verify", 1), nil, nil)
	eventually(t, "the old address is told", func() bool { return s.count(t, rows, anna.ID, anna.Email) == 1 })
	if s.count(t, rows, anna.ID, "new@example.com") != 1 {
		t.Error("more than the proof went to the new address")
	}
}
