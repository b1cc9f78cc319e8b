-- name: Wellness :many
-- How each connection of an organisation is, or the one that is asked for. 'epoch' stands for never.
-- What came lately is judged by the newest hundred: a step back along webhook_logs_of_connection, however many there are.
-- A supplier's own tests and sheets are no sign of the sender's life, unless nothing else has come.
-- Indexes: webhook_logs_of_connection, webhook_logs_open, webhook_logs_lane (the oldest that waits), primary keys.
SELECT c.id, c.provider, c.proof, c.created_at, c.mapping_version, c.silent_since,
       coalesce(lately.heard_at, lately.last_at, 'epoch')::timestamptz AS last_at,
       coalesce(lately.lag_seconds, 0)::float8 AS lag_seconds, coalesce(lately.measured, 0)::bigint AS measured,
       coalesce(lately.settled, 0)::bigint AS settled, coalesce(lately.unused, 0)::bigint AS unused,
       coalesce(undone.waiting, 0)::bigint AS waiting, coalesce(undone.retrying, 0)::bigint AS retrying,
       coalesce(undone.next_try_at, 'epoch')::timestamptz AS next_try_at,
       coalesce(undone.failed, 0)::bigint AS failed, coalesce(undone.dead, 0)::bigint AS dead, coalesce(undone.quarantined, 0)::bigint AS quarantined,
       coalesce((SELECT l.waiting_since FROM webhook_logs l
                 WHERE l.org_id = c.org_id AND l.connection_id = c.id AND l.status = 'accepted' ORDER BY l.id LIMIT 1), 'epoch')::timestamptz AS oldest_at,
       coalesce((SELECT min(d.day) FROM connection_days d WHERE d.org_id = c.org_id AND d.connection_id = c.id), 'epoch')::date AS first_day,
       r.polled_at, r.next_poll_at, r.trouble
FROM connections c
LEFT JOIN readbacks r ON r.org_id = c.org_id AND r.connection_id = c.id
LEFT JOIN LATERAL (
    SELECT max(n.received_at) AS last_at, max(n.received_at) FILTER (WHERE n.source NOT IN ('test', 'import')) AS heard_at,
           percentile_disc(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM n.applied_at - n.waiting_since))
               FILTER (WHERE n.status = 'applied' AND n.source <> 'import' AND n.attempts = 1) AS lag_seconds,
           count(*) FILTER (WHERE n.status = 'applied' AND n.source <> 'import' AND n.attempts = 1) AS measured,
           count(*) FILTER (WHERE n.status IN ('applied', 'ignored')) AS settled, count(*) FILTER (WHERE n.status = 'ignored') AS unused
    FROM (SELECT l.received_at, l.waiting_since, l.applied_at, l.status, l.source, l.attempts FROM webhook_logs l
          WHERE l.org_id = c.org_id AND l.connection_id = c.id ORDER BY l.id DESC LIMIT 100) n) lately ON true
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE l.status = 'accepted') AS waiting,
           count(*) FILTER (WHERE l.status = 'failed' AND l.next_try_at IS NOT NULL) AS retrying,
           min(l.next_try_at) FILTER (WHERE l.status = 'failed') AS next_try_at,
           count(*) FILTER (WHERE l.status = 'failed' AND l.next_try_at IS NULL) AS failed,
           count(*) FILTER (WHERE l.status = 'dead') AS dead, count(*) FILTER (WHERE l.status = 'quarantined') AS quarantined
    FROM webhook_logs l
    WHERE l.org_id = c.org_id AND l.connection_id = c.id AND l.status IN ('accepted', 'failed', 'dead', 'quarantined')) undone ON true
WHERE c.org_id = @org_id AND (sqlc.narg('connection_id')::uuid IS NULL OR c.id = sqlc.narg('connection_id'))
ORDER BY c.created_at, c.id;

-- name: ArrivedDays :many
-- How much came on which day. Primary key.
SELECT connection_id, day, arrived FROM connection_days
WHERE org_id = @org_id AND (sqlc.narg('connection_id')::uuid IS NULL OR connection_id = sqlc.narg('connection_id')) AND day >= @since
ORDER BY connection_id, day;

-- name: SecretsInUse :many
-- The secrets that verify, and which of them the sender uses. Primary key.
SELECT connection_id, created_at, expires_at, last_used_at, clean FROM connection_secrets
WHERE org_id = @org_id AND (sqlc.narg('connection_id')::uuid IS NULL OR connection_id = sqlc.narg('connection_id'))
  AND (expires_at IS NULL OR expires_at > now())
ORDER BY connection_id, created_at DESC;

-- name: LatestHours :many
-- The hours in which anything came, the newest first, as far as the newest five thousand reach back: several nights even of
-- a sender that empties a great batch each night. Index: webhook_logs_of_connection.
SELECT DISTINCT date_trunc('hour', n.received_at)::timestamptz AS hour
FROM (SELECT l.received_at FROM webhook_logs l WHERE l.org_id = @org_id AND l.connection_id = @connection_id ORDER BY l.id DESC LIMIT 5000) n
ORDER BY hour DESC;

