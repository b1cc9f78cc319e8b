-- name: TroubleGroups :many
-- What needs a person, by cause and by the wedding day that it affects: the days ahead first, the soonest of them before
-- all, then the past, then what nobody can date. Bounded: a page that says more than this says nothing.
-- Index: webhook_logs_trouble.
SELECT w.connection_id, w.provider, w.cause, (w.status = 'quarantined')::boolean AS aside, w.wedding_on,
       count(*) AS deliveries, min(w.received_at)::timestamptz AS oldest, max(w.received_at)::timestamptz AS newest
FROM webhook_logs w
WHERE w.org_id = @org_id AND w.status IN ('failed', 'dead', 'quarantined') AND w.next_try_at IS NULL
GROUP BY w.connection_id, w.provider, w.cause, aside, w.wedding_on
ORDER BY (w.wedding_on >= @today::date) DESC NULLS LAST, abs(w.wedding_on - @today), w.cause, w.connection_id LIMIT 2000;

-- name: TroubleDeliveries :many
-- The deliveries of a filter, in the order of the weddings that they affect. Index: webhook_logs_trouble.
SELECT w.id, w.connection_id, w.provider, w.event_id, w.event_type, w.status, w.attempts, w.error, w.received_at, w.wedding_on
FROM webhook_logs w
WHERE w.org_id = @org_id AND w.status IN ('failed', 'dead', 'quarantined') AND w.next_try_at IS NULL
  AND (sqlc.narg('connection_id')::uuid IS NULL OR w.connection_id = sqlc.narg('connection_id'))
  AND (sqlc.narg('cause')::text IS NULL OR w.cause = sqlc.narg('cause'))
  AND (sqlc.narg('wedding_on')::date IS NULL OR w.wedding_on = sqlc.narg('wedding_on'))
  AND (NOT @undated::boolean OR w.wedding_on IS NULL)
  AND (sqlc.narg('aside')::boolean IS NULL OR (w.status = 'quarantined') = sqlc.narg('aside'))
ORDER BY (w.wedding_on >= @today::date) DESC NULLS LAST, abs(w.wedding_on - @today), w.id LIMIT @most;

-- name: RetriedDeliveries :many
-- What is tried again by itself, the next first, with how many there are in all. Index: webhook_logs_trouble.
SELECT w.id, w.provider, w.event_id, w.event_type, w.attempts, w.forgiven, w.error, w.next_try_at, w.wedding_on, count(*) OVER () AS all_of_them
FROM webhook_logs w
WHERE w.org_id = @org_id AND w.status = 'failed' AND w.next_try_at IS NOT NULL
ORDER BY w.next_try_at LIMIT 20;

-- name: ReopenTrouble :many
-- "Run all again": the whole of a filter waits anew, in one statement. What stands in quarantine is only among it when it
-- is what the filter asks for. Index: webhook_logs_trouble.
WITH chosen AS (
    SELECT t.org_id, t.id FROM webhook_logs t
    WHERE t.org_id = @org_id AND t.status IN ('failed', 'dead', 'quarantined') AND t.next_try_at IS NULL
      AND (sqlc.narg('connection_id')::uuid IS NULL OR t.connection_id = sqlc.narg('connection_id'))
      AND (sqlc.narg('cause')::text IS NULL OR t.cause = sqlc.narg('cause'))
      AND (sqlc.narg('wedding_on')::date IS NULL OR t.wedding_on = sqlc.narg('wedding_on'))
      AND (NOT @undated::boolean OR t.wedding_on IS NULL)
      AND (t.status = 'quarantined') = @aside::boolean
    ORDER BY t.id LIMIT @most FOR UPDATE
), reopened AS (
    UPDATE webhook_logs w SET status = 'accepted', error = '', cause = '', next_try_at = NULL, waiting_since = now(), forgiven = w.attempts
    FROM chosen c WHERE w.org_id = c.org_id AND w.id = c.id
    RETURNING w.connection_id
)
SELECT r.connection_id, count(*) AS deliveries FROM reopened r GROUP BY r.connection_id;

-- name: ReopenChosen :many
-- The same for deliveries that were looked at one by one. Primary key.
WITH reopened AS (
    UPDATE webhook_logs w SET status = 'accepted', error = '', cause = '', next_try_at = NULL, waiting_since = now(), forgiven = w.attempts
    FROM (SELECT t.org_id, t.id FROM webhook_logs t
          WHERE t.org_id = @org_id AND t.id = ANY(@ids::uuid[]) AND t.status IN ('failed', 'dead', 'ignored', 'quarantined')
          ORDER BY t.id FOR UPDATE) c
    WHERE w.org_id = c.org_id AND w.id = c.id
    RETURNING w.connection_id
)
SELECT r.connection_id, count(*) AS deliveries FROM reopened r GROUP BY r.connection_id;

-- name: LanesOf :many
-- Whose lanes these deliveries are of, each lane once with its deliveries. Primary key.
SELECT w.connection_id, array_agg(w.id ORDER BY w.id)::uuid[] AS ids FROM webhook_logs w
WHERE w.org_id = @org_id AND w.id = ANY(@ids::uuid[])
GROUP BY w.connection_id ORDER BY w.connection_id;

-- name: RefundsOf :many
-- What is known of a payment's refunds, under whichever of its rows. Primary key.
SELECT r.external_id, r.status, r.amount_minor, r.currency FROM payment_refunds r
WHERE r.org_id = @org_id AND r.payment_id = ANY(@payment_ids::uuid[])
ORDER BY r.external_id, r.stamp;

-- name: InviteByExternalID :one
-- Index: the unique key of vendor_invites.
SELECT couple, email, status FROM vendor_invites
WHERE org_id = @org_id AND connection_id = @connection_id AND external_id = @external_id;
