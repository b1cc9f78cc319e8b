package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/queries/testdb"
)

// inserted writes one row and gives its id.
func inserted(t *testing.T, s *site, sql string, args ...any) (id uuid.UUID) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), sql+" RETURNING id", args...).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func anAccountOf(t *testing.T, s *site, org uuid.UUID, kind queries.CalendarKind) uuid.UUID {
	return inserted(t, s, "INSERT INTO calendar_connections (org_id, kind, account, url, username) VALUES ($1, $2, 'anna@example.com', 'https://caldav.example.com/', 'anna')", org, kind)
}

func anAccount(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	return anAccountOf(t, w.site, org.ID, queries.CalendarKindCaldav)
}

func aCalendarOf(t *testing.T, s *site, org, account uuid.UUID) uuid.UUID {
	return inserted(t, s, "INSERT INTO calendars (org_id, connection_id, remote_id, name, writable) VALUES ($1, $2, gen_random_uuid()::text, 'Work <b>', true)", org, account)
}

func aCalendar(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	return aCalendarOf(t, w.site, org.ID, anAccount(t, w, org))
}

func aBookingOf(t *testing.T, s *site, org uuid.UUID, status, title string) uuid.UUID {
	return inserted(t, s, `INSERT INTO bookings (org_id, title, status, starts_local, ends_local, timezone, during, venue, notes, value_minor, value_currency)
		VALUES ($1, $3, $2::booking_status, '2027-06-12 12:00', '2027-06-12 23:00', 'Europe/London', tstzrange('2027-06-12 11:00Z', '2027-06-12 22:00Z'), 'Holm House', 'SECRETNOTE', 987654, 'GBP')`, org, status, title)
}

func aConflictOf(t *testing.T, s *site, org uuid.UUID, kind string) uuid.UUID {
	booking, calendar := aBookingOf(t, s, org, "confirmed", "Kay & Fry"), aCalendarOf(t, s, org, anAccountOf(t, s, org, queries.CalendarKindCaldav))
	return inserted(t, s, `INSERT INTO sync_conflicts (org_id, subject, field, kind, booking_id, calendar_id, remote_id, ours, theirs, base, during)
		VALUES ($1, 'booking', CASE $2 WHEN 'overlap' THEN 'day' ELSE 'title' END, $2, $3, $4, 'r1', '"Kay & Fry"', '"Dentist <i>"', '"Kay"', tstzrange('2027-06-12 12:00Z', '2027-06-12 13:00Z'))`, org, kind, booking, calendar)
}

func aConflict(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	return aConflictOf(t, w.site, org.ID, "overlap")
}