-- name: AllOrgsQuietConnections :many
-- The sweep that listens for silence: a page of connections that have been quiet for six hours, or are called silent, each
-- with its days. Which of them is too quiet is a rule in Go. Crosses tenants: the clock has none.
-- A connection whose newest two hundred are its supplier's own tests and sheets is left alone. LATERAL, because a plain join
-- is planned as a scan of all deliveries.
-- Indexes: connections_pkey (the page), webhook_logs_of_connection (a step back each), connection_days_pkey.
SELECT c.org_id, c.id, c.provider, c.silent_since, o.timezone, last.received_at AS last_at,
       coalesce((SELECT min(f.day) FROM connection_days f WHERE f.org_id = c.org_id AND f.connection_id = c.id), 'epoch')::date AS first_day,
       days.days::date[] AS days, days.arrived::integer[] AS arrived
FROM connections c
JOIN orgs o ON o.id = c.org_id
JOIN LATERAL (
    SELECT l.received_at FROM (SELECT w.id, w.received_at, w.source FROM webhook_logs w
                               WHERE w.org_id = c.org_id AND w.connection_id = c.id ORDER BY w.id DESC LIMIT 200) l
    WHERE l.source NOT IN ('test', 'import') ORDER BY l.id DESC LIMIT 1) last ON true
JOIN LATERAL (
    SELECT coalesce(array_agg(d.day ORDER BY d.day), '{}') AS days, coalesce(array_agg(d.arrived ORDER BY d.day), '{}') AS arrived, count(*) AS n
    FROM connection_days d WHERE d.org_id = c.org_id AND d.connection_id = c.id AND d.day >= (@since::timestamptz)::date) days ON true
WHERE (c.org_id, c.id) > (@after_org::uuid, @after_id::uuid)
  AND (c.silent_since IS NOT NULL OR last.received_at < @quiet_since AND days.n > 0)
ORDER BY c.org_id, c.id LIMIT 500;

-- name: MarkSilent :execrows
-- One of all nodes finds it null, and only that one tells the supplier. What has come meanwhile ends the silence before it began.
UPDATE connections c SET silent_since = @since
WHERE c.org_id = @org_id AND c.id = @id AND c.silent_since IS NULL
  AND NOT EXISTS (SELECT 1 FROM (SELECT received_at, source FROM webhook_logs WHERE org_id = @org_id AND connection_id = @id ORDER BY id DESC LIMIT 200) l
                  WHERE l.received_at > @since AND l.source NOT IN ('test', 'import'));

-- name: MarkBack :execrows
UPDATE connections SET silent_since = NULL WHERE org_id = @org_id AND id = @id AND silent_since IS NOT NULL;

-- name: AllOrgsIntegrations :many
-- The operators' list: what is not as usual first, the soonest wedding day before all. No body, no couple, no address.
-- Everything that is undone is counted once over the whole partial index (it is small); only the two hundred that are shown
-- are looked back on. Indexes: webhook_logs_open, readbacks_pkey, breakers_pkey, then webhook_logs_of_connection (one step back each).
WITH undone AS (
    SELECT l.org_id, l.connection_id,
           count(*) FILTER (WHERE l.status = 'accepted' OR l.next_try_at IS NOT NULL) AS waiting,
           min(l.waiting_since) FILTER (WHERE l.status = 'accepted') AS oldest_at,
           count(*) FILTER (WHERE l.status <> 'accepted' AND l.next_try_at IS NULL) AS dead,
           min(l.wedding_on) FILTER (WHERE l.status <> 'accepted' AND l.next_try_at IS NULL AND l.wedding_on >= (now() AT TIME ZONE 'UTC')::date) AS wedding_on
    FROM webhook_logs l WHERE l.status IN ('accepted', 'failed', 'dead', 'quarantined')
    GROUP BY 1, 2
), shown AS (
    SELECT c.org_id, c.id, o.name AS org, c.provider, c.silent_since,
           coalesce(u.waiting, 0) AS waiting, u.oldest_at, coalesce(u.dead, 0) AS dead, u.wedding_on, coalesce(r.trouble, '') AS trouble, b.failing_since AS breaker_since,
           (coalesce(u.dead, 0) > 0 OR b.opened_at IS NOT NULL OR c.silent_since IS NOT NULL OR coalesce(r.trouble, '') <> '' OR coalesce(u.oldest_at < @late, false)) AS unusual
    FROM connections c
    JOIN orgs o ON o.id = c.org_id
    LEFT JOIN undone u ON u.org_id = c.org_id AND u.connection_id = c.id
    LEFT JOIN readbacks r ON r.org_id = c.org_id AND r.connection_id = c.id
    LEFT JOIN breakers b ON b.org_id = c.org_id AND b.peer = c.provider::text || ':' || c.id::text AND b.opened_at IS NOT NULL
    ORDER BY unusual DESC, u.wedding_on NULLS LAST, coalesce(u.dead, 0) > 0 DESC, u.oldest_at NULLS LAST, c.silent_since NULLS LAST, o.name, c.created_at
    LIMIT 200
)
SELECT s.id, s.org, s.provider, s.silent_since, s.unusual::boolean AS unusual, s.waiting::bigint AS waiting, coalesce(s.oldest_at, 'epoch')::timestamptz AS oldest_at,
       s.dead::bigint AS dead, coalesce(s.wedding_on, 'epoch')::date AS wedding_on, s.trouble::text AS trouble,
       coalesce(s.breaker_since, 'epoch')::timestamptz AS breaker_since,
       coalesce((SELECT l.received_at FROM webhook_logs l
                 WHERE l.org_id = s.org_id AND l.connection_id = s.id ORDER BY l.id DESC LIMIT 1), 'epoch')::timestamptz AS last_at
