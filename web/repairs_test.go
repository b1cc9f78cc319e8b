package web

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// trouble puts deliveries that need somebody into an organisation's log; each is readable by now.
func (s *site) trouble(t *testing.T, org, connection uuid.UUID, status, cause, wedding string, count int) (ids []uuid.UUID) {
	t.Helper()
	for range count {
		id := uuid.Must(uuid.NewV7())
		_, err := s.pool.Exec(t.Context(), `INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, event_type, status, attempts, error, cause, wedding_on, received_at, content_type, proof, body)
			VALUES ($1, $2, $3, 'custom', $4, 'booking.created', $5::delivery_status, 1, $6, $6, nullif($7, '')::date, now(), 'application/json', 'wedsync', $8)`,
			org, id, connection, id.String(), status, cause, wedding, []byte(bookingSent(id.String())))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// standing counts an organisation's deliveries by how they stand: "2 accepted, 1 failed".
func (s *site) standing(t *testing.T, org uuid.UUID) (text string) {
	t.Helper()
	err := s.pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(n || ' ' || status, ', ' ORDER BY status), '') FROM
		(SELECT status::text, count(*) AS n FROM webhook_logs WHERE org_id = $1 GROUP BY 1) AS s`, org).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheRepairsPageSaysWhatNeedsWhom(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.as(t, "owner")
	if got := w.get(t, "/app/repairs", owner); !strings.Contains(got.Body.String(), "Nothing needs you") {
		t.Error("an empty page does not say that nothing needs anybody")
	}
	connection := aConnection(t, w, w.org)
	today := time.Now()
	w.trouble(t, w.org.ID, connection, "failed", "A reason", today.AddDate(0, 0, 3).Format(time.DateOnly), 2)
	w.trouble(t, w.org.ID, connection, "failed", "A reason", "", 1)
	w.trouble(t, w.org.ID, connection, "dead", "Given up", today.AddDate(0, 0, -9).Format(time.DateOnly), 1)
	w.trouble(t, w.org.ID, connection, "quarantined", "Late", today.AddDate(0, 0, 1).Format(time.DateOnly), 1)
	retried := w.trouble(t, w.org.ID, connection, "failed", "Not yet", "", 1)[0]
	if _, err := w.pool.Exec(t.Context(), "UPDATE webhook_logs SET next_try_at = now() + interval '10 minutes' WHERE id = $1", retried); err != nil {
		t.Fatal(err)
	}
	w.trouble(t, w.theirs.ID, aConnection(t, w, w.theirs), "failed", "A neighbour's", "", 1)
	page := w.get(t, "/app/repairs", owner).Body.String()
	for _, cause := range []string{"Late</h2>", "A reason</h2>", "Given up</h2>"} { // tomorrow's wedding, the one in three days, the past
		at := strings.Index(page, cause)
		if at < 0 {
			t.Fatalf("%s does not stand there, or not in this order", cause)
		}
		page = page[at:]
	}
	for _, words := range []string{"Run all 3 again", "Tried again by itself", "1 delivery could not be saved"} {
		if page := w.get(t, "/app/repairs", owner).Body.String(); !strings.Contains(page, words) {
			t.Errorf("it does not say %q", words)
		}
	}
	if strings.Contains(page, "neighbour") {
		t.Error("it shows a neighbour's")
	}
	for _, who := range []string{"staff", "owner"} {
		got := w.get(t, "/app/repairs", w.as(t, who)).Body.String()
		if shows := strings.Contains(got, `action="/app/repairs/runs"`) && strings.Contains(got, "/runs\""); shows != (who == "owner") || !strings.Contains(got, "A reason") {
			t.Errorf("%s sees buttons: %t", who, shows)
		}
	}
	for path, link := range map[string]string{"/app": `href="/app/repairs"`, "/app/connections": `href="/app/repairs?connection=` + connection.String()} {
		if got := w.get(t, path, owner).Body.String(); !strings.Contains(got, link) {
			t.Errorf("%s does not lead to the repairs", path)
		}
	}
}

func TestASetRunsAgainAndNothingElseDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what string
		form url.Values
		want string
		ran  string
	}{
		{"everything, and what was set aside is not everything", nil, "9 accepted, 1 failed, 3 quarantined", "9"},
		{"a reason", url.Values{"cause": {"A reason"}}, "5 accepted, 1 dead, 4 failed, 3 quarantined", "5"},
		{"no reason", url.Values{"cause": {views.NoCause}}, "1 accepted, 1 dead, 8 failed, 3 quarantined", "1"},
		{"a wedding", url.Values{"wedding": {"2027-06-12"}}, "3 accepted, 1 dead, 6 failed, 3 quarantined", "3"},
		{"no wedding", url.Values{"wedding": {views.NoWedding}}, "4 accepted, 6 failed, 3 quarantined", "4"},
		{"both", url.Values{"wedding": {"2027-06-12"}, "cause": {"Another"}}, "1 accepted, 1 dead, 8 failed, 3 quarantined", "1"},
		{"what was set aside", url.Values{"aside": {"true"}}, "3 accepted, 1 dead, 9 failed", "3"},
		{"another connection", url.Values{"connection": {uuid.NewString()}}, "1 dead, 9 failed, 3 quarantined", "0"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			connection, neighbours := aConnection(t, w, w.org), aConnection(t, w, w.theirs)
			for _, org := range []struct{ id, connection uuid.UUID }{{w.org.ID, connection}, {w.theirs.ID, neighbours}} {
				w.trouble(t, org.id, org.connection, "failed", "A reason", "2027-06-12", 2)
				w.trouble(t, org.id, org.connection, "failed", "A reason", "2027-06-19", 1)
				w.trouble(t, org.id, org.connection, "failed", "A reason", "", 2)
				w.trouble(t, org.id, org.connection, "failed", "Another", "2027-06-12", 1)
				w.trouble(t, org.id, org.connection, "failed", "", "2027-07-01", 1)
				w.trouble(t, org.id, org.connection, "dead", "Given up", "", 1)
				w.trouble(t, org.id, org.connection, "failed", "Another", "", 1)
				w.trouble(t, org.id, org.connection, "quarantined", "Late", "2027-06-12", 3)
				retried := w.trouble(t, org.id, org.connection, "failed", "A reason", "2027-06-12", 1)
				if _, err := w.pool.Exec(t.Context(), "UPDATE webhook_logs SET next_try_at = now() + interval '1 hour' WHERE id = ANY($1)", retried); err != nil {
					t.Fatal(err)
				}
			}
			theirs := w.standing(t, w.theirs.ID)
			got := w.post(t, "/app/repairs/runs", c.form, w.as(t, "owner"))
			if to := got.Header().Get("Location"); got.Code != 303 || to != "/app/repairs?ran="+c.ran {
				t.Errorf("%d to %s", got.Code, to)
			}
			if now := w.standing(t, w.org.ID); now != c.want {
				t.Errorf("%s, want %s", now, c.want)
			}
			if now := w.standing(t, w.theirs.ID); now != theirs {
				t.Errorf("the neighbour's: %s", now)
			}
			var told string
			if err := w.pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM audit_log WHERE org_id = $1 AND action = 'deliveries.rerun' AND detail LIKE $2 || '; %') || ' ' ||
				(SELECT count(*) FROM river_job WHERE kind = 'drain_lane')`, w.org.ID, c.ran).Scan(&told); err != nil || told != map[bool]string{true: "0 0", false: "1 1"}[c.ran == "0"] {
				t.Errorf("audit rows and drains: %s, %v", told, err)
			}
			if page := w.get(t, "/app/repairs?ran="+c.ran, w.as(t, "owner")); !strings.Contains(page.Body.String(), "again now") && c.ran != "0" {
				t.Error("nothing says that it was done")
			}
		})
	}
}

func TestASetThatRanAgainIsApplied(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ids := w.trouble(t, w.org.ID, aConnection(t, w, w.org), "failed", "A reason", "2027-06-12", 3)
	w.work(t)
	owner := w.as(t, "owner")
	before := w.contents(t)
	tried := w.post(t, "/app/repairs/rehearsals", url.Values{"cause": {"A reason"}}, owner)
	if tried.Code != 200 || strings.Count(tried.Body.String(), "Would be applied") != 3 || !strings.Contains(tried.Body.String(), "Kay &amp; Fry is confirmed") {
		t.Errorf("%d: %s", tried.Code, tried.Body)
	}
	for table, print := range w.contents(t) {
		if before[table] != print && !strings.HasPrefix(table, "river_") {
			t.Errorf("trying it out changed %s", table)
		}
	}
	form := url.Values{}
	for _, id := range ids {
		if !strings.Contains(tried.Body.String(), `name="id" value="`+id.String()) {
			t.Errorf("the page does not offer to apply %s", id)
		}
		form.Add("id", id.String())
	}
	if got := w.post(t, "/app/repairs/runs", form, owner); got.Header().Get("Location") != "/app/repairs?ran=3" {
		t.Errorf("%d to %s", got.Code, got.Header().Get("Location"))
	}
	eventually(t, "they are applied", func() bool { return w.standing(t, w.org.ID) == "3 applied" })
	again := w.post(t, "/app/repairs/rehearsals", form, owner).Body.String()
	if !strings.Contains(again, "3 no longer need it") || strings.Contains(again, "Approve and apply") {
		t.Error("what is applied is offered once more")
	}
}

