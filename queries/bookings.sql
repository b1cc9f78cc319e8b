-- The booking truth: what is wanted, what is taken, and who waits for it.

-- name: HoldDates :exec
-- Whoever takes something takes first, in one order, the days that it lies in: those who want the same thing at the same
-- time come one after the other and read what the one before wrote, and nobody else waits. The exclusion would make them wait
-- for each other in a ring.
SELECT pg_advisory_xact_lock(k) FROM unnest(@keys::bigint[]) AS k;

-- name: HoldResources :exec
-- Comes before HoldDates: as long as one of those who use a resource is at it, nobody changes how much of it there is or what
-- comes before and after.
SELECT pg_advisory_xact_lock_shared(k) FROM unnest(@keys::bigint[]) AS k;

-- name: TryHolding :one
-- The same out of turn, so without waiting.
SELECT coalesce(bool_and(pg_try_advisory_xact_lock_shared(shared) AND pg_try_advisory_xact_lock(alone)), true)::boolean AS held
FROM unnest(@resources::bigint[], @deals::bigint[]) AS k(shared, alone);

-- name: ClaimedResources :many
-- Whose units bookings have. Primary key.
SELECT DISTINCT resource_id FROM booking_claims WHERE org_id = @org_id AND booking_id = ANY(@booking_ids::uuid[]);

-- name: BookingToChange :one
-- Primary key. Not FOR UPDATE: whoever deals a resource's units anew writes this booking's claims, and their foreign key would
-- wait for us while we wait for the resource.
SELECT id, connection_id, external_id, title, starts_local, ends_local, timezone, venue, resource, status, hold_until, queued_at, contested_at, stamps, key
FROM bookings WHERE org_id = @org_id AND id = @id FOR NO KEY UPDATE;

-- name: AddBooking :one
-- No row: one that lives has this key already. Index: bookings_key.
INSERT INTO bookings (org_id, id, key, title, venue, notes, resource, starts_local, ends_local, timezone, during, status, created_by, created_at)
VALUES (@org_id, @id, @key, @title, @venue, @notes, @resource, @starts_local, @ends_local, @timezone, tstzrange(@starts_at::timestamptz, @ends_at::timestamptz),
        'enquiry', @created_by, @created_at)
ON CONFLICT (org_id, key) WHERE key <> '' AND status <> 'cancelled' DO NOTHING
RETURNING id;

-- name: BookingByKey :one
-- Index: bookings_key.
SELECT id, status, queued_at FROM bookings WHERE org_id = @org_id AND key = @key AND key <> '' AND status <> 'cancelled';

-- name: StandBooking :exec
-- What became of it. What stands for nothing any more is null.
UPDATE bookings SET status = @status, hold_until = @hold_until, queued_at = @queued_at, contested_at = @contested_at,
    receipt = coalesce(@receipt::jsonb, receipt), stamps = @stamps, updated_at = now()
WHERE org_id = @org_id AND id = @id;

-- name: MoveBooking :exec
UPDATE bookings SET starts_local = @starts_local, ends_local = @ends_local, timezone = @timezone,
    during = tstzrange(@starts_at::timestamptz, @ends_at::timestamptz), resource = @resource, stamps = @stamps, updated_at = now()
WHERE org_id = @org_id AND id = @id;

-- name: FreeKey :exec
-- A booking that comes back to life gives up its key: another one may have it meanwhile, and to find that out would be to wait
-- for whoever is just writing it. Primary key.
UPDATE bookings SET key = '' WHERE org_id = @org_id AND id = @id AND key <> '';

-- name: RetitleBooking :exec
UPDATE bookings SET title = @title, venue = @venue, stamps = @stamps, updated_at = now() WHERE org_id = @org_id AND id = @id;

-- name: NeedsOf :many
-- Primary key.
SELECT n.booking_id, n.resource_id, n.units, r.name FROM booking_needs n JOIN resources r ON r.org_id = n.org_id AND r.id = n.resource_id
WHERE n.org_id = @org_id AND n.booking_id = ANY(@booking_ids::uuid[]) ORDER BY lower(r.name);

-- name: DropNeeds :exec
DELETE FROM booking_needs WHERE org_id = @org_id AND booking_id = ANY(@booking_ids::uuid[]);

-- name: AddNeeds :exec
INSERT INTO booking_needs (org_id, booking_id, resource_id, units)
SELECT @org_id, n.booking_id, n.resource_id, n.units FROM unnest(@booking_ids::uuid[], @resource_ids::uuid[], @units::smallint[]) AS n(booking_id, resource_id, units);