FROM shown s
ORDER BY s.unusual DESC, s.wedding_on NULLS LAST, s.dead > 0 DESC, s.oldest_at NULLS LAST, s.silent_since NULLS LAST, s.org, s.id;

-- name: AllOrgsDeadLetters :many
-- What waits for a person, by the wedding day it is about: those ahead first, the soonest before all, then those past, then
-- those without a day. Index: webhook_logs_trouble.
SELECT coalesce(l.wedding_on, 'epoch')::date AS wedding_on, o.name AS org, l.cause, l.status, count(*) AS deliveries
FROM webhook_logs l JOIN orgs o ON o.id = l.org_id
WHERE l.status IN ('failed', 'dead', 'quarantined') AND l.next_try_at IS NULL
GROUP BY l.wedding_on, l.org_id, o.name, l.cause, l.status
ORDER BY (l.wedding_on >= (now() AT TIME ZONE 'UTC')::date) DESC NULLS LAST, l.wedding_on, o.name, deliveries DESC
LIMIT 200;

-- name: AllOrgsWellness :one
-- Totals for the operators and the metrics. A lane's lag is the age of the oldest delivery that waits in it; the lane that
-- waits longest is named by none of the others' pace, so it cannot hide. Indexes: webhook_logs_lag, webhook_logs_trouble; connections and breakers whole, a row each.
SELECT (SELECT count(*) FROM connections) AS connections,
       (SELECT count(*) FROM connections WHERE silent_since IS NOT NULL) AS silent,
       (SELECT count(*) FROM webhook_logs WHERE status IN ('failed', 'dead', 'quarantined') AND next_try_at IS NULL) AS dead,
       (SELECT count(*) FROM breakers WHERE opened_at IS NOT NULL) AS breakers,
       lanes.late::bigint AS late_lanes, lanes.waiting::bigint AS waiting, lanes.lag_seconds::float8 AS lag_seconds
FROM (SELECT count(*) FILTER (WHERE oldest_at < @late) AS late, coalesce(sum(waiting), 0) AS waiting,
             greatest(coalesce(extract(epoch FROM now() - min(oldest_at)), 0), 0) AS lag_seconds
      FROM (SELECT min(waiting_since) AS oldest_at, count(*) AS waiting FROM webhook_logs WHERE status = 'accepted' GROUP BY org_id, connection_id) lane) lanes;

-- name: AllOrgsOpenBreakers :many
-- Whom we have stopped calling. The table is read whole: a row per organisation and peer.
SELECT o.name AS org, b.peer, b.failures, b.failing_since, b.opened_at, b.probing_until
FROM breakers b JOIN orgs o ON o.id = b.org_id
WHERE b.opened_at IS NOT NULL ORDER BY b.failing_since, o.name LIMIT 200;

-- name: AllOrgsTouchUnwell :many
-- What a page says of a connection in trouble grows old by itself ("the oldest for 3 minutes"), and breakers and readings
-- bump no region: once a minute the clock does. Few rows, in the order in which everybody locks regions.
-- Indexes: webhook_logs_lag; connections, breakers and readbacks whole, a row each.
INSERT INTO live_regions (audience, region, version, changed_at)
SELECT u.org_id, 'health:' || u.id, 1, clock_timestamp()
FROM (SELECT l.org_id, l.connection_id AS id FROM webhook_logs l WHERE l.status = 'accepted' AND l.waiting_since < now() - interval '30 seconds' GROUP BY 1, 2
      UNION SELECT c.org_id, c.id FROM connections c WHERE c.silent_since IS NOT NULL
      UNION SELECT c.org_id, c.id FROM breakers b JOIN connections c ON c.org_id = b.org_id AND b.peer = c.provider::text || ':' || c.id::text
            WHERE b.opened_at IS NOT NULL OR b.answered_at > now() - interval '2 minutes'
      UNION SELECT r.org_id, r.connection_id FROM readbacks r WHERE r.trouble <> '' OR r.next_poll_at < now() - interval '15 minutes' OR r.polled_at > now() - interval '2 minutes') u
ORDER BY 1, 2
ON CONFLICT (audience, region)
DO UPDATE SET version = live_regions.version + 1, changed_at = clock_timestamp()
RETURNING audience;
