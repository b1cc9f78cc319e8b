-- name: CalendarAccounts :many
-- The connected accounts, the oldest first; one if it is asked for. An organisation has a handful: the primary key.
SELECT id, kind, account, url, username, strategy, strategies, paused_at, reconnect_since, failure, created_at
FROM calendar_connections
WHERE org_id = @org_id AND (sqlc.narg(connection_id)::uuid IS NULL OR id = sqlc.narg(connection_id))
ORDER BY created_at, id;

-- name: CalendarsOfAccounts :many
-- Their calendars with how each is, and until when the provider calls us. The unique index of calendars; calendar_channels_of.
SELECT c.id, c.connection_id, c.name, c.writable, c.blocks, c.receives, c.resource_id, c.tentative_busy, c.fresh_at, c.first_at, c.read_so_far,
       c.next_pull_at, c.failing_since, c.failure, c.deleted_at, c.capped, c.canary_seen_at, c.canary_ms, c.push_dead_at,
       coalesce(r.name, '') AS resource, coalesce(h.expires_at, 'epoch')::timestamptz AS channel_until
FROM calendars c
LEFT JOIN resources r ON r.org_id = c.org_id AND r.id = c.resource_id
LEFT JOIN (SELECT n.org_id, n.calendar_id, max(n.expires_at)::timestamptz AS expires_at FROM calendar_channels n
           WHERE n.org_id = @org_id AND n.closed_at IS NULL AND n.expires_at > @now::timestamptz GROUP BY 1, 2) h ON h.org_id = c.org_id AND h.calendar_id = c.id
WHERE c.org_id = @org_id AND (sqlc.narg(connection_id)::uuid IS NULL OR c.connection_id = sqlc.narg(connection_id))
ORDER BY c.deleted_at IS NOT NULL, c.receives DESC, c.blocks DESC, lower(c.name), c.id;

-- name: CalendarChoice :one
-- One calendar, to choose what it does. Primary key.
SELECT c.id, c.connection_id, c.name, c.writable, c.blocks, c.receives, c.resource_id, c.tentative_busy, c.deleted_at, k.kind
FROM calendars c JOIN calendar_connections k ON k.org_id = c.org_id AND k.id = c.connection_id
WHERE c.org_id = @org_id AND c.id = @id;

-- name: ChooseCalendar :execrows
-- Primary key.
UPDATE calendars SET blocks = @blocks, receives = @receives, resource_id = @resource_id, tentative_busy = @tentative_busy
WHERE org_id = @org_id AND id = @id AND (writable OR NOT @receives);

-- name: ChooseStrategies :execrows
-- Primary key.
UPDATE calendar_connections SET strategy = @strategy, strategies = @strategies WHERE org_id = @org_id AND id = @id;

-- name: ResourcesToChoose :many
-- What a calendar can be about. Index: resources_name.
SELECT id, name FROM resources WHERE org_id = @org_id AND retired_at IS NULL ORDER BY lower(name);

-- name: CalendarRules :one
-- What an organisation says of its calendars.
SELECT name, timezone, hold_days, fresh_within_minutes, copy_title, copy_body, feed_sealed FROM orgs WHERE id = @id;

-- name: SetFreshness :exec
UPDATE orgs SET fresh_within_minutes = @fresh_within_minutes, hold_days = @hold_days WHERE id = @id;

-- name: SetCopyWords :exec
UPDATE orgs SET copy_title = @copy_title, copy_body = @copy_body WHERE id = @id;

-- name: NextToDescribe :one
-- The next booking as BookingToCopy gives it, to try the words on. Index: bookings_by_start.
SELECT b.id, b.title, b.starts_local, b.ends_local, b.timezone, b.venue, b.status, b.contested_at, b.stamps, o.copy_title, o.copy_body, o.name AS org_name,
       coalesce(c.name, '') AS client_name, coalesce(c.partner_name, '') AS partner_name, coalesce(c.email, '') AS client_email, coalesce(c.phone, '') AS client_phone
FROM bookings b
JOIN orgs o ON o.id = b.org_id
LEFT JOIN clients c ON c.org_id = b.org_id AND c.connection_id = b.connection_id AND c.external_id = b.client_external_id
WHERE b.org_id = @org_id AND b.status IN ('held', 'confirmed') AND lower(b.during) >= @now
ORDER BY lower(b.during), b.id LIMIT 1;

-- name: SetFeed :exec
UPDATE orgs SET feed_sha256 = @feed_sha256, feed_sealed = @feed_sealed WHERE id = @id;

-- name: OrgByFeed :one
-- Whose calendar is this? The unique index of the hash.
SELECT id, name, timezone, copy_title, copy_body FROM orgs WHERE feed_sha256 = @feed_sha256;

-- name: FeedBookings :many
-- What a subscribed calendar shows: what is taken, and for a while what no longer is, so that it disappears there too. Who
-- subscribes keeps what is past. Index: bookings_during.
SELECT b.id, b.title, b.starts_local, b.ends_local, b.timezone, b.venue, b.status, b.updated_at, b.stamps, coalesce(c.name, '') AS client_name, coalesce(c.partner_name, '') AS partner_name,
       coalesce(c.email, '') AS client_email, coalesce(c.phone, '') AS client_phone
FROM bookings b
LEFT JOIN clients c ON c.org_id = b.org_id AND c.connection_id = b.connection_id AND c.external_id = b.client_external_id
WHERE b.org_id = @org_id AND b.during && tstzrange(@since::timestamptz, NULL) AND b.starts_local IS NOT NULL AND b.ends_local IS NOT NULL
  AND (b.status IN ('held', 'confirmed') OR b.status = 'cancelled' AND b.updated_at > @cancelled_since::timestamptz)
ORDER BY lower(b.during), b.id LIMIT 5000;

-- name: AllOrgsCalendarAccounts :many
-- For operators: how many accounts there are of each kind, and how many wait for a person. Few rows, read whole.
SELECT kind, count(*) AS accounts, count(*) FILTER (WHERE reconnect_since IS NOT NULL) AS reconnecting FROM calendar_connections GROUP BY kind ORDER BY kind;
