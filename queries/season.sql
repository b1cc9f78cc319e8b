-- name: LockOutsideObjects :exec
-- Deliveries about the same outside object take turns; all others run side by side. Sorted by the caller.
SELECT pg_advisory_xact_lock(k) FROM unnest(@keys::bigint[]) AS k;

-- name: ClientForUpdate :one
SELECT id, name, partner_name, email, phone, deleted, stamps FROM clients
WHERE org_id = @org_id AND connection_id = @connection_id AND external_id = @external_id;

-- name: ClientByEmail :one
-- A payment says an address; people think in names. Index: clients_email.
SELECT name, partner_name FROM clients
WHERE org_id = @org_id AND lower(email) = lower(@email) AND email <> '' AND NOT deleted
ORDER BY updated_at DESC LIMIT 1;

-- name: SaveClient :exec
INSERT INTO clients (org_id, connection_id, external_id, name, partner_name, email, phone, deleted, stamps, created_at)
VALUES (@org_id, @connection_id, @external_id, @name, @partner_name, @email, @phone, @deleted, @stamps, @created_at)
ON CONFLICT (org_id, connection_id, external_id) DO UPDATE SET
    name = excluded.name, partner_name = excluded.partner_name, email = excluded.email, phone = excluded.phone,
    deleted = excluded.deleted, stamps = excluded.stamps, updated_at = now();

-- name: BookingForUpdate :one
SELECT id, client_external_id, title, starts_local, ends_local, timezone, venue, resource, status, value_minor, value_currency, stamps
FROM bookings
WHERE org_id = @org_id AND connection_id = @connection_id AND external_id = @external_id;

-- name: SaveBooking :exec
-- `during` is computed here from the wall times and their zone, so the two can never disagree.
INSERT INTO bookings (org_id, connection_id, external_id, client_external_id, title, starts_local, ends_local, timezone, during,
                      venue, resource, status, value_minor, value_currency, stamps, created_at)
VALUES (@org_id, @connection_id, @external_id, @client_external_id, @title, @starts_local, @ends_local, @timezone,
        venue_range(@starts_local, @ends_local, @timezone),
        @venue, @resource, @status, @value_minor, @value_currency, @stamps, @created_at)
ON CONFLICT (org_id, connection_id, external_id) DO UPDATE SET
    client_external_id = excluded.client_external_id, title = excluded.title,
    starts_local = excluded.starts_local, ends_local = excluded.ends_local, timezone = excluded.timezone, during = excluded.during,
    venue = excluded.venue, resource = excluded.resource, status = excluded.status,
    value_minor = excluded.value_minor, value_currency = excluded.value_currency, stamps = excluded.stamps, updated_at = now();

-- name: PaymentsNamed :many
-- Every payment that already goes by one of these names, oldest first. Primary key of payment_names.
SELECT DISTINCT p.id, p.status, p.amount_minor, p.currency, p.refund_total_minor, p.booking_external_id,
       p.payer_name, p.payer_email, p.description, p.failure, p.paid_at, p.stamps, p.created_at, p.refunded_minor
FROM payment_names n JOIN payments p ON p.org_id = n.org_id AND p.id = n.payment_id
WHERE n.org_id = @org_id AND n.connection_id = @connection_id AND n.name = ANY(@names::text[])
ORDER BY p.created_at, p.id;

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
-- Two rows turn out to be one payment: its refunds go along. A refund that both know keeps its later state.
INSERT INTO payment_refunds (org_id, payment_id, external_id, status, amount_minor, currency, stamp)
SELECT r.org_id, @into_id::uuid, r.external_id, r.status, r.amount_minor, r.currency, r.stamp
FROM payment_refunds r WHERE r.org_id = @org_id AND r.payment_id = ANY(@from_ids::uuid[])
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
-- we know by name is refunds we have not heard of yet; of the named ones only those that succeeded count. Never more than was paid.
UPDATE payments p SET refunded_minor = least(p.amount_minor, known.succeeded + greatest(0, p.refund_total_minor - known.all_of_them))
FROM (SELECT coalesce(sum(r.amount_minor) FILTER (WHERE r.status = 'succeeded'), 0)::bigint AS succeeded,
             coalesce(sum(r.amount_minor), 0)::bigint AS all_of_them
      FROM payment_refunds r WHERE r.org_id = @org_id AND r.payment_id = @payment_id) known
