-- name: CreateEndpoint :exec
INSERT INTO endpoints (org_id, id, name, url, types, secret_sealed) VALUES (@org_id, @id, @name, @url, @types, @secret_sealed);

-- name: Endpoints :many
-- The list, each with how it is doing. Indexes: outbound_messages_newest (one step each), outbound_messages_open.
SELECT e.id, e.name, e.url, e.types, e.created_at, e.disabled_at, e.disabled_why, e.failures, e.failing_since,
       newest.created_at AS last_message_at,
       (SELECT count(*) FROM outbound_messages m WHERE m.org_id = @org_id AND m.endpoint_id = e.id AND m.status = 'pending') AS waiting,
       (SELECT count(*) FROM outbound_messages m WHERE m.org_id = @org_id AND m.endpoint_id = e.id AND m.status = 'failed') AS given_up
FROM endpoints e
LEFT JOIN outbound_messages newest ON newest.org_id = e.org_id AND newest.id = (
    SELECT m.id FROM outbound_messages m WHERE m.org_id = @org_id AND m.endpoint_id = e.id ORDER BY m.created_at DESC, m.id DESC LIMIT 1)
WHERE e.org_id = @org_id
ORDER BY e.created_at, e.id;

-- name: EndpointByID :one
-- Index: the primary key; the counts by outbound_messages_open.
SELECT e.id, e.name, e.url, e.types, e.created_at, e.disabled_at, e.disabled_why, e.failures, e.failing_since, e.old_secret_until,
       (SELECT count(*) FROM outbound_messages m WHERE m.org_id = @org_id AND m.endpoint_id = e.id AND m.status = 'pending') AS waiting,
       (SELECT count(*) FROM outbound_messages m WHERE m.org_id = @org_id AND m.endpoint_id = e.id AND m.status = 'failed') AS given_up
FROM endpoints e WHERE e.org_id = @org_id AND e.id = @id;

-- name: RollEndpointSecret :execrows
-- The one before signs too, for a while; one from before that no longer does.
UPDATE endpoints SET old_secret_sealed = secret_sealed, old_secret_until = @until_then::timestamptz, secret_sealed = @secret_sealed
WHERE org_id = @org_id AND id = @id;

-- name: PauseEndpoint :execrows
UPDATE endpoints SET disabled_at = now(), disabled_why = @why WHERE org_id = @org_id AND id = @id AND disabled_at IS NULL;

-- name: ResumeEndpoint :execrows
UPDATE endpoints SET disabled_at = NULL, disabled_why = '', failures = 0, failing_since = NULL
WHERE org_id = @org_id AND id = @id AND disabled_at IS NOT NULL;

-- name: RemoveEndpoint :one
DELETE FROM endpoints WHERE org_id = @org_id AND id = @id RETURNING name;

-- name: EndpointsToTell :many
-- Who hears of an event: the enabled, and for a while those that are switched off, whose messages are held. The lock is the
-- one that the messages' foreign key takes anyway; taken here, no endpoint goes while its messages come.
-- Index: the primary key, whose first column finds nothing for most.
SELECT id, types, (disabled_at IS NOT NULL)::boolean AS held FROM endpoints
WHERE org_id = @org_id AND (disabled_at IS NULL OR disabled_at > @held_since::timestamptz)
FOR KEY SHARE;

-- name: QueueMessages :many
-- One message per endpoint and source, whatever was queued before; only the new ones come back, held ones not at all.
-- Index: outbound_messages_source.
WITH fresh AS (
    INSERT INTO outbound_messages (org_id, id, endpoint_id, source_id, event_type, happened_at, data, next_try_at)
    SELECT @org_id, m.id, m.endpoint_id, m.source_id, m.event_type, m.happened_at, m.data::json, CASE WHEN m.held THEN NULL ELSE now() END
    FROM unnest(@ids::uuid[], @endpoint_ids::uuid[], @source_ids::uuid[], @event_types::text[], @happened_at::timestamptz[], @data::text[], @held::boolean[])
         AS m(id, endpoint_id, source_id, event_type, happened_at, data, held)
    ON CONFLICT DO NOTHING
    RETURNING id, next_try_at
)
SELECT id FROM fresh WHERE next_try_at IS NOT NULL;

-- name: ClaimMessage :one
-- One run at a time: whoever claims it moves the next try a minute away, and should its node die, that is the next try.
-- The second of tolerance is for clocks. Index: the primary key.
UPDATE outbound_messages m SET next_try_at = now() + interval '1 minute'
FROM endpoints e
WHERE m.org_id = @org_id AND m.id = @id AND m.status = 'pending' AND m.next_try_at <= now() + interval '1 second'
  AND e.org_id = m.org_id AND e.id = m.endpoint_id
RETURNING m.id, m.endpoint_id, m.event_type, m.happened_at, m.data, m.tries, e.url, e.secret_sealed, e.old_secret_sealed, e.old_secret_until, e.disabled_at;

-- name: MessageDue :one
SELECT status, next_try_at FROM outbound_messages WHERE org_id = @org_id AND id = @id;

