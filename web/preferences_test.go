package web

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nyaruka/phonenumbers"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// someWishes is the form as it stands for whoever has changed nothing.
func someWishes() url.Values {
	form := url.Values{"timezone": {""}, "quiet_from": {""}, "quiet_until": {""}}
	for _, c := range notify.Categories {
		for _, ch := range asked {
			if len(c.Offers(ch)) > 1 && c.Paces[ch] != queries.PaceOff || ch == queries.ChannelEmail {
				form.Set(c.Key+"."+string(ch), string(c.Paces[ch]))
			}
		}
	}
	return form
}

func wishing(form url.Values, more map[string]string) url.Values {
	form = maps.Clone(form)
	for k, v := range more {
		form.Set(k, v)
	}
	return form
}

func TestReadWishes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change map[string]string
		chosen int
		quiet  *notify.Quiet
		faults []string
	}{
		{"ours", nil, 0, nil, nil},
		{"letters each morning", map[string]string{"bookings.email": "daily"}, 1, nil, nil},
		{"no pushes", map[string]string{"bookings.push": ""}, 1, nil, nil},
		{"an SMS", map[string]string{"bookings.sms": "at_once"}, 1, nil, nil},
		{"what is fixed is not read", map[string]string{"emergency.sms": "off", "security.email": "off", "bookings.in_app": "off", "gossip.email": "off"}, 0, nil, nil},
		{"no SMS of clients", map[string]string{"clients.sms": "at_once"}, 0, nil, nil},
		{"no list without an answer", map[string]string{"bookings.email": ""}, 0, nil, []string{"bookings-email"}},
		{"no such pace", map[string]string{"bookings.email": "hourly", "payments.push": "weekly", "invites.sms": "on'; --"}, 0, nil, []string{"bookings-email", "invites-sms", "payments-push"}},
		{"not on offer", map[string]string{"wedding.email": "weekly"}, 0, nil, []string{"wedding-email"}},
		{"a zone", map[string]string{"timezone": "Asia/Tokyo"}, 0, nil, nil},
		{"no zone", map[string]string{"timezone": "../etc/passwd"}, 0, nil, []string{"timezone"}},
		{"a zone that Postgres does not know", map[string]string{"timezone": "Local"}, 0, nil, []string{"timezone"}},
		{"quiet", map[string]string{"quiet_from": "22:00", "quiet_until": "07:05:00"}, 0, &notify.Quiet{From: 1320, Until: 425}, nil},
		{"quiet all day", map[string]string{"quiet_from": "00:00", "quiet_until": "00:00"}, 0, &notify.Quiet{}, nil},
		{"half of quiet", map[string]string{"quiet_from": "22:00"}, 0, nil, []string{"quiet_until"}},
		{"the other half", map[string]string{"quiet_until": "07:00"}, 0, nil, []string{"quiet_from"}},
		{"no times", map[string]string{"quiet_from": "24:00", "quiet_until": "7:60"}, 0, nil, []string{"quiet_from", "quiet_until"}},
		{"no times at all", map[string]string{"quiet_from": "-1:00", "quiet_until": "+7:-3"}, 0, nil, []string{"quiet_from", "quiet_until"}},
		{"a very long time", map[string]string{"quiet_from": strings.Repeat("1", 1e5), "quiet_until": "07:00"}, 0, nil, []string{"quiet_from"}},
	} {
		w, faults := readWishes(wishing(someWishes(), tt.change))
		chosen := 0
		for _, channels := range w.Chosen {
			chosen += len(channels)
		}
		if got := slices.Sorted(maps.Keys(faults)); chosen != tt.chosen || !slices.Equal(got, tt.faults) {
			t.Errorf("%s: %v, %v", tt.name, w.Chosen, faults)
		}
		if (w.Quiet == nil) != (tt.quiet == nil) || w.Quiet != nil && *w.Quiet != *tt.quiet {
			t.Errorf("%s: quiet %v", tt.name, w.Quiet)
		}
	}
}

