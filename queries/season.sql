-- name: ClientByEmail :many
-- A payment says an address; people think in names. The newest client under each address. Index: clients_email.
SELECT DISTINCT ON (lower(c.email)) lower(c.email)::text AS address, c.name, c.partner_name
FROM clients c
WHERE c.org_id = @org_id AND lower(c.email) = ANY(@addresses::text[]) AND c.email <> '' AND NOT c.deleted
ORDER BY lower(c.email), c.updated_at DESC;

-- name: SaveClient :exec
INSERT INTO clients (org_id, connection_id, external_id, name, partner_name, email, phone, deleted, stamps, created_at)
VALUES (@org_id, @connection_id, @external_id, @name, @partner_name, @email, @phone, @deleted, @stamps, @created_at)
ON CONFLICT (org_id, connection_id, external_id) DO UPDATE SET
    name = excluded.name, partner_name = excluded.partner_name, email = excluded.email, phone = excluded.phone,
    deleted = excluded.deleted, stamps = excluded.stamps, updated_at = now();

-- name: SaveBooking :exec
-- `during` is the wall times at the venue as instants, by ical.Instant: one rule for hours that clocks skip or repeat.
INSERT INTO bookings (org_id, connection_id, external_id, client_external_id, title, starts_local, ends_local, timezone, during,
                      venue, resource, status, value_minor, value_currency, stamps, created_at)
VALUES (@org_id, @connection_id, @external_id, @client_external_id, @title, @starts_local, @ends_local, @timezone,
        CASE WHEN sqlc.narg(starts_at)::timestamptz IS NOT NULL THEN tstzrange(sqlc.narg(starts_at), sqlc.narg(ends_at)::timestamptz) END,
        @venue, @resource, @status, @value_minor, @value_currency, @stamps, @created_at)
ON CONFLICT (org_id, connection_id, external_id) DO UPDATE SET
    client_external_id = excluded.client_external_id, title = excluded.title,
    starts_local = excluded.starts_local, ends_local = excluded.ends_local, timezone = excluded.timezone, during = excluded.during,
    venue = excluded.venue, resource = excluded.resource, status = excluded.status,
    value_minor = excluded.value_minor, value_currency = excluded.value_currency, stamps = excluded.stamps, updated_at = now();

-- name: SavePayment :exec
INSERT INTO payments (org_id, id, connection_id, status, amount_minor, currency, refund_total_minor, booking_external_id,
                      payer_name, payer_email, description, failure, paid_at, stamps)
VALUES (@org_id, @id, @connection_id, @status, @amount_minor, @currency, @refund_total_minor, @booking_external_id,
        @payer_name, @payer_email, @description, @failure, @paid_at, @stamps)
ON CONFLICT (org_id, id) DO UPDATE SET
    status = excluded.status, amount_minor = excluded.amount_minor, currency = excluded.currency,
    refund_total_minor = excluded.refund_total_minor, booking_external_id = excluded.booking_external_id,
    payer_name = excluded.payer_name, payer_email = excluded.payer_email, description = excluded.description,
    failure = excluded.failure, paid_at = excluded.paid_at, stamps = excluded.stamps, updated_at = now();

-- name: NamePayment :exec
INSERT INTO payment_names (org_id, connection_id, name, payment_id)
SELECT @org_id, @connection_id, n, @payment_id FROM unnest(@names::text[]) AS n
ON CONFLICT (org_id, connection_id, name) DO UPDATE SET payment_id = excluded.payment_id;

-- name: MoveRefunds :exec
-- Rows turn out to be one payment: its refunds go along. A refund that several know keeps its latest state.
INSERT INTO payment_refunds (org_id, payment_id, external_id, status, amount_minor, currency, stamp)
SELECT DISTINCT ON (r.external_id) r.org_id, @into_id::uuid, r.external_id, r.status, r.amount_minor, r.currency, r.stamp
FROM payment_refunds r WHERE r.org_id = @org_id AND r.payment_id = ANY(@from_ids::uuid[])
ORDER BY r.external_id, r.stamp DESC
ON CONFLICT (org_id, payment_id, external_id) DO UPDATE SET
    status = excluded.status, amount_minor = excluded.amount_minor, currency = excluded.currency, stamp = excluded.stamp
