-- The way in: connections to outside systems, their secrets, and every delivery that they made.

CREATE TYPE provider AS ENUM ('stripe', 'tave', 'honeybook', 'lightblue', 'studioninja', 'shootq', 'wedme', 'custom');

-- 'static_key' is for senders that cannot sign; pages show it as the weaker choice.
CREATE TYPE sender_proof AS ENUM ('signed', 'static_key');

CREATE TABLE connections (
    org_id       uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id           uuid NOT NULL DEFAULT gen_random_uuid(),
    provider     provider NOT NULL,
    proof        sender_proof NOT NULL DEFAULT 'signed',
    -- The token in the URL finds the connection by its hash; the sealed copy only lets the page show the URL again.
    token_sha256 bytea NOT NULL UNIQUE,
    token_sealed bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id)
);

-- Several live at once while one is being rolled. Sealed with the organisation and connection as associated data,
-- so a row copied under another tenant does not open.
CREATE TABLE connection_secrets (
    org_id        uuid NOT NULL,
    connection_id uuid NOT NULL,
    id            uuid NOT NULL DEFAULT gen_random_uuid(),
    sealed        bytea NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz,
    PRIMARY KEY (org_id, connection_id, id),
    FOREIGN KEY (org_id, connection_id) REFERENCES connections ON DELETE CASCADE
);

CREATE TYPE delivery_status AS ENUM ('accepted', 'applied', 'ignored', 'failed', 'dead', 'quarantined');

CREATE TABLE webhook_logs (
    org_id        uuid NOT NULL,
    id            uuid NOT NULL, -- version 7: the primary key is also the order of arrival
    connection_id uuid NOT NULL,
    provider      provider NOT NULL,
    event_id      text NOT NULL,
    event_type    text NOT NULL DEFAULT '',
    status        delivery_status NOT NULL DEFAULT 'accepted',
    attempts      integer NOT NULL DEFAULT 0,
    error         text NOT NULL DEFAULT '', -- why it is not applied, in words
    received_at   timestamptz NOT NULL,
    waiting_since timestamptz NOT NULL DEFAULT now(), -- since it was stored, or sent round again
    applied_at    timestamptz,
    content_type  text NOT NULL,
    proof         text NOT NULL, -- which scheme vouched for it
    body          bytea NOT NULL, -- exactly as it came, so that a mended reader can read it again
    normalised    jsonb,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, connection_id) REFERENCES connections ON DELETE CASCADE
) WITH (fillfactor = 80); -- each row is updated once or twice, soon after it came

-- The first of the two keys against doubles: a provider's own event id.
CREATE UNIQUE INDEX webhook_logs_event ON webhook_logs (org_id, connection_id, event_id);
-- A connection's deliveries, newest first.
CREATE INDEX webhook_logs_of_connection ON webhook_logs (org_id, connection_id, id);
-- What is not done with: small, because almost everything is applied.
CREATE INDEX webhook_logs_open ON webhook_logs (org_id, status, connection_id) WHERE status IN ('accepted', 'failed', 'dead', 'quarantined');
-- The oldest delivery that waits for a worker, across tenants: the lag that readyz and the metrics tell.
CREATE INDEX webhook_logs_lag ON webhook_logs (waiting_since) WHERE status = 'accepted';

CREATE TABLE webhook_attempts (
    org_id      uuid NOT NULL,
    delivery_id uuid NOT NULL,
    attempt     integer NOT NULL,
    at          timestamptz NOT NULL,
    outcome     delivery_status NOT NULL,
    error       text NOT NULL DEFAULT '',
    PRIMARY KEY (org_id, delivery_id, attempt),
    FOREIGN KEY (org_id, delivery_id) REFERENCES webhook_logs ON DELETE CASCADE
);