func TestOnlyFiftyAreTriedOutAndThePageSaysSo(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	connection, day := aConnection(t, w, w.org), time.Now().AddDate(0, 1, 0)
	w.trouble(t, w.org.ID, connection, "failed", "A reason", "", 50)
	soonest := w.trouble(t, w.org.ID, connection, "failed", "A reason", day.Format(time.DateOnly), 1)[0]
	page := w.post(t, "/app/repairs/rehearsals", nil, w.as(t, "owner")).Body.String()
	if !strings.Contains(page, "the first 50 of 51") || strings.Count(page, `name="id"`) != 50 || !strings.Contains(page, "Run all 51 again") || !strings.Contains(page, soonest.String()) {
		t.Errorf("%d of 51 tried out", strings.Count(page, `name="id"`))
	}
}

// What a form says of another tenant is as if nobody had it; what cannot be read never means everything.
func TestCase16RepairsOfAnotherTenant(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	theirConnection := aConnection(t, w, w.theirs)
	theirs := w.trouble(t, w.theirs.ID, theirConnection, "failed", "A neighbour's", "2027-06-12", 1)[0]
	ours := w.trouble(t, w.org.ID, aConnection(t, w, w.org), "failed", "Ours", "2027-06-12", 1)[0]
	press := func(path string, form url.Values) *httptest.ResponseRecorder {
		w.pressed.clear(w.org.ID.String() + " runs")
		w.pressed.clear(w.org.ID.String() + " rehearsals")
		return w.post(t, path, form, w.as(t, "owner"))
	}
	for _, path := range []string{"/app/repairs/runs", "/app/repairs/rehearsals"} {
		for field, id := range map[string]uuid.UUID{"id": theirs, "connection": theirConnection} {
			want := press(path, url.Values{field: {uuid.NewString()}})
			before := w.standing(t, w.org.ID) + w.standing(t, w.theirs.ID)
			got := press(path, url.Values{field: {id.String()}})
			if got.Code != want.Code || got.Header().Get("Location") != want.Header().Get("Location") || !bytes.Equal(got.Body.Bytes(), want.Body.Bytes()) && path == "/app/repairs/runs" ||
				strings.Contains(got.Body.String(), "neighbour") || strings.Contains(got.Body.String(), theirs.String()) {
				t.Errorf("%s with another's %s: %d\n%s", path, field, got.Code, got.Body)
			}
			if now := w.standing(t, w.org.ID) + w.standing(t, w.theirs.ID); now != before {
				t.Errorf("%s with another's %s: %s", path, field, now)
			}
		}
		for _, form := range []url.Values{{"id": {"not-an-id"}}, {"id": {""}}, {"id": {ours.String(), "x"}}, {"connection": {"x"}}, {"cause": {"\x00"}}, {"cause": {"\xff"}}, {"cause": {strings.Repeat("c", 1001)}},
			{"wedding": {"tomorrow"}}, {"aside": {"maybe"}}, {"id": slices.Repeat([]string{ours.String()}, 51)}} {
			if got := press(path, form); got.Code != http.StatusBadRequest {
				t.Errorf("%s with %.60v: %d", path, form, got.Code)
			}
		}
	}
	for _, query := range []string{"?wedding=x", "?connection=x", "?cause=%00", "?aside=x"} {
		if got := w.get(t, "/app/repairs"+query, w.as(t, "owner")); got.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, got.Code)
		}
	}
	if got := w.get(t, "/app/repairs?connection="+theirConnection.String(), w.as(t, "owner")); got.Code != 200 || strings.Contains(got.Body.String(), "neighbour") {
		t.Errorf("a neighbour's connection: %d", got.Code)
	}
	if now := w.standing(t, w.org.ID); now != "1 failed" {
		t.Errorf("ours: %s", now)
	}
}