-- name: DropClaims :execrows
DELETE FROM booking_claims WHERE org_id = @org_id AND booking_id = ANY(@booking_ids::uuid[]);

-- name: DropClaimsOf :exec
-- Of some bookings on one resource, to deal its units anew.
DELETE FROM booking_claims WHERE org_id = @org_id AND resource_id = @resource_id AND booking_id = ANY(@booking_ids::uuid[]);

-- name: AddClaims :exec
INSERT INTO booking_claims (org_id, booking_id, resource_id, slot, during)
SELECT @org_id, c.booking_id, c.resource_id, c.slot, tstzrange(c.starts_at, c.ends_at)
FROM unnest(@booking_ids::uuid[], @resource_ids::uuid[], @slots::smallint[], @starts_ats::timestamptz[], @ends_ats::timestamptz[])
    AS c(booking_id, resource_id, slot, starts_at, ends_at);

-- name: ClaimsMeeting :many
-- What is taken in any of these times, and by whom. Index: booking_claims_once.
SELECT c.booking_id, c.resource_id, c.slot, lower(c.during)::timestamptz AS starts_at, upper(c.during)::timestamptz AS ends_at,
       b.title, b.status, b.hold_until, lower(b.during)::timestamptz AS booked_from, upper(b.during)::timestamptz AS booked_until
FROM booking_claims c JOIN bookings b ON b.org_id = c.org_id AND b.id = c.booking_id
WHERE c.org_id = @org_id AND (c.booking_id, c.resource_id, c.slot) IN (
    SELECT t.booking_id, t.resource_id, t.slot FROM unnest(@resource_ids::uuid[], @starts_ats::timestamptz[], @ends_ats::timestamptz[]) AS w(resource_id, starts_at, ends_at)
    JOIN booking_claims t ON t.org_id = @org_id AND t.resource_id = w.resource_id AND t.during && tstzrange(w.starts_at, w.ends_at))
ORDER BY c.resource_id, lower(c.during), c.slot;

-- name: ResourcesByID :many
-- Primary key.
SELECT id, name, kind, capacity, minutes_before, minutes_after, usual, retired_at FROM resources WHERE org_id = @org_id AND id = ANY(@ids::uuid[]);

-- name: ResourcesNamed :many
-- Names in small letters; an empty one asks for the usual resource. Indexes: resources_name, resources_usual.
SELECT id, name, kind, capacity, minutes_before, minutes_after, usual, retired_at FROM resources
WHERE org_id = @org_id AND (lower(name) = ANY(@names::text[]) OR usual AND '' = ANY(@names));

-- name: AddResourcesNamed :exec
-- What somebody names is there from then on. Index: resources_name.
INSERT INTO resources (org_id, name) SELECT @org_id, n FROM unnest(@names::text[]) AS n ON CONFLICT (org_id, lower(name)) DO NOTHING;

-- name: BlockingCalendars :many
-- The outside calendars whose word counts for these resources, and as of when we have it. One that is paused does not count:
-- a person said so.
SELECT c.id, c.name, c.resource_id, c.fresh_at, k.kind, k.account, o.fresh_within_minutes
FROM calendars c JOIN calendar_connections k ON k.org_id = c.org_id AND k.id = c.connection_id JOIN orgs o ON o.id = c.org_id
WHERE c.org_id = @org_id AND c.blocks AND c.deleted_at IS NULL AND k.paused_at IS NULL AND (c.resource_id IS NULL OR c.resource_id = ANY(@resource_ids::uuid[]))
ORDER BY k.account, c.name, c.id;

-- name: BusyMeeting :many
-- What outside calendars have in these times. Index: busy_during.
SELECT DISTINCT ON (s.calendar_id, s.root_id, s.during) s.calendar_id, s.remote_id, s.title, s.tentative, s.all_day, c.name AS calendar, k.account, k.kind,
       lower(s.during)::timestamptz AS starts_at, upper(s.during)::timestamptz AS ends_at
