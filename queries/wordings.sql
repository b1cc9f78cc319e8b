-- name: Wordings :many
-- Which letters a supplier has put into words of their own. Primary key.
SELECT w.letter, w.updated_at, coalesce(u.name, '') AS updated_by
FROM wordings w LEFT JOIN users u ON u.id = w.updated_by
WHERE w.org_id = @org_id ORDER BY w.letter;

-- name: KeepWording :exec
-- Primary key.
INSERT INTO wordings (org_id, letter, subject, opening, closing, updated_by)
VALUES (@org_id, @letter, @subject, @opening, @closing, @updated_by)
ON CONFLICT (org_id, letter) DO UPDATE
SET subject = excluded.subject, opening = excluded.opening, closing = excluded.closing, updated_at = now(), updated_by = excluded.updated_by;

-- name: ForgetWording :execrows
-- Primary key.
DELETE FROM wordings WHERE org_id = @org_id AND letter = @letter;

-- name: SendToCouples :execrows
-- From now on such letters go to the organisation's couples. Primary key.
INSERT INTO couple_letters (org_id, kind) VALUES (@org_id, @kind) ON CONFLICT DO NOTHING;

-- name: StopSendingToCouples :execrows
-- Primary key.
DELETE FROM couple_letters WHERE org_id = @org_id AND kind = @kind;

-- name: SetLook :exec
-- Primary key.
UPDATE orgs SET colour = @colour, reply_to = @reply_to WHERE id = @org_id;

-- name: WeddingAhead :one
-- The next wedding, to try a letter on. Index: bookings_by_start.
SELECT b.title, b.starts_local, b.ends_local, b.timezone, b.venue, coalesce(c.name, '') AS client_name, coalesce(c.partner_name, '') AS partner_name
FROM bookings b
LEFT JOIN clients c ON c.org_id = b.org_id AND c.connection_id = b.connection_id AND c.external_id = b.client_external_id
WHERE b.org_id = @org_id AND b.status IN ('held', 'confirmed') AND lower(b.during) >= @now
ORDER BY lower(b.during), b.id LIMIT 1;
