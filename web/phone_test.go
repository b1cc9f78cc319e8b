package web

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// code puts one in place of the one that was sent, which nobody but its reader knows.
func (w *town) code(t *testing.T, user uuid.UUID, number, code string, at time.Time) {
	t.Helper()
	at = at.Truncate(time.Microsecond)
	err := w.q.AddCode(t.Context(), queries.AddCodeParams{TokenSha256: codeHash(user, number, at, code), UserID: user, Subject: number, CreatedAt: at, ExpiresAt: at.Add(codeLife)})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *town) proven(t *testing.T, user uuid.UUID) bool {
	t.Helper()
	return w.count(t, "SELECT count(*) FROM users WHERE id = $1 AND phone <> '' AND phone_verified_at IS NOT NULL", user) == 1
}

func TestANumberIsProvenByItsCode(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	me, id := w.as(t, "owner"), w.org.Owner.ID
	const number = "+447700900123"
	if got := w.post(t, "/app/phone", url.Values{"phone": {"07700 900123"}}, me); got.Code != 303 || got.Header().Get("Location") != "/app/preferences?done=code" {
		t.Fatalf("%d to %s", got.Code, got.Header().Get("Location"))
	}
	if w.count(t, "SELECT count(*) FROM users WHERE id = $1 AND phone = $2 AND phone_verified_at IS NULL", id, number) != 1 ||
		w.count(t, "SELECT count(*) FROM account_tokens WHERE user_id = $1 AND purpose = 'phone_code' AND subject = $2 AND length(token_sha256) = 32", id, number) != 1 {
		t.Error("not kept, or without a code")
	}
	if page := w.get(t, "/app/preferences", me).Body.String(); !strings.Contains(page, "Not proven yet") || !strings.Contains(page, `action="/app/phone/proof"`) {
		t.Error("the page does not ask for the code")
	}
	w.code(t, id, number, "123456", time.Now())
	for _, wrong := range []string{"", "000000", "12345", "abc", strings.Repeat("1", 10_000)} {
		if wrong == "abc" {
			w.code(t, id, number, "123456", time.Now()) // the tries are one code's
		}
		if got := w.post(t, "/app/phone/proof", url.Values{"code": {wrong}}, me); got.Code != 422 || w.proven(t, id) {
			t.Errorf("%.20q: %d", wrong, got.Code)
		}
	}
	for range 2 { // pressed twice
		if got := w.post(t, "/app/phone/proof", url.Values{"code": {" 123-456 "}}, me); got.Code != 303 || !w.proven(t, id) {
			t.Errorf("%d", got.Code)
		}
	}
	if got := w.post(t, "/app/phone", url.Values{"phone": {"07700 900123"}}, me); got.Header().Get("Location") != "/app/preferences?done=proven" || !w.proven(t, id) {
		t.Errorf("the same number once more: to %s", got.Header().Get("Location"))
	}
	if got := w.post(t, "/app/phone", url.Values{"phone": {"020 7946 0958"}}, me); got.Code != 422 || !strings.Contains(got.Body.String(), "This is a landline") || !strings.Contains(got.Body.String(), `value="020 7946 0958"`) || !w.proven(t, id) {
		t.Errorf("a landline: %d", got.Code)
	}
	if got := w.post(t, "/app/phone/removal", nil, me); got.Code != 303 || w.count(t, "SELECT count(*) FROM users WHERE id = $1 AND phone = '' AND phone_verified_at IS NULL", id) != 1 {
		t.Errorf("removed: %d", got.Code)
	}
	if got := w.post(t, "/app/phone/proof", url.Values{"code": {"123456"}}, me); got.Code != 422 {
		t.Errorf("a code for nothing: %d", got.Code)
	}
}

func TestTheCodeThatIsSentIsTheOneThatCounts(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	me, id := w.as(t, "staff"), uuid.UUID{}
	w.post(t, "/app/phone", url.Values{"phone": {"07700 900123"}}, me)
	if err := w.pool.QueryRow(t.Context(), "SELECT user_id FROM notices WHERE org_id = $1 AND kind = 'security'", queries.House).Scan(&id); err != nil {
		t.Fatal(err)
	}
	code := w.mailed(t, id, "phone_code")[0].Code
	if len(code) != 6 {
		t.Errorf("the code is %q", code)
	}
	if got := w.post(t, "/app/phone/proof", url.Values{"code": {code}}, w.as(t, "owner")); got.Code != 422 {
		t.Errorf("somebody else's code: %d", got.Code)
	}
	if got := w.post(t, "/app/phone/proof", url.Values{"code": {code}}, me); got.Code != 303 || !w.proven(t, id) {
		t.Errorf("%d", got.Code)
	}
	if w.count(t, "SELECT count(*) FROM account_tokens WHERE user_id = $1 AND used_at IS NOT NULL", id) != 1 {
		t.Error("the code is not used up")
	}
}

