package e2e

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
}
