-- name: Sent :many
-- One page of what was sent, newest first, before a given one; `facts` without what is secret in them. The groups of the page
-- are sets of states, but for what is held back, which is also what waits for its hour and was not tried yet: `held` asks for
-- it, and `tried` leaves it out. Index: notification_logs_newest, backwards from `before`.
SELECT sqlc.embed(l), (n.facts - 'link' - 'code')::jsonb AS facts
FROM notification_logs l JOIN notices n ON n.org_id = l.org_id AND n.id = l.notice_id
WHERE l.org_id = @org_id AND (l.created_at, l.id) < (@before_at::timestamptz, @before_id::uuid)
  AND (sqlc.narg('channel')::channel IS NULL OR l.channel = sqlc.narg('channel'))
  AND (coalesce(cardinality(@statuses::text[]), 0) = 0 OR l.status::text = ANY(@statuses)
       OR (@held::boolean AND l.status = 'queued' AND l.attempts = 0 AND l.next_try_at > now()))
  AND NOT (@tried::boolean AND l.status = 'queued' AND l.attempts = 0 AND l.next_try_at > now())
  AND (@search::text = '' OR position(lower(@search) IN lower(l.recipient || ' ' || l.address)) > 0)
ORDER BY l.created_at DESC, l.id DESC LIMIT 51;

-- name: SentByID :one
SELECT sqlc.embed(l), (n.facts - 'link' - 'code')::jsonb AS facts, n.at
FROM notification_logs l JOIN notices n ON n.org_id = l.org_id AND n.id = l.notice_id
WHERE l.org_id = @org_id AND l.id = @id;

-- name: StepsOf :many
-- What became of a notification, in the order in which it happened. Index: notification_steps_of.
SELECT at, step, provider, detail FROM notification_steps
WHERE org_id = @org_id AND notification_id = @notification_id
ORDER BY at, id LIMIT 200;

-- name: ToldBeside :many
-- The same notice to other people and by other channels. Index: notification_logs_once.
SELECT l.* FROM notification_logs l
WHERE l.org_id = @org_id AND l.notice_id = @notice_id AND l.id <> @id
ORDER BY l.recipient, l.channel LIMIT 100;

-- name: SuppressedInUse :many
-- Addresses of an organisation's clients and team that are left alone: by this organisation's doing, or by the house's
-- (`owners` are both). Of several reasons the one that nobody here can lift comes first. Indexes: clients_active, the primary
-- keys of memberships and suppressions.
WITH a AS MATERIALIZED ( -- so that each number is read once
    SELECT concat_ws(' & ', nullif(c.name, ''), nullif(c.partner_name, '')) AS who, lower(c.email) AS email, dialled(c.phone, o.region) AS phone
    FROM orgs o JOIN clients c ON c.org_id = o.id WHERE o.id = @org_id AND NOT c.deleted
    UNION ALL
    SELECT u.name, lower(u.email), u.phone FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.org_id = @org_id
)
SELECT f.who::text AS who, f.channel, f.address, f.why, f.since, f.detail
FROM (
    SELECT DISTINCT ON (s.channel, s.address) a.who, s.channel, s.address, s.why, s.since, s.detail
    FROM a CROSS JOIN LATERAL (VALUES ('email'::channel, a.email), ('sms'::channel, a.phone)) AS by(channel, address)
    JOIN suppressions s ON s.org_id = ANY(@owners::uuid[]) AND s.channel = by.channel AND s.address = by.address
    WHERE by.address <> ''
    ORDER BY s.channel, s.address, s.why IN ('bounced', 'invalid'), s.since, a.who
) f
ORDER BY f.since DESC, f.address LIMIT 100;

-- name: LiftSuppression :many
-- An address works again, says somebody whose client or colleague it is. Only what a carrier found out may be lifted; what a
-- recipient asked for is theirs. Index: the primary key.
DELETE FROM suppressions s
WHERE s.org_id = ANY(@owners::uuid[]) AND s.channel = @channel AND s.address = lower(@address::text) AND s.why IN ('bounced', 'invalid')
  AND (EXISTS (SELECT 1 FROM orgs o JOIN clients c ON c.org_id = o.id
               WHERE o.id = @org_id AND NOT c.deleted
                 AND CASE s.channel WHEN 'email' THEN lower(c.email) ELSE dialled(c.phone, o.region) END = s.address)
       OR EXISTS (SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id
                  WHERE m.org_id = @org_id AND CASE s.channel WHEN 'email' THEN lower(u.email) ELSE u.phone END = s.address))
RETURNING s.why;

-- name: AllOrgsTelling :many
-- How each channel stands for the operators: what is due or was tried and waits, what failed of the last hour's, and what
-- nobody knows of since yesterday. Indexes: notification_logs_due, notification_logs_trouble.
SELECT c.channel::channel AS channel, coalesce(w.waiting, 0)::bigint AS waiting, coalesce(w.oldest_at, 'epoch')::timestamptz AS oldest_at,
       coalesce(t.failed, 0)::bigint AS failed, coalesce(t.unknown, 0)::bigint AS unknown
FROM unnest(enum_range(NULL::channel)) AS c(channel)
LEFT JOIN (
    SELECT l.channel, count(*) AS waiting, min(CASE WHEN l.attempts = 0 THEN l.next_try_at ELSE l.created_at END) AS oldest_at
    FROM notification_logs l
    WHERE l.next_try_at IS NOT NULL AND l.status = 'queued' AND (l.next_try_at <= @now::timestamptz OR l.attempts > 0)
    GROUP BY l.channel) w ON w.channel = c.channel
LEFT JOIN (
    SELECT l.channel, count(*) FILTER (WHERE l.status IN ('failed', 'bounced') AND l.created_at > @an_hour_ago::timestamptz) AS failed,
           count(*) FILTER (WHERE l.status = 'unknown') AS unknown
    FROM notification_logs l
    WHERE l.status IN ('failed', 'bounced', 'unknown') AND l.created_at > @a_day_ago::timestamptz
    GROUP BY l.channel) t ON t.channel = c.channel
ORDER BY c.channel;

-- name: AllOrgsForgetNotices :execrows
-- A batch of what is too old, with its notifications and their steps. Index: notices_old.
DELETE FROM notices WHERE (org_id, id) IN (
    SELECT n.org_id, n.id FROM notices n WHERE n.created_at < @before::timestamptz ORDER BY n.created_at LIMIT 1000);

-- name: AllOrgsForgetStraySteps :execrows
-- A batch of reports about what we never sent. Index: notification_steps_stray.
DELETE FROM notification_steps WHERE (org_id, id) IN (
    SELECT s.org_id, s.id FROM notification_steps s WHERE s.notification_id IS NULL AND s.at < @before::timestamptz ORDER BY s.at LIMIT 5000);
