-- name: ReadingOfConnection :one
-- By which reading a connection is read, and what fills what its sender leaves out. Primary keys.
SELECT c.provider, c.mapping_version, c.money_unit, o.timezone, o.currency
FROM connections c JOIN orgs o ON o.id = c.org_id
WHERE c.org_id = @org_id AND c.id = @id;

-- name: LockReading :one
-- Two who keep a reading at once take turns, so that each gets a number of its own. Not FOR UPDATE: the door's inserts
-- refer to this row, and must not wait for a page. Primary key.
SELECT mapping_version FROM connections WHERE org_id = @org_id AND id = @id FOR NO KEY UPDATE;

-- name: AddMapping :one
-- The next version; a query of its own after the lock, so that it sees what the one before it kept. Index: mappings_pkey.
INSERT INTO mappings (org_id, connection_id, version, spec, made_by)
SELECT @org_id, @connection_id, coalesce(max(m.version), 0) + 1, @spec, sqlc.narg('made_by')
FROM mappings m WHERE m.org_id = @org_id AND m.connection_id = @connection_id
RETURNING version;

-- name: SwitchReading :execrows
-- 0 is the provider's default; any other version must be there. Index: mappings_pkey.
UPDATE connections c SET mapping_version = @version::integer
WHERE c.org_id = @org_id AND c.id = @id
  AND (@version = 0 OR EXISTS (SELECT 1 FROM mappings m WHERE m.org_id = @org_id AND m.connection_id = @id AND m.version = @version));

-- name: Mappings :many
-- The versions that were kept, newest first. Index: mappings_pkey, backwards.
SELECT m.version, m.made_at, coalesce(u.name, '')::text AS made_by
FROM mappings m LEFT JOIN users u ON u.id = m.made_by
WHERE m.org_id = @org_id AND m.connection_id = @connection_id
ORDER BY m.version DESC LIMIT 50;

-- name: MappingSpec :one
-- One version. Index: mappings_pkey.
SELECT spec FROM mappings WHERE org_id = @org_id AND connection_id = @connection_id AND version = @version;

-- name: Samples :many
-- The last deliveries that the sender really sent (no test of ours, no row of a sheet), to try a reading on. A body beyond
-- 64 KiB stays where it is: twenty of a megabyte would be read for a page that a person waits for.
-- Index: webhook_logs_of_connection, backwards.
SELECT l.id, l.event_type, l.status, l.received_at, l.content_type, l.normalised,
       (CASE WHEN octet_length(l.body) <= 65536 THEN l.body ELSE ''::bytea END)::bytea AS body,
       (octet_length(l.body) > 65536)::boolean AS too_large
FROM webhook_logs l
WHERE l.org_id = @org_id AND l.connection_id = @connection_id AND l.source IN ('hook', 'readback', 'poll')
ORDER BY l.id DESC LIMIT 20;

-- name: ReadingOf :one
-- Which reading made a delivery's event. Primary key.
SELECT mapping_version FROM webhook_logs WHERE org_id = @org_id AND id = @id;
