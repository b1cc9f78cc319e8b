-- The way in becomes a gateway: lanes that keep one noisy sender from delaying the rest, secrets that are rolled without a
-- gap, readings that the supplier sets themselves, and what the pages need to say how a connection is.

-- A bell that anybody who knows the address may ring. What it says is never believed: the record is read back from the
-- provider's own API (Tave's REST hooks carry no signature, and bodies that are documented nowhere).
ALTER TYPE sender_proof ADD VALUE 'doorbell';

-- How a delivery came in. 'readback' and 'poll' were fetched by us, 'import' was a row of a sheet, 'test' was sent by the
-- supplier's own button.
CREATE TYPE delivery_source AS ENUM ('hook', 'readback', 'poll', 'import', 'test');

CREATE TYPE money_unit AS ENUM ('minor', 'major');

ALTER TABLE connections
    ADD COLUMN mapping_version integer NOT NULL DEFAULT 0, -- 0: read by the provider's default
    ADD COLUMN account         text NOT NULL DEFAULT '',   -- Stripe Connect: the one account whose events count; empty: every one's
    ADD COLUMN money_unit      money_unit,                 -- what the sender's bare numbers mean; null: nobody has said yet
    ADD COLUMN silent_since    timestamptz;                -- since when what usually comes has not; null: all is as usual

-- A connection's deliveries form a lane: drained in order, a batch at a time, by one job at a time. queued says that there
-- is such a job, so the door inserts one only for a lane that has none.
CREATE TABLE lanes (
    org_id        uuid NOT NULL,
    connection_id uuid NOT NULL,
    queued        boolean NOT NULL DEFAULT false,
    PRIMARY KEY (org_id, connection_id),
    FOREIGN KEY (org_id, connection_id) REFERENCES connections ON DELETE CASCADE
) WITH (fillfactor = 50); -- flips with every drain: both versions stay on one page, and no index changes
INSERT INTO lanes (org_id, connection_id) SELECT org_id, id FROM connections;

-- Whoever makes a connection makes its lane, also a node that does not know of lanes yet while nodes change over one by
-- one: without its lane nobody would drain it.
CREATE FUNCTION make_lane() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lanes (org_id, connection_id) VALUES (NEW.org_id, NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER connections_make_lane AFTER INSERT ON connections FOR EACH ROW EXECUTE FUNCTION make_lane();

ALTER TABLE webhook_logs
    ADD COLUMN source          delivery_source NOT NULL DEFAULT 'hook',
    ADD COLUMN secret_id       uuid,                     -- which of the connection's secrets vouched for it
    ADD COLUMN mapping_version integer,                  -- which reading made the event; null: not read yet
    ADD COLUMN next_try_at     timestamptz,              -- when a failed one is tried again by itself; null: it waits for a person
    ADD COLUMN cause           text NOT NULL DEFAULT '', -- the reason without what is particular to this delivery: what groups them
    ADD COLUMN wedding_on      date,                     -- the wedding day it is about, as far as can be made out
    ADD COLUMN import_id       uuid,                     -- the sheet it was a row of
    ADD COLUMN forgiven        integer NOT NULL DEFAULT 0; -- attempts from before a person ran it again: they bring it no nearer to being given up
-- What waits for a person since before there were causes is grouped as well.
UPDATE webhook_logs SET cause = regexp_replace(regexp_replace(error, ', e\.g\.[^;]*|; it was .*', '', 'g'), '"[^"]*"|[0-9]+(?:[.,:][0-9]+)*', '…', 'g') WHERE status IN ('failed', 'dead');
-- The next batch of a lane, in order of arrival.
CREATE INDEX webhook_logs_lane ON webhook_logs (org_id, connection_id, id) WHERE status = 'accepted';
-- What waits for a person, by cause and by the wedding day that it affects. Small: almost everything is applied.
CREATE INDEX webhook_logs_trouble ON webhook_logs (org_id, cause, wedding_on) WHERE status IN ('failed', 'dead', 'quarantined');
CREATE INDEX webhook_logs_import ON webhook_logs (org_id, import_id) WHERE import_id IS NOT NULL;

-- A secret that is being replaced goes on verifying until the new one has vouched for enough deliveries in a row.
ALTER TABLE connection_secrets
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN clean        integer NOT NULL DEFAULT 0; -- deliveries in a row that this, the newest, vouched for

-- What usually comes, so that silence can be told from a quiet week. One row a day and connection, days in UTC.
CREATE TABLE connection_days (
    org_id        uuid NOT NULL,
    connection_id uuid NOT NULL,
    day           date NOT NULL,
    arrived       integer NOT NULL,
    PRIMARY KEY (org_id, connection_id, day),
    FOREIGN KEY (org_id, connection_id) REFERENCES connections ON DELETE CASCADE
);
INSERT INTO connection_days (org_id, connection_id, day, arrived)
SELECT org_id, connection_id, (received_at AT TIME ZONE 'UTC')::date, count(*) FROM webhook_logs GROUP BY 1, 2, 3;

-- The key by which we read records back from a provider's API, and how far its changes have been followed.
CREATE TABLE readbacks (
    org_id        uuid NOT NULL,
    connection_id uuid NOT NULL,
    key_sealed    bytea NOT NULL, -- sealed like the connection's secrets, with its owner as associated data
    jobs_seen     timestamptz,    -- the newest `modified` that was followed, as the provider's clock writes it
    payments_seen timestamptz,
    polled_at     timestamptz,    -- the last poll that ended well
    next_poll_at  timestamptz NOT NULL DEFAULT now(),
    trouble       text NOT NULL DEFAULT '', -- why the last poll did not, in words
    PRIMARY KEY (org_id, connection_id),
    FOREIGN KEY (org_id, connection_id) REFERENCES connections ON DELETE CASCADE
);
CREATE INDEX readbacks_due ON readbacks (next_poll_at);

-- A supplier's own reading of what a sender writes. Versions are kept: each event names the one that read it.
CREATE TABLE mappings (
    org_id        uuid NOT NULL,
    connection_id uuid NOT NULL,
    version       integer NOT NULL CHECK (version > 0),
    spec          jsonb NOT NULL,
    made_by       uuid,
    made_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, connection_id, version),
    FOREIGN KEY (org_id, connection_id) REFERENCES connections ON DELETE CASCADE
);
