package notify_test

import (
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// The clock tells once of each Monday, of each wedding in a week and of each invite, however often it looks.
func TestTheClockTellsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.sql(t, "UPDATE orgs SET timezone = 'Pacific/Auckland' WHERE id = $1", w.org.ID)
	auckland, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	monday := time.Date(2027, 6, 14, 8, 30, 0, 0, auckland) // Sunday evening in London
	connection := testdb.Connection(t, w.pool, w.org.ID, queries.ProviderStripe)
	w.sql(t, "INSERT INTO couple_letters (org_id, kind) VALUES ($1, 'wedding_week')", w.org.ID)
	w.sql(t, "INSERT INTO clients (org_id, connection_id, external_id, name, partner_name, email) VALUES ($1, $2, 'c1', 'Anna', 'Tom', 'anna@example.com')", w.org.ID, connection)
	for i, starts := range []time.Time{monday.Add(2 * 24 * time.Hour), monday.Add(7*24*time.Hour - time.Hour), monday.Add(8 * 24 * time.Hour), monday.Add(-time.Hour)} {
		w.sql(t, `INSERT INTO bookings (org_id, connection_id, external_id, client_external_id, title, status, starts_local, ends_local, timezone, during)
			VALUES ($1, $2, $3, 'c1', 'Wedding', 'confirmed', $4::timestamptz AT TIME ZONE 'Pacific/Auckland', $5::timestamptz AT TIME ZONE 'Pacific/Auckland', 'Pacific/Auckland', tstzrange($4, $5))`,
			w.org.ID, connection, string(rune('a'+i)), starts, starts.Add(8*time.Hour))
	}
	for name, age := range map[string]time.Duration{"yesterday's": 24 * time.Hour, "last week's": 6 * 24 * time.Hour, "last year's": 300 * 24 * time.Hour} {
		w.sql(t, "INSERT INTO vendor_invites (org_id, connection_id, external_id, couple, created_at) VALUES ($1, $2, $3, $3, $4)", w.org.ID, connection, name, monday.Add(-age))
	}
	clock := &notify.Clock{Pool: w.pool}
	for _, now := range []time.Time{monday.Add(-time.Hour), monday, monday, monday.Add(time.Hour), monday.Add(5 * time.Hour)} {
		if err := clock.Look(w.job, now, w.river); err != nil {
			t.Fatal(err)
		}
	}
	w.fannedOut(t)
	count := func(kind, only string) int {
		return ask[int](t, w, "SELECT count(*) FROM notices WHERE org_id = $1 AND kind = $2 AND coalesce(only_for::text, '') = $3", w.org.ID, kind, only)
	}
	if count("wedding_week", "") != 1 || count("wedding_week", "couple") != 1 || count("invite_reminder", "") != 1 {
		t.Errorf("told %d, %d and %d times", count("wedding_week", ""), count("wedding_week", "couple"), count("invite_reminder", ""))
	}
	if items := ask[int](t, w, "SELECT jsonb_array_length(facts->'items') FROM notices WHERE org_id = $1 AND kind = 'wedding_week' AND only_for IS NULL", w.org.ID); items != 2 {
		t.Errorf("%d weddings are in the week", items)
	}
	if letters := ask[int](t, w, "SELECT count(*) FROM notification_logs WHERE org_id = $1 AND audience = 'couple'", w.org.ID); letters != 1 {
		t.Errorf("%d letters to couples", letters)
	}
	if name := ask[string](t, w, "SELECT facts->>'who' FROM notices WHERE org_id = $1 AND kind = 'invite_reminder'", w.org.ID); name != "last week's" {
		t.Error(name)
	}
	if others := ask[int](t, w, "SELECT count(*) FROM notices WHERE org_id <> $1", w.org.ID); others != 0 {
		t.Errorf("%d are another organisation's, in whose zone it is Sunday", others)
	}
}
