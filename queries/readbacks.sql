-- name: Readback :one
-- How a connection's records are read back, with what decides how they are understood. Key: both tables' primary keys.
SELECT r.key_sealed, r.jobs_seen, r.payments_seen, r.polled_at, r.next_poll_at, r.trouble, c.proof, c.money_unit, o.currency
FROM readbacks r JOIN connections c ON c.org_id = r.org_id AND c.id = r.connection_id JOIN orgs o ON o.id = r.org_id
WHERE r.org_id = @org_id AND r.connection_id = @connection_id;

-- name: SaveReadbackKey :exec
-- A new key is tried at once. What was followed so far is kept: it may be the same studio's, and if not, a full reading follows.
INSERT INTO readbacks (org_id, connection_id, key_sealed) VALUES (@org_id, @connection_id, @key_sealed)
ON CONFLICT (org_id, connection_id) DO UPDATE SET key_sealed = excluded.key_sealed, jobs_seen = NULL, payments_seen = NULL, next_poll_at = now(), trouble = '';

-- name: DropReadback :exec
-- Without a key there is nothing to read back, so a bare bell must not be let in any more.
WITH gone AS (DELETE FROM readbacks r WHERE r.org_id = @org_id AND r.connection_id = @connection_id RETURNING r.org_id, r.connection_id)
UPDATE connections c SET proof = 'signed' FROM gone WHERE c.org_id = gone.org_id AND c.id = gone.connection_id AND c.proof = 'doorbell';

-- name: SetBell :execrows
-- Whether the bare hook may ring: only Tave's, and only where there is a key to read back with.
UPDATE connections c SET proof = CASE WHEN @may::boolean THEN 'doorbell' ELSE 'signed' END::sender_proof
WHERE c.org_id = @org_id AND c.id = @id AND c.provider = 'tave'
  AND EXISTS (SELECT 1 FROM readbacks r WHERE r.org_id = c.org_id AND r.connection_id = c.id);

-- name: AllOrgsDueReadbacks :many
-- The clock: who is due, claimed by moving the next time on, so that two nodes never take the same. Index: readbacks_due.
UPDATE readbacks r SET next_poll_at = @next
FROM (SELECT d.org_id, d.connection_id FROM readbacks d WHERE d.next_poll_at <= @now
      ORDER BY d.next_poll_at LIMIT 500 FOR UPDATE SKIP LOCKED) due
WHERE r.org_id = due.org_id AND r.connection_id = due.connection_id
RETURNING r.org_id, r.connection_id;

-- name: FollowedJobs :exec
-- How far jobs were followed, by Tave's clock. It never goes back: two pollings may end in any order.
UPDATE readbacks SET jobs_seen = greatest(jobs_seen, @seen::timestamptz) WHERE org_id = @org_id AND connection_id = @connection_id;

-- name: FollowedPayments :exec
UPDATE readbacks SET payments_seen = greatest(payments_seen, @seen::timestamptz) WHERE org_id = @org_id AND connection_id = @connection_id;

-- name: PolledWell :exec
UPDATE readbacks SET polled_at = @at, trouble = '', next_poll_at = @next WHERE org_id = @org_id AND connection_id = @connection_id;

-- name: PollInHand :exec
-- A long reading goes on in a job of its own; the clock leaves it alone meanwhile.
UPDATE readbacks SET next_poll_at = @next, trouble = @trouble WHERE org_id = @org_id AND connection_id = @connection_id;

-- name: StopPolling :exec
-- A key that was refused is not tried again, unless it is another one by now.
UPDATE readbacks SET next_poll_at = @next, trouble = @trouble
WHERE org_id = @org_id AND connection_id = @connection_id AND key_sealed = @key_sealed;

-- name: PollAll :execrows
-- "Read everything now": from the beginning. The clock's next look comes after it.
UPDATE readbacks SET jobs_seen = NULL, payments_seen = NULL, next_poll_at = @next WHERE org_id = @org_id AND connection_id = @connection_id;

-- name: EventsKnown :many
-- Which of these versions are there already, so that they need not be asked for in full. Index: webhook_logs_event.
SELECT event_id FROM webhook_logs WHERE org_id = @org_id AND connection_id = @connection_id AND event_id = ANY(@event_ids::text[]);

-- name: SettleBell :one
-- The fate of a bell, once its record was read or could not be.
UPDATE webhook_logs SET status = @status, error = @error, cause = @cause, next_try_at = @next_try_at, applied_at = @applied_at, attempts = attempts + 1
WHERE org_id = @org_id AND id = @id AND proof = 'doorbell' AND status <> 'applied'
RETURNING attempts;

-- name: MoneyUnitForUpdate :one
-- Not FOR UPDATE: the door's inserts refer to the connection, and would wait, everybody's with them.
SELECT money_unit FROM connections WHERE org_id = @org_id AND id = @id AND provider = 'tave' FOR NO KEY UPDATE;

-- name: SetMoneyUnit :exec
UPDATE connections SET money_unit = @money_unit WHERE org_id = @org_id AND id = @id;

-- name: ForgetAmounts :exec
-- Amounts that were read in another unit must give way to the same records read anew, which are no newer than they.
WITH of_bookings AS (
    UPDATE bookings SET stamps = stamps - 'value' WHERE org_id = @org_id AND connection_id = @connection_id
), of_payments AS (
    UPDATE payments SET stamps = stamps - 'amount', refund_total_minor = 0 WHERE org_id = @org_id AND connection_id = @connection_id RETURNING id
)
UPDATE payment_refunds SET stamp = '' WHERE org_id = @org_id AND payment_id IN (SELECT id FROM of_payments);

-- name: ReopenReadBack :many
-- Everything with money in it that was read back, to be read again; also what is being applied right now, which is waited for.
-- What waited for a retry waits in its lane instead, with all its tries before it. Index: webhook_logs_of_connection.
UPDATE webhook_logs SET status = 'accepted', error = '', cause = '', next_try_at = NULL, waiting_since = now(), forgiven = attempts
WHERE org_id = @org_id AND connection_id = @connection_id AND proof = 'readback' AND event_type IN ('tave.job', 'tave.payment')
  AND status IN ('accepted', 'applied', 'failed', 'dead')
RETURNING id;
