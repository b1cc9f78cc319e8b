package e2e

import (
	"io"
	"net/http"
	"regexp"
)

// told is a supplier whose inbox has everything: an emergency, what is new, what was read, and long names.
func (g *gallery) told(email string) {
	g.t.Helper()
	made := g.cli("supplier", "add", "--name", "Holm House & Gardens", "--category", "venue", "--email", email, "--password", password)
	for _, n := range []struct{ kind, facts, ago, status string }{
		{"emergency", `{"kind":"emergency","who":"Wilhelmina & Bartholomew","title":"The florist has not arrived","detail":"Ceremony in 48 minutes. Call the van on the way."}`, "2 minutes", "delivered"},
		{"booking", `{"kind":"booking","what":"booking_new","who":"Anna Kay & Tom Fry","title":"Wedding of Anna Featherstonehaugh-Cholmondeley & Tom Fry","venue":"Holm House","path":"/app/weddings"}`, "20 minutes", "delivered"},
		{"payment", `{"kind":"payment","what":"payment_completed","who":"Anna Kay","title":"Deposit","amount_minor":50000,"currency":"GBP","path":"/app/payments"}`, "26 hours", "seen"},
		{"connection", `{"kind":"connection","what":"connection_silent","title":"Tave","detail":"it usually sends 4 a day; nothing for 31 hours","path":"/app/connections"}`, "3 days", "seen"},
	} {
		ask[string](g.house, `WITH notice AS (
				INSERT INTO notices (org_id, id, at, kind, urgent, facts) VALUES ($1::uuid, gen_random_uuid(), now() - $5::text::interval, $3::text, $3 = 'emergency', $4::jsonb) RETURNING org_id, id
			), region AS (
				INSERT INTO live_regions (audience, region, version, changed_at) SELECT $1, name || ':' || $2::uuid, 1, now() FROM unnest(array['inbox', 'letters', 'emergency']) name ON CONFLICT DO NOTHING
			)
			INSERT INTO notification_logs (org_id, id, notice_id, kind, audience, recipient_id, recipient, channel, urgent, status, created_at)
			SELECT org_id, gen_random_uuid(), id, $3, 'team', $2, 'Somebody', 'in_app', $3 = 'emergency', $6::text::notification_status, now() - $5::interval FROM notice RETURNING id::text`,
			made["org_id"], made["user_id"], n.kind, n.facts, n.ago, n.status)
	}
	g.travelled(made["org_id"], made["user_id"])
}

// travelled are notifications that came to different ends, and a day whose allowance is nearly used.
func (g *gallery) travelled(org, user string) {
	g.t.Helper()
	for _, n := range []struct{ channel, status, reason, provider, address string }{
		{"email", "delivered", "", "resend", "told@example.com"},
		{"email", "bounced", "The mailbox does not exist.", "resend", "wilhelmina.featherstonehaugh-cholmondeley@sigmaringen.example.com"},
		{"sms", "skipped", "Today's 20 text messages are used.", "", "+447700900123"},
		{"sms", "unknown", "Twilio did not answer in time.", "twilio", "+447700900123"},
		{"push", "failed", "No browser takes pushes any more.", "push", ""},
		{"email", "queued", "Held back over quiet hours.", "", "told@example.com"},
	} {
		ask[string](g.house, `WITH notice AS (
				INSERT INTO notices (org_id, id, at, kind, facts) VALUES ($1::uuid, gen_random_uuid(), now() - interval '2 hours', 'booking',
					'{"kind":"booking","what":"booking_changed","who":"Anna Kay & Tom Fry","title":"Kay & Fry","venue":"Holm House","path":"/app/weddings"}') RETURNING org_id, id
			), log AS (
				INSERT INTO notification_logs (org_id, id, notice_id, kind, audience, recipient_id, recipient, channel, address, status, reason, provider, attempts, next_try_at, created_at)
				SELECT org_id, gen_random_uuid(), id, 'booking', 'team', $2::uuid, 'Wilhelmina Featherstonehaugh', $3::text::channel, $4, $5::text::notification_status, $6, $7, 1,
					CASE WHEN $5 = 'queued' THEN now() + interval '9 hours' END, now() - interval '2 hours' FROM notice RETURNING org_id, id
			), used AS (
				INSERT INTO quota_uses (org_id, channel, day, used, refused) SELECT $1, 'email', (now() AT TIME ZONE 'Europe/London')::date - d, 10 - d % 7, d % 3 FROM generate_series(0, 29) d ON CONFLICT DO NOTHING
			)
			INSERT INTO notification_steps (org_id, id, notification_id, at, step, provider, detail)
			SELECT org_id, gen_random_uuid(), id, now() - interval '2 hours', 'attempt', $7, 'Handing it over' FROM log RETURNING notification_id::text`,
			org, user, n.channel, n.address, n.status, n.reason, n.provider)
	}
}

// unsubscribing is the link at the end of a letter that the demo has sent.
func (g *gallery) unsubscribing() (path string) {
	g.t.Helper()
	link := regexp.MustCompile(`/unsubscribe/[\w-]+`)
	await(g.t, "a letter that can be stopped", func() (bool, error) {
		for _, page := range regexp.MustCompile(`/sandbox/outbox/[0-9a-f-]{36}`).FindAllString(g.page("/sandbox/outbox"), -1) {
			if path = link.FindString(g.page(page)); path != "" {
				return true, nil
			}
		}
		return false, nil
	})
	return path
}

func (g *gallery) page(path string) string {
	g.t.Helper()
	res := must(http.Get(g.Base + path))(g.t)
	defer res.Body.Close()
	return string(must(io.ReadAll(res.Body))(g.t))
}
