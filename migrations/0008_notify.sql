-- Telling people: what is worth telling (notices), to whom and by what channel (notification_logs), within what the plan
-- allows, and what became of each. And what an account needs for it: proven addresses, phones, links by mail.

-- Mail of the house itself (a password reset, a new device) is on nobody's plan, and a carrier that serves everybody has one
-- breaker. Both belong to this organisation, which has no members and so no pages.
INSERT INTO orgs (id, name, category, timezone, currency, tier)
VALUES ('00000000-0000-4000-8000-000000000001', 'WedSync', 'house', 'UTC', 'GBP', 'enterprise');

ALTER TABLE orgs
    ADD COLUMN region   text NOT NULL DEFAULT 'GB' CHECK (region ~ '^[A-Z]{2}$'), -- how numbers without +44 are read
    ADD COLUMN colour   text NOT NULL DEFAULT '' CHECK (colour ~ '^(#[0-9a-f]{6})?$'),
    ADD COLUMN reply_to text NOT NULL DEFAULT '' CHECK (length(reply_to) <= 254);

ALTER TABLE users
    ADD COLUMN email_verified_at timestamptz,
    ADD COLUMN phone             text NOT NULL DEFAULT '' CHECK (phone ~ '^(\+[1-9][0-9]{6,14})?$'), -- E.164
    ADD COLUMN phone_verified_at timestamptz,
    ADD COLUMN timezone          text NOT NULL DEFAULT '', -- empty: the organisation's
    -- Minutes after midnight in the person's zone; both or none. From 1320 until 420 goes over midnight.
    ADD COLUMN quiet_from  smallint CHECK (quiet_from BETWEEN 0 AND 1439),
    ADD COLUMN quiet_until smallint CHECK (quiet_until BETWEEN 0 AND 1439),
    ADD CONSTRAINT users_quiet CHECK ((quiet_from IS NULL) = (quiet_until IS NULL));
-- Who is here already was let in by hand: addresses were not to be had in the browser that mattered.
UPDATE users SET email_verified_at = created_at;

CREATE TYPE channel AS ENUM ('email', 'sms', 'push', 'in_app');
CREATE TYPE audience AS ENUM ('team', 'couple', 'person');
CREATE TYPE pace AS ENUM ('off', 'at_once', 'daily', 'weekly');
CREATE TYPE notification_status AS ENUM ('queued', 'bundled', 'sending', 'unknown', 'accepted', 'delivered', 'failed', 'bounced',
    'seen', 'complained', 'acknowledged', 'skipped');

-- Something that happened and is worth telling. The id follows from what it tells of, so that what a crash undid comes back
-- under its old name and nobody hears twice.
CREATE TABLE notices (
    org_id             uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id                 uuid NOT NULL,
    at                 timestamptz NOT NULL,
    kind               text NOT NULL,
    urgent             boolean NOT NULL DEFAULT false,
    facts              jsonb NOT NULL,                -- mail.News
    secret             bytea,                         -- sealed: its link and its code, until they were handed over
    user_id            uuid REFERENCES users ON DELETE CASCADE, -- for this person alone; null: for the team
    only_for           audience,                      -- null: for everybody whom it concerns
    -- Whom of the couple's side it is about, as far as the sender said.
    connection_id      uuid,
    client_external_id text NOT NULL DEFAULT '',
    client_email       text NOT NULL DEFAULT '',
    created_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id)
);
-- What happened lately, for the preview of settings and for the rush rule.
CREATE INDEX notices_newest ON notices (org_id, at DESC, id);
-- What is old goes, across tenants.
CREATE INDEX notices_old ON notices (created_at);
-- What still holds a secret: few, and each for moments.
CREATE INDEX notices_secret ON notices (at) WHERE secret IS NOT NULL;

