-- What can be taken once, and who has taken it. Whether a day is free is not worked out from a list of bookings but stands in
-- claims, and two claims on the same thing at the same time cannot both be written.

CREATE EXTENSION IF NOT EXISTS btree_gist; -- equality of uuids beside the overlap of ranges in one index; trusted since Postgres 13

CREATE TYPE resource_kind AS ENUM ('person', 'room', 'vehicle', 'thing');

-- A room, a photographer, a van: what a wedding takes, and how many of it there are.
CREATE TABLE resources (
    org_id         uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id             uuid NOT NULL DEFAULT gen_random_uuid(),
    name           text NOT NULL CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 80),
    kind           resource_kind NOT NULL DEFAULT 'thing',
    capacity       smallint NOT NULL DEFAULT 1 CHECK (capacity BETWEEN 1 AND 500),
    minutes_before smallint NOT NULL DEFAULT 0 CHECK (minutes_before BETWEEN 0 AND 2880), -- setting up
    minutes_after  smallint NOT NULL DEFAULT 0 CHECK (minutes_after BETWEEN 0 AND 2880),  -- clearing away
    usual          boolean NOT NULL DEFAULT false, -- what a booking takes that names nothing
    retired_at     timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id)
);
-- Senders name a resource in words: the same words are the same thing.
CREATE UNIQUE INDEX resources_name ON resources (org_id, lower(name));
CREATE UNIQUE INDEX resources_usual ON resources (org_id) WHERE usual;

ALTER TABLE orgs
    ADD COLUMN hold_days            smallint NOT NULL DEFAULT 7 CHECK (hold_days BETWEEN 1 AND 90),
    -- How old the last proof of an outside calendar may be for a booking to be confirmed on it.
    ADD COLUMN fresh_within_minutes smallint NOT NULL DEFAULT 30 CHECK (fresh_within_minutes BETWEEN 1 AND 1440),
    -- The link that shows which days are free, to share; empty: there is none.
    ADD COLUMN availability_sha256  bytea UNIQUE,
    ADD COLUMN availability_sealed  bytea,
    ADD COLUMN feed_sha256          bytea UNIQUE,
    ADD COLUMN feed_sealed          bytea,
    -- The supplier's own words for what is written into outside calendars; empty: ours.
    ADD COLUMN copy_title           text NOT NULL DEFAULT '' CHECK (length(copy_title) <= 200),
    ADD COLUMN copy_body            text NOT NULL DEFAULT '' CHECK (length(copy_body) <= 2000);

ALTER TABLE bookings
    ADD COLUMN key          text NOT NULL DEFAULT '' CHECK (length(key) <= 200), -- who asks twice with the same key asked once
    ADD COLUMN hold_until   timestamptz,  -- of a hold: when it lapses by itself
    ADD COLUMN queued_at    timestamptz,  -- waits in line for what another one holds
    ADD COLUMN contested_at timestamptz,  -- another system says that it is booked, and its place was taken
    ADD COLUMN receipt      jsonb,        -- which outside calendars were asked, as of when; written when it was confirmed
    ADD COLUMN notes        text NOT NULL DEFAULT '' CHECK (length(notes) <= 4000), -- private
    ADD COLUMN created_by   uuid;
-- A dead booking's key is free again.
CREATE UNIQUE INDEX bookings_key ON bookings (org_id, key) WHERE key <> '' AND status <> 'cancelled';
-- Holds by when they lapse, across tenants.
CREATE INDEX bookings_holds ON bookings (hold_until) WHERE status = 'held' AND hold_until IS NOT NULL;
-- Who waits in line, first come first.
CREATE INDEX bookings_queue ON bookings (org_id, queued_at) WHERE queued_at IS NOT NULL;
CREATE INDEX bookings_contested ON bookings (org_id, contested_at) WHERE contested_at IS NOT NULL;
-- What lies in a month, also what began before it.
CREATE INDEX bookings_during ON bookings USING gist (org_id, during);

-- What a booking wants to take, and how many of it.
CREATE TABLE booking_needs (
    org_id      uuid NOT NULL,
    booking_id  uuid NOT NULL,
    resource_id uuid NOT NULL,
    units       smallint NOT NULL DEFAULT 1 CHECK (units BETWEEN 1 AND 500),
    PRIMARY KEY (org_id, booking_id, resource_id),
    FOREIGN KEY (org_id, booking_id) REFERENCES bookings ON DELETE CASCADE,
    FOREIGN KEY (org_id, resource_id) REFERENCES resources
);
CREATE INDEX booking_needs_of_resource ON booking_needs (org_id, resource_id);

-- What it has taken: held and confirmed bookings have a claim for each unit, all of them or none. `during` is the booking with
-- what comes before and after it. A slot is one of the resource's units.
CREATE TABLE booking_claims (
    org_id      uuid NOT NULL,
    booking_id  uuid NOT NULL,
    resource_id uuid NOT NULL,
    slot        smallint NOT NULL,
    during      tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
    PRIMARY KEY (org_id, booking_id, resource_id, slot),
    FOREIGN KEY (org_id, booking_id) REFERENCES bookings ON DELETE CASCADE,
    FOREIGN KEY (org_id, resource_id) REFERENCES resources,
    -- The truth. It is checked at the end of each statement and not row by row, so that one statement can deal the units of a
    -- resource anew.
    CONSTRAINT booking_claims_once EXCLUDE USING gist (org_id WITH =, resource_id WITH =, slot WITH =, during WITH &&) DEFERRABLE INITIALLY IMMEDIATE
);
CREATE INDEX booking_claims_of_resource ON booking_claims (org_id, resource_id);

-- What happened to a booking, for the person who has to explain it.
CREATE TABLE booking_steps (
    org_id     uuid NOT NULL,
    booking_id uuid NOT NULL,
    id         uuid NOT NULL, -- version 7: also the order
    at         timestamptz NOT NULL,
    step       text NOT NULL, -- held, queued, promoted, confirmed, moved, lapsed, released, cancelled, contested, seated, overridden, copied, edited_outside
    user_id    uuid,
    detail     text NOT NULL DEFAULT '',
    PRIMARY KEY (org_id, booking_id, id),
    FOREIGN KEY (org_id, booking_id) REFERENCES bookings ON DELETE CASCADE
);
