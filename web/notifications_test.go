package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
	"github.com/wedsync/wedsync/views"
)

func aNotification(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	t.Helper()
	return w.told(t, org.ID, sending{recipient: "Anna Hall", channel: "email", status: "delivered"})
}

// sending is a notification to be there; what is not said is usual.
type sending struct {
	notice             uuid.UUID // of that one; Nil: of a new one
	recipient, address string
	channel, status    string
	facts              string
	reason             string
	next               any
	attempts           int
	created            time.Time
}

func (s *site) told(t *testing.T, org uuid.UUID, m sending) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	if m.facts == "" {
		m.facts = `{"kind":"booking","what":"booking_new","who":"Kay & Fry"}`
	}
	if m.created.IsZero() {
		m.created = time.Now()
	}
	if m.notice == uuid.Nil {
		m.notice = uuid.New()
	}
	s.exec(t, `INSERT INTO notices (org_id, id, at, kind, facts) VALUES ($1, $2, now(), 'booking', $3) ON CONFLICT DO NOTHING`, org, m.notice, m.facts)
	s.exec(t, `INSERT INTO notification_logs (org_id, id, notice_id, kind, audience, recipient_id, recipient, channel, address, status, reason, attempts, next_try_at, created_at, delivered_at)
		VALUES ($1, $2, $3, 'booking', 'team', gen_random_uuid(), $4, $5, $6, $7::text::notification_status, $8, $9, $10, $11, CASE WHEN $7::text = 'delivered' THEN now() END)`,
		org, id, m.notice, m.recipient, m.channel, m.address, m.status, m.reason, m.attempts, m.next, m.created)
	s.exec(t, `INSERT INTO notification_steps (org_id, id, notification_id, at, step, detail) VALUES ($1, gen_random_uuid(), $2, now(), $3, 'a step of '||$4)`, org, id, m.status, m.recipient)
	return id
}

// names are the recipients that a page of what was sent shows.
func names(page string) (all []string) {
	for _, m := range regexp.MustCompile(`data-label="To"[^>]*>\s*<div class="cell">([^<]*)<`).FindAllStringSubmatch(page, -1) {
		all = append(all, strings.TrimSpace(m[1]))
	}
	return all
}

func TestWhatWasSentIsFoundByChannelStandingAndName(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	staff := w.as(t, "staff")
	tomorrow, past := time.Now().Add(20*time.Hour), time.Now().Add(-time.Minute)
	for _, m := range []sending{
		{recipient: "Anna", address: "anna@example.com", channel: "email", status: "delivered"},
		{recipient: "Ben", address: "+447700900123", channel: "sms", status: "bounced", reason: "no such mailbox"},
		{recipient: "Cleo", channel: "push", status: "queued", next: tomorrow, reason: "quiet hours"},
		{recipient: "Dora", channel: "email", status: "queued", next: past},
		{recipient: "Emil", channel: "email", status: "queued", next: tomorrow, attempts: 1},
		{recipient: "Finn", channel: "email", status: "skipped", reason: "today's 10 e-mails are used"},
		{recipient: "Gwen", channel: "in_app", status: "acknowledged"},
		{recipient: "Hugh", channel: "sms", status: "unknown"},
	} {
		w.told(t, w.org.ID, m)
	}
	w.told(t, w.theirs.ID, sending{recipient: "Neighbour", address: "anna@example.com", channel: "email", status: "delivered"})
	for query, want := range map[string]string{
		"":                        "Hugh Gwen Finn Emil Dora Cleo Ben Anna",
		"?group=way":              "Hugh Emil Dora",
		"?group=arrived":          "Gwen Anna",
		"?group=failed":           "Ben",
		"?group=held":             "Finn Cleo",
		"?channel=email":          "Finn Emil Dora Anna",
		"?channel=sms&group=way":  "Hugh",
		"?q=ANNA%40example":       "Anna",
		"?q=900123":               "Ben",
		"?q=%25":                  "",
		"?q=Neighbour":            "",
		"?group=x&channel=pigeon": "Hugh Gwen Finn Emil Dora Cleo Ben Anna",
		"?before=1.x&q=%00%ff":    "Hugh Gwen Finn Emil Dora Cleo Ben Anna",
		"?before=99999999999999999999." + uuid.NewString(): "Hugh Gwen Finn Emil Dora Cleo Ben Anna",
		"?before=-5." + uuid.NewString():                   "Hugh Gwen Finn Emil Dora Cleo Ben Anna",
		"?before=0." + uuid.NewString():                    "",
	} {
		got := w.get(t, "/app/notifications"+query, staff)
		if shown := strings.Join(names(got.Body.String()), " "); got.Code != 200 || shown != want {
			t.Errorf("%s: %d: %q, want %q", query, got.Code, shown, want)
		}
	}
	page := w.get(t, "/app/notifications", staff).Body.String()
	for _, words := range []string{"until ", "quiet hours", "today&#39;s 10 e-mails are used", "no such mailbox"} {
		if !strings.Contains(page, words) {
			t.Errorf("the page does not say %q", words)
		}
	}
}

