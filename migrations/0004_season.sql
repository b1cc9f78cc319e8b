-- A supplier's season: clients, bookings, payments, and what the dashboard tells of them.
-- Rows that an outside system feeds carry `stamps`: per field the moment of the event that last set it, so that events
-- may come in any order and the newest value of each field still wins.

CREATE TABLE clients (
    org_id        uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id            uuid NOT NULL DEFAULT gen_random_uuid(),
    connection_id uuid,
    external_id   text,
    name          text NOT NULL DEFAULT '',
    partner_name  text NOT NULL DEFAULT '',
    email         text NOT NULL DEFAULT '',
    phone         text NOT NULL DEFAULT '',
    deleted       boolean NOT NULL DEFAULT false, -- a tombstone: a late update must not raise the dead
    stamps        jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, connection_id, external_id),
    FOREIGN KEY (org_id, connection_id) REFERENCES connections ON DELETE CASCADE
);

-- The one place where wall times at a venue become instants.
CREATE FUNCTION venue_range(starts timestamp, ends timestamp, zone text) RETURNS tstzrange LANGUAGE sql STABLE
RETURN CASE WHEN zone <> '' THEN tstzrange(starts AT TIME ZONE zone, ends AT TIME ZONE zone) END;

-- The same for clients.
CREATE INDEX clients_active ON clients (org_id, created_at) WHERE NOT deleted;
-- Whose payment is this: a payer is known by their address.
CREATE INDEX clients_email ON clients (org_id, lower(email)) WHERE email <> '';

CREATE TYPE booking_status AS ENUM ('enquiry', 'held', 'confirmed', 'cancelled');

CREATE TABLE bookings (
    org_id             uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id                 uuid NOT NULL DEFAULT gen_random_uuid(),
    connection_id      uuid,
    external_id        text,
    client_external_id text,
    title              text NOT NULL DEFAULT '',
    -- Wall time at the venue with its zone is the truth; `during` is that truth as instants.
    starts_local       timestamp,
    ends_local         timestamp,
    timezone           text NOT NULL DEFAULT '',
    during             tstzrange,
    venue              text NOT NULL DEFAULT '',
    resource           text NOT NULL DEFAULT '',
    status             booking_status NOT NULL DEFAULT 'enquiry',
    value_minor        bigint,
    value_currency     text NOT NULL DEFAULT '',
    stamps             jsonb NOT NULL DEFAULT '{}',
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, connection_id, external_id),
    FOREIGN KEY (org_id, connection_id) REFERENCES connections ON DELETE CASCADE
);
-- The season in order of its days: the dashboard's next weddings and the figure of the coming month.
CREATE INDEX bookings_by_start ON bookings (org_id, lower(during)) WHERE status IN ('held', 'confirmed');

-- How many are confirmed, and since when: the figure and its line are counted from this index alone.
CREATE INDEX bookings_confirmed ON bookings (org_id, created_at) WHERE status = 'confirmed';

CREATE TYPE payment_status AS ENUM ('expected', 'pending', 'failed', 'completed');

CREATE TABLE payments (
    org_id              uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id                  uuid NOT NULL DEFAULT gen_random_uuid(),
    connection_id       uuid,
    status              payment_status NOT NULL DEFAULT 'expected', -- 'expected': only a refund of it has come so far
    amount_minor        bigint NOT NULL DEFAULT 0,
    currency            text NOT NULL DEFAULT '',
    refund_total_minor  bigint NOT NULL DEFAULT 0, -- the highest running total that a provider reported
    refunded_minor      bigint NOT NULL DEFAULT 0, -- what counts: see RecountRefunds
    booking_external_id text NOT NULL DEFAULT '',
    payer_name          text NOT NULL DEFAULT '',
    payer_email         text NOT NULL DEFAULT '',
    description         text NOT NULL DEFAULT '',
    failure             text NOT NULL DEFAULT '',
    paid_at             timestamptz,
    stamps              jsonb NOT NULL DEFAULT '{}',
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, connection_id) REFERENCES connections ON DELETE CASCADE
);
-- The money of a dashboard: sums and the weekly trend read only this index.
CREATE INDEX payments_money ON payments (org_id, currency, paid_at) INCLUDE (amount_minor, refunded_minor) WHERE status = 'completed';

-- The list, newest first.
CREATE INDEX payments_newest ON payments (org_id, (coalesce(paid_at, updated_at)) DESC, id);

-- The second key against doubles: every outside name of one payment (intent, charge, checkout, invoice).
-- Two different events that share any of them are one payment.
CREATE TABLE payment_names (
    org_id        uuid NOT NULL,
    connection_id uuid NOT NULL,
    name          text NOT NULL,
    payment_id    uuid NOT NULL,
    PRIMARY KEY (org_id, connection_id, name),
    FOREIGN KEY (org_id, payment_id) REFERENCES payments ON DELETE CASCADE,
    FOREIGN KEY (org_id, connection_id) REFERENCES connections ON DELETE CASCADE
);
CREATE INDEX payment_names_of_payment ON payment_names (org_id, payment_id);

CREATE TYPE refund_status AS ENUM ('pending', 'succeeded', 'failed');

CREATE TABLE payment_refunds (
    org_id       uuid NOT NULL,
    payment_id   uuid NOT NULL,
    external_id  text NOT NULL,
    status       refund_status NOT NULL,
    amount_minor bigint NOT NULL,
    currency     text NOT NULL,
    stamp        text NOT NULL,
    PRIMARY KEY (org_id, payment_id, external_id),
    FOREIGN KEY (org_id, payment_id) REFERENCES payments ON DELETE CASCADE
);

-- Invites between couples and suppliers, as far as this supplier takes part in them.
CREATE TABLE vendor_invites (
    org_id        uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id            uuid NOT NULL DEFAULT gen_random_uuid(),
    connection_id uuid,
    external_id   text,
    couple        text NOT NULL DEFAULT '',
    email         text NOT NULL DEFAULT '',
    status        text NOT NULL DEFAULT 'invited' CHECK (status IN ('invited', 'accepted')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    accepted_at   timestamptz,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, connection_id, external_id),
    FOREIGN KEY (org_id, connection_id) REFERENCES connections ON DELETE CASCADE
);

-- Two sides that say different things of one field, kept until somebody settles it.
CREATE TABLE sync_conflicts (
    org_id      uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id          uuid NOT NULL DEFAULT gen_random_uuid(),
    subject     text NOT NULL,
    field       text NOT NULL,
    ours        jsonb,
    theirs      jsonb,
    created_at  timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX sync_conflicts_open ON sync_conflicts (org_id) WHERE resolved_at IS NULL;

-- What happened lately, as the dashboard tells it. Words are made by the view; this holds the facts.
CREATE TABLE activities (
    org_id       uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id           uuid NOT NULL DEFAULT gen_random_uuid(),
    at           timestamptz NOT NULL,
    kind         text NOT NULL,
    who          text NOT NULL DEFAULT '',
    what         text NOT NULL DEFAULT '',
    amount_minor bigint,
    currency     text NOT NULL DEFAULT '',
    provider     provider,
    delivery_id  uuid,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX activities_newest ON activities (org_id, at DESC, id DESC);