func TestAButtonIsPressedFiveTimesAMinute(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	connection := aConnection(t, w, w.org)
	delivery := w.trouble(t, w.org.ID, connection, "failed", "A reason", "", 1)[0]
	theirs := aConnection(t, w, w.theirs)
	owner, neighbour := w.as(t, "owner"), w.as(t, "neighbour")
	at := func(id uuid.UUID, what string) string { return "/app/connections/" + id.String() + what }
	for _, b := range []struct {
		path, theirs string
		form         url.Values
		ok           int
	}{
		{"/app/connections", "/app/connections", url.Values{"provider": {"custom"}, "proof": {"signed"}}, 201},
		{at(connection, "/secrets"), at(theirs, "/secrets"), url.Values{"secret": {"whsec_sixteen_or_more"}}, 303},
		{at(connection, "/rotation"), at(theirs, "/rotation"), nil, 201},
		{"/app/deliveries/" + delivery.String() + "/runs", "", nil, 303},
		{"/app/repairs/runs", "/app/repairs/runs", nil, 303},
		{"/app/repairs/rehearsals", "/app/repairs/rehearsals", nil, 200},
	} {
		for range 5 {
			if got := w.post(t, b.path, b.form, owner); got.Code != b.ok {
				t.Errorf("%s: %d", b.path, got.Code)
			}
		}
		before := w.contents(t)
		got := w.post(t, b.path, b.form, owner)
		if got.Code != 429 || got.Header().Get("Retry-After") != "60" || !strings.Contains(got.Body.String(), "pressed five times") || strings.Contains(got.Body.String(), "failed attempts") {
			t.Errorf("%s, the sixth: %d %s", b.path, got.Code, got.Body)
		}
		if after := w.contents(t); !maps.Equal(before, after) {
			t.Errorf("%s, the sixth, changed something", b.path)
		}
		if b.theirs != "" {
			if got := w.post(t, b.theirs, b.form, neighbour); got.Code != b.ok {
				t.Errorf("%s: a neighbour's first: %d", b.theirs, got.Code)
			}
		}
	}
}

func TestASecretIsRolledWithoutAGap(t *testing.T) {
	t.Parallel()
	c := newCaller(t, queries.ProviderCustom)
	owner := c.owner(t)
	here := "/app/connections/" + c.ID.String()
	made := c.post(t, here+"/rotation", nil, owner)
	_, rest, found := strings.Cut(made.Body.String(), `id="secret" aria-labelledby="secret-label">`)
	secret, _, _ := strings.Cut(rest, "<")
	if made.Code != 201 || !found || !strings.HasPrefix(secret, "whsec_") || secret == c.Secret {
		t.Fatalf("%d, %q", made.Code, secret)
	}
	page := c.get(t, here, owner).Body.String()
	if strings.Contains(page, secret) || !strings.Contains(page, "0 of 20 deliveries in a row") || !strings.Contains(page, "not used yet") || strings.Count(page, "Close the old one now</button>") != 1 {
		t.Error("the page does not say how the secrets stand, or says the secret itself")
	}
	old, renewed := *c, *c
	renewed.Secret = secret
	for i, sender := range []caller{old, renewed} {
		if code, _, _ := sender.send(t, sender.signed(t, bookingSent(fmt.Sprintf("e-%d", i)))); code != 202 {
			t.Errorf("secret %d: %d", i, code)
		}
	}
	var newest, oldest uuid.UUID
	if err := c.pool.QueryRow(t.Context(), "SELECT (array_agg(id ORDER BY created_at DESC))[1], (array_agg(id ORDER BY created_at))[1] FROM connection_secrets WHERE org_id = $1", c.org).Scan(&newest, &oldest); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		secret uuid.UUID
		kept   string
	}{{newest, "open"}, {uuid.New(), "open"}, {oldest, "closed"}, {oldest, "open"}, {newest, "open"}} {
		if got := c.post(t, here+"/closures", url.Values{"secret": {step.secret.String()}}, owner); got.Header().Get("Location") != here+"?kept="+step.kept {
			t.Errorf("%d to %s, want %s", got.Code, got.Header().Get("Location"), step.kept)
		}
	}
	if code, _, _ := old.send(t, old.signed(t, bookingSent("e-8"))); code != 401 {
		t.Errorf("the closed secret: %d", code)
	}
	if code, _, _ := renewed.send(t, renewed.signed(t, bookingSent("e-9"))); code != 202 {
		t.Errorf("the new secret: %d", code)
	}
	var audit string
	if err := c.pool.QueryRow(t.Context(), "SELECT string_agg(action, ' ' ORDER BY at) FROM audit_log WHERE org_id = $1 AND user_id IS NOT NULL", c.org).Scan(&audit); err != nil || audit != "connection.secret connection.secret_closed" {
		t.Errorf("%s, %v", audit, err)
	}
	if got := c.post(t, here+"/closures", url.Values{"secret": {"x"}}, owner); got.Code != 400 {
		t.Errorf("no id: %d", got.Code)
	}
}

