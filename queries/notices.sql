-- name: AddNotices :many
-- Gives those that are new: what was announced before, under the same id, is left as it is. A zero id stands for none.
INSERT INTO notices (org_id, id, at, kind, urgent, facts, secret, user_id, only_for, connection_id, client_external_id, client_email)
SELECT n.org_id, n.id, n.at, n.kind, n.urgent, n.facts::jsonb, nullif(n.secret, ''),
       nullif(n.user_id, '00000000-0000-0000-0000-000000000000'), nullif(n.only_for, '')::audience, nullif(n.connection_id, '00000000-0000-0000-0000-000000000000'),
       n.client_external_id, n.client_email
FROM unnest(@org_ids::uuid[], @ids::uuid[], @ats::timestamptz[], @kinds::text[], @urgents::boolean[], @facts::text[], @secrets::bytea[], @user_ids::uuid[],
            @onlys::text[], @connection_ids::uuid[], @client_external_ids::text[], @client_emails::text[])
     AS n(org_id, id, at, kind, urgent, facts, secret, user_id, only_for, connection_id, client_external_id, client_email)
ON CONFLICT (org_id, id) DO NOTHING
RETURNING org_id, id;

-- name: NoticesToTell :many
-- Primary key.
SELECT id, at, kind, urgent, facts, user_id, only_for, connection_id, client_external_id, client_email
FROM notices WHERE org_id = @org_id AND id = ANY(@ids::uuid[]) ORDER BY at, id;

-- name: ForgetSecret :exec
-- It is on its way to its reader. Primary key.
UPDATE notices SET secret = NULL WHERE org_id = @org_id AND id = @id AND secret IS NOT NULL;

-- name: AllOrgsSecrets :many
-- Index: notices_secret.
SELECT org_id, id, secret FROM notices WHERE secret IS NOT NULL;

-- name: ResealNotice :exec
-- Primary key.
UPDATE notices SET secret = @secret WHERE org_id = @org_id AND id = @id AND secret = @before;

-- name: NoticesSince :one
-- How much happens just now; it stops counting where it is enough. Index: notices_newest.
SELECT count(*) FROM (SELECT FROM notices WHERE org_id = @org_id AND at >= @since AND NOT urgent LIMIT @enough) n;

-- name: LettersToCouples :one
-- Which letters an organisation has sent to its couples. Primary key.
SELECT coalesce(array_agg(kind), '{}')::text[] AS kinds FROM couple_letters WHERE org_id = @org_id;

-- name: CouplesOf :many
-- Whom notices are about: the client as the sender names them, or whoever has that address; once, though they may be clients
-- of two systems. A client who is gone hears nothing. Indexes: clients_org_id_connection_id_external_id_key, clients_email.
SELECT DISTINCT ON (n.id, lower(c.email)) n.id AS notice_id, c.id AS client_id, c.name, c.partner_name, c.email
FROM notices n
JOIN clients c ON c.org_id = n.org_id AND NOT c.deleted AND c.email <> ''
    AND (n.client_external_id <> '' AND c.connection_id = n.connection_id AND c.external_id = n.client_external_id
         OR n.client_external_id = '' AND n.client_email <> '' AND lower(c.email) = lower(n.client_email))
WHERE n.org_id = @org_id AND n.id = ANY(@ids::uuid[])
ORDER BY n.id, lower(c.email), c.created_at, c.id;

-- name: PersonAlone :one
-- Somebody to whom the house itself writes. Primary key.
SELECT id, name, email, phone, timezone FROM users WHERE id = @id;

-- name: HoldDigests :many
-- The bundles that notices go into, made where they are not there yet. The row is locked to the commit, so none is closed
-- meanwhile; one that is closed already is not among the answers. Index: digests_window.
INSERT INTO digests (org_id, user_id, window_key, due_at)
SELECT @org_id, d.user_id, d.window_key, d.due_at
FROM unnest(@user_ids::uuid[], @window_keys::text[], @due_ats::timestamptz[]) AS d(user_id, window_key, due_at)
ORDER BY d.user_id, d.window_key, d.due_at
ON CONFLICT (org_id, user_id, window_key, due_at) DO UPDATE SET due_at = excluded.due_at WHERE digests.closed_at IS NULL
RETURNING id, user_id, window_key, due_at, (xmax = 0)::boolean AS fresh;

