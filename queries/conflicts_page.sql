-- name: CountOpenConflicts :one
-- The figure on the tab. Index: sync_conflicts_open.
SELECT count(*) FROM sync_conflicts WHERE org_id = @org_id AND resolved_at IS NULL;

-- name: ConflictsShown :many
-- The open ones, or the settled, the newest first; one page. Indexes: sync_conflicts_open, sync_conflicts_newest.
SELECT s.id, s.kind, s.subject, s.field, s.ours, s.theirs, s.base, s.created_at, s.resolved_at, s.resolution, (s.undone_at IS NOT NULL)::boolean AS undone, coalesce(lower(s.during), 'epoch')::timestamptz AS from_then,
       coalesce(b.title, '') AS booking, b.starts_local, b.ends_local, coalesce(b.timezone, '')::text AS timezone, coalesce(k.name, '') AS client_name, coalesce(k.partner_name, '') AS partner_name,
       coalesce(c.name, '') AS calendar, coalesce(a.account, '') AS account, a.kind AS calendar_kind
FROM sync_conflicts s
LEFT JOIN bookings b ON b.org_id = s.org_id AND b.id = s.booking_id
LEFT JOIN clients k ON k.org_id = b.org_id AND k.connection_id = b.connection_id AND k.external_id = b.client_external_id
LEFT JOIN calendars c ON c.org_id = s.org_id AND c.id = s.calendar_id
LEFT JOIN calendar_connections a ON a.org_id = c.org_id AND a.id = c.connection_id
WHERE s.org_id = @org_id AND (s.resolved_at IS NOT NULL) = @settled::boolean AND s.created_at < @before::timestamptz
ORDER BY s.created_at DESC, s.id LIMIT 51;

-- name: ConflictShown :one
-- One, with everything that it is about. Primary keys.
SELECT s.id, s.kind, s.subject, s.field, s.ours, s.theirs, s.base, s.created_at, s.resolved_at, s.resolution, s.undone_at, (s.undo IS NOT NULL AND s.undone_at IS NULL AND s.resolution <> 'gone')::boolean AS undoable,
       coalesce(lower(s.during), 'epoch')::timestamptz AS from_then, coalesce(upper(s.during), 'epoch')::timestamptz AS until_then,
       s.booking_id, coalesce(b.title, '') AS booking, b.starts_local, b.ends_local, coalesce(b.timezone, '')::text AS timezone, coalesce(b.venue, '')::text AS venue, b.status,
       coalesce(k.name, '') AS client_name, coalesce(k.partner_name, '') AS partner_name,
       s.other_booking_id, coalesce(o.title, '') AS other_booking, o.starts_local AS other_starts, o.status AS other_status,
       s.calendar_id, coalesce(c.name, '') AS calendar, a.id AS connection_id, coalesce(a.account, '') AS account, a.kind AS calendar_kind,
       coalesce(u.name, '') AS settled_by
FROM sync_conflicts s
LEFT JOIN bookings b ON b.org_id = s.org_id AND b.id = s.booking_id
LEFT JOIN clients k ON k.org_id = b.org_id AND k.connection_id = b.connection_id AND k.external_id = b.client_external_id
LEFT JOIN bookings o ON o.org_id = s.org_id AND o.id = s.other_booking_id
LEFT JOIN calendars c ON c.org_id = s.org_id AND c.id = s.calendar_id
LEFT JOIN calendar_connections a ON a.org_id = c.org_id AND a.id = c.connection_id
LEFT JOIN users u ON u.id = s.resolved_by
WHERE s.org_id = @org_id AND s.id = @id;

-- name: NeedsInConflict :many
-- What the booking of a conflict would be without. Primary keys.
SELECT r.name, r.kind FROM booking_needs n JOIN resources r ON r.org_id = n.org_id AND r.id = n.resource_id
WHERE n.org_id = @org_id AND n.booking_id = @booking_id ORDER BY lower(r.name);
