-- The way out: every call to somebody else's server is told here, a server that does not answer is left alone for a while,
-- and suppliers' own endpoints hear of our events.

-- One row per call: on whose behalf, why, and how it ended. No bodies, no query strings, no secrets. Kept for 90 days.
CREATE TABLE outside_calls (
    org_id  uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id      uuid NOT NULL, -- version 7: the primary key is also the order of the calls
    at      timestamptz NOT NULL,
    peer    text NOT NULL, -- whose breaker: "tave", "endpoint:<id>"
    purpose text NOT NULL,
    method  text NOT NULL,
    host    text NOT NULL,
    status  integer, -- null: nothing was answered
    outcome text NOT NULL,
    took_ms integer NOT NULL,
    PRIMARY KEY (org_id, id)
);
-- The newest calls to one peer.
CREATE INDEX outside_calls_of_peer ON outside_calls (org_id, peer, id);
-- What is old goes, across tenants.
CREATE INDEX outside_calls_old ON outside_calls (at);

-- One breaker per organisation and peer, shared by all nodes. The rule is outside.State; these are its fields.
CREATE TABLE breakers (
    org_id        uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    peer          text NOT NULL,
    failures      integer NOT NULL DEFAULT 0,    -- in a row
    failing_since timestamptz,                   -- the first of them
    recent        jsonb NOT NULL DEFAULT '[]',   -- the last half minute, second by second
    opened_at     timestamptz,                   -- null: closed
    probing_until timestamptz,                   -- one caller is trying whether it answers again; a lease, should it die
    answered_at   timestamptz,
    last_error    text NOT NULL DEFAULT '',
    PRIMARY KEY (org_id, peer)
) WITH (fillfactor = 50); -- rewritten by every call: both versions stay on one page

-- Where a supplier wants to hear of our events: Zapier, Make, a system of their own.
CREATE TABLE endpoints (
    org_id            uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id                uuid NOT NULL,
    name              text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    url               text NOT NULL,
    types             text[] NOT NULL DEFAULT '{}', -- empty: all
    -- Sealed with the organisation and endpoint as associated data. The one before signs too until its time is over.
    secret_sealed     bytea NOT NULL,
    old_secret_sealed bytea,
    old_secret_until  timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now(),
    disabled_at       timestamptz,
    disabled_why      text NOT NULL DEFAULT '',
    failures          integer NOT NULL DEFAULT 0, -- in a row, over all its messages
    failing_since     timestamptz,
    PRIMARY KEY (org_id, id)
);

CREATE TYPE message_status AS ENUM ('pending', 'delivered', 'failed');

CREATE TABLE outbound_messages (
    org_id       uuid NOT NULL,
    id           uuid NOT NULL, -- made of the endpoint and the source, so that what a crash undid comes back under its old name
    endpoint_id  uuid NOT NULL,
    source_id    uuid NOT NULL, -- the delivery that it tells of
    event_type   text NOT NULL,
    happened_at  timestamptz NOT NULL,
    data         json NOT NULL, -- json, not jsonb: every try sends, and signs, the same bytes
    status       message_status NOT NULL DEFAULT 'pending',
    attempts     integer NOT NULL DEFAULT 0, -- in all
    tries        integer NOT NULL DEFAULT 0, -- since it was last sent round: what the schedule counts
    next_try_at  timestamptz,                -- null while pending: held, because its endpoint is switched off
    last_status  integer,
    last_error   text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, endpoint_id) REFERENCES endpoints ON DELETE CASCADE
) WITH (fillfactor = 80); -- each row is updated twice or more, soon after it was made
-- A delivery that is applied again tells nobody twice.
CREATE UNIQUE INDEX outbound_messages_source ON outbound_messages (org_id, endpoint_id, source_id);
-- An endpoint's messages, newest first.
CREATE INDEX outbound_messages_newest ON outbound_messages (org_id, endpoint_id, created_at DESC, id DESC);
-- What is not delivered: small, because almost everything is.
CREATE INDEX outbound_messages_open ON outbound_messages (org_id, endpoint_id, status) WHERE status <> 'delivered';
-- What should have gone out already, across tenants.
CREATE INDEX outbound_messages_due ON outbound_messages (next_try_at) WHERE status = 'pending';
-- What is old and delivered goes, across tenants.
CREATE INDEX outbound_messages_old ON outbound_messages (delivered_at) WHERE status = 'delivered';

CREATE TABLE outbound_attempts (
    org_id     uuid NOT NULL,
    message_id uuid NOT NULL,
    attempt    integer NOT NULL,
    at         timestamptz NOT NULL,
    status     integer, -- null: nothing was answered
    error      text NOT NULL DEFAULT '', -- empty: taken
    took_ms    integer NOT NULL,
    PRIMARY KEY (org_id, message_id, attempt),
    FOREIGN KEY (org_id, message_id) REFERENCES outbound_messages ON DELETE CASCADE
);
