-- name: AddNotifications :many
-- Exactly one for each notice, recipient and channel: what is there already is left as it is, and is not among the answers.
-- Index: notification_logs_once.
INSERT INTO notification_logs (org_id, id, notice_id, kind, audience, recipient_id, recipient, channel, address, urgent, status, reason,
                               next_try_at, fell_from, digest_id, delivered_at, created_at)
SELECT @org_id, n.id, n.notice_id, n.kind, n.audience::audience, n.recipient_id, n.recipient, n.channel::channel, n.address, n.urgent, n.status::notification_status,
       n.reason, CASE WHEN n.status = 'queued' THEN n.after_at END, nullif(n.fell_from, '')::channel, nullif(n.digest_id, '00000000-0000-0000-0000-000000000000'),
       CASE WHEN n.status = 'delivered' THEN @now::timestamptz END, @now
FROM unnest(@ids::uuid[], @notice_ids::uuid[], @kinds::text[], @audiences::text[], @recipient_ids::uuid[], @recipients::text[], @channels::text[],
            @addresses::text[], @urgents::boolean[], @statuses::text[], @reasons::text[], @after_ats::timestamptz[], @fell_froms::text[], @digest_ids::uuid[])
     AS n(id, notice_id, kind, audience, recipient_id, recipient, channel, address, urgent, status, reason, after_at, fell_from, digest_id)
ON CONFLICT (org_id, notice_id, recipient_id, channel) DO NOTHING
RETURNING id, notice_id, recipient_id, channel, status, next_try_at, urgent;

-- name: HoldNotification :one
-- What is to be sent, with all that decides whether it still should be, locked to the commit. Primary keys.
SELECT l.id, l.notice_id, l.kind, l.audience, l.recipient_id, l.recipient, l.channel, l.address, l.urgent, l.status, l.provider, l.attempts, l.next_try_at,
       l.created_at, l.handed_at, l.quota_day, n.facts, n.secret, n.at AS noticed_at,
       o.name AS org_name, o.tier, o.timezone AS org_zone, o.colour, o.reply_to,
       coalesce(u.timezone, '') AS own_zone, coalesce(s.why, '') AS suppressed, (m.user_id IS NOT NULL)::boolean AS member, p.pace,
       coalesce(d.subject, '') AS subject, coalesce(d.opening, '') AS opening, coalesce(d.closing, '') AS closing
FROM notification_logs l
JOIN notices n ON n.org_id = l.org_id AND n.id = l.notice_id
JOIN orgs o ON o.id = l.org_id
LEFT JOIN users u ON u.id = l.recipient_id AND l.audience <> 'couple'
LEFT JOIN memberships m ON m.org_id = l.org_id AND m.user_id = l.recipient_id AND l.audience = 'team'
LEFT JOIN unnest(@kinds::text[], @categories::text[]) AS c(kind, category) ON c.kind = l.kind
LEFT JOIN preferences p ON p.org_id = m.org_id AND p.user_id = m.user_id AND p.category = c.category AND p.channel = l.channel
LEFT JOIN wordings d ON d.org_id = l.org_id AND d.letter = l.kind || '.' || coalesce(n.facts->>'test', l.audience::text)
LEFT JOIN LATERAL (
    SELECT why FROM suppressions s WHERE s.org_id IN (l.org_id, '00000000-0000-4000-8000-000000000001') AND s.channel = l.channel AND s.address = lower(l.address)
    ORDER BY s.since LIMIT 1) s ON true
WHERE l.org_id = @org_id AND l.id = @id AND l.next_try_at IS NOT NULL
FOR UPDATE OF l;