-- name: HoldMessage :exec
UPDATE outbound_messages SET next_try_at = NULL WHERE org_id = @org_id AND id = @id AND status = 'pending';

-- name: PostponeMessage :exec
-- Nothing was sent, so nothing counts.
UPDATE outbound_messages SET next_try_at = @next_try_at, last_error = @last_error WHERE org_id = @org_id AND id = @id AND status = 'pending';

-- name: LockEndpoint :one
SELECT failures, failing_since, disabled_at, disabled_why FROM endpoints WHERE org_id = @org_id AND id = @id FOR NO KEY UPDATE;

-- name: KeepEndpoint :exec
UPDATE endpoints SET failures = @failures, failing_since = @failing_since, disabled_at = @disabled_at, disabled_why = @disabled_why
WHERE org_id = @org_id AND id = @id;

-- name: SettleMessage :one
UPDATE outbound_messages SET status = @status, attempts = attempts + 1, tries = tries + 1, next_try_at = @next_try_at,
    last_status = @last_status, last_error = @last_error, delivered_at = @delivered_at
WHERE org_id = @org_id AND id = @id
RETURNING attempts;

-- name: AddMessageAttempt :exec
INSERT INTO outbound_attempts (org_id, message_id, attempt, at, status, error, took_ms)
VALUES (@org_id, @message_id, @attempt, @at, @status, @error, @took_ms);

-- name: ResumeMessages :many
-- What was held goes out now, and what waits for a later try too. A try that is under way is left alone: its claim ends within a minute.
-- Index: outbound_messages_open.
UPDATE outbound_messages SET next_try_at = now(), tries = 0
WHERE org_id = @org_id AND endpoint_id = @endpoint_id AND status = 'pending' AND (next_try_at IS NULL OR next_try_at > now() + interval '1 minute')
RETURNING id;

-- name: SendMessageAgain :one
-- No row: it goes out in a moment anyway. While its endpoint is switched off it is held, but for a test.
UPDATE outbound_messages m SET status = 'pending', tries = 0, delivered_at = NULL,
    next_try_at = CASE WHEN e.disabled_at IS NULL OR m.event_type = @test::text THEN now() END
FROM endpoints e
WHERE m.org_id = @org_id AND m.id = @id AND e.org_id = m.org_id AND e.id = m.endpoint_id
  AND (m.status <> 'pending' OR m.next_try_at IS NULL OR m.next_try_at > now() + interval '1 minute')
RETURNING m.id, (m.next_try_at IS NULL)::boolean AS held;

-- name: Messages :many
-- One page of an endpoint's messages, newest first, before a given one. Indexes: outbound_messages_newest, outbound_messages_open.
SELECT m.id, m.event_type, m.status, m.attempts, m.next_try_at, m.last_status, m.last_error, m.created_at, m.delivered_at
FROM outbound_messages m
WHERE m.org_id = @org_id AND m.endpoint_id = @endpoint_id
  AND (sqlc.narg('status')::message_status IS NULL OR m.status = sqlc.narg('status'))
  AND (sqlc.narg('before')::uuid IS NULL OR (m.created_at, m.id) < (
      SELECT b.created_at, b.id FROM outbound_messages b WHERE b.org_id = @org_id AND b.id = sqlc.narg('before')))
ORDER BY m.created_at DESC, m.id DESC LIMIT 51;

-- name: MessageByID :one
SELECT m.id, m.endpoint_id, m.source_id, m.event_type, m.happened_at, m.data, m.status, m.attempts, m.next_try_at, m.last_status, m.last_error,
       m.created_at, m.delivered_at, e.name AS endpoint, e.disabled_at
FROM outbound_messages m JOIN endpoints e ON e.org_id = m.org_id AND e.id = m.endpoint_id
WHERE m.org_id = @org_id AND m.id = @id;

-- name: MessageAttempts :many
SELECT attempt, at, status, error, took_ms FROM outbound_attempts WHERE org_id = @org_id AND message_id = @message_id ORDER BY attempt;

-- name: AllOrgsEndpointSecrets :many
-- Everything sealed, for `wedsync keys rotate`.
SELECT org_id, id, secret_sealed, old_secret_sealed FROM endpoints;

-- name: ResealEndpoint :exec
-- A secret that was made anew meanwhile is under the new key already.
UPDATE endpoints SET secret_sealed = @secret_sealed, old_secret_sealed = @old_secret_sealed
WHERE org_id = @org_id AND id = @id AND secret_sealed = @before::bytea;

-- name: AllOrgsPruneMessages :execrows
-- A batch of what was delivered long ago. Index: outbound_messages_old.
DELETE FROM outbound_messages WHERE (org_id, id) IN (
    SELECT m.org_id, m.id FROM outbound_messages m WHERE m.status = 'delivered' AND m.delivered_at < @before::timestamptz
    ORDER BY m.delivered_at LIMIT 2000);

-- name: Hearers :many
-- Which endpoints are sent what happens now; for saying beforehand who would be told. Primary key.
SELECT name, types FROM endpoints WHERE org_id = @org_id AND disabled_at IS NULL ORDER BY name;
