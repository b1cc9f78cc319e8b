package web

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

func (w *switchboard) stopLink(t *testing.T, letter uuid.UUID) string {
	t.Helper()
	token, err := notify.UnsubscribeToken(w.box, w.org.ID, letter)
	if err != nil {
		t.Fatal(err)
	}
	return "/unsubscribe/" + token
}

// oneClick is what a mail program's server posts: no cookie, no origin, nothing that a browser would say.
func (w *switchboard) oneClick(t *testing.T, link string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, w.base+link, strings.NewReader("List-Unsubscribe=One-Click"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(t, r)
}

func (w *switchboard) paces(t *testing.T) string {
	t.Helper()
	return w.word(t, `SELECT coalesce(string_agg(org_id || ' ' || user_id || ' ' || category || ' ' || channel || ' ' || pace, '; '), '') FROM preferences`)
}

func TestALookAtAnUnsubscribeLinkStopsNothing(t *testing.T) {
	t.Parallel()
	w := newSwitchboard(t)
	for _, letter := range []uuid.UUID{w.notified(t, "email", "team", "booking", w.org.Owner.Email, "delivered"), w.notified(t, "email", "couple", "booking", "anna@example.com", "delivered")} {
		link := w.stopLink(t, letter)
		before := w.contents(t)
		for range 10 { // mail scanners look at every link, and some look twice
			got := w.get(t, link, nil)
			showsAll(t, got.Body.String(), "Stop these letters", "Kay Photography", `method="post"`, `action="`+link+`"`)
			if got.Code != 200 || strings.Contains(got.Header().Get("Cache-Control"), "public") {
				t.Errorf("%d, %s", got.Code, got.Header().Get("Cache-Control"))
			}
			if got := w.do(t, httptest.NewRequestWithContext(t.Context(), http.MethodHead, w.base+link, nil)); got.Code != 405 && got.Code != 200 {
				t.Errorf("HEAD: %d", got.Code)
			}
		}
		for table, print := range w.contents(t) {
			if before[table] != print {
				t.Errorf("%s has changed", table)
			}
		}
	}
}

func TestOneOfTheTeamStopsACategory(t *testing.T) {
	t.Parallel()
	w := newSwitchboard(t)
	colleague := testdb.Member(t, w.pool, w.org.ID, queries.RoleStaff)
	link := w.stopLink(t, w.notified(t, "email", "team", "payment", w.org.Owner.Email, "delivered"))
	want := w.org.ID.String() + " " + w.org.Owner.ID.String() + " payments email off"
	for what, press := range map[string]func() *httptest.ResponseRecorder{
		"a mail program": func() *httptest.ResponseRecorder { return w.oneClick(t, link) },
		"the button":     func() *httptest.ResponseRecorder { return w.post(t, link, url.Values{}, nil) },
		"somebody who is signed in as another": func() *httptest.ResponseRecorder {
			return w.post(t, link, url.Values{}, w.session(t, colleague))
		},
	} {
		w.run(t, "DELETE FROM preferences")
		w.run(t, "INSERT INTO preferences (org_id, user_id, category, channel, pace) VALUES ($1, $2, 'payments', 'email', 'daily')", w.org.ID, w.org.Owner.ID)
		for range 2 {
			got := press()
			if got.Code != 200 || w.paces(t) != want {
				t.Errorf("%s: %d, %s", what, got.Code, w.paces(t))
			}
			showsAll(t, got.Body.String(), "Payments", "any more", "/app/preferences")
		}
	}
	if rows := w.word(t, "SELECT count(*)::text FROM suppressions"); rows != "0" {
		t.Errorf("%s addresses are left alone: the other letters are still wanted", rows)
	}
	// Another site's page must not press it in somebody's name.
	w.run(t, "DELETE FROM preferences")
	r := w.request(t, http.MethodPost, link, url.Values{}, w.session(t, w.org.Owner))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if got := w.do(t, r); got.Code != 403 || w.paces(t) != "" {
		t.Errorf("from another site: %d, %s", got.Code, w.paces(t))
	}
	// Whoever has left the team hears nothing anyway, and is told so instead of that something broke.
	w.run(t, "DELETE FROM memberships WHERE org_id = $1 AND user_id = $2", w.org.ID, w.org.Owner.ID)
	if got := w.oneClick(t, link); got.Code != 200 || w.paces(t) != "" {
		t.Errorf("after leaving: %d, %s", got.Code, w.paces(t))
	}
}

func TestACoupleStopsOneSuppliersLetters(t *testing.T) {
	t.Parallel()
	w := newSwitchboard(t)
	link := w.stopLink(t, w.notified(t, "email", "couple", "booking", "Anna@Example.com", "delivered"))
	for range 2 {
		got := w.oneClick(t, link)
		if got.Code != 200 {
			t.Errorf("%d", got.Code)
		}
		showsAll(t, got.Body.String(), "Anna@Example.com", "Kay Photography", "any more")
		if strings.Contains(got.Body.String(), "/app/") {
			t.Error("a couple is sent to a page of the supplier's")
		}
	}
	if all := w.word(t, "SELECT string_agg(org_id || ' ' || channel || ' ' || address || ' ' || why, '; ') FROM suppressions"); all != w.org.ID.String()+" email anna@example.com unsubscribed" {
		t.Error(all)
	}
	if w.paces(t) != "" {
		t.Error(w.paces(t))
	}
}

func TestOnlyOurOwnUnsubscribeLinksOpen(t *testing.T) {
	t.Parallel()
	w := newSwitchboard(t)
	letter := w.notified(t, "email", "couple", "booking", "anna@example.com", "delivered")
	link := w.stopLink(t, letter)
	neighbour := &switchboard{w.site, testdb.Org(t, w.pool)}
	other, err := w.box.Seal(append(w.org.ID[:], letter[:]...), "another purpose")
	if err != nil {
		t.Fatal(err)
	}
	middle := []byte(link)
	middle[len(middle)/2] ^= 1
	for what, bad := range map[string]string{
		"changed": string(middle), "cut short": link[:len(link)-3], "longer": link + "AAAA", "no token": "/unsubscribe/x", "not base64": "/unsubscribe/%00%ff",
		"an id": "/unsubscribe/" + letter.String(), "a long one": "/unsubscribe/" + strings.Repeat("A", 5000), "of a letter that is gone": w.stopLink(t, uuid.New()),
		"of another organisation": neighbour.stopLink(t, letter), "sealed for something else": "/unsubscribe/" + base64.RawURLEncoding.EncodeToString(other),
	} {
		if got := w.get(t, bad, nil); got.Code != 404 {
			t.Errorf("GET, %s: %d", what, got.Code)
		}
		if got := w.oneClick(t, bad); got.Code != 404 {
			t.Errorf("POST, %s: %d", what, got.Code)
		}
	}
	if rows := w.word(t, "SELECT count(*)::text FROM suppressions"); rows != "0" {
		t.Errorf("%s addresses are left alone", rows)
	}
}
