-- name: BreakerOf :one
-- What a call asks first. Index: the primary key.
SELECT failures, failing_since, recent, opened_at, probing_until, answered_at, last_error FROM breakers
WHERE org_id = @org_id AND peer = @peer;

-- name: Breakers :many
SELECT peer, failures, failing_since, recent, opened_at, probing_until, answered_at, last_error FROM breakers
WHERE org_id = @org_id ORDER BY peer;

-- name: WeddingUnderWay :one
-- When the wedding began that is under way, or begins before soon. A wedding that has gone on for a week is over.
-- Index: bookings_by_start.
SELECT lower(during)::timestamptz AS starts_at FROM bookings
WHERE org_id = @org_id AND status = 'confirmed'
  AND lower(during) > @a_week_ago::timestamptz AND lower(during) <= @soon::timestamptz AND upper(during) > @now::timestamptz
ORDER BY lower(during) LIMIT 1;

-- name: ClaimProbe :execrows
-- One caller on one node wins: whoever waited for the row's lock finds the lease taken. Index: the primary key.
UPDATE breakers SET probing_until = @until::timestamptz
WHERE org_id = @org_id AND peer = @peer AND opened_at = @opened_at AND (probing_until IS NULL OR probing_until <= @now::timestamptz);

-- name: LockBreaker :one
-- The row, made if it is not there, and held until the call is told. Index: the primary key.
INSERT INTO breakers (org_id, peer) VALUES (@org_id, @peer)
ON CONFLICT (org_id, peer) DO UPDATE SET peer = excluded.peer
RETURNING failures, failing_since, recent, opened_at, probing_until, answered_at, last_error;

-- name: KeepBreaker :exec
UPDATE breakers SET failures = @failures, failing_since = @failing_since, recent = @recent, opened_at = @opened_at,
    probing_until = @probing_until, answered_at = @answered_at, last_error = @last_error
WHERE org_id = @org_id AND peer = @peer;

-- name: TellCall :exec
INSERT INTO outside_calls (org_id, id, at, peer, purpose, method, host, status, outcome, took_ms)
VALUES (@org_id, @id, @at, @peer, @purpose, @method, @host, @status, @outcome, @took_ms);

-- name: TellCallOfHealthy :execrows
-- The row that tells, written only while the peer's breaker is closed and remembers no failure: then an answered call
-- changes nothing about it, and its lock is not asked for. Index: the breaker's primary key.
INSERT INTO outside_calls (org_id, id, at, peer, purpose, method, host, status, outcome, took_ms)
SELECT @org_id::uuid, @id::uuid, @at::timestamptz, @peer::text, @purpose::text, @method::text, @host::text, sqlc.narg('status')::integer, @outcome::text, @took_ms::integer
FROM breakers b
WHERE b.org_id = @breaker_org_id AND b.peer = @peer AND b.opened_at IS NULL AND b.failures = 0 AND NOT jsonb_path_exists(b.recent, '$[*].f');

-- name: LatestCalls :many
-- The newest calls to a peer. Index: outside_calls_of_peer, backwards.
SELECT id, at, purpose, method, host, status, outcome, took_ms FROM outside_calls
WHERE org_id = @org_id AND peer = @peer ORDER BY id DESC LIMIT 50;

-- name: AllOrgsPruneCalls :execrows
-- A batch of what is too old. Index: outside_calls_old.
DELETE FROM outside_calls WHERE (org_id, id) IN (
    SELECT c.org_id, c.id FROM outside_calls c WHERE c.at < @before::timestamptz ORDER BY c.at LIMIT 5000);

-- name: ForgetBreaker :exec
-- Somebody has mended the other side, or has no use for it any more: the next call goes out.
DELETE FROM breakers WHERE org_id = @org_id AND peer = @peer;