func TestWhatWasSentIsReadPageByPage(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	staff, at := w.as(t, "staff"), time.Now().Truncate(time.Microsecond)
	for i := range 120 {
		w.told(t, w.org.ID, sending{recipient: fmt.Sprintf("Guest %03d", i), channel: "email", status: "delivered", created: at.Add(time.Duration(i/3) * time.Microsecond)}) // three at a time
	}
	seen, path := map[string]bool{}, "/app/notifications?channel=email"
	sizes := []int{}
	for path != "" {
		page := w.get(t, path, staff).Body.String()
		for _, name := range names(page) {
			if seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
		sizes = append(sizes, len(names(page)))
		older := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(page)
		path = ""
		if older != nil {
			path = "/app/notifications" + strings.ReplaceAll(older[1], "&amp;", "&")
		}
	}
	if len(seen) != 120 || fmt.Sprint(sizes) != "[50 50 20]" {
		t.Errorf("%d of 120 in pages of %v", len(seen), sizes)
	}
}

func TestAMessageTellsItsStoryAndNoSecret(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	notice := uuid.New()
	id := w.told(t, w.org.ID, sending{notice: notice, recipient: "Anna", channel: "email", status: "delivered", facts: `{"kind":"security","what":"reset","link":"https://x/secret-link","code":"417223","who":"Kay & Fry"}`})
	other := w.told(t, w.org.ID, sending{notice: notice, recipient: "Ben", channel: "sms", status: "unknown"})
	w.told(t, w.theirs.ID, sending{notice: notice, recipient: "Neighbour", channel: "sms", status: "unknown"})
	page := w.get(t, "/app/notifications/"+id.String(), w.as(t, "staff")).Body.String()
	for _, want := range []string{"a step of Anna", "Delivered", "/app/notifications/" + other.String(), "Ben, SMS", "We do not know"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	list := w.get(t, "/app/notifications", w.as(t, "owner")).Body.String()
	for _, secret := range []string{"secret-link", "417223", "Neighbour", "a step of Ben"} {
		if strings.Contains(page, secret) || strings.Contains(list, secret) {
			t.Errorf("a page shows %q", secret)
		}
	}
}

func (w *town) suppress(t *testing.T, by uuid.UUID, channel, address, why string) {
	t.Helper()
	w.exec(t, `INSERT INTO suppressions (org_id, channel, address, why, since, detail) VALUES ($1, $2, $3, $4, '2027-05-03 09:00Z', 'in words')`, by, channel, address, why)
}

func (w *town) client(t *testing.T, org testdb.Supplier, name, email, phone string) {
	t.Helper()
	w.exec(t, `INSERT INTO clients (org_id, connection_id, external_id, name, email, phone) VALUES ($1, $2, $3, $4, $5, $6)`, org.ID, aConnection(t, w, org), uuid.NewString(), name, email, phone)
}

func TestAddressesThatTakeNothingAreNamedAndFreed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.client(t, w.org, "Anna Kay", "Anna@Example.com", "07700 900123")
	w.client(t, w.org, "Cleo Day", "cleo@example.com", "+44 (0)7700 900 777")
	w.client(t, w.theirs, "Neighbour", "theirs@example.com", "")
	w.suppress(t, queries.House, "email", "anna@example.com", "bounced")
	w.suppress(t, queries.House, "sms", "+447700900123", "stopped")
	w.suppress(t, w.org.ID, "sms", "+447700900777", "invalid")
	w.suppress(t, w.org.ID, "email", strings.ToLower(w.org.Owner.Email), "unsubscribed")
	w.suppress(t, w.theirs.ID, "email", "cleo@example.com", "unsubscribed")
	w.suppress(t, queries.House, "email", "theirs@example.com", "bounced")
	page := w.get(t, "/app/notifications", w.as(t, "manager")).Body.String()
	for _, want := range []string{"Anna Kay&#39;s e-mail has bounced since 3 May 2027: in words", "Anna Kay replied STOP on 3 May", "Cleo Day&#39;s number was found to take no messages on 3 May", "Owner of Kay Photography asked not"} {
		if !strings.Contains(strings.ReplaceAll(page, "3 May:", "3 May 2027:"), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if n := strings.Count(page, "/app/suppressions/removal"); n != 2 || strings.Contains(page, "theirs@") || strings.Contains(page, "Cleo Day&#39;s e-mail") {
		t.Errorf("%d buttons\n%s", n, page)
	}
	if strings.Contains(w.get(t, "/app/notifications", w.as(t, "staff")).Body.String(), "/app/suppressions/removal") {
		t.Error("staff are offered a button that is not theirs")
	}
	clients := w.get(t, "/app/clients", w.as(t, "staff")).Body.String()
	if !strings.Contains(clients, "Anna Kay&#39;s e-mail has bounced") || !strings.Contains(clients, "replied STOP") || strings.Contains(clients, "Cleo Day&#39;s e-mail") {
		t.Errorf("the clients' page says\n%s", clients)
	}
	manager := w.as(t, "manager")
	before := w.contents(t)
	for _, form := range []url.Values{
		{"channel": {"email"}, "address": {"theirs@example.com"}}, // a neighbour's client
		{"channel": {"sms"}, "address": {"+447700900123"}},        // only she may
		{"channel": {"email"}, "address": {w.org.Owner.Email}},
		{"channel": {"email"}, "address": {"cleo@example.com"}}, // suppressed by the neighbour alone
		{"channel": {"push"}, "address": {"anna@example.com"}},
		{"channel": {"email"}, "address": {"%"}}, {"channel": {"email"}, "address": {""}},
		{"channel": {"pigeon"}, "address": {"anna@example.com"}}, {"channel": {"email"}, "address": {"a\x00b"}}, {"channel": {"email"}, "address": {strings.Repeat("a", 300)}}, nil,
	} {
		if got := w.post(t, "/app/suppressions/removal", form, manager); got.Code != 404 && got.Code != 400 {
			t.Errorf("%v: %d", form, got.Code)
		}
	}
	if after := w.contents(t); !maps.Equal(before, after) {
		t.Errorf("something has changed: %v, %v", before, after)
	}
	for _, form := range []url.Values{{"channel": {"email"}, "address": {"anna@example.com"}}, {"channel": {"sms"}, "address": {"+447700900777"}}} {
		if got := w.post(t, "/app/suppressions/removal", form, manager); got.Code != http.StatusSeeOther {
			t.Errorf("%v: %d", form, got.Code)
		}
		if again := w.post(t, "/app/suppressions/removal", form, manager); again.Code != 404 {
			t.Errorf("twice: %d", again.Code)
		}
	}
	if w.count(t, "SELECT count(*) FROM suppressions") != 4 || w.count(t, "SELECT count(*) FROM audit_log WHERE org_id = $1 AND action = 'suppression.lifted'", w.org.ID) != 2 {
		t.Error("not exactly those two were freed and noted")
	}
}

// A reason that the table takes and the pages have no words for would be shown without its sentence.
func TestEveryReasonOfTheTableHasWords(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var check string
	err := s.pool.QueryRow(t.Context(), "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'suppressions'::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%bounced%'").Scan(&check)
	if err != nil {
		t.Fatal(err)
	}
	reasons := regexp.MustCompile(`'([a-z]+)'`).FindAllStringSubmatch(check, -1)
	if len(reasons) < 5 {
		t.Fatalf("found %v in %s", reasons, check)
	}
	for _, r := range reasons {
		if said := views.SuppressionWords("Anna", queries.ChannelEmail, r[1], time.Now(), "", time.Now()); strings.Contains(said, "left alone") {
			t.Errorf("%s has no words", r[1])
		}
	}
}

func TestNumbersAreFoundAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, c := range [][3]string{
		{"07700 900123", "GB", "+447700900123"}, {"+44 7700 900123", "US", "+447700900123"}, {"0044 (0)7700-900123", "FR", "+447700900123"},
		{"(212) 555-0123", "US", "+12125550123"}, {"1 212 555 0123", "CA", "+12125550123"}, {"06 1234 5678", "IT", "+390612345678"},
		{"07700 900123", "XX", ""}, {"", "GB", ""}, {"call me", "GB", ""}, {"12", "GB", ""}, {strings.Repeat("9", 40), "GB", ""},
	} {
		var got string
		if err := s.pool.QueryRow(t.Context(), "SELECT dialled($1, $2)", c[0], c[1]).Scan(&got); err != nil || got != c[2] {
			t.Errorf("%q in %s: %q %v, want %q", c[0], c[1], got, err, c[2])
		}
	}
}

// What the worker writes into the timeline is said in words.
func TestEveryFateHasWords(t *testing.T) {
	t.Parallel()
	for _, fate := range []carrier.Fate{carrier.Accepted, carrier.Refused, carrier.Misconfigured, carrier.Later, carrier.Closed, carrier.Ambiguous} {
		if words, _ := views.StepWords(string(fate)); strings.EqualFold(words, string(fate)) && fate != carrier.Refused {
			t.Errorf("%s has no words", fate)
		}
	}
}
