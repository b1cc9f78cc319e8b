-- name: CalendarBookings :many
-- What lies in a time, also what began before it; an enquiry without a place in line takes nothing, and is shown as that.
-- Index: bookings_during; the needs and conflicts of those alone.
SELECT b.id, b.title, b.starts_local, b.ends_local, b.timezone, b.venue, b.status, b.hold_until,
       (b.queued_at IS NOT NULL)::boolean AS queued, (b.contested_at IS NOT NULL)::boolean AS contested,
       lower(b.during)::timestamptz AS from_then, upper(b.during)::timestamptz AS until_then,
       EXISTS (SELECT 1 FROM sync_conflicts s WHERE s.org_id = @org_id AND s.resolved_at IS NULL AND b.id IN (s.booking_id, s.other_booking_id)) AS disputed,
       ARRAY(SELECT n.resource_id FROM booking_needs n WHERE n.org_id = @org_id AND n.booking_id = b.id)::uuid[] AS resources
FROM bookings b
WHERE b.org_id = @org_id AND b.status <> 'cancelled' AND b.during && tstzrange(@since::timestamptz, @until::timestamptz)
ORDER BY lower(b.during), b.created_at, b.id LIMIT 2000;

-- name: CalendarBusy :many
-- What blocks time from outside. Index: busy_during; the primary keys of calendars and their connections.
SELECT u.title, u.all_day, u.tentative, lower(u.during)::timestamptz AS from_then, upper(u.during)::timestamptz AS until_then,
       c.name AS calendar, k.account, k.id AS connection_id, c.resource_id
FROM busy u
JOIN calendars c ON c.org_id = u.org_id AND c.id = u.calendar_id
JOIN calendar_connections k ON k.org_id = c.org_id AND k.id = c.connection_id
LEFT JOIN calendar_events e ON e.org_id = u.org_id AND e.calendar_id = u.calendar_id AND e.remote_id = u.remote_id
WHERE u.org_id = @org_id AND u.during && tstzrange(@since::timestamptz, @until::timestamptz)
  AND c.blocks AND c.deleted_at IS NULL AND (c.tentative_busy OR NOT u.tentative) AND e.ignored_at IS NULL
ORDER BY lower(u.during), u.root_id LIMIT 2000;

-- name: OutsideCalendars :many
-- How sure we are of each outside calendar. An organisation has a handful: the primary keys.
SELECT c.id, c.name, c.blocks, c.resource_id, c.fresh_at, c.first_at, c.read_so_far, c.failure, coalesce(c.leased_until > @now, false)::boolean AS reading,
       k.id AS connection_id, k.kind, k.account, (k.reconnect_since IS NOT NULL)::boolean AS reconnect, (k.paused_at IS NOT NULL)::boolean AS paused
FROM calendars c JOIN calendar_connections k ON k.org_id = c.org_id AND k.id = c.connection_id
WHERE c.org_id = @org_id AND c.deleted_at IS NULL AND (c.blocks OR c.receives AND c.first_at IS NULL)
ORDER BY k.created_at, lower(c.name), c.id;

-- name: BookingPage :one
-- One booking whole. Its place in line counts who came before it for the same thing at the same time.
-- Indexes: the primary key, bookings_queue, clients (connection, external id).
SELECT b.id, b.title, b.starts_local, b.ends_local, b.timezone, b.venue, b.status, b.value_minor, b.value_currency, b.hold_until, b.queued_at,
       b.contested_at, b.receipt, b.notes, b.resource, b.connection_id, b.created_at, b.updated_at, k.provider,
       coalesce(c.name, '') AS client_name, coalesce(c.partner_name, '') AS partner_name, coalesce(c.email, '') AS client_email, coalesce(c.phone, '') AS client_phone,
       CASE WHEN b.queued_at IS NULL THEN 0 ELSE 1 + (SELECT count(*) FROM bookings o
           WHERE o.org_id = @org_id AND o.queued_at < b.queued_at AND o.during && b.during
             AND EXISTS (SELECT 1 FROM booking_needs x JOIN booking_needs y ON y.org_id = x.org_id AND y.resource_id = x.resource_id
                         WHERE x.org_id = @org_id AND x.booking_id = o.id AND y.booking_id = b.id)) END::int AS place
FROM bookings b
LEFT JOIN connections k ON k.org_id = b.org_id AND k.id = b.connection_id
LEFT JOIN clients c ON c.org_id = b.org_id AND c.connection_id = b.connection_id AND c.external_id = b.client_external_id
WHERE b.org_id = @org_id AND b.id = @id;

-- name: BookingNeedsOf :many
-- Primary keys.
SELECT n.resource_id, n.units, r.name, r.kind, r.capacity, r.minutes_before, r.minutes_after, (r.retired_at IS NOT NULL)::boolean AS retired,
       EXISTS (SELECT 1 FROM booking_claims c WHERE c.org_id = @org_id AND c.booking_id = @booking_id AND c.resource_id = n.resource_id) AS taken
FROM booking_needs n JOIN resources r ON r.org_id = n.org_id AND r.id = n.resource_id
WHERE n.org_id = @org_id AND n.booking_id = @booking_id
ORDER BY lower(r.name);

-- name: BookingStepsOf :many
-- The newest first. Primary key.
SELECT s.id, s.at, s.step, s.detail, coalesce(u.name, '') AS who
FROM booking_steps s LEFT JOIN users u ON u.id = s.user_id
WHERE s.org_id = @org_id AND s.booking_id = @booking_id
ORDER BY s.id DESC LIMIT 100;

-- name: BookingConflicts :many
-- What is open about one booking. Index: sync_conflicts_open.
SELECT s.id, s.kind, s.field, s.created_at FROM sync_conflicts s
WHERE s.org_id = @org_id AND s.resolved_at IS NULL AND @booking_id::uuid IN (s.booking_id, s.other_booking_id)
ORDER BY s.created_at LIMIT 20;

-- name: SetBookingNotes :execrows
UPDATE bookings SET notes = @notes, updated_at = now() WHERE org_id = @org_id AND id = @id;

-- name: ClaimsDuring :many
-- What is taken of which thing, for how long with what comes before and after. Index: booking_claims_once.
SELECT c.resource_id, c.slot, c.booking_id, b.status, lower(c.during)::timestamptz AS from_then, upper(c.during)::timestamptz AS until_then
FROM booking_claims c JOIN bookings b ON b.org_id = c.org_id AND b.id = c.booking_id
WHERE c.org_id = @org_id AND c.during && tstzrange(@since::timestamptz, @until::timestamptz)
ORDER BY lower(c.during) LIMIT 5000;