-- A bundle of notices for one person. The key makes a second one for the same time impossible.
CREATE TABLE digests (
    org_id     uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    window_key text NOT NULL, -- "daily", "weekly" or "rush"
    due_at     timestamptz NOT NULL,
    closed_at  timestamptz,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX digests_window ON digests (org_id, user_id, window_key, due_at);
-- What should have gone out already, across tenants.
CREATE INDEX digests_due ON digests (due_at) WHERE closed_at IS NULL;

-- One notice to one recipient by one channel.
CREATE TABLE notification_logs (
    org_id          uuid NOT NULL,
    id              uuid NOT NULL,
    notice_id       uuid NOT NULL,
    kind            text NOT NULL,
    audience        audience NOT NULL,
    recipient_id    uuid NOT NULL, -- a user, or a client of the organisation
    recipient       text NOT NULL, -- their name, as it was
    channel         channel NOT NULL,
    address         text NOT NULL DEFAULT '', -- of email and sms
    urgent          boolean NOT NULL DEFAULT false,
    status          notification_status NOT NULL DEFAULT 'queued',
    reason          text NOT NULL DEFAULT '', -- why it was skipped, waits or failed, in words
    provider        text NOT NULL DEFAULT '',
    provider_ref    text NOT NULL DEFAULT '',
    attempts        integer NOT NULL DEFAULT 0,
    next_try_at     timestamptz,              -- null: nothing more is to be done by us
    quota_day       date,                     -- the day on which it was counted; null: not counted
    fell_from       channel,                  -- it goes here because that one was not to be had
    digest_id       uuid,                     -- the bundle that it waits for or went in
    created_at      timestamptz NOT NULL DEFAULT now(),
    handed_at       timestamptz,
    delivered_at    timestamptz,
    seen_at         timestamptz,
    acknowledged_at timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, notice_id) REFERENCES notices ON DELETE CASCADE,
    FOREIGN KEY (org_id, digest_id) REFERENCES digests
) WITH (fillfactor = 70); -- each row is updated several times soon after it was made
-- Exactly one for each notice, recipient and channel, whatever runs twice.
CREATE UNIQUE INDEX notification_logs_once ON notification_logs (org_id, notice_id, recipient_id, channel);
-- The page of what was sent, newest first.
CREATE INDEX notification_logs_newest ON notification_logs (org_id, created_at DESC, id DESC);
-- A person's inbox, and how much of it is new.
CREATE INDEX notification_logs_inbox ON notification_logs (org_id, recipient_id, created_at DESC, id DESC) WHERE channel = 'in_app';
CREATE INDEX notification_logs_unread ON notification_logs (org_id, recipient_id) WHERE channel = 'in_app' AND status = 'delivered';
-- What waits for a bundle.
CREATE INDEX notification_logs_bundled ON notification_logs (org_id, digest_id) WHERE digest_id IS NOT NULL;
-- What should have gone out already, across tenants.
CREATE INDEX notification_logs_due ON notification_logs (next_try_at) WHERE next_try_at IS NOT NULL;

-- What happened to a notification, step by step. A carrier's report about one that we do not know is kept under the house,
-- without one.
CREATE TABLE notification_steps (
    org_id          uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id              uuid NOT NULL, -- version 7: the primary key is also the order in which we heard
    notification_id uuid,
    at              timestamptz NOT NULL, -- when it happened, by the clock of who says so
    step            text NOT NULL,
    provider        text NOT NULL DEFAULT '',
    report          text NOT NULL DEFAULT '', -- the carrier's id of this report; empty: a step of our own
    detail          text NOT NULL DEFAULT '',
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, notification_id) REFERENCES notification_logs ON DELETE CASCADE
);
CREATE INDEX notification_steps_of ON notification_steps (org_id, notification_id, id);
-- A report that comes twice is one report.
CREATE UNIQUE INDEX notification_steps_report ON notification_steps (org_id, provider, report) WHERE report <> '';
-- What nobody knew goes after a while, across tenants.
CREATE INDEX notification_steps_stray ON notification_steps (at) WHERE notification_id IS NULL;