func aSettledConflict(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	t.Helper()
	id := aConflict(t, w, org)
	if _, err := w.pool.Exec(t.Context(), `UPDATE sync_conflicts SET resolved_at = now(), resolution = 'both', undo = '{}' WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	return id
}

// provided is a site that Google and Microsoft know, at a server that answers every token request with no.
func provided(t *testing.T) func(*Config) {
	no := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		w.Write([]byte(`{"error":"invalid_grant"}`)) //nolint:errcheck // the test sees what comes of it
	}))
	t.Cleanup(no.Close)
	return func(c *Config) {
		c.Calendars.Google = calendar.Provider{ClientID: "id", ClientSecret: "secret", URL: no.URL + "/", AuthURL: "https://accounts.google.example/o/oauth2/auth", TokenURL: no.URL + "/token"}
		c.Calendars.Microsoft = calendar.Provider{ClientID: "id", ClientSecret: "secret", URL: no.URL + "/", AuthURL: "https://login.microsoft.example/authorize", TokenURL: no.URL + "/token"}
	}
}

func TestAProviderWithoutKeysSaysSo(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	showsAll(t, w.get(t, "/app/calendars", w.as(t, "manager")).Body.String(), "Google Calendar is not configured on this installation", "MICROSOFT_CLIENT_ID", "No outside calendar yet")
	if got := w.post(t, "/app/calendars/google", nil, w.as(t, "manager")); got.Code != 422 || !strings.Contains(got.Body.String(), "not configured") {
		t.Errorf("%d", got.Code)
	}
	showsAll(t, w.get(t, "/ops", w.as(t, "operator")).Body.String(), "GOOGLE_CLIENT_ID is empty")
}

// Chromium refuses a form's answer that leads to where form-action does not.
func TestConsentMayBeLedTo(t *testing.T) {
	t.Parallel()
	w := newTown(t, provided(t))
	boss := w.as(t, "manager")
	for _, path := range []string{"/app/calendars", "/app/calendars/" + anAccount(t, w, w.org).String()} {
		if policy := w.get(t, path, boss).Header().Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https://accounts.google.example https://login.microsoft.example;") {
			t.Errorf("%s: %s", path, policy)
		}
	}
	if policy := w.get(t, "/app", boss).Header().Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self';") {
		t.Error(policy)
	}
	got := w.post(t, "/app/calendars/google", nil, boss)
	if to := got.Header().Get("Location"); got.Code != 303 || !strings.HasPrefix(to, "https://accounts.google.example/o/oauth2/auth?") || !strings.Contains(to, "code_challenge_method=S256") {
		t.Errorf("%d to %s", got.Code, to)
	}
	theirs := anAccountOf(t, w.site, w.theirs.ID, queries.CalendarKindGoogle)
	caldav := anAccount(t, w, w.org)
	for again, want := range map[string]int{theirs.String(): 404, caldav.String(): 404, "x": 400} {
		if got := w.post(t, "/app/calendars/google", url.Values{"again": {again}}, boss); got.Code != want {
			t.Errorf("%s: %d", again, got.Code)
		}
	}
}

func TestConsentComesBackOnceAndToWhoBegan(t *testing.T) {
	t.Parallel()
	w := newTown(t, provided(t))
	boss, other := w.as(t, "manager"), w.as(t, "owner")
	begin := func() string {
		to, err := url.Parse(w.post(t, "/app/calendars/google", nil, boss).Header().Get("Location"))
		if err != nil || to.Query().Get("state") == "" {
			t.Fatal(to, err)
		}
		return "/oauth/google/callback?state=" + url.QueryEscape(to.Query().Get("state"))
	}
	leads := func(path string, as *http.Cookie, to string) {
		t.Helper()
		if got := w.get(t, path, as); got.Code != 303 || got.Header().Get("Location") != to {
			t.Errorf("%d to %q", got.Code, got.Header().Get("Location"))
		}
	}
	const state, denied = "/app/calendars?trouble=state", "/app/calendars?trouble=denied"
	at := begin()
	leads(at+"&error=access_denied", boss, denied)
	leads("/oauth/google/callback?state=forged&code=c", boss, state)
	leads("/oauth/microsoft/callback?code=c", boss, state)
	leads(at+"&error=<script>", boss, "/app/calendars?trouble=failed")
	leads(at+"&code=c", other, state)
	leads(at+"&code=c", w.as(t, "neighbour"), state)
	first := w.get(t, at+"&code=c", boss) // the provider says no, and the state is used up all the same
	if first.Code != 422 || !strings.Contains(first.Body.String(), "was not connected") {
		t.Errorf("%d", first.Code)
	}
	leads(at+"&code=c", boss, state)
	if got := w.get(t, at+"&code="+strings.Repeat("c", 5000), boss); got.Code != 400 {
		t.Errorf("%d", got.Code)
	}
	showsAll(t, w.get(t, denied, boss).Body.String(), "without saying yes")
	if book := w.log.String(); strings.Contains(book, "code=c") || strings.Contains(book, "forged") {
		t.Error("what comes back is in the log")
	}
}

func TestWhatIsWrongWithAnAddressStandsBesideIt(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for want, form := range map[string]url.Values{
		`id="url-error"`:      {"kind": {"caldav"}, "url": {"ftp://x"}, "user": {"u"}, "password": {"p"}},
		`id="user-error"`:     {"kind": {"caldav"}, "url": {"https://example.com"}, "password": {"SECRETWORD"}},
		`id="password-error"`: {"kind": {"caldav"}, "url": {"https://example.com"}, "user": {"u"}},
		`id="feed-error"`:     {"kind": {"ics"}, "url": {""}},
	} {
		got := w.post(t, "/app/calendars", form, w.session(t, testdb.Org(t, w.pool).Owner)) // a button may be pressed five times
		if page := got.Body.String(); got.Code != 422 || !strings.Contains(page, want) || strings.Contains(page, "SECRETWORD") {
			t.Errorf("%v: %d", form, got.Code)
		}
	}
	if got := w.post(t, "/app/calendars", url.Values{"kind": {"google"}}, w.as(t, "owner")); got.Code != 400 {
		t.Errorf("%d", got.Code)
	}
}

func TestAChoiceIsOnesOwn(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	boss, id := w.as(t, "manager"), aCalendar(t, w, w.org)
	mine := inserted(t, w.site, "INSERT INTO resources (org_id, name) VALUES ($1, 'Van')", w.org.ID)
	theirs := inserted(t, w.site, "INSERT INTO resources (org_id, name) VALUES ($1, 'Their van')", w.theirs.ID)
	at := "/app/calendar-choices/" + id.String()
	for resource, want := range map[string]int{theirs.String(): 404, "x": 400, mine.String(): 303} {
		if got := w.post(t, at, url.Values{"blocks": {"on"}, "receives": {"on"}, "resource": {resource}}, boss); got.Code != want {
			t.Errorf("%s: %d", resource, got.Code)
		}
	}
	row, err := w.q.CalendarChoice(t.Context(), queries.CalendarChoiceParams{OrgID: w.org.ID, ID: id})
	if err != nil || !row.Blocks || !row.Receives || row.TentativeBusy || row.ResourceID == nil || *row.ResourceID != mine {
		t.Errorf("%+v, %v", row, err)
	}
	if _, err := w.pool.Exec(t.Context(), "UPDATE calendars SET writable = false WHERE id = $1", id); err != nil {
		t.Fatal(err)
	}
	if got := w.post(t, at, url.Values{"receives": {"on"}}, boss); got.Code != 303 {
		t.Errorf("%d", got.Code)
	}
	if row, err = w.q.CalendarChoice(t.Context(), queries.CalendarChoiceParams{OrgID: w.org.ID, ID: id}); err != nil || row.Receives {
		t.Errorf("a calendar that may only be read receives: %v", err)
	}
	if page := w.get(t, "/app/calendars/"+row.ConnectionID.String(), w.as(t, "staff")).Body.String(); strings.Contains(page, "<form class=\"form") || strings.Contains(page, "<b>") {
		t.Error("staff may change it")
	}
}

func TestStrategies(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	id := anAccount(t, w, w.org)
	at, boss := "/app/calendars/"+id.String()+"/strategy", w.as(t, "manager")
	if got := w.post(t, at, url.Values{"strategy": {"local_wins"}, "strategy.when": {"manual"}, "strategy.venue": {"local_wins"}}, boss); got.Code != 303 {
		t.Fatal(got.Code)
	}
	var strategy, fields string
	if err := w.pool.QueryRow(t.Context(), "SELECT strategy, strategies::text FROM calendar_connections WHERE id = $1", id).Scan(&strategy, &fields); err != nil || strategy != "local_wins" || fields != `{"when": "manual"}` {
		t.Error(strategy, fields, err)
	}
	for _, form := range []url.Values{{}, {"strategy": {"mine"}}, {"strategy": {"merge"}, "strategy.title": {"x"}}} {
		if got := w.post(t, at, form, boss); got.Code != 422 {
			t.Errorf("%v: %d", form, got.Code)
		}
	}
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for _, form := range []url.Values{{}, {"minutes": {"0"}, "hold_days": {"7"}}, {"minutes": {"1441"}, "hold_days": {"7"}}, {"minutes": {"30"}, "hold_days": {"91"}}, {"minutes": {"70000"}, "hold_days": {"x"}}} {
		if got := w.post(t, "/app/calendars/freshness", form, w.as(t, "owner")); got.Code != 422 || !strings.Contains(got.Body.String(), "Nothing was changed") {
			t.Errorf("%v: %d", form, got.Code)
		}
	}
	if got := w.post(t, "/app/calendars/freshness", url.Values{"minutes": {"45"}, "hold_days": {"10"}}, w.as(t, "owner")); got.Code != 303 {
		t.Fatal(got.Code)
	}
	if rules, err := w.q.CalendarRules(t.Context(), w.org.ID); err != nil || rules.FreshWithinMinutes != 45 || rules.HoldDays != 10 {
		t.Error(rules, err)
	}
}

func TestTheWordsForOutsideAreTriedOnTheNextBooking(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	aBookingOf(t, w.site, w.org.ID, "held", "Kay & Fry <i>")
	boss := w.as(t, "manager")
	showsAll(t, w.get(t, "/app/calendars/wording", boss).Body.String(), "Hold: Kay &amp; Fry &lt;i&gt;", "12:00–23:00", "Holm House", "your next booking")
	tried := w.post(t, "/app/calendars/wording", url.Values{"title": {"Wedding: {{couple}}"}, "do": {"preview"}}, boss).Body.String()
	showsAll(t, tried, "Hold: Wedding: Kay", "Not kept yet")
	wrong := w.post(t, "/app/calendars/wording", url.Values{"title": {"{{notes}}"}, "body": {"{{contact}}"}}, boss)
	if wrong.Code != 422 || strings.Contains(wrong.Body.String(), "SECRETNOTE") || !strings.Contains(wrong.Body.String(), `id="title-error"`) {
		t.Errorf("%d", wrong.Code)
	}
	if got := w.post(t, "/app/calendars/wording", url.Values{"title": {"T {{couple}}"}, "body": {"a\r\nb"}}, boss); got.Code != 303 {
		t.Fatal(got.Code)
	}
	if rules, err := w.q.CalendarRules(t.Context(), w.org.ID); err != nil || rules.CopyTitle != "T {{couple}}" || rules.CopyBody != "a\nb" {
		t.Error(rules, err)
	}
}

var feedAddress = regexp.MustCompile(`/feeds/[A-Za-z0-9_-]{43}\.ics`)

func TestTheFeed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	boss := w.as(t, "manager")
	aBookingOf(t, w.site, w.org.ID, "confirmed", "Kay & Fry")
	held, gone := aBookingOf(t, w.site, w.org.ID, "held", "Hall"), aBookingOf(t, w.site, w.org.ID, "cancelled", "Over")
	long := aBookingOf(t, w.site, w.org.ID, "cancelled", "Long ago")
	aBookingOf(t, w.site, w.org.ID, "enquiry", "Perhaps")
	aBookingOf(t, w.site, w.theirs.ID, "confirmed", "Neighbours")
	if _, err := w.pool.Exec(t.Context(), "UPDATE bookings SET updated_at = now() - interval '91 days' WHERE id = $1", long); err != nil {
		t.Fatal(err)
	}
	address := func(do string) string {
		if got := w.post(t, "/app/feed", url.Values{"do": {do}}, boss); got.Code != 303 {
			t.Fatal(got.Code)
		}
		if page := w.get(t, "/app/calendars", w.as(t, "staff")).Body.String(); feedAddress.MatchString(page) {
			t.Error("staff sees the address")
		}
		return feedAddress.FindString(w.get(t, "/app/calendars", boss).Body.String())
	}
	first := address("make")
	got := w.get(t, first, nil)
	body := got.Body.String()
	showsAll(t, body, "SUMMARY:Kay & Fry", "SUMMARY:Hold: Hall", "STATUS:TENTATIVE", "STATUS:CANCELLED", held.String(), gone.String(), "LOCATION:Holm House")
	for _, not := range []string{"SECRETNOTE", "987654", "9876", "GBP", "Neighbours", "Perhaps", "Long ago", "Decoy"} {
		if strings.Contains(body, not) {
			t.Errorf("%s leaves the house", not)
		}
	}
	h := got.Header()
	if got.Code != 200 || h.Get("Content-Type") != "text/calendar; charset=utf-8" || h.Get("ETag") == "" || h.Get("Last-Modified") == "" || !strings.Contains(h.Get("Cache-Control"), "max-age") {
		t.Errorf("%d %v", got.Code, h)
	}
	for name, value := range map[string]string{"If-None-Match": h.Get("ETag"), "If-Modified-Since": h.Get("Last-Modified")} {
		r := w.request(t, http.MethodGet, first, nil, nil)
		r.Header.Set(name, value)
		if again := w.do(t, r); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s: %d", name, again.Code)
		}
	}
	second := address("renew")
	if second == first || second == "" || w.get(t, first, nil).Code != 404 || w.get(t, second, nil).Code != 200 || w.get(t, strings.TrimSuffix(second, ".ics"), nil).Code != 404 {
		t.Error("the address before answers, or the new one does not")
	}
	if address("remove") != "" || w.get(t, second, nil).Code != 404 {
		t.Error("a removed address answers")
	}
	for range 5 {
		w.get(t, "/feeds/guess.ics", nil)
	}
	if got := w.get(t, "/feeds/guess.ics", nil); got.Code != 429 || got.Header().Get("Retry-After") == "" {
		t.Errorf("%d", got.Code)
	}
}

func TestTheSealedFeedIsOfOneOrganisation(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	token, hash := seal.NewToken()
	sealed, err := w.box.Seal([]byte(token), feedOwner(w.theirs.ID))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.q.SetFeed(t.Context(), queries.SetFeedParams{ID: w.org.ID, FeedSha256: hash, FeedSealed: sealed}); err != nil {
		t.Fatal(err)
	}
	if got := w.get(t, "/app/calendars", w.as(t, "owner")); got.Code != 500 || strings.Contains(got.Body.String(), token) {
		t.Errorf("%d", got.Code)
	}
}

func TestWhatProvidersCall(t *testing.T) {
	t.Parallel()
	w := newTown(t, provided(t))
	account := anAccountOf(t, w.site, w.org.ID, queries.CalendarKindGoogle)
	cal := aCalendarOf(t, w.site, w.org.ID, account)
	token, hash := seal.NewToken()
	channel := inserted(t, w.site, "INSERT INTO calendar_channels (org_id, calendar_id, remote_id, token_sha256, expires_at) VALUES ($1, $2, 'res-1', $3, now() + interval '1 day')", w.org.ID, cal, hash)
	heard := func() (n int) {
		t.Helper()
		if err := w.pool.QueryRow(t.Context(), "SELECT count(*) FROM calendar_channels WHERE heard_at IS NOT NULL").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	google := func(id, resource, token string) int {
		r := w.request(t, http.MethodPost, "/webhooks/google", nil, nil)
		r.Header.Set("X-Goog-Channel-ID", id)
		r.Header.Set("X-Goog-Resource-ID", resource)
		r.Header.Set("X-Goog-Channel-Token", token)
		return w.do(t, r).Code
	}
	// Strangers and strays hear what the known hear, and do nothing.
	for _, c := range [][3]string{{uuid.NewString(), "res-1", token}, {channel.String(), "res-1", "guess"}, {channel.String(), "res-2", token}} {
		if got := google(c[0], c[1], c[2]); got != 204 || heard() != 0 {
			t.Errorf("%v: %d, heard %d", c, got, heard())
		}
	}
	if got := google(channel.String(), "res-1", token); got != 204 || heard() != 1 {
		t.Errorf("%d, heard %d", got, heard())
	}
	for i, want := range []int{400, 400, 400, 400, 400, 429} {
		if got := google("not an id", "", ""); got != want {
			t.Errorf("%d: %d", i, got)
		}
	}
	microsoft := func(path, body string) *httptest.ResponseRecorder {
		r := w.request(t, http.MethodPost, "/webhooks/microsoft"+path, nil, nil)
		r.Body = http.NoBody
		if body != "" {
			r = httptest.NewRequestWithContext(t.Context(), http.MethodPost, w.base+"/webhooks/microsoft"+path, strings.NewReader(body))
		}
		r.Header.Set("Content-Type", "application/json")
		return w.do(t, r)
	}
	asked := microsoft("?validationToken=Validation%3A+Testing%2F%3Cb%3E", "")
	if asked.Code != 200 || asked.Body.String() != "Validation: Testing/<b>" || !strings.HasPrefix(asked.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("%d %q %s", asked.Code, asked.Body.String(), asked.Header().Get("Content-Type"))
	}
	for body, want := range map[string]int{
		`{"value":[{"subscriptionId":"nobody","clientState":"x"}]}`:                      202,
		`{"value":[{"subscriptionId":"s","clientState":"x","lifecycleEvent":"missed"}]}`: 202,
		`{"value":[]}`: 202, `not json`: 400,
		`{"value":[{"subscriptionId":"` + strings.Repeat("x", largestNotification) + `"}]}`: 413,
	} {
		if got := microsoft("", body); got.Code != want {
			t.Errorf("%.60s: %d", body, got.Code)
		}
	}
	if got := microsoft("?validationToken=a%00b", ""); got.Code != 400 {
		t.Errorf("%d", got.Code)
	}
}

func TestAConflictIsSettledOnceAndUndone(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	boss, id := w.as(t, "manager"), aConflict(t, w, w.org)
	at := "/app/conflicts/" + id.String()
	showsAll(t, w.get(t, at, boss).Body.String(), "Something outside lies over Kay &amp; Fry", "Dentist &lt;i&gt;", "over it from", "I know, keep both", "Move the booking", "12 June is without")
	showsAll(t, w.get(t, "/app/conflicts", boss).Body.String(), "Conflicts (1)", "Busy outside", "/live?conflicts=")
	if page := w.get(t, at, w.as(t, "staff")).Body.String(); strings.Contains(page, "/resolution") {
		t.Error("staff may settle it")
	}
	for _, wrong := range []string{"", "ours", "local_wins"} {
		if got := w.post(t, at+"/resolution", url.Values{"resolution": {wrong}}, boss); got.Code != 400 {
			t.Errorf("%q: %d", wrong, got.Code)
		}
	}
	for _, to := range []string{"settled", "before"} {
		if got := w.post(t, at+"/resolution", url.Values{"resolution": {"both"}}, boss); got.Code != 303 || got.Header().Get("Location") != at+"?done="+to {
			t.Errorf("%d to %s", got.Code, got.Header().Get("Location"))
		}
	}
	showsAll(t, w.get(t, at, boss).Body.String(), "Both were kept", "Undo this", "By A manager")
	showsAll(t, w.get(t, "/app/conflicts?show=settled", boss).Body.String(), "Both were kept")
	showsAll(t, w.get(t, "/app/conflicts", boss).Body.String(), "All sides agree")
	for _, to := range []string{"/app/conflicts?done=undone", at + "?done=open"} {
		if got := w.post(t, at+"/undo", nil, boss); got.Code != 303 || got.Header().Get("Location") != to {
			t.Errorf("%d to %s", got.Code, got.Header().Get("Location"))
		}
	}
	showsAll(t, w.get(t, "/app/conflicts", boss).Body.String(), "Busy outside")
	showsAll(t, w.get(t, at, boss).Body.String(), "and undone")
}

// The list leads through all of them, and every kind has a page.
func TestEveryKindOfConflictHasAPage(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for _, kind := range []string{"edited", "deleted", "overlap", "contested", "refused"} {
		page := w.get(t, "/app/conflicts/"+aConflictOf(t, w.site, w.org.ID, kind).String(), w.as(t, "owner"))
		if page.Code != 200 || !strings.Contains(page.Body.String(), "/resolution") {
			t.Errorf("%s: %d", kind, page.Code)
		}
	}
	_, err := w.pool.Exec(t.Context(), `INSERT INTO sync_conflicts (org_id, subject, field, created_at) SELECT $1, 'booking', 'title', $2::timestamptz - n * interval '1 minute' FROM generate_series(1, 60) n`, w.org.ID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	found, pages := 0, 0
	for query := "?"; query != ""; pages++ {
		html := w.get(t, "/app/conflicts"+query, w.as(t, "owner")).Body.String()
		found += len(regexp.MustCompile(`href="/app/conflicts/[0-9a-f-]{36}"`).FindAllString(html, -1))
		if query = ""; regexp.MustCompile(`rel="next" href="([^"]+)"`).MatchString(html) {
			query = strings.ReplaceAll(regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(html)[1], "&amp;", "&")
		}
	}
	if found != 65 || pages != 2 {
		t.Errorf("%d on %d pages", found, pages)
	}
}