func TestFiveWrongCodesEndIt(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	me, id := w.as(t, "owner"), w.org.Owner.ID
	w.post(t, "/app/phone", url.Values{"phone": {"07700 900123"}}, me)
	w.code(t, id, "+447700900123", "123456", time.Now())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { w.post(t, "/app/phone/proof", url.Values{"code": {"654321"}}, me) })
	}
	all.Wait()
	if got := w.post(t, "/app/phone/proof", url.Values{"code": {"123456"}}, me); got.Code != 422 || w.proven(t, id) || !strings.Contains(got.Body.String(), "tried five times") {
		t.Errorf("after five: %d", got.Code)
	}
}

func TestThreeCodesInAnHour(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	me, id := w.as(t, "owner"), w.org.Owner.ID
	codes := func() int {
		return w.count(t, "SELECT count(*) FROM account_tokens WHERE user_id = $1 AND purpose = 'phone_code'", id)
	}
	var all sync.WaitGroup
	for range 6 { // one press, six times at once
		all.Go(func() {
			if got := w.post(t, "/app/phone", url.Values{"phone": {"07700 900123"}}, me); got.Code != 303 {
				t.Errorf("%d", got.Code)
			}
		})
	}
	all.Wait()
	if codes() != 1 {
		t.Errorf("%d codes for one press", codes())
	}
	for i, number := range []string{"07700 900124", "07700 900125", "07700 900126"} {
		want := 303
		if i == 2 {
			want = 422
		}
		if got := w.post(t, "/app/phone", url.Values{"phone": {number}}, me); got.Code != want {
			t.Errorf("%s: %d", number, got.Code)
		}
	}
	if codes() != 3 || w.count(t, "SELECT count(*) FROM users WHERE id = $1 AND phone = '+447700900125'", id) != 1 {
		t.Errorf("%d codes", codes())
	}
	if _, err := w.pool.Exec(t.Context(), "UPDATE account_tokens SET created_at = created_at - interval '61 minutes'"); err != nil {
		t.Fatal(err)
	}
	if got := w.post(t, "/app/phone", url.Values{"phone": {"07700 900126"}}, me); got.Code != 303 {
		t.Errorf("an hour later: %d", got.Code)
	}
}

func TestAPlanWithoutMessagesSendsNoCode(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	me := w.as(t, "owner")
	if _, err := w.pool.Exec(t.Context(), "UPDATE orgs SET tier = 'free' WHERE id = $1", w.org.ID); err != nil {
		t.Fatal(err)
	}
	got := w.post(t, "/app/phone", url.Values{"phone": {"07700 900123"}}, me)
	if got.Header().Get("Location") != "/app/preferences?done=number" || w.count(t, "SELECT count(*) FROM account_tokens") != 0 || w.count(t, "SELECT count(*) FROM users WHERE phone = '+447700900123'") != 1 {
		t.Errorf("%d to %s", got.Code, got.Header().Get("Location"))
	}
	if page := w.get(t, "/app/preferences", me).Body.String(); !strings.Contains(page, "has no text messages") {
		t.Error("the page does not say why")
	}
}

func TestJudgeCode(t *testing.T) {
	t.Parallel()
	user, now := uuid.New(), time.Date(2027, 6, 9, 12, 0, 0, 0, time.UTC)
	const number = "+447700900123"
	sent := queries.LatestCodeRow{Subject: number, CreatedAt: now, ExpiresAt: now.Add(codeLife), TokenSha256: codeHash(user, number, now, "123456")}
	for _, tt := range []struct {
		name, number, code string
		change             func(*queries.LatestCodeRow)
		after              time.Duration
		right              bool
		fault              string
	}{
		{name: "the right one", code: "123456", right: true},
		{name: "at its last second", code: "123456", after: codeLife - time.Second, right: true},
		{name: "too late", code: "123456", after: codeLife, fault: "No code counts"},
		{name: "a wrong one", code: "123457", fault: "4 tries left"},
		{name: "the fourth wrong one", code: "1", change: func(r *queries.LatestCodeRow) { r.Tries = 3 }, fault: "one try left"},
		{name: "the fifth wrong one", code: "1", change: func(r *queries.LatestCodeRow) { r.Tries = 4 }, fault: "the fifth"},
		{name: "the right one as the fifth", code: "123456", change: func(r *queries.LatestCodeRow) { r.Tries = 4 }, right: true},
		{name: "the right one as the sixth", code: "123456", change: func(r *queries.LatestCodeRow) { r.Tries = 5 }, fault: "No code counts"},
		{name: "used", code: "123456", change: func(r *queries.LatestCodeRow) { r.UsedAt = &now }, fault: "No code counts"},
		{name: "for another number", number: "+447700900124", code: "123456", fault: "No code counts"},
		{name: "none was sent", code: "", change: func(r *queries.LatestCodeRow) { *r = queries.LatestCodeRow{} }, fault: "No code counts"},
	} {
		row, to := sent, number
		if tt.change != nil {
			tt.change(&row)
		}
		if tt.number != "" {
			to = tt.number
		}
		right, fault := judgeCode(row, user, to, tt.code, now.Add(tt.after))
		if right != tt.right || (fault == "") != (tt.fault == "") || !strings.Contains(fault, tt.fault) {
			t.Errorf("%s: %t %q", tt.name, right, fault)
		}
	}
}