func TestPreferencesAreKept(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	me, somebody := w.as(t, "owner"), testdb.Member(t, w.pool, w.org.ID, queries.RoleStaff)
	form := wishing(someWishes(), map[string]string{"bookings.email": "weekly", "payments.push": "", "timezone": "Asia/Tokyo", "quiet_from": "22:00", "quiet_until": "07:00"})
	for range 2 {
		if got := w.post(t, "/app/preferences", form, me); got.Code != 303 || got.Header().Get("Location") != "/app/preferences?done=kept" {
			t.Fatalf("%d to %s", got.Code, got.Header().Get("Location"))
		}
	}
	var both sync.WaitGroup
	for range 8 {
		both.Go(func() {
			if got := w.post(t, "/app/preferences", form, me); got.Code != 303 {
				t.Errorf("at once: %d", got.Code)
			}
		})
	}
	both.Wait()
	mine := "SELECT count(*) FROM preferences WHERE org_id = $1 AND user_id = $2"
	if n := w.count(t, mine, w.org.ID, w.org.Owner.ID); n != 2 {
		t.Errorf("%d differ from ours", n)
	}
	if n := w.count(t, "SELECT count(*) FROM preferences WHERE user_id = $1", somebody.ID) + w.count(t, "SELECT count(*) FROM users WHERE timezone <> '' OR quiet_from IS NOT NULL") - 1; n != 0 {
		t.Errorf("%d others have changed", n)
	}
	page := w.get(t, "/app/preferences?done=kept", me).Body.String()
	for _, want := range []string{`<option value="weekly" selected>`, `value="Asia/Tokyo" selected`, `value="22:00"`, `value="07:00"`, "It counts from the next notice on"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if got := w.post(t, "/app/preferences", wishing(form, map[string]string{"bookings.email": "never ever", "quiet_until": ""}), me); got.Code != 422 || !strings.Contains(got.Body.String(), "Choose for “Bookings” how soon") {
		t.Errorf("a wrong one: %d", got.Code)
	}
	if got := w.post(t, "/app/preferences", nil, me); got.Code != 422 {
		t.Errorf("an empty one: %d", got.Code)
	}
	if n := w.count(t, mine, w.org.ID, w.org.Owner.ID); n != 2 {
		t.Errorf("after wrong ones: %d", n)
	}
	if got := w.post(t, "/app/preferences", someWishes(), me); got.Code != 303 || w.count(t, mine, w.org.ID, w.org.Owner.ID) != 0 || w.count(t, "SELECT count(*) FROM users WHERE timezone <> '' OR quiet_from IS NOT NULL") != 0 {
		t.Errorf("back to ours: %d", got.Code)
	}
}

func (w *town) notice(t *testing.T, org uuid.UUID, kind, title string, ago time.Duration, user *uuid.UUID) {
	t.Helper()
	_, err := w.pool.Exec(t.Context(), "INSERT INTO notices (org_id, id, at, kind, facts, user_id) VALUES ($1, gen_random_uuid(), $2, $3, jsonb_build_object('kind', $3::text, 'what', 'booking_new', 'title', $4::text, 'who', $4::text), $5)",
		org, time.Now().Add(-ago), kind, title, user)
	if err != nil {
		t.Fatal(err)
	}
}

func TestThePreviewSavesNothing(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	me := w.as(t, "owner")
	ask := func(form url.Values, htmx bool) *httptest.ResponseRecorder {
		r := w.request(t, http.MethodPost, "/app/preferences/preview", form, me)
		if htmx {
			r.Header.Set("HX-Request", "true")
		}
		return w.do(t, r)
	}
	if got := ask(someWishes(), true); got.Code != 200 || !strings.Contains(got.Body.String(), "Nothing worth telling happened") {
		t.Errorf("with no notices: %d %s", got.Code, got.Body)
	}
	staff := testdb.Member(t, w.pool, w.org.ID, queries.RoleStaff)
	w.notice(t, w.org.ID, "booking", "Kay <& Fry>", time.Hour, nil)
	w.notice(t, w.org.ID, "booking", "Mine & Own", 2*time.Hour, &w.org.Owner.ID)
	w.notice(t, w.org.ID, "booking", "Of Somebody", 2*time.Hour, &staff.ID)
	w.notice(t, w.org.ID, "booking", "Long Ago", 31*24*time.Hour, nil)
	w.notice(t, w.org.ID, "digest", "A Bundle", time.Hour, nil)
	w.notice(t, w.org.ID, "booking", "For Couples", time.Hour, nil)
	if _, err := w.pool.Exec(t.Context(), "UPDATE notices SET only_for = 'couple' WHERE facts->>'title' = 'For Couples'"); err != nil {
		t.Fatal(err)
	}
	w.notice(t, w.theirs.ID, "booking", "Neighbour", time.Hour, nil)
	form := wishing(someWishes(), map[string]string{"bookings.email": "daily", "quiet_from": "00:00", "quiet_until": "00:00"})
	before := w.contents(t)
	fragment, page := ask(form, true), ask(form, false)
	if after := w.contents(t); !maps.Equal(before, after) {
		t.Error("looking changed something")
	}
	for name, got := range map[string]*httptest.ResponseRecorder{"fragment": fragment, "page": page} {
		body := got.Body.String()
		for want, there := range map[string]bool{"2 notices would have reached you": true, "2 would have come gathered": true, "Kay &lt;&amp; Fry&gt;": true, "Mine &amp; Own": true, "By e-mail, gathered, ": true,
			"Of Somebody": false, "A Bundle": false, "For Couples": false, "Long Ago": false, "Neighbour": false, "<html": name == "page"} {
			if got.Code != 200 || strings.Contains(body, want) != there {
				t.Errorf("%s: %d, %q there: %t\n%s", name, got.Code, want, !there, body)
			}
		}
	}
	if !strings.Contains(page.Body.String(), `<option value="daily" selected>`) {
		t.Error("the page forgot what was chosen")
	}
	if got := ask(wishing(form, map[string]string{"quiet_until": ""}), true); got.Code != 200 || !strings.Contains(got.Body.String(), "cannot be read yet") {
		t.Errorf("half-typed: %d", got.Code)
	}
	if got := ask(wishing(form, map[string]string{"quiet_until": ""}), false); got.Code != 422 || !strings.Contains(got.Body.String(), "Say until when") {
		t.Errorf("half-typed, without JavaScript: %d", got.Code)
	}
}

func TestEveryCountryAndZoneIsKnown(t *testing.T) {
	t.Parallel()
	supported := phonenumbers.GetSupportedRegions()
	seen := map[string]bool{}
	for _, c := range countries {
		if !supported[c.region] || seen[c.region] || c.name == "" {
			t.Errorf("%+v", c)
		}
		seen[c.region] = true
		for zone := range strings.FieldsSeq(c.zones) {
			if !isZone(zone) || regionOf(zone) != c.region {
				t.Errorf("%s of %s", zone, c.name)
			}
		}
	}
	for _, z := range zones() {
		if z.Value != "UTC" && z.Value != "Europe/London" && regionOf(z.Value) == "GB" {
			t.Errorf("%s can be chosen at sign-up, and has no country", z.Value)
		}
	}
	if regionOf("Antarctica/Troll") != "GB" || regionOf("") != "GB" {
		t.Error("a zone that nobody knows")
	}
}

func TestTheRegionOfAnOrganisation(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	made, faults, err := OpenSupplier(t.Context(), w.pool, NewSupplier{Name: "Fleurs", Category: "florist", Timezone: "Europe/Paris", Currency: "EUR", Person: "Léa", Email: "lea@example.com", Password: testdb.Password})
	if err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	if w.count(t, "SELECT count(*) FROM orgs WHERE id = $1 AND region = 'FR'", made.OrgID) != 1 {
		t.Error("sign-up did not guess the country")
	}
	owner := w.as(t, "owner")
	for region, want := range map[string]int{"AU": 303, "": 422, "ZZ": 422, "gb": 422, "<x>": 422} {
		if got := w.post(t, "/app/settings/region", url.Values{"region": {region}}, owner); got.Code != want {
			t.Errorf("%q: %d", region, got.Code)
		}
	}
	if w.count(t, "SELECT count(*) FROM orgs o JOIN audit_log a ON a.org_id = o.id AND a.action = 'org.region' WHERE o.id = $1 AND o.region = 'AU' AND a.detail = 'Australia'", w.org.ID) != 1 {
		t.Error("it was not kept, or not told")
	}
	if got := w.post(t, "/app/phone", url.Values{"phone": {"0412 345 678"}}, owner); got.Code != 303 || w.count(t, "SELECT count(*) FROM users WHERE phone = '+61412345678'") != 1 {
		t.Errorf("a number of that country: %d", got.Code)
	}
}