WHERE payment_refunds.stamp < excluded.stamp;

-- name: MoveNames :exec
-- Index: payment_names_of_payment.
UPDATE payment_names SET payment_id = @into_id WHERE org_id = @org_id AND payment_id = ANY(@from_ids::uuid[]);

-- name: DropMergedPayments :exec
DELETE FROM payments WHERE org_id = @org_id AND id = ANY(@from_ids::uuid[]);

-- name: SaveRefund :exec
-- An older word about a refund never replaces a newer one.
INSERT INTO payment_refunds (org_id, payment_id, external_id, status, amount_minor, currency, stamp)
VALUES (@org_id, @payment_id, @external_id, @status, @amount_minor, @currency, @stamp)
ON CONFLICT (org_id, payment_id, external_id) DO UPDATE SET
    status = excluded.status, amount_minor = excluded.amount_minor, currency = excluded.currency, stamp = excluded.stamp
WHERE payment_refunds.stamp < excluded.stamp;

-- name: RecountRefunds :one
-- Two sources tell of refunds: single refunds, and a charge's running total. What the total has beyond every refund that
-- we know by name is refunds we have not heard of yet; of the named ones only those that succeeded count. A dispute (du_,
-- and dp_ in older ones) counts like a refund but is no part of the running total. Never more than was paid.
UPDATE payments p SET refunded_minor = least(p.amount_minor, known.succeeded + greatest(0, p.refund_total_minor - known.all_of_them))
FROM (SELECT coalesce(sum(r.amount_minor) FILTER (WHERE r.status = 'succeeded'), 0)::bigint AS succeeded,
             coalesce(sum(r.amount_minor) FILTER (WHERE r.external_id !~ '^d[up]_'), 0)::bigint AS all_of_them
      FROM payment_refunds r WHERE r.org_id = @org_id AND r.payment_id = @payment_id) known
WHERE p.org_id = @org_id AND p.id = @payment_id
RETURNING p.refunded_minor;

-- name: SaveInvite :one
-- Accepting is final: an invitation that arrives after its acceptance changes nothing but the names it brings.
WITH before AS (
    SELECT status FROM vendor_invites WHERE org_id = @org_id AND connection_id = @connection_id AND external_id = @external_id
)
INSERT INTO vendor_invites (org_id, connection_id, external_id, couple, email, status, accepted_at)
VALUES (@org_id, @connection_id, @external_id, @couple, @email, @status, @accepted_at)
ON CONFLICT (org_id, connection_id, external_id) DO UPDATE SET
    couple = coalesce(nullif(excluded.couple, ''), vendor_invites.couple),
    email = coalesce(nullif(excluded.email, ''), vendor_invites.email),
    status = CASE WHEN vendor_invites.status = 'accepted' THEN 'accepted' ELSE excluded.status END,
    accepted_at = coalesce(vendor_invites.accepted_at, excluded.accepted_at)
RETURNING status, coalesce((SELECT status FROM before), '')::text AS status_before;

-- name: AddActivity :exec
INSERT INTO activities (org_id, at, kind, who, what, amount_minor, currency, provider, delivery_id)
VALUES (@org_id, @at, @kind, @who, @what, @amount_minor, @currency, @provider, @delivery_id);

-- name: LatestActivities :many
-- Who paid is known by name as soon as their address is, also of a payment that came before its couple.
-- Indexes: activities_newest, clients_email.
SELECT a.id, a.at, a.kind, coalesce(c.couple, a.who)::text AS who, a.what, a.amount_minor, a.currency, a.provider, a.delivery_id
FROM activities a
LEFT JOIN LATERAL (
    SELECT concat_ws(' & ', nullif(c.name, ''), nullif(c.partner_name, '')) AS couple FROM clients c
    WHERE c.org_id = @org_id AND lower(c.email) = lower(a.who) AND c.email <> '' AND NOT c.deleted
    ORDER BY c.updated_at DESC LIMIT 1) c ON true
WHERE a.org_id = @org_id ORDER BY a.at DESC, a.id DESC LIMIT 8;