FROM unnest(@resource_ids::uuid[], @starts_ats::timestamptz[], @ends_ats::timestamptz[]) AS w(resource_id, starts_at, ends_at)
JOIN busy s ON s.org_id = @org_id AND s.during && tstzrange(w.starts_at, w.ends_at)
JOIN calendars c ON c.org_id = s.org_id AND c.id = s.calendar_id AND c.blocks AND c.deleted_at IS NULL AND (c.resource_id IS NULL OR c.resource_id = w.resource_id)
JOIN calendar_connections k ON k.org_id = c.org_id AND k.id = c.connection_id AND k.paused_at IS NULL
WHERE NOT s.tentative OR c.tentative_busy
ORDER BY s.calendar_id, s.root_id, s.during;

-- name: AddBookingSteps :exec
INSERT INTO booking_steps (org_id, booking_id, id, at, step, user_id, detail)
SELECT @org_id, s.booking_id, s.id, @at, s.step, @user_id, s.detail
FROM unnest(@booking_ids::uuid[], @ids::uuid[], @steps::text[], @details::text[]) AS s(booking_id, id, step, detail);

-- name: BookingSteps :many
-- Newest first. Primary key.
SELECT s.id, s.at, s.step, s.detail, coalesce(u.name, '')::text AS who FROM booking_steps s LEFT JOIN users u ON u.id = s.user_id
WHERE s.org_id = @org_id AND s.booking_id = @booking_id ORDER BY s.id DESC LIMIT 100;

-- name: HoldDays :one
SELECT hold_days FROM orgs WHERE id = @org_id;

-- name: InLine :many
-- Who waits: what a CRM has promised to a couple before who stands in line, and first come first. Indexes: bookings_queue,
-- bookings_contested.
SELECT id, coalesce(contested_at, queued_at)::timestamptz AS since, contested_at IS NOT NULL AS contested FROM bookings
WHERE org_id = @org_id AND (queued_at IS NOT NULL OR contested_at IS NOT NULL) AND status <> 'cancelled' AND upper(during) > @now::timestamptz
ORDER BY contested_at IS NULL, coalesce(contested_at, queued_at), id LIMIT 500;

-- name: PlaceInLine :one
-- How many stand before it for any of the same resources and time, plus one. Index: bookings_queue.
SELECT (1 + count(DISTINCT o.id))::int AS place FROM bookings b
JOIN booking_needs n ON n.org_id = b.org_id AND n.booking_id = b.id
JOIN bookings o ON o.org_id = b.org_id AND o.queued_at IS NOT NULL AND (o.queued_at, o.id) < (b.queued_at, b.id) AND o.during && b.during
JOIN booking_needs m ON m.org_id = o.org_id AND m.booking_id = o.id AND m.resource_id = n.resource_id
WHERE b.org_id = @org_id AND b.id = @id AND o.org_id = @org_id AND n.org_id = @org_id AND m.org_id = @org_id;

-- name: AllOrgsLapsed :many
-- Holds that should have lapsed. Index: bookings_holds.
SELECT org_id, id FROM bookings WHERE status = 'held' AND hold_until <= @now ORDER BY hold_until LIMIT 500;

-- name: LapsedOf :many
-- Of some bookings those whose hold has run out, left alone where somebody works on them. Primary key.
SELECT id FROM bookings WHERE org_id = @org_id AND id = ANY(@ids::uuid[]) AND status = 'held' AND hold_until <= @now FOR NO KEY UPDATE SKIP LOCKED;

-- name: LapseBookings :exec
UPDATE bookings SET status = 'enquiry', hold_until = NULL, updated_at = now() WHERE org_id = @org_id AND id = ANY(@ids::uuid[]);

-- name: BookingsToSeat :many
-- Bookings of another system as they stand, and what they have taken. Index: the unique key of bookings.
SELECT b.id, b.external_id, b.title, b.status, b.resource, b.contested_at, b.starts_local, b.ends_local, b.timezone, coalesce(lower(b.during), 'epoch')::timestamptz AS starts_at, coalesce(upper(b.during), 'epoch')::timestamptz AS ends_at,
       (b.during IS NOT NULL AND NOT isempty(b.during))::boolean AS timed,
       EXISTS (SELECT 1 FROM booking_claims c WHERE c.org_id = @org_id AND c.booking_id = b.id)::boolean AS seated
FROM bookings b WHERE b.org_id = @org_id AND b.connection_id = @connection_id::uuid AND b.external_id = ANY(@external_ids::text[])
ORDER BY b.id;

-- name: StandAsSaid :exec
-- Another system says what these are: who is not an enquiry any more does not wait in line, and what is not held does not run
-- out. Primary key.
UPDATE bookings SET queued_at = CASE WHEN status = 'enquiry' THEN queued_at END, hold_until = CASE WHEN status = 'held' THEN hold_until END
WHERE org_id = @org_id AND id = ANY(@ids::uuid[]) AND (queued_at IS NOT NULL AND status <> 'enquiry' OR hold_until IS NOT NULL AND status <> 'held');