-- How much of a day's allowance is used. The day is the organisation's own.
CREATE TABLE quota_uses (
    org_id  uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    channel channel NOT NULL,
    day     date NOT NULL,
    used    integer NOT NULL DEFAULT 0,
    refused integer NOT NULL DEFAULT 0, -- what did not go out because nothing was left
    PRIMARY KEY (org_id, channel, day)
) WITH (fillfactor = 50);

-- Addresses that are left alone, and why. What a carrier told us holds for everybody and stands under the house; what a
-- recipient asked one supplier for stands under that supplier.
CREATE TABLE suppressions (
    org_id          uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    channel         channel NOT NULL,
    address         text NOT NULL CHECK (address = lower(address)),
    why             text NOT NULL CHECK (why IN ('bounced', 'complained', 'stopped', 'invalid', 'unsubscribed')),
    since           timestamptz NOT NULL,
    detail          text NOT NULL DEFAULT '',
    PRIMARY KEY (org_id, channel, address)
);

-- What a person wants to hear by which channel, where it differs from ours.
CREATE TABLE preferences (
    org_id   uuid NOT NULL,
    user_id  uuid NOT NULL,
    category text NOT NULL,
    channel  channel NOT NULL,
    pace     pace NOT NULL,
    PRIMARY KEY (org_id, user_id, category, channel),
    FOREIGN KEY (org_id, user_id) REFERENCES memberships ON DELETE CASCADE
);

-- Which letters go to a supplier's couples. Without a row: none, since their other systems may write already.
CREATE TABLE couple_letters (
    org_id uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    kind   text NOT NULL,
    PRIMARY KEY (org_id, kind)
);

-- A supplier's own words for a letter, such as "booking.couple".
CREATE TABLE wordings (
    org_id     uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    letter     text NOT NULL,
    subject    text NOT NULL DEFAULT '',
    opening    text NOT NULL DEFAULT '',
    closing    text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by uuid,
    PRIMARY KEY (org_id, letter)
);

-- Who asks for a larger plan; an operator settles it.
CREATE TABLE tier_requests (
    org_id     uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    tier       tier NOT NULL,
    asked_by   uuid,
    asked_at   timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    granted    boolean,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX tier_requests_open ON tier_requests (org_id) WHERE settled_at IS NULL;

-- A person's browsers that take pushes.
CREATE TABLE push_subscriptions (
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    id           uuid NOT NULL DEFAULT gen_random_uuid(),
    endpoint     text NOT NULL UNIQUE CHECK (length(endpoint) <= 1000),
    p256dh       bytea NOT NULL,
    auth         bytea NOT NULL,
    timezone     text NOT NULL DEFAULT '', -- where the device is: its quiet hours
    label        text NOT NULL DEFAULT '',
    device_sha256 bytea, -- the browser as sign-ins know it: signing out there ends its pushes
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    failed       text NOT NULL DEFAULT '',
    PRIMARY KEY (user_id, id)
);

-- Links by mail and codes by SMS: we hold the hash, a use ends them.
CREATE TYPE token_purpose AS ENUM ('verify', 'reset', 'magic_link', 'phone_code');
CREATE TABLE account_tokens (
    token_sha256 bytea PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose      token_purpose NOT NULL,
    subject      text NOT NULL DEFAULT '', -- the address or number that it proves
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz,
    tries        integer NOT NULL DEFAULT 0 -- wrong codes
);
CREATE INDEX account_tokens_user ON account_tokens (user_id, purpose, created_at DESC);
CREATE INDEX account_tokens_expiry ON account_tokens (expires_at);

-- Browsers that a person has signed in with; one that is not here is told to them.
CREATE TABLE devices (
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    device_sha256 bytea NOT NULL,
    label         text NOT NULL DEFAULT '',
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, device_sha256)
);

-- The house's own secrets, such as the key that signs pushes: the same on every node.
CREATE TABLE house_secrets (
    name   text PRIMARY KEY,
    sealed bytea NOT NULL
);

ALTER TABLE vendor_invites ADD COLUMN reminded_at timestamptz;