-- name: NextWeddings :many
-- Index: bookings_by_start.
SELECT b.id, b.title, b.starts_local, b.timezone, b.venue, b.resource, b.status, lower(b.during) AS starts_at
FROM bookings b
WHERE b.org_id = @org_id AND b.status IN ('held', 'confirmed') AND lower(b.during) >= @now
ORDER BY lower(b.during) LIMIT 6;

-- name: SeasonByMonth :many
-- Bookings that are held or confirmed, by the local month of their day. Index: bookings_by_start.
SELECT date_trunc('month', b.starts_local)::timestamp AS month, count(*) AS weddings
FROM bookings b
WHERE b.org_id = @org_id AND b.status IN ('held', 'confirmed') AND lower(b.during) >= @now AND lower(b.during) < @until_then
GROUP BY 1 ORDER BY 1;

-- name: Weddings :many
-- What lies ahead, or what is past; in both the nearest to now comes first.
SELECT b.id, b.title, b.starts_local, b.ends_local, b.timezone, b.venue, b.resource, b.status, b.value_minor, b.value_currency,
       coalesce(c.name, '') AS client_name, coalesce(c.partner_name, '') AS partner_name
FROM bookings b
LEFT JOIN clients c ON c.org_id = b.org_id AND c.connection_id = b.connection_id AND c.external_id = b.client_external_id
WHERE b.org_id = @org_id AND (coalesce(upper(b.during), @now) < @now) = @past::boolean
ORDER BY abs(extract(epoch FROM lower(b.during) - @now)) NULLS LAST, b.id LIMIT 200;

-- name: Clients :many
-- With what keeps our messages from a client, if something does; `owners` are the organisation and the house.
-- Index: the primary key of suppressions, for the clients of the page alone.
SELECT c.id, c.name, c.partner_name, c.email, c.phone, c.created_at,
       coalesce(e.why, '')::text AS email_why, coalesce(e.since, 'epoch')::timestamptz AS email_since, coalesce(e.detail, '')::text AS email_detail,
       coalesce(p.why, '')::text AS phone_why, coalesce(p.since, 'epoch')::timestamptz AS phone_since, coalesce(p.detail, '')::text AS phone_detail
FROM (
    SELECT k.id, k.name, k.partner_name, k.email, k.phone, k.created_at, o.region
    FROM clients k JOIN orgs o ON o.id = k.org_id
    WHERE k.org_id = @org_id AND NOT k.deleted
      AND (@search::text = '' OR position(lower(@search) IN lower(k.name || ' ' || k.partner_name || ' ' || k.email)) > 0)
    ORDER BY lower(k.name), k.id LIMIT 200) c
LEFT JOIN LATERAL (
    SELECT s.why, s.since, s.detail FROM suppressions s
    WHERE s.org_id = ANY(@owners::uuid[]) AND s.channel = 'email' AND s.address = lower(c.email)
    ORDER BY s.why IN ('bounced', 'invalid'), s.since LIMIT 1) e ON true
LEFT JOIN LATERAL (
    SELECT s.why, s.since, s.detail FROM suppressions s
    WHERE s.org_id = ANY(@owners) AND s.channel = 'sms' AND s.address = dialled(c.phone, c.region)
    ORDER BY s.why IN ('bounced', 'invalid'), s.since LIMIT 1) p ON true
ORDER BY lower(c.name), c.id;

-- name: Payments :many
-- With the payer as the supplier knows them. Indexes: payments_newest, clients_email.
SELECT p.id, p.status, p.amount_minor, p.currency, p.refunded_minor, p.payer_name, p.payer_email, p.description, p.failure, p.paid_at, p.updated_at,
       coalesce(c.name, '')::text AS client_name, coalesce(c.partner_name, '')::text AS partner_name
FROM payments p
LEFT JOIN LATERAL (
    SELECT c.name, c.partner_name FROM clients c
    WHERE c.org_id = @org_id AND lower(c.email) = lower(p.payer_email) AND c.email <> '' AND NOT c.deleted
    ORDER BY c.updated_at DESC LIMIT 1) c ON true
WHERE p.org_id = @org_id
ORDER BY coalesce(p.paid_at, p.updated_at) DESC, p.id LIMIT 200;