-- name: ContestBookings :exec
UPDATE bookings SET contested_at = coalesce(contested_at, @at::timestamptz) WHERE org_id = @org_id AND id = ANY(@ids::uuid[]);

-- name: SettleBookings :exec
UPDATE bookings SET contested_at = NULL WHERE org_id = @org_id AND id = ANY(@ids::uuid[]) AND contested_at IS NOT NULL;

-- name: OpenContest :exec
-- One open conflict for each booking that found its place taken. Index: sync_conflicts_once.
INSERT INTO sync_conflicts (org_id, kind, subject, field, booking_id, other_booking_id, during, ours, theirs, fingerprint)
SELECT @org_id, 'contested', 'booking', 'day', c.booking_id, c.other_id, tstzrange(c.starts_at, c.ends_at), to_jsonb(c.other_title), to_jsonb(c.title), 'contested:' || c.booking_id
FROM unnest(@booking_ids::uuid[], @other_ids::uuid[], @starts_ats::timestamptz[], @ends_ats::timestamptz[], @titles::text[], @other_titles::text[])
    AS c(booking_id, other_id, starts_at, ends_at, title, other_title)
ON CONFLICT (org_id, fingerprint) WHERE resolved_at IS NULL AND fingerprint <> '' DO UPDATE SET during = excluded.during, other_booking_id = excluded.other_booking_id, ours = excluded.ours;

-- name: CloseContests :exec
-- Index: sync_conflicts_once.
UPDATE sync_conflicts SET resolved_at = @at, resolution = 'gone' WHERE org_id = @org_id AND fingerprint = ANY(@fingerprints::text[]) AND resolved_at IS NULL;

-- name: WhoFollows :one
-- Whether anything outside keeps copies, and whether anybody waits. Indexes: calendars' primary key, bookings_queue, bookings_contested.
SELECT EXISTS (SELECT 1 FROM calendars c WHERE c.org_id = @org_id AND (c.receives OR c.blocks) AND c.deleted_at IS NULL)::boolean AS receives,
       EXISTS (SELECT 1 FROM bookings b WHERE b.org_id = @org_id AND (b.queued_at IS NOT NULL OR b.contested_at IS NOT NULL))::boolean AS waits;

-- name: OrgTimezone :one
SELECT timezone FROM orgs WHERE id = @org_id;

-- name: ResourceToReshape :one
-- Primary key.
SELECT id, name, capacity, minutes_before, minutes_after FROM resources WHERE org_id = @org_id AND id = @id;

-- name: ReshapeResource :exec
UPDATE resources SET capacity = @capacity, minutes_before = @minutes_before, minutes_after = @minutes_after WHERE org_id = @org_id AND id = @id;

-- name: ClaimsOn :many
-- What is taken of a resource from a moment on. Index: booking_claims_once.
SELECT c.booking_id, c.slot, b.title, b.status, b.hold_until, lower(c.during)::timestamptz AS starts_at, upper(c.during)::timestamptz AS ends_at,
       lower(b.during)::timestamptz AS booked_from, upper(b.during)::timestamptz AS booked_until
FROM booking_claims c JOIN bookings b ON b.org_id = c.org_id AND b.id = c.booking_id
WHERE c.org_id = @org_id AND c.resource_id = @resource_id AND c.during && tstzrange(@from_at::timestamptz, NULL)
ORDER BY lower(c.during), c.slot;

-- name: AllOrgsWallTimes :many
-- Bookings ahead with the instants that their wall times had when they were written, some thousand at a time. Primary key.
SELECT org_id, id, starts_local, ends_local, timezone, lower(during)::timestamptz AS starts_at, upper(during)::timestamptz AS ends_at
FROM bookings
WHERE (org_id, id) > (@after_org::uuid, @after_id::uuid) AND upper(during) > @now::timestamptz AND starts_local IS NOT NULL AND ends_local IS NOT NULL
  AND timezone <> '' AND status <> 'cancelled'
ORDER BY org_id, id LIMIT 5000;

-- name: AwaitDisk :exec
-- A message in the log that nobody reads: its commit comes back when everything before it is durable.
SELECT pg_logical_emit_message(true, 'wedsync', '');
