-- name: TouchRegions :exec
-- The last statement of a writing transaction. The row lock it takes is held to the commit, so versions never go back
-- and none is skipped; sorted, so two writers never wait for each other in a ring.
INSERT INTO live_regions (audience, region, version, changed_at)
SELECT a.id, r.name, 1, clock_timestamp()
FROM unnest(@audiences::uuid[]) AS a(id) CROSS JOIN unnest(@regions::text[]) AS r(name)
ORDER BY a.id, r.name
ON CONFLICT (audience, region)
DO UPDATE SET version = live_regions.version + 1, changed_at = clock_timestamp();

-- name: TouchIfWaiting :execrows
-- A delivery that still waits a moment after it came shows itself on the dashboard, without the door taking the row lock.
-- Index: webhook_logs_open.
INSERT INTO live_regions (audience, region, version, changed_at)
SELECT @org_id::uuid, r.name, 1, clock_timestamp()
FROM (SELECT 'kpis' UNION ALL SELECT DISTINCT 'deliveries:' || w.connection_id
      FROM webhook_logs w WHERE w.org_id = @org_id AND w.status = 'accepted') AS r(name)
WHERE EXISTS (SELECT 1 FROM webhook_logs w WHERE w.org_id = @org_id AND w.status = 'accepted')
ORDER BY r.name
ON CONFLICT (audience, region)
DO UPDATE SET version = live_regions.version + 1, changed_at = clock_timestamp();

-- name: RegionVersions :many
-- What the open pages of this node compare themselves with. Primary key.
SELECT audience, region, version, changed_at FROM live_regions WHERE audience = ANY(@audiences::uuid[]);

-- name: AllOrgsTouchNewDay :many
-- A figure such as "weddings in the next 30 days" changes at midnight without a write: where a new local day has begun
-- since the figure last changed, the day itself is the change.
UPDATE live_regions r SET version = r.version + 1, changed_at = clock_timestamp()
FROM orgs o
WHERE r.audience = o.id AND r.region IN ('kpis', 'weddings')
  AND (r.changed_at AT TIME ZONE o.timezone)::date < (now() AT TIME ZONE o.timezone)::date
RETURNING r.audience;

-- name: Wake :exec
-- Its own transaction, after the commit: NOTIFY inside the writing one would make every commit of the cluster queue behind it.
SELECT pg_notify('live', @audiences::text);

-- name: RegionVersionsOf :many
-- The versions that a page is drawn from; asked in the same snapshot as what the page shows. Primary key.
SELECT region, version, changed_at FROM live_regions WHERE audience = @audience AND region = ANY(@regions::text[]);
