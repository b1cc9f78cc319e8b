-- name: AllOrgsInsertDeliveries :many
-- The door's one write. A delivery already seen under its event id is left alone and comes back as a duplicate of the
-- row that is there. Deliveries without an id of their own are known by the hash of their body within 24 hours: `also`
-- is the name such a body had yesterday. Index: webhook_logs_event.
WITH arrived AS (
    SELECT * FROM unnest(@org_ids::uuid[], @ids::uuid[], @connection_ids::uuid[], @providers::text[], @event_ids::text[], @also::text[],
                         @event_types::text[], @received_at::timestamptz[], @content_types::text[], @proofs::text[], @bodies::bytea[],
                         @sources::text[], @secret_ids::uuid[], @import_ids::uuid[], @statuses::text[], @errors::text[])
         AS a(org_id, id, connection_id, provider, event_id, also, event_type, received_at, content_type, proof, body, source, secret_id, import_id, status, error)
), yesterday AS (
    SELECT a.id, l.id AS first_id FROM arrived a CROSS JOIN LATERAL (
        SELECT w.id FROM webhook_logs w
        WHERE w.org_id = a.org_id AND w.connection_id = a.connection_id AND w.event_id = a.also AND w.received_at > a.received_at - interval '24 hours'
        LIMIT 1) l
    WHERE a.also <> ''
), stored AS (
    INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, event_type, received_at, content_type, proof, body,
                              source, secret_id, import_id, status, error, cause)
    SELECT a.org_id, a.id, a.connection_id, a.provider::provider, a.event_id, a.event_type, a.received_at, a.content_type, a.proof, a.body,
           a.source::delivery_source, nullif(a.secret_id, '00000000-0000-0000-0000-000000000000'), nullif(a.import_id, '00000000-0000-0000-0000-000000000000'),
           a.status::delivery_status, a.error, a.error
    FROM arrived a WHERE NOT EXISTS (SELECT 1 FROM yesterday y WHERE y.id = a.id)
    ORDER BY a.org_id, a.connection_id, a.event_id
    ON CONFLICT (org_id, connection_id, event_id) DO NOTHING
    RETURNING id
)
SELECT a.id::uuid AS id, (s.id IS NOT NULL)::boolean AS is_new, y.first_id
FROM arrived a LEFT JOIN stored s ON s.id = a.id LEFT JOIN yesterday y ON y.id = a.id;

-- name: DeliveryByEvent :one
SELECT id FROM webhook_logs WHERE org_id = @org_id AND connection_id = @connection_id AND event_id = @event_id;

-- name: DeliveryLane :one
SELECT connection_id FROM webhook_logs WHERE org_id = @org_id AND id = @id;

-- name: ReopenDelivery :many
-- "Run again": an applied delivery has nothing to say twice, everything else may.
UPDATE webhook_logs SET status = 'accepted', error = '', cause = '', next_try_at = NULL, waiting_since = now(), forgiven = attempts
WHERE org_id = @org_id AND id = @id AND status IN ('failed', 'dead', 'ignored', 'quarantined')
RETURNING connection_id;

-- name: Deliveries :many
-- One page of a connection's deliveries, newest first, before a given one. Index: webhook_logs_of_connection.
SELECT l.id, l.event_id, coalesce(nullif(l.event_type, ''), l.normalised->>'type', '')::text AS event_type, l.status, l.attempts, l.error,
       l.received_at, l.applied_at, l.next_try_at, l.source
FROM webhook_logs l
WHERE l.org_id = @org_id AND l.connection_id = @connection_id
  AND (sqlc.narg('before')::uuid IS NULL OR l.id < sqlc.narg('before'))
  AND (sqlc.narg('status')::delivery_status IS NULL OR l.status = sqlc.narg('status'))
  AND (@search::text = '' OR position(lower(@search) IN lower(l.event_id || ' ' || l.event_type || ' ' || l.error || ' ' || coalesce(l.normalised::text, ''))) > 0)
ORDER BY l.id DESC LIMIT 51;

-- name: DeliveryByID :one
SELECT l.id, l.connection_id, l.provider, l.event_id, coalesce(nullif(l.event_type, ''), l.normalised->>'type', '')::text AS event_type, l.status, l.attempts, l.error, l.received_at, l.applied_at,
       l.content_type, l.proof, l.body, l.normalised, l.next_try_at, l.source, l.mapping_version, l.wedding_on, l.forgiven
FROM webhook_logs l WHERE l.org_id = @org_id AND l.id = @id;

-- name: AttemptsOf :many
SELECT attempt, at, outcome, error FROM webhook_attempts
WHERE org_id = @org_id AND delivery_id = @delivery_id ORDER BY attempt;

-- name: AllOrgsLag :one
-- How long the oldest accepted delivery has waited for a worker, in seconds. Index: webhook_logs_lag.
SELECT coalesce(extract(epoch FROM now() - min(waiting_since)), 0)::float8 AS seconds, count(*) AS waiting
FROM webhook_logs WHERE status = 'accepted';