-- name: BeginWithinQuota :one
-- One more of the day's allowance, and with it the note that this is about to be handed over; gives how many that makes. No
-- row: nothing is left, and nothing is noted. What is urgent is counted past the allowance, but nothing goes by a channel that
-- the plan lacks. The row lock makes reservations of one organisation and channel wait for each other until the commit, so
-- none goes over; one statement, so that they wait for little else. Primary keys.
WITH quota AS (
    INSERT INTO quota_uses (org_id, channel, day, used)
    SELECT @org_id, @channel, @day, 1 WHERE @allowance::int > 0
    ON CONFLICT (org_id, channel, day) DO UPDATE SET used = quota_uses.used + 1 WHERE @urgent::boolean OR quota_uses.used < @allowance
    RETURNING used
), begun AS (
    UPDATE notification_logs l SET status = 'sending', provider = @provider, attempts = l.attempts + 1, next_try_at = @lease, quota_day = @day, reason = ''
    FROM quota WHERE l.org_id = @org_id AND l.id = @id
    RETURNING l.id
), told AS (
    INSERT INTO notification_steps (org_id, id, notification_id, at, step, provider, detail)
    SELECT @org_id, @step_id, begun.id, @now, 'attempt', @provider, @detail FROM begun
)
SELECT used FROM quota;

-- name: ReleaseQuota :exec
-- What was not handed over costs nothing. Primary key.
UPDATE quota_uses SET used = used - 1 WHERE org_id = @org_id AND channel = @channel AND day = @day AND used > 0;

-- name: CountRefused :exec
-- Primary key.
INSERT INTO quota_uses (org_id, channel, day, refused) VALUES (@org_id, @channel, @day, 1)
ON CONFLICT (org_id, channel, day) DO UPDATE SET refused = quota_uses.refused + 1;

-- name: BeginAgain :exec
-- The same where the allowance was taken before. Written before anything is sent, and waited for on the disk: a run that finds
-- it knows that another one may have sent. Primary keys.
WITH begun AS (
    UPDATE notification_logs l SET status = 'sending', provider = @provider, attempts = l.attempts + 1, next_try_at = @lease, reason = ''
    WHERE l.org_id = @org_id AND l.id = @id
    RETURNING l.id
)
INSERT INTO notification_steps (org_id, id, notification_id, at, step, provider, detail)
SELECT @org_id, @step_id, begun.id, @now, 'attempt', @provider, @detail FROM begun;

-- name: SettleNotification :exec
UPDATE notification_logs SET status = @status, reason = @reason, provider = @provider, provider_ref = CASE WHEN @provider_ref::text = '' THEN provider_ref ELSE @provider_ref END,
    next_try_at = @next_try_at, quota_day = @quota_day, handed_at = coalesce(handed_at, @handed_at), delivered_at = coalesce(delivered_at, @delivered_at)
WHERE org_id = @org_id AND id = @id;

-- name: NotificationStand :one
-- How it stands by now, locked: a report may have come while the call was under way.
SELECT status, reason, provider_ref, next_try_at, quota_day FROM notification_logs WHERE org_id = @org_id AND id = @id FOR UPDATE;

-- name: HoldReported :one
-- The notification that a report is about. Primary key.
SELECT id, notice_id, kind, audience, recipient_id, recipient, channel, address, urgent, status, provider, reason, next_try_at, quota_day
FROM notification_logs WHERE org_id = @org_id AND id = @id FOR UPDATE;

-- name: FoldReport :exec
-- sure: what stands there may be only what a look-up took for its own, and the report knows.
UPDATE notification_logs SET status = @status, reason = @reason, next_try_at = @next_try_at,
    provider_ref = CASE WHEN provider_ref = '' OR @sure::boolean THEN @provider_ref ELSE provider_ref END,
    delivered_at = coalesce(delivered_at, @delivered_at), seen_at = coalesce(seen_at, @seen_at)
WHERE org_id = @org_id AND id = @id;

-- name: AddStep :execrows
-- A report that came before is not added again. Index: notification_steps_report.
INSERT INTO notification_steps (org_id, id, notification_id, at, step, provider, report, detail)
VALUES (@org_id, @id, @notification_id, @at, @step, @provider, @report, @detail)
ON CONFLICT (org_id, provider, report) WHERE report <> '' DO NOTHING;

-- name: Suppress :execrows
-- The first reason stays, unless a person's own word replaces it. Primary key.
INSERT INTO suppressions (org_id, channel, address, why, since, detail) VALUES (@org_id, @channel, lower(@address), @why, @since, @detail)
ON CONFLICT (org_id, channel, address) DO UPDATE SET why = excluded.why, since = excluded.since, detail = excluded.detail
WHERE excluded.why IN ('stopped', 'unsubscribed', 'complained') AND suppressions.why NOT IN ('stopped', 'unsubscribed', 'complained');

