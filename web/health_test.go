package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// usually gives a connection sixty days of four a day, up to yesterday.
func (s *site) usually(t *testing.T, org, connection uuid.UUID) {
	t.Helper()
	_, err := s.pool.Exec(t.Context(), `INSERT INTO connection_days (org_id, connection_id, day, arrived)
		SELECT $1, $2, (now() AT TIME ZONE 'UTC')::date - i, 4 FROM generate_series(1, 60) i`, org, connection)
	if err != nil {
		t.Fatal(err)
	}
}

// kept is a delivery that stands somehow, since so long ago.
func (s *site) kept(t *testing.T, org, connection uuid.UUID, status string, ago time.Duration, more ...any) {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	var wedding, next, cause any
	for i, to := range []*any{&wedding, &next, &cause} {
		if i < len(more) {
			*to = more[i]
		}
	}
	if cause == nil {
		cause = ""
	}
	_, err := s.pool.Exec(t.Context(), `INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, status, received_at, waiting_since, applied_at, attempts, content_type, proof, body, normalised, error, wedding_on, next_try_at, cause)
		VALUES ($1, $2, $3, 'tave', $4, $5::delivery_status, $6, $6, CASE WHEN $5 = 'applied' THEN $6::timestamptz + interval '200 ms' END, 1, 'application/json', 'wedsync', '{"name":"Xenophon"}', '{}', 'about Xenophon', $7::date, $8::timestamptz, $9)`,
		org, id, connection, id.String(), status, time.Now().Add(-ago), wedding, next, cause)
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// says fails unless the page says each of these, in order.
func says(t *testing.T, page string, words ...string) {
	t.Helper()
	rest := page
	for _, w := range words {
		_, after, ok := strings.Cut(rest, w)
		if !ok {
			t.Errorf("the page does not say %q (after what it said before):\n%s", w, page)
			return
		}
		rest = after
	}
}

func TestAConnectionSaysHowItIs(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	made := w.connect(t, w.org.ID, queries.ProviderHoneybook, queries.SenderProofSigned)
	path := "/app/connections/" + made.ID.String()
	staff := w.as(t, "staff")
	page := func(path string) string { return w.get(t, path, staff).Body.String() }
	says(t, page("/app/connections"), "HoneyBook", "Not heard from yet", "Nothing has arrived yet.")
	says(t, page(path), "Not heard from yet", "Send a test from HoneyBook", "Nothing has arrived yet")

	w.usually(t, w.org.ID, made.ID)
	for range 20 {
		w.kept(t, w.org.ID, made.ID, "applied", 31*time.Hour)
	}
	says(t, page("/app/connections"), "HoneyBook", "Working", "All is as usual: the last delivery came 1 day ago.")
	says(t, page(path), "HoneyBook usually sends 4 a day", "Last delivery", "1 day ago", "typically on your pages within 0.2 s", "deliveries in four weeks")

	w.exec(t, "UPDATE connections SET silent_since = (SELECT max(received_at) FROM webhook_logs WHERE connection_id = $1) WHERE id = $1", made.ID)
	says(t, page("/app/connections"), "Not as usual", "HoneyBook usually sends 4 a day; nothing for 31 hours.")
	says(t, page(path), "nothing for 31 hours", "Look in HoneyBook whether its webhook or Zap is still switched on")

	w.kept(t, w.org.ID, made.ID, "accepted", 3*time.Minute)
	w.kept(t, w.org.ID, made.ID, "failed", 2*time.Minute)
	w.kept(t, w.org.ID, made.ID, "failed", time.Minute, nil, time.Now().Add(time.Hour))
	w.exec(t, "INSERT INTO readbacks (org_id, connection_id, key_sealed, polled_at, next_poll_at, trouble) VALUES ($1, $2, '', now() - interval '2 hours', now(), 'the key was refused')", w.org.ID, made.ID)
	says(t, page(path), "Needs a look", "1 delivery could not be read", "?status=failed", "WedSync cannot read HoneyBook&#39;s records: the key was refused", "2 hours ago",
		"1 delivery waits to be applied, the oldest for 3 minutes", "1 delivery is tried again by itself")

	w.exec(t, "INSERT INTO breakers (org_id, peer, failures, failing_since, opened_at) VALUES ($1, $2, 5, now() - interval '4 minutes', now())", w.org.ID, "honeybook:"+made.ID.String())
	says(t, page("/app/connections"), "Needs a look", "HoneyBook has not answered for 4 minutes; 2 updates wait; next try ")
	if html := page(path); strings.Contains(html, "Xenophon</p>") && !strings.Contains(html, `id="deliveries"`) {
		t.Error("the body is told")
	}
}

func TestTheHealthRegionIsDrawnAsOnThePageAndOnlyForItsOwner(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ours, theirs := w.connect(t, w.org.ID, queries.ProviderTave, queries.SenderProofSigned), w.connect(t, w.theirs.ID, queries.ProviderTave, queries.SenderProofSigned)
	w.kept(t, w.theirs.ID, theirs.ID, "dead", time.Hour)
	w.usually(t, w.theirs.ID, theirs.ID)
	draw := func(org, connection uuid.UUID) string {
		drawn, err := w.drawRegion(t.Context(), org, inbound.HealthRegion(connection))
		if err != nil || drawn.Event != "sync_completion" {
			t.Fatal(drawn.Event, err)
		}
		return strings.ReplaceAll(string(drawn.HTML), connection.String(), "ID")
	}
	if draw(w.org.ID, theirs.ID) != draw(w.org.ID, uuid.New()) {
		t.Errorf("a neighbour's region shows\n%s", draw(w.org.ID, theirs.ID))
	}
	says(t, draw(w.theirs.ID, theirs.ID), "1 delivery was given up", "4 a day")
	page := w.get(t, "/app/connections/"+ours.ID.String(), w.as(t, "staff")).Body.String()
	if drawn := draw(w.org.ID, ours.ID); !strings.Contains(strings.ReplaceAll(page, ours.ID.String(), "ID"), drawn) {
		t.Errorf("the page shows another one than\n%s", drawn)
	}
	for _, query := range []string{"", "?status=failed", "?q=x"} { // also where the list below is not live
		page := w.get(t, "/app/connections/"+ours.ID.String()+query, w.as(t, "staff")).Body.String()
		if !strings.Contains(page, "health%3A"+ours.ID.String()+"=0") {
			t.Errorf("%s: health is not live", query)
		}
	}
}

// A silence reaches an open dashboard as the contract's client_notification, by the job and the clock alone.
func TestASilenceReachesTheOpenDashboard(t *testing.T) {
	t.Parallel()
	s, base := newLiveSite(t)
	org := testdb.Org(t, s.pool)
	made := s.connect(t, org.ID, queries.ProviderTave, queries.SenderProofSigned)
	s.usually(t, org.ID, made.ID)
	s.kept(t, org.ID, made.ID, "applied", 60*time.Hour)
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); s.config.Waker.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ran })
	events, status := listen(t, base+"/live?activity=0", s.session(t, org.Owner))
	if status != http.StatusOK {
		t.Fatal(status)
	}
	s.work(t)
	name, html := nextEvent(t, events)
	if name != "client_notification" {
		t.Errorf("it came as %s", name)
	}
	says(t, html, "Tave has gone quiet: it usually sends 4 a day; nothing for 2 days")
}
