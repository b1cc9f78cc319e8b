package e2e

import (
	"testing"

	"github.com/wedsync/wedsync/jobs/sandbox"
)

// calendars is a supplier with an outside calendar in every state, and a conflict of every kind. Nothing of it is asked: the next
// look is a year away.
func (g *gallery) calendars(email string) (account, caldav string, conflicts map[string]string) {
	g.t.Helper()
	org := g.cli("supplier", "add", "--name", "Bell & Bray Films", "--category", "videographer", "--email", email, "--password", password)["org_id"]
	insert := func(sql string, args ...any) string {
		return ask[string](g.house, sql+" RETURNING id::text", append([]any{org}, args...)...)
	}
	connection := func(kind, account, set, more string) string {
		id := insert(`INSERT INTO calendar_connections (org_id, kind, account, url, username) VALUES ($1::uuid, $2::text::calendar_kind, $3, 'https://caldav.example.com/', 'anna')`, kind, account)
		ask[string](g.house, `UPDATE calendar_connections SET `+set+` WHERE id = $1::text::uuid RETURNING id::text`, id)
		if more != "" {
			calendar := insert(`INSERT INTO calendars (org_id, connection_id, remote_id, name, writable, blocks, receives, canary_sent_at, next_pull_at, fresh_at, first_at)
				VALUES ($1::uuid, $2::text::uuid, 'work', 'Filming', true, true, true, now(), now() + interval '1 year', now() - interval '2 minutes', now() - interval '30 days')`, id)
			ask[string](g.house, `UPDATE calendars SET `+more+` WHERE id = $1::text::uuid RETURNING id::text`, calendar)
			insert(`INSERT INTO calendar_channels (org_id, calendar_id, remote_id, token_sha256, expires_at, renew_at) VALUES ($1::uuid, $2::text::uuid, '', '', now() + interval '6 days', now() + interval '3 days')`, calendar)
		}
		return id
	}
	account = connection("google", "anna.bell@example.com", "strategies = '{\"when\": \"manual\"}'", "canary_ms = 412, canary_seen_at = now() - interval '20 minutes', capped = '12 events further ahead than three years.'")
	insert(`INSERT INTO calendars (org_id, connection_id, remote_id, name, deleted_at) VALUES ($1::uuid, $2::text::uuid, 'old', 'Weddings 2025', now() - interval '3 days')`, account)
	insert(`INSERT INTO calendars (org_id, connection_id, remote_id, name) VALUES ($1::uuid, $2::text::uuid, 'birthdays', 'Birthdays and anniversaries of everybody we know')`, account)
	connection("microsoft", "office@bellbray.example", "failure = ''", "first_at = NULL, fresh_at = NULL, read_so_far = 1240")
	connection("google", "second.shooter@example.com", "failure = ''", "push_dead_at = now() - interval '3 hours'")
	caldav = connection("caldav", "bray@fastmail.example", "reconnect_since = now() - interval '5 hours', failure = 'The server does not take the password any more.'", "blocks = true")
	connection("caldav", "studio.example.com", "failure = ''", "fresh_at = now() - interval '50 minutes', failing_since = now() - interval '48 minutes', failure = 'It answered 502 (Bad Gateway).'")
	connection("ics", "www.holm-house-and-gardens.example", "paused_at = now() - interval '2 days'", "writable = false, receives = false")
	booking := insert(`INSERT INTO bookings (org_id, title, status, starts_local, ends_local, timezone, during, venue) VALUES ($1::uuid, 'Featherstonehaugh-Cholmondeley & Fry', 'confirmed',
		'2027-06-12 12:00', '2027-06-12 23:00', 'Europe/London', tstzrange('2027-06-12 11:00Z', '2027-06-12 22:00Z'), 'Holm House')`)
	for _, name := range []string{"Anna Bell", "Drone"} {
		insert(`INSERT INTO resources (org_id, name) VALUES ($1::uuid, $2)`, name)
	}
	ask[int](g.house, `WITH made AS (INSERT INTO booking_needs (org_id, booking_id, resource_id) SELECT org_id, $2::text::uuid, id FROM resources WHERE org_id = $1::text::uuid RETURNING 1) SELECT count(*)::int FROM made`, org, booking)
	conflicts = map[string]string{}
	const was, ours, theirs = `"2027-06-12T11:00:00/2027-06-12T22:00:00/Europe/London"`, `"2027-06-12T12:00:00/2027-06-12T23:00:00/Europe/London"`, `"2027-06-13T12:00:00/2027-06-14T01:00:00/Europe/London"`
	for kind, sides := range map[string][4]string{"edited": {"when", was, ours, theirs}, "deleted": {"when", "null", ours, "null"}, "overlap": {"day", "null", `"Kay"`, `"Dentist, and then school run"`},
		"contested": {"day", "null", `"Hall & Wells"`, `"Kay"`}, "refused": {"when", ours, ours, theirs}, "settled": {"title", `"Fry"`, `"Featherstonehaugh-Cholmondeley & Fry"`, `"Fry wedding"`}} {
		id := insert(`INSERT INTO sync_conflicts (org_id, subject, field, kind, booking_id, calendar_id, remote_id, base, ours, theirs, during, created_at) SELECT $1::uuid, 'booking', $2::text, replace($3::text, 'settled', 'edited'), $4::text::uuid,
			CASE WHEN $3::text <> 'contested' THEN (SELECT c.id FROM calendars c WHERE c.connection_id = $5::text::uuid AND c.name = 'Filming') END, 'r',
			nullif($6::text, 'null')::jsonb, nullif($7::text, 'null')::jsonb, nullif($8::text, 'null')::jsonb, tstzrange('2027-06-12 13:00Z', '2027-06-12 15:30Z'), now() - interval '20 minutes'`,
			sides[0], kind, booking, account, sides[1], sides[2], sides[3])
		conflicts[kind] = "/app/conflicts/" + id
	}
	ask[int](g.house, `WITH done AS (UPDATE sync_conflicts SET resolved_at = now(), resolution = 'theirs', undo = '{}', resolved_by = (SELECT user_id FROM memberships WHERE org_id = $2::text::uuid LIMIT 1) WHERE id = $1::text::uuid RETURNING 1)
		SELECT count(*)::int FROM done`, conflicts["settled"][len("/app/conflicts/"):], org)
	return "/app/calendars/" + account, "/app/calendars/" + caldav, conflicts
}

// A newcomer connects Google with the demo's consent page, and declines once before.
func TestConnectingGoogle(t *testing.T) {
	t.Parallel()
	h := demo(t, Options{})
	w := sitDown(t, h.Base)
	w.signIn("thea@demo.example", sandbox.Password)
	w.visit("/app/calendars")
	w.press("Connect Google Calendar")
	w.press("Deny")
	w.see("without saying yes")
	w.press("Connect Google Calendar")
	w.press("Allow")
	w.see("Connected. Its calendars are read")
	await(t, "the first reading", func() (bool, error) {
		return ask[int](h, `SELECT count(*)::int FROM calendars WHERE first_at IS NOT NULL`) > 0, nil
	})
	w.visit("/app/calendars")
	w.see("Fresh as of")
}
