package notify

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

func run(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, pool *pgxpool.Pool, org uuid.UUID, users ...uuid.UUID) map[uuid.UUID]Recipient {
	t.Helper()
	people, err := LoadPeople(t.Context(), queries.New(pool), org, users, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return people
}

func TestLoadPeople(t *testing.T) {
	t.Parallel()
	pool := testdb.New(t)
	org, other := testdb.Org(t, pool), testdb.Org(t, pool)
	staff := testdb.Member(t, pool, org.ID, queries.RoleStaff)
	run(t, pool, "UPDATE users SET phone = '+447911123456', phone_verified_at = now(), timezone = 'Asia/Tokyo', quiet_from = 1320, quiet_until = 420 WHERE id = $1", staff.ID)
	run(t, pool, `INSERT INTO push_subscriptions (user_id, endpoint, p256dh, auth, timezone, created_at, last_used_at) VALUES
		($1, 'https://push.example/1', '', '', 'Europe/Paris', now() - interval '3 days', now() - interval '1 hour'), ($1, 'https://push.example/2', '', '', 'America/New_York', now() - interval '2 days', NULL)`, staff.ID)
	run(t, pool, "INSERT INTO preferences (org_id, user_id, category, channel, pace) VALUES ($1, $2, 'bookings', 'email', 'daily'), ($1, $2, 'bookings', 'sms', 'at_once')", org.ID, staff.ID)
	run(t, pool, `INSERT INTO bookings (org_id, title, status, during) SELECT $1, 'x', s.status::booking_status, tstzrange(now() + s.starts::interval, now() + s.ends::interval)
		FROM (VALUES ('confirmed', '1 day', '30 hours'), ('held', '-2 days', '400 days'), ('held', '-1 day', NULL), ('cancelled', '1 day', '2 days'), ('confirmed', '3 days', '4 days'), ('confirmed', '-4 days', '-3 days')) s(status, starts, ends)`, org.ID)

	people := load(t, pool, org.ID)
	if len(people) != 2 {
		t.Fatalf("%d people", len(people))
	}
	p := people[staff.ID]
	if p.ID != staff.ID || p.Name != "A staff" || p.Role != queries.RoleStaff || p.Email != staff.Email || p.Phone != "+447911123456" || p.Zone.String() != "Asia/Tokyo" ||
		p.PushZone.String() != "Europe/Paris" || *p.Quiet != (Quiet{1320, 420}) || p.Chosen["bookings"][byEmail] != daily || p.Chosen["bookings"][bySMS] != atOnce {
		t.Errorf("%+v", p)
	}
	if !p.Reach[byEmail] || !p.Reach[bySMS] || !p.Reach[byPush] {
		t.Errorf("reach: %v", p.Reach)
	}
	if len(p.Open) != 3 {
		t.Errorf("%d weddings: %v", len(p.Open), p.Open)
	}
	for _, w := range p.Open {
		if w.Until.Sub(w.From) > longestWedding+beforeSetup+afterStrike {
			t.Errorf("a wedding without end: %v", w)
		}
	}
	o := people[org.Owner.ID]
	if o.Zone.String() != "Europe/London" || o.PushZone != nil || o.Quiet != nil || len(o.Chosen) != 0 || !o.Reach[byEmail] || o.Reach[bySMS] || o.Reach[byPush] {
		t.Errorf("%+v", o)
	}
	if some := load(t, pool, org.ID, staff.ID, other.Owner.ID); len(some) != 1 || some[staff.ID].Chosen["bookings"][byEmail] != daily {
		t.Errorf("some: %v", some)
	}
	if none, err := LoadPeople(t.Context(), queries.New(pool), org.ID, []uuid.UUID{}, time.Now()); err != nil || len(none) != 0 {
		t.Errorf("nobody: %v, %v", none, err)
	}
}

func TestReachIsWhatIsProvenPaidForAndNotLeftAlone(t *testing.T) {
	t.Parallel()
	pool := testdb.New(t)
	org, other := testdb.Org(t, pool), testdb.Org(t, pool)
	me := org.Owner.ID
	whole := func() {
		run(t, pool, "UPDATE orgs SET tier = 'professional' WHERE id = $1", org.ID)
		run(t, pool, "UPDATE users SET email = $2, email_verified_at = now(), phone = '+447911123456', phone_verified_at = now() WHERE id = $1", me, "Owner@Example.com")
		run(t, pool, "DELETE FROM suppressions")
		run(t, pool, "INSERT INTO push_subscriptions (user_id, endpoint, p256dh, auth) VALUES ($1, 'https://push.example/1', '', '') ON CONFLICT DO NOTHING", me)
	}
	suppress := "INSERT INTO suppressions (org_id, channel, address, why, since) VALUES ($1, $2, $3, $4, now())"
	for _, tt := range []struct {
		name             string
		sql              string
		args             []any
		email, sms, push bool
	}{
		{"all of it", "SELECT 1", nil, true, true, true},
		{"an unproven address", "UPDATE users SET email_verified_at = NULL WHERE id = $1", []any{me}, false, true, true},
		{"an unproven number", "UPDATE users SET phone_verified_at = NULL WHERE id = $1", []any{me}, true, false, true},
		{"no number", "UPDATE users SET phone = '' WHERE id = $1", []any{me}, true, false, true},
		{"a plan without SMS", "UPDATE orgs SET tier = 'free' WHERE id = $1", []any{org.ID}, true, false, true},
		{"an address that bounced for everybody", suppress, []any{queries.House, "email", "owner@example.com", "bounced"}, false, true, true},
		{"an address that unsubscribed from us", suppress, []any{org.ID, "email", "owner@example.com", "unsubscribed"}, false, true, true},
		{"an address that unsubscribed from another", suppress, []any{other.ID, "email", "owner@example.com", "unsubscribed"}, true, true, true},
		{"a number that said STOP", suppress, []any{queries.House, "sms", "+447911123456", "stopped"}, true, false, true},
		{"a number as an address", suppress, []any{queries.House, "email", "+447911123456", "bounced"}, true, true, true},
		{"no browser", "DELETE FROM push_subscriptions WHERE user_id = $1", []any{me}, true, true, false},
	} {
		whole()
		run(t, pool, tt.sql, tt.args...)
		r := load(t, pool, org.ID, me)[me].Reach
		if r[byEmail] != tt.email || r[bySMS] != tt.sms || r[byPush] != tt.push {
			t.Errorf("%s: %v", tt.name, r)
		}
	}
}

func TestAThousandPeopleAtOnce(t *testing.T) {
	t.Parallel()
	pool := testdb.New(t)
	org := testdb.Org(t, pool)
	run(t, pool, `WITH u AS (INSERT INTO users (email, name, password_hash, email_verified_at, phone, phone_verified_at)
			SELECT 'many' || i || '@example.com', 'Many ' || i, 'x', now(), '+4479' || lpad(i::text, 8, '0'), now() FROM generate_series(1, 1000) i RETURNING id),
		m AS (INSERT INTO memberships (org_id, user_id, role) SELECT $1, id, 'staff' FROM u RETURNING user_id)
		INSERT INTO push_subscriptions (user_id, endpoint, p256dh, auth) SELECT id, 'https://push.example/' || id, '', '' FROM u`, org.ID)
	run(t, pool, "INSERT INTO preferences (org_id, user_id, category, channel, pace) SELECT org_id, user_id, 'payments', 'email', 'weekly' FROM memberships WHERE org_id = $1", org.ID)
	run(t, pool, "ANALYZE")
	began := time.Now()
	people := load(t, pool, org.ID)
	t.Logf("%d people in %s", len(people), time.Since(began))
	reached := 0
	for _, p := range people {
		if p.Chosen["payments"][byEmail] == queries.PaceWeekly && p.Reach[byEmail] && (p.ID == org.Owner.ID || p.Reach[bySMS] && p.Reach[byPush]) {
			reached++
		}
	}
	if reached != 1001 {
		t.Errorf("%d of 1001", reached)
	}
}