// A neighbour's secret is not closed from here, not even beside a connection of one's own.
func TestASecretIsClosedByItsOwnersOnly(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ours, theirs := aConnection(t, w, w.org), aConnection(t, w, w.theirs)
	w.post(t, "/app/connections/"+theirs.String()+"/rotation", nil, w.as(t, "neighbour"))
	var old uuid.UUID
	if err := w.pool.QueryRow(t.Context(), "SELECT id FROM connection_secrets WHERE org_id = $1 AND connection_id = $2 ORDER BY created_at LIMIT 1", w.theirs.ID, theirs).Scan(&old); err != nil {
		t.Fatal(err)
	}
	w.post(t, "/app/connections/"+ours.String()+"/closures", url.Values{"secret": {old.String()}}, w.as(t, "owner"))
	live, err := w.q.LiveSecrets(t.Context(), queries.LiveSecretsParams{OrgID: w.theirs.ID, ConnectionID: theirs})
	if err != nil || len(live) != 2 {
		t.Errorf("%d are live, %v", len(live), err)
	}
}

func TestStripesSecretIsPastedNotMade(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	id := w.connect(t, w.org.ID, queries.ProviderStripe, queries.SenderProofSigned).ID
	got := w.post(t, "/app/connections/"+id.String()+"/rotation", nil, w.as(t, "owner"))
	live, err := w.q.LiveSecrets(t.Context(), queries.LiveSecretsParams{OrgID: w.org.ID, ConnectionID: id})
	if got.Code != 422 || err != nil || len(live) != 1 || !strings.Contains(got.Body.String(), "Stripe makes its secrets itself") {
		t.Errorf("%d, %d live, %v", got.Code, len(live), err)
	}
}

func TestADeliverysPageSaysWhenItIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	id := w.trouble(t, w.org.ID, aConnection(t, w, w.org), "failed", "Not yet", "2027-06-12", 1)[0]
	if _, err := w.pool.Exec(t.Context(), "UPDATE webhook_logs SET attempts = 17, forgiven = 10, next_try_at = now() + interval '40 minutes' WHERE id = $1", id); err != nil {
		t.Fatal(err)
	}
	page := w.get(t, "/app/deliveries/"+id.String(), w.as(t, "owner")).Body.String()
	for _, words := range []string{"Tried again by itself", "Next try ", "given up after 10", "Sat 12 June 2027", "Try it out first", "Sent to your address"} {
		if !strings.Contains(page, words) {
			t.Errorf("it does not say %q", words)
		}
	}
	if strings.Contains(page, "Could not be read") {
		t.Error("it says that it could not be read")
	}
	tried := w.post(t, "/app/deliveries/"+id.String()+"/rehearsals", nil, w.as(t, "owner")).Body.String()
	if !strings.Contains(tried, "Would be applied") || !strings.Contains(tried, "Approve and apply") {
		t.Error("it is not tried out")
	}
	if got := w.standing(t, w.org.ID); got != "1 failed" {
		t.Error(got)
	}
}