-- name: KPIs :one
-- The dashboard's figures in one round trip. Each is counted from one index alone: payments_money, bookings_confirmed,
-- clients_active, bookings_by_start, webhook_logs_open.
SELECT
    o.currency,
    coalesce(money.paid, 0)::bigint AS revenue_paid,
    coalesce(money.refunded, 0)::bigint AS revenue_refunded,
    (SELECT count(DISTINCT p.currency) FROM payments p WHERE p.org_id = @org_id AND p.status = 'completed' AND p.currency <> o.currency) AS other_currencies,
    (SELECT count(*) FROM bookings b WHERE b.org_id = @org_id AND b.status = 'confirmed') AS bookings_confirmed,
    (SELECT count(*) FROM clients c WHERE c.org_id = @org_id AND NOT c.deleted) AS clients_active,
    (SELECT count(*) FROM bookings b WHERE b.org_id = @org_id AND b.status IN ('held', 'confirmed')
        AND lower(b.during) >= @now AND lower(b.during) < @in_30_days) AS weddings_next_30d,
    (SELECT count(*) FROM vendor_invites v WHERE v.org_id = @org_id AND v.status = 'accepted') AS invites_accepted,
    (SELECT count(*) FROM sync_conflicts s WHERE s.org_id = @org_id AND s.resolved_at IS NULL) AS conflicts_open,
    (SELECT count(*) FROM webhook_logs w WHERE w.org_id = @org_id AND (w.status = 'accepted' OR w.status = 'failed' AND w.next_try_at IS NOT NULL)) AS events_waiting,
    (SELECT count(*) FROM webhook_logs w WHERE w.org_id = @org_id AND w.status IN ('failed', 'dead', 'quarantined') AND w.next_try_at IS NULL) AS events_unread
FROM orgs o
LEFT JOIN LATERAL (
    SELECT sum(p.amount_minor) AS paid, sum(p.refunded_minor) AS refunded
    FROM payments p WHERE p.org_id = @org_id AND p.status = 'completed' AND p.currency = o.currency) money ON true
WHERE o.id = @org_id;

-- name: Trends :many
-- Twelve weeks by their ends, oldest first, for the lines behind the figures: money per week, the rest as it grew.
-- Each table is read once and its rows dealt into weeks. Indexes: payments_money, bookings_confirmed, clients_active.
WITH money AS (
    SELECT width_bucket(p.paid_at, @weeks::timestamptz[]) AS bucket, sum(p.amount_minor) AS paid, sum(p.refunded_minor) AS refunded
    FROM orgs o JOIN payments p ON p.org_id = o.id AND p.currency = o.currency
    WHERE o.id = @org_id AND p.org_id = @org_id AND p.status = 'completed' AND p.paid_at > @since
    GROUP BY 1
), booked AS (
    SELECT width_bucket(b.created_at, @weeks) AS bucket, count(*) AS n FROM bookings b
    WHERE b.org_id = @org_id AND b.status = 'confirmed' GROUP BY 1
), known AS (
    SELECT width_bucket(c.created_at, @weeks) AS bucket, count(*) AS n FROM clients c
    WHERE c.org_id = @org_id AND NOT c.deleted GROUP BY 1
), invited AS (
    SELECT width_bucket(v.accepted_at, @weeks) AS bucket, count(*) AS n FROM vendor_invites v
    WHERE v.org_id = @org_id AND v.status = 'accepted' GROUP BY 1
)
SELECT w.n::int AS week, coalesce(money.paid, 0)::bigint AS paid, coalesce(money.refunded, 0)::bigint AS refunded,
       coalesce(sum(booked.n) OVER (ORDER BY w.n), 0)::bigint AS bookings,
       coalesce(sum(known.n) OVER (ORDER BY w.n), 0)::bigint AS clients,
       coalesce(sum(invited.n) OVER (ORDER BY w.n), 0)::bigint AS invites
FROM generate_series(1, 12) AS w(n)
LEFT JOIN money ON money.bucket = w.n - 1
LEFT JOIN booked ON booked.bucket = w.n - 1
LEFT JOIN known ON known.bucket = w.n - 1
LEFT JOIN invited ON invited.bucket = w.n - 1
ORDER BY w.n;
