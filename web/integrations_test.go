package web

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
	"github.com/wedsync/wedsync/views"
)

func dayFromNow(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }

func orgNamed(t *testing.T, s *site, name string) (org, connection uuid.UUID) {
	t.Helper()
	org = testdb.Org(t, s.pool).ID
	s.exec(t, "UPDATE orgs SET name = $2 WHERE id = $1", org, name)
	return org, s.connect(t, org, queries.ProviderTave, queries.SenderProofSigned).ID
}

// Case 12: a lane that does not move is seen however fast the others do: the page and the metrics know each lane's own lag.
func TestCase12AThrottledLaneIsVisible(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	slow, stuck := orgNamed(t, w.site, "Slow Lane")
	w.kept(t, slow, stuck, "accepted", 40*time.Minute)
	for i := range 3 {
		org, connection := orgNamed(t, w.site, fmt.Sprintf("Busy %d", i))
		for range 30 {
			w.kept(t, org, connection, "applied", time.Second)
		}
		w.kept(t, org, connection, "accepted", time.Second)
	}
	page := w.get(t, "/ops/integrations", w.as(t, "operator")).Body.String()
	row := rowOf(t, page, "Slow Lane")
	says(t, row, "Late", "40 minutes")
	if busy := rowOf(t, page, "Busy 1"); !strings.Contains(busy, "As usual") || strings.Contains(busy, "40 minutes") {
		t.Errorf("the busy lane: %s", busy)
	}
	says(t, page, "Oldest wait", "40 minutes; 1 lane is late")
	metrics := w.get(t, "/metrics", nil).Body.String()
	lag := regexp.MustCompile(`(?m)^wedsync_delivery_lag_seconds (24\d\d(\.\d+)?)$`)
	if !lag.MatchString(metrics) || !strings.Contains(metrics, "wedsync_lanes_late 1\n") {
		t.Errorf("the metrics do not tell:\n%.1500s", metrics)
	}
}

func rowOf(t *testing.T, page, org string) string {
	t.Helper()
	_, connections, _ := strings.Cut(page, `id="connections-title"`)
	for row := range strings.SplitSeq(connections, "<tr") {
		if strings.Contains(row, ">"+org+"</a>") {
			return row
		}
	}
	t.Fatalf("no row of %s", org)
	return ""
}

func TestTheOperatorsSeeDeadLettersByTheWeddingTheyAffect(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for i, in := range []int{200, 3, 40} {
		org, connection := orgNamed(t, w.site, fmt.Sprintf("House %d", in))
		w.kept(t, org, connection, "failed", time.Hour, dayFromNow(in), nil, "The amount is missing.")
		w.kept(t, org, connection, "failed", time.Hour, dayFromNow(in), nil, "The amount is missing.")
		w.kept(t, org, connection, []string{"dead", "quarantined", "dead"}[i], time.Hour)
		w.kept(t, org, connection, "failed", time.Hour, dayFromNow(1), time.Now().Add(time.Hour), "Tried again by itself.")
	}
	past, connection := orgNamed(t, w.site, "House past")
	w.kept(t, past, connection, "dead", time.Hour, dayFromNow(-5), nil, "Too late.")
	quiet, silent := orgNamed(t, w.site, "House quiet")
	w.kept(t, quiet, silent, "applied", 60*time.Hour)
	w.exec(t, "UPDATE connections SET silent_since = now() - interval '60 hours' WHERE id = $1", silent)
	well, _ := orgNamed(t, w.site, "A house that is well")
	w.exec(t, "INSERT INTO breakers (org_id, peer, failures, failing_since, opened_at) VALUES ($1, 'endpoint:x', 5, now(), now())", well)
	w.exec(t, "DELETE FROM webhook_logs WHERE event_id = 'evt-decoy'")

	page := w.get(t, "/ops/integrations", w.as(t, "operator")).Body.String()
	letters, connections, _ := strings.Cut(page, `id="connections-title"`)
	_, letters, _ = strings.Cut(letters, `id="dead-letters-title"`)
	says(t, letters, "House 3<", "The amount is missing.", "House 40<", "House 200<", "House past<", "No day known", "no cause noted")
	says(t, connections, "House 3<", "House 40<", "House 200<", "House past<", "House quiet<", "A house that is well<")
	says(t, page, "An endpoint of their own, for A house that is well")
	says(t, rowOf(t, page, "House quiet"), "Silent", "silent since")
	if n := strings.Count(letters, "House 3<"); n != 2 {
		t.Errorf("House 3 has %d rows: one a cause", n)
	}
	_, main, _ := strings.Cut(page, "<main")
	main, _, _ = strings.Cut(main, "</main>")
	for _, not := range []string{"Xenophon", "Tried again by itself.", "/app/", "/webhooks/"} {
		if strings.Contains(main, not) {
			t.Errorf("the page tells %q", not)
		}
	}
	metrics := w.get(t, "/metrics", nil).Body.String()
	for _, want := range []string{"wedsync_dead_letters 10\n", "wedsync_connections_silent 1\n", "wedsync_breakers_open 1\n", "wedsync_lanes_late 0\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics do not tell %s", want)
		}
	}
	if page := w.get(t, "/ops", w.as(t, "operator")).Body.String(); !strings.Contains(page, `href="/ops/integrations"`) {
		t.Error("/ops does not lead here")
	}
}

// The page is bounded however many connections there are, and what is not as usual is among those shown.
func TestTheOperatorsPageIsBounded(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.exec(t, `INSERT INTO connections (org_id, provider, token_sha256, token_sealed) SELECT $1, 'tave', sha256(i::text::bytea), '' FROM generate_series(1, 400) i`, w.org.ID)
	org, connection := orgNamed(t, w.site, "Zzz last by name")
	w.kept(t, org, connection, "accepted", time.Hour)
	page := w.get(t, "/ops/integrations", w.as(t, "operator")).Body.String()
	_, connections, _ := strings.Cut(page, `id="connections-title"`)
	if n := strings.Count(connections, "<tr"); n != 201 || !strings.Contains(connections, "The first 200 are shown.") {
		t.Errorf("%d rows", n)
	}
	says(t, rowOf(t, page, "Zzz last by name"), "Late")
}

func TestNothingConnectedYet(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var view views.IntegrationsView
	view.Now = time.Now()
	if err := fillIntegrations(t.Context(), s.q, &view); err != nil || len(view.Rows)+len(view.DeadLetters)+len(view.Breakers) != 0 || view.Totals != (queries.AllOrgsWellnessRow{}) {
		t.Errorf("%+v, %v", view, err)
	}
}
