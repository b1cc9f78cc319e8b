package jobs

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

func TestWhatWasToldLongAgoGoes(t *testing.T) {
	t.Parallel()
	pool := testdb.New(t)
	org, now := testdb.Org(t, pool).ID, time.Now()
	for _, statement := range []string{
		`INSERT INTO notices (org_id, id, at, kind, facts, created_at) SELECT $1, gen_random_uuid(), now(), 'booking', '{}', now() - interval '91 days' FROM generate_series(1, 2300)`,
		`INSERT INTO notices (org_id, id, at, kind, facts, created_at) SELECT $1, gen_random_uuid(), now() - interval '1 year', 'recent', '{}', now() - interval '89 days' FROM generate_series(1, 3)`,
		`INSERT INTO notification_logs (org_id, id, notice_id, kind, audience, recipient_id, recipient, channel) SELECT org_id, gen_random_uuid(), id, kind, 'team', gen_random_uuid(), 'Anna', 'email' FROM notices WHERE org_id = $1`,
		`INSERT INTO notification_steps (org_id, id, notification_id, at, step) SELECT org_id, gen_random_uuid(), id, now() - interval '1 year', 'queued' FROM notification_logs WHERE org_id = $1`,
		`INSERT INTO notification_steps (org_id, id, at, step) SELECT $1, gen_random_uuid(), now() - d * interval '1 day', 'stray' FROM unnest(array[29, 31, 99]) d`,
		`INSERT INTO quota_uses (org_id, channel, day) SELECT $1, c, (now() - d * interval '1 day')::date FROM unnest(enum_range(NULL::channel)) c, unnest(array[398, 403]) d`,
	} {
		if _, err := pool.Exec(t.Context(), statement, org); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second hour finds nothing
		if err := forgetTold(t.Context(), queries.New(pool), now); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string]int{
			"SELECT count(*) FROM notices": 3, "SELECT count(*) FROM notices WHERE kind = 'recent'": 3, "SELECT count(*) FROM notification_logs": 3,
			"SELECT count(*) FROM notification_steps WHERE notification_id IS NOT NULL": 3, "SELECT count(*) FROM notification_steps WHERE notification_id IS NULL": 1,
			"SELECT count(*) FROM quota_uses": 4,
		} {
			if got := countOf(t, pool, query); got != want {
				t.Errorf("%s: %d, want %d", query, got, want)
			}
		}
	}
}

func countOf(t *testing.T, pool *pgxpool.Pool, query string) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
