-- name: AllOrgsEnterLanes :exec
-- Whoever puts deliveries into a lane holds it shared from before they look at `queued` until they commit. A statement of
-- its own: the one that looks must begin after the lock is held, or it would see the lane as it was. Sorted by the caller.
SELECT pg_advisory_xact_lock_shared(88, k) FROM unnest(@keys::int[]) AS k;

-- name: AllOrgsQueueLanes :many
-- Lanes that have no drain get one; comes back which. Locked in one order, so that two doors never wait in a ring.
WITH idle AS (
    SELECT l.org_id, l.connection_id FROM lanes l
    JOIN (SELECT DISTINCT t.org_id, t.connection_id FROM unnest(@org_ids::uuid[], @connection_ids::uuid[]) AS t(org_id, connection_id)) t
      ON t.org_id = l.org_id AND t.connection_id = l.connection_id
    WHERE NOT l.queued ORDER BY l.org_id, l.connection_id FOR NO KEY UPDATE OF l
)
UPDATE lanes l SET queued = true FROM idle i WHERE l.org_id = i.org_id AND l.connection_id = i.connection_id
RETURNING l.org_id, l.connection_id;

-- name: AllOrgsHoldLane :exec
-- Whoever applies deliveries of a connection does it alone: drains, retries, rehearsals take turns.
SELECT pg_advisory_xact_lock(89, @key::int);

-- name: AllOrgsTryShutLane :one
-- True when no door is between putting a delivery into the lane and its commit.
SELECT pg_try_advisory_xact_lock(88, @key::int);

-- name: LeaveLane :execrows
-- Nothing more waits, as far as anybody has committed: the lane is free, and the next delivery queues it anew. Whoever
-- calls this has shut the lane. Index: webhook_logs_lane.
UPDATE lanes l SET queued = false
WHERE l.org_id = @org_id AND l.connection_id = @connection_id AND NOT EXISTS (
    SELECT 1 FROM webhook_logs w
    WHERE w.org_id = @org_id AND w.connection_id = @connection_id AND w.status = 'accepted' AND w.next_try_at IS NULL);

-- name: LaneSetup :one
-- What reading a lane's deliveries needs to know. Primary keys.
SELECT c.provider, c.account, c.money_unit, c.mapping_version, o.timezone, o.currency,
       newest.id AS newest_secret, coalesce(newest.clean, 0)::int AS clean,
       (SELECT count(*) FROM connection_secrets s WHERE s.org_id = c.org_id AND s.connection_id = c.id
          AND (s.expires_at IS NULL OR s.expires_at > now())) AS live_secrets
FROM connections c JOIN orgs o ON o.id = c.org_id
LEFT JOIN connection_secrets newest ON newest.org_id = c.org_id AND newest.connection_id = c.id AND newest.id = (
    SELECT s.id FROM connection_secrets s WHERE s.org_id = @org_id AND s.connection_id = @connection_id ORDER BY s.created_at DESC LIMIT 1)
WHERE c.org_id = @org_id AND c.id = @connection_id;

-- name: NextInLane :many
-- The next deliveries in order of arrival, as many as fit into 4 MiB, and the first in any case. Index: webhook_logs_lane.
WITH next AS (
    SELECT w.id, w.event_id, w.status, w.attempts, w.forgiven, w.received_at, w.content_type, w.proof, w.source, w.secret_id, w.next_try_at, w.body,
           sum(octet_length(w.body)) OVER (ORDER BY w.id) AS bytes, row_number() OVER (ORDER BY w.id) AS place
    FROM webhook_logs w
    WHERE w.org_id = @org_id AND w.connection_id = @connection_id AND w.status = 'accepted' AND w.next_try_at IS NULL
    ORDER BY w.id LIMIT @most
)
SELECT n.id, n.event_id, n.status, n.attempts, n.forgiven, n.received_at, n.content_type, n.proof, n.source, n.secret_id, n.next_try_at, n.body
FROM next n WHERE n.place = 1 OR n.bytes <= 4194304 ORDER BY n.id;

-- name: InLane :many
-- Chosen deliveries of one lane, whatever their state.
SELECT w.id, w.event_id, w.status, w.attempts, w.forgiven, w.received_at, w.content_type, w.proof, w.source, w.secret_id, w.next_try_at, w.body
FROM webhook_logs w
WHERE w.org_id = @org_id AND w.connection_id = @connection_id AND w.id = ANY(@ids::uuid[])
ORDER BY w.id;

