-- name: QuotaUses :many
-- What was used of the allowance since a day. Index: the primary key, once for each channel.
SELECT channel, day, used, refused FROM quota_uses
WHERE org_id = @org_id AND channel IN ('email', 'sms', 'push') AND day >= @since
ORDER BY channel, day;

-- name: PutQuotaUses :exec
-- A past for the demo: so many were used on each of these days. Primary key.
INSERT INTO quota_uses (org_id, channel, day, used)
SELECT @org_id, by.channel, d.day, by.used
FROM unnest(@days::date[], @emails::int[], @texts::int[], @pushes::int[]) AS d(day, emails, texts, pushes)
CROSS JOIN LATERAL (VALUES ('email'::channel, d.emails), ('sms'::channel, d.texts), ('push'::channel, d.pushes)) AS by(channel, used)
ON CONFLICT (org_id, channel, day) DO NOTHING;

-- name: AllowanceToday :many
-- For the dashboard: the day's use, with the plan that it is measured by. Index: the primary key, a row for each channel.
SELECT q.channel, q.used, q.refused, o.tier
FROM quota_uses q JOIN orgs o ON o.id = q.org_id
WHERE q.org_id = @org_id AND q.channel IN ('email', 'sms', 'push') AND q.day = @day
ORDER BY q.channel;

-- name: LatestTierRequest :many
-- The newest, open or settled. Index: the primary key; an organisation asks a few times in its life.
SELECT r.id, r.tier, coalesce(u.name, '')::text AS asked_by, r.asked_at, r.settled_at, r.granted
FROM tier_requests r LEFT JOIN users u ON u.id = r.asked_by
WHERE r.org_id = @org_id
ORDER BY r.asked_at DESC, r.id LIMIT 1;

-- name: AskForTier :execrows
-- Only for a larger plan, and one request at a time: whoever asks twice finds the first. Index: tier_requests_open.
INSERT INTO tier_requests (org_id, tier, asked_by)
SELECT o.id, @tier::tier, @asked_by FROM orgs o WHERE o.id = @org_id AND o.tier < @tier
ON CONFLICT (org_id) WHERE settled_at IS NULL DO NOTHING;

-- name: AllOrgsTierRequests :many
-- Who waits for an answer, the longest first. Index: tier_requests_waiting.
SELECT r.id, o.name AS org, o.tier AS tier_now, r.tier, coalesce(u.name, '')::text AS asked_by, r.asked_at
FROM tier_requests r JOIN orgs o ON o.id = r.org_id LEFT JOIN users u ON u.id = r.asked_by
WHERE r.settled_at IS NULL
ORDER BY r.asked_at, r.id LIMIT 100;

-- name: AllOrgsSettleTierRequest :one
-- An operator's answer, once. Index: tier_requests_waiting, read whole: few wait.
UPDATE tier_requests SET settled_at = now(), granted = @granted::boolean
WHERE id = @id AND settled_at IS NULL
RETURNING org_id, tier;

-- name: RaiseTier :execrows
-- A request that was overtaken by a larger plan takes nothing away.
UPDATE orgs SET tier = @tier WHERE id = @org_id AND tier < @tier;

-- name: AllOrgsForgetQuotaUses :execrows
-- Index: the primary key, once for each organisation and channel.
DELETE FROM quota_uses q USING orgs o
WHERE q.org_id = o.id AND q.channel IN ('email', 'sms', 'push', 'in_app') AND q.day < @before;