WHERE p.org_id = @org_id AND p.id = @payment_id
RETURNING p.refunded_minor;

-- name: SaveInvite :exec
-- Accepting is final: an invitation that arrives after its acceptance changes nothing but the names it brings.
INSERT INTO vendor_invites (org_id, connection_id, external_id, couple, email, status, accepted_at)
VALUES (@org_id, @connection_id, @external_id, @couple, @email, @status, @accepted_at)
ON CONFLICT (org_id, connection_id, external_id) DO UPDATE SET
    couple = coalesce(nullif(excluded.couple, ''), vendor_invites.couple),
    email = coalesce(nullif(excluded.email, ''), vendor_invites.email),
    status = CASE WHEN vendor_invites.status = 'accepted' THEN 'accepted' ELSE excluded.status END,
    accepted_at = coalesce(vendor_invites.accepted_at, excluded.accepted_at);

-- name: AddActivity :exec
INSERT INTO activities (org_id, at, kind, who, what, amount_minor, currency, provider, delivery_id)
VALUES (@org_id, @at, @kind, @who, @what, @amount_minor, @currency, @provider, @delivery_id);

-- name: LatestActivities :many
-- Index: activities_newest.
SELECT id, at, kind, who, what, amount_minor, currency, provider, delivery_id FROM activities
WHERE org_id = @org_id ORDER BY at DESC, id DESC LIMIT 8;

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
SELECT b.id, b.title, b.starts_local, b.ends_local, b.timezone, b.venue, b.resource, b.status, b.value_minor, b.value_currency,
       coalesce(c.name, '') AS client_name, coalesce(c.partner_name, '') AS partner_name
FROM bookings b
LEFT JOIN clients c ON c.org_id = b.org_id AND c.connection_id = b.connection_id AND c.external_id = b.client_external_id
WHERE b.org_id = @org_id
ORDER BY lower(b.during) NULLS LAST, b.id LIMIT 200;

-- name: Clients :many
SELECT id, name, partner_name, email, phone, created_at FROM clients
WHERE org_id = @org_id AND NOT deleted
  AND (@search::text = '' OR position(lower(@search) IN lower(name || ' ' || partner_name || ' ' || email)) > 0)
ORDER BY lower(name), id LIMIT 200;

-- name: Payments :many
SELECT id, status, amount_minor, currency, refunded_minor, payer_name, payer_email, description, failure, paid_at, updated_at
FROM payments
WHERE org_id = @org_id
ORDER BY coalesce(paid_at, updated_at) DESC, id LIMIT 200;

-- name: KPIs :one
-- The dashboard's figures in one round trip. Money reads only payments_money; waiting only webhook_logs_waiting.
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
    (SELECT count(*) FROM webhook_logs w WHERE w.org_id = @org_id AND w.status IN ('accepted', 'failed')) AS events_waiting
FROM orgs o
LEFT JOIN LATERAL (
    SELECT sum(p.amount_minor) AS paid, sum(p.refunded_minor) AS refunded
    FROM payments p WHERE p.org_id = @org_id AND p.status = 'completed' AND p.currency = o.currency) money ON true
WHERE o.id = @org_id;

-- name: Trends :many
-- Weeks by their ends, oldest first, for the lines behind the figures. Index: payments_money for the money.
SELECT w.until::timestamptz AS until,
       coalesce(money.paid, 0)::bigint AS paid,
       coalesce(money.refunded, 0)::bigint AS refunded,
       (SELECT count(*) FROM bookings b WHERE b.org_id = @org_id AND b.status = 'confirmed' AND b.created_at <= w.until) AS bookings,
       (SELECT count(*) FROM clients c WHERE c.org_id = @org_id AND NOT c.deleted AND c.created_at <= w.until) AS clients,
       (SELECT count(*) FROM vendor_invites v WHERE v.org_id = @org_id AND v.status = 'accepted' AND v.accepted_at <= w.until) AS invites
FROM unnest(@weeks::timestamptz[]) AS w(until)
JOIN orgs o ON o.id = @org_id
LEFT JOIN LATERAL (
    SELECT sum(p.amount_minor) AS paid, sum(p.refunded_minor) AS refunded FROM payments p
    WHERE p.org_id = @org_id AND p.status = 'completed' AND p.currency = o.currency
      AND p.paid_at > w.until - interval '7 days' AND p.paid_at <= w.until) money ON true
ORDER BY w.until;