-- name: BeginTry :one
-- Counted before it is tried, and committed: a delivery that brings its node down each time is known by it.
UPDATE webhook_logs SET attempts = attempts + 1 WHERE org_id = @org_id AND id = @id RETURNING attempts;

-- name: SettleDeliveries :exec
-- The fate of a whole batch in one statement, and an attempt for each. Texts stand for values that may be missing.
WITH fates AS (
    SELECT * FROM unnest(@ids::uuid[], @statuses::text[], @errors::text[], @causes::text[], @wedding_days::text[], @normalised::text[], @next_tries::text[])
         AS f(id, status, error, cause, wedding_on, normalised, next_try_at)
), settled AS (
    UPDATE webhook_logs w SET
        status = f.status::delivery_status, error = f.error, cause = f.cause,
        wedding_on = coalesce(nullif(f.wedding_on, '')::date, w.wedding_on),
        normalised = coalesce(nullif(f.normalised, '')::jsonb, w.normalised),
        next_try_at = nullif(f.next_try_at, '')::timestamptz,
        mapping_version = @mapping_version, attempts = w.attempts + @counted::int,
        applied_at = CASE WHEN f.status = 'applied' THEN @at::timestamptz END
    FROM fates f WHERE w.org_id = @org_id AND w.id = f.id
    RETURNING w.org_id, w.id, w.attempts, w.status, w.error
)
INSERT INTO webhook_attempts (org_id, delivery_id, attempt, at, outcome, error)
SELECT s.org_id, s.id, s.attempts, @at, s.status, s.error FROM settled s;

-- name: CountDay :exec
-- What usually comes. One row a day; only the lane's own drain writes it. Primary key.
INSERT INTO connection_days (org_id, connection_id, day, arrived)
SELECT @org_id, @connection_id, d.day::date, d.arrived FROM unnest(@days::text[], @arrived::int[]) AS d(day, arrived)
ON CONFLICT (org_id, connection_id, day) DO UPDATE SET arrived = connection_days.arrived + excluded.arrived;

-- name: NoteSecretUse :exec
UPDATE connection_secrets s SET
    last_used_at = greatest(s.last_used_at, u.at), clean = CASE WHEN s.id = @newest::uuid THEN @clean::int ELSE 0 END
FROM connection_secrets known LEFT JOIN unnest(@ids::uuid[], @last_used::timestamptz[]) AS u(id, at) ON u.id = known.id
WHERE s.org_id = @org_id AND s.connection_id = @connection_id AND known.org_id = s.org_id AND known.connection_id = s.connection_id AND known.id = s.id;

-- name: CloseOlderSecrets :execrows
-- Older than the one that has shown itself, and not merely another: one may have been made while the batch was under way.
UPDATE connection_secrets s SET expires_at = @at
FROM connection_secrets newest
WHERE s.org_id = @org_id AND s.connection_id = @connection_id AND (s.expires_at IS NULL OR s.expires_at > @at)
  AND newest.org_id = s.org_id AND newest.connection_id = s.connection_id AND newest.id = @newest::uuid AND s.created_at < newest.created_at;

-- name: DayOfBooking :one
-- The wedding day behind a booking that a delivery names. Index: the unique key of bookings.
SELECT b.starts_local FROM bookings b WHERE b.org_id = @org_id AND b.connection_id = @connection_id AND b.external_id = @external_id;

-- name: AddActivities :exec
-- What a batch tells, in one statement. Empty currency: no amount.
INSERT INTO activities (org_id, at, kind, who, what, amount_minor, currency, provider, delivery_id)
SELECT @org_id, a.at, a.kind, a.who, a.what, CASE WHEN a.has_amount THEN a.amount_minor END, a.currency, @provider, a.delivery_id
FROM unnest(@ats::timestamptz[], @kinds::text[], @whos::text[], @whats::text[], @amounts::bigint[], @has_amounts::boolean[], @currencies::text[], @delivery_ids::uuid[])
     AS a(at, kind, who, what, amount_minor, has_amount, currency, delivery_id);

-- name: AddAttempt :exec
INSERT INTO webhook_attempts (org_id, delivery_id, attempt, at, outcome, error)
VALUES (@org_id, @delivery_id, @attempt, @at, @outcome, @error);