-- name: Unsuppress :execrows
-- START takes back a STOP.
DELETE FROM suppressions WHERE org_id = @org_id AND channel = @channel AND address = lower(@address) AND why = ANY(@whys::text[]);

-- name: AllOrgsClaimRefs :exec
-- Whoever writes a carrier's id into a notification, or takes it away again, has its lock to the commit, from before any row.
-- In one order, so two that look for the same words never wait for each other in a ring. Class 90; 88 and 89 are lanes'.
SELECT pg_advisory_xact_lock(90, keys.k) FROM (SELECT DISTINCT hashtext(r) AS k FROM unnest(@refs::text[]) AS r ORDER BY 1) AS keys;

-- name: AllOrgsKnownRefs :many
-- Which of a carrier's ids are some notification's. Index: notification_logs_ref.
SELECT provider_ref FROM notification_logs WHERE provider_ref = ANY(@refs::text[]) AND provider_ref <> '';

-- name: AllOrgsHoldRef :many
-- A notification, and all others that have a carrier's id, locked in one order. Primary key, notification_logs_ref.
SELECT org_id, id, status FROM notification_logs
WHERE org_id = @org_id AND id = @id OR provider_ref = @ref AND provider_ref <> '' AND provider = @provider
ORDER BY org_id, id FOR UPDATE;

-- name: GiveUpRef :exec
-- Primary key.
UPDATE notification_logs SET provider_ref = '', status = @status, reason = CASE WHEN @again::boolean THEN @words ELSE reason END,
    next_try_at = CASE WHEN @again THEN @now::timestamptz ELSE next_try_at END
WHERE org_id = @org_id AND id = @id;

-- name: SiblingChannels :many
-- By which channels somebody hears of a notice already, and what they have said of them. Index: notification_logs_once.
SELECT channel FROM notification_logs WHERE org_id = @org_id AND notice_id = @notice_id AND recipient_id = @recipient_id;

-- name: WordingOf :one
SELECT subject, opening, closing FROM wordings WHERE org_id = @org_id AND letter = @letter;

-- name: PushDevices :many
-- Primary key.
SELECT id, endpoint, p256dh, auth FROM push_subscriptions WHERE user_id = @user_id ORDER BY created_at;

-- name: PushDeviceUsed :exec
UPDATE push_subscriptions SET last_used_at = now(), failed = '' WHERE user_id = @user_id AND id = @id;

-- name: PushDeviceFailed :exec
-- What its push service has against it, for the page that lists a person's browsers.
UPDATE push_subscriptions SET failed = @failed WHERE user_id = @user_id AND id = @id;

-- name: PushDeviceGone :exec
-- Its push service says that it is no more.
DELETE FROM push_subscriptions WHERE user_id = @user_id AND id = @id;

-- name: PutPreference :exec
-- Who is no longer in the team has none. Primary keys.
INSERT INTO preferences (org_id, user_id, category, channel, pace)
SELECT m.org_id, m.user_id, @category, @channel, @pace FROM memberships m WHERE m.org_id = @org_id AND m.user_id = @user_id
ON CONFLICT (org_id, user_id, category, channel) DO UPDATE SET pace = excluded.pace;

-- name: HouseSecret :one
-- The one that is there already wins, so all nodes have the same.
WITH put AS (INSERT INTO house_secrets (name, sealed) VALUES (@name, @sealed) ON CONFLICT (name) DO NOTHING RETURNING sealed)
SELECT sealed FROM put UNION ALL SELECT h.sealed FROM house_secrets h WHERE h.name = @name LIMIT 1;

-- name: HouseSecrets :many
SELECT name, sealed FROM house_secrets;

-- name: ResealHouseSecret :exec
UPDATE house_secrets SET sealed = @sealed WHERE name = @name AND sealed = @before;

-- name: LetterOf :one
-- What an unsubscribe link is about. Primary keys.
SELECT l.recipient_id, l.audience, l.address, l.kind, o.name AS org_name
FROM notification_logs l JOIN orgs o ON o.id = l.org_id WHERE l.org_id = @org_id AND l.id = @id;