-- name: CloseDigest :one
-- Closes it once. Primary key.
UPDATE digests SET closed_at = @now WHERE org_id = @org_id AND id = @id AND closed_at IS NULL
RETURNING user_id, window_key, due_at;

-- name: InDigest :many
-- What a bundle holds. Index: notification_logs_bundled.
SELECT l.id, l.channel, l.kind, n.facts, n.at FROM notification_logs l JOIN notices n ON n.org_id = l.org_id AND n.id = l.notice_id
WHERE l.org_id = @org_id AND l.digest_id = @digest_id::uuid AND l.status = 'bundled' ORDER BY n.at, l.id;

-- name: DropFromDigest :exec
-- Turned off meanwhile.
UPDATE notification_logs SET status = 'skipped', reason = @reason WHERE org_id = @org_id AND id = ANY(@ids::uuid[]) AND status = 'bundled';

-- name: PartsWent :exec
-- What is still in a bundle went with it. Index: notification_logs_bundled.
UPDATE notification_logs SET handed_at = @now WHERE org_id = @org_id AND digest_id = @digest_id::uuid AND status = 'bundled';

-- name: AllOrgsForgetDigests :execrows
-- Bundles that closed long ago and whose parts have gone.
DELETE FROM digests d WHERE (d.org_id, d.id) IN (
    SELECT o.org_id, o.id FROM digests o WHERE o.closed_at < @before
      AND NOT EXISTS (SELECT FROM notification_logs l WHERE l.org_id = o.org_id AND l.digest_id = o.id) LIMIT 1000);

-- name: AllOrgsLateDigests :many
-- Bundles whose time came two minutes ago and that nobody closed. Index: digests_due.
SELECT org_id, id FROM digests WHERE closed_at IS NULL AND due_at < @before ORDER BY due_at LIMIT 500;

-- name: AllOrgsWeddingWeeks :many
-- Organisations in whose zone it is Monday morning, with their weddings of the seven days from now. Index: bookings_by_start.
SELECT o.id AS org_id, o.timezone, b.id AS booking_id, b.title, b.starts_local, b.ends_local, b.timezone AS zone, b.venue,
       coalesce(c.name, '') AS client_name, coalesce(c.partner_name, '') AS client_partner
FROM orgs o
JOIN bookings b ON b.org_id = o.id AND b.status = 'confirmed' AND lower(b.during) >= @now::timestamptz AND lower(b.during) < @until::timestamptz
LEFT JOIN clients c ON c.org_id = b.org_id AND c.connection_id = b.connection_id AND c.external_id = b.client_external_id AND NOT c.deleted
WHERE date_part('isodow', timezone(o.timezone, @now)) = 1 AND date_part('hour', timezone(o.timezone, @now)) BETWEEN 8 AND 11
ORDER BY o.id, lower(b.during);

-- name: AllOrgsWeddingsInAWeek :many
-- Confirmed weddings that begin in a week, for the letter to the couple. Index: bookings_by_start.
SELECT b.org_id, b.id AS booking_id, b.connection_id, b.client_external_id, b.title, b.starts_local, b.ends_local, b.timezone AS zone, b.venue,
       c.name AS client_name, c.partner_name AS client_partner
FROM couple_letters l
JOIN bookings b ON b.org_id = l.org_id AND b.status = 'confirmed' AND lower(b.during) >= @from_day::timestamptz AND lower(b.during) < @until::timestamptz
JOIN clients c ON c.org_id = b.org_id AND c.connection_id = b.connection_id AND c.external_id = b.client_external_id AND NOT c.deleted
WHERE l.kind = 'wedding_week';

-- name: AllOrgsInvitesToRemind :many
-- One reminder at most, of an invite that nobody has answered for five days and that is not older than a month.
UPDATE vendor_invites v SET reminded_at = @now
WHERE v.status = 'invited' AND v.reminded_at IS NULL AND v.created_at < @before AND v.created_at > @not_older
RETURNING v.org_id, v.id, v.couple, v.created_at;
