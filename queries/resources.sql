-- name: Resources :many
-- With how much of each is taken from now on. Primary key; booking_claims_of_resource.
SELECT r.id, r.name, r.kind, r.capacity, r.minutes_before, r.minutes_after, r.usual, r.retired_at,
       (SELECT count(DISTINCT c.booking_id) FROM booking_claims c WHERE c.org_id = @org_id AND c.resource_id = r.id AND upper(c.during) > @now::timestamptz) AS ahead
FROM resources r WHERE r.org_id = @org_id
ORDER BY r.retired_at IS NOT NULL, r.kind, lower(r.name);

-- name: LockResource :one
-- Whoever takes it waits until it is changed. Primary key.
SELECT * FROM resources WHERE org_id = @org_id AND id = @id FOR NO KEY UPDATE; -- not FOR UPDATE: whoever takes of it refers to it

-- name: AddResource :exec
INSERT INTO resources (org_id, id, name, kind, capacity, minutes_before, minutes_after, usual)
VALUES (@org_id, @id, @name, @kind, @capacity, @minutes_before, @minutes_after, @usual);

-- name: SetResource :exec
UPDATE resources SET name = @name, kind = @kind, capacity = @capacity, minutes_before = @minutes_before, minutes_after = @minutes_after, usual = @usual
WHERE org_id = @org_id AND id = @id;

-- name: UnsetUsual :exec
-- One thing is the usual one. Index: resources_usual.
UPDATE resources SET usual = false WHERE org_id = @org_id AND usual AND id <> @id;

-- name: RetireResource :exec
UPDATE resources SET retired_at = @retired_at, usual = false WHERE org_id = @org_id AND id = @id;

-- name: FutureNeeds :one
-- Bookings ahead that take a thing. Index: booking_needs_of_resource.
SELECT count(*) FROM booking_needs n JOIN bookings b ON b.org_id = n.org_id AND b.id = n.booking_id
WHERE n.org_id = @org_id AND n.resource_id = @resource_id AND b.status <> 'cancelled'
  AND (b.status IN ('held', 'confirmed') OR b.queued_at IS NOT NULL) AND upper(b.during) > @now::timestamptz;

-- name: OrgByAvailability :one
-- Whose link is this? Index: the unique one of the hash.
SELECT id, name, timezone FROM orgs WHERE availability_sha256 = @availability_sha256;

-- name: SetAvailability :exec
UPDATE orgs SET availability_sha256 = @availability_sha256, availability_sealed = @availability_sealed WHERE id = @org_id;
