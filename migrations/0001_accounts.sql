-- Who may come in, and into whose rooms: organisations (suppliers), couples, the people of both, and their sessions.
-- A person is global (one address, one password); what they may touch is a membership.

CREATE TYPE tier AS ENUM ('free', 'starter', 'professional', 'scale', 'enterprise');

-- Declared from least to most, so that role >= 'manager' reads as it says.
CREATE TYPE role AS ENUM ('staff', 'manager', 'owner');

CREATE TABLE users (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email         text NOT NULL CHECK (email = btrim(email) AND length(email) BETWEEN 3 AND 254),
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
-- Addresses are kept as typed and compared without case; sign-in looks one up through this index.
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE orgs (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    category   text NOT NULL,
    timezone   text NOT NULL,
    currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    tier       tier NOT NULL DEFAULT 'free',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE memberships (
    org_id     uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role       role NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

CREATE TABLE couples (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    names      text NOT NULL CHECK (length(names) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE couple_members (
    couple_id uuid NOT NULL REFERENCES couples ON DELETE CASCADE,
    user_id   uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    PRIMARY KEY (couple_id, user_id)
);
CREATE INDEX couple_members_user ON couple_members (user_id);

-- A couple keeps one wedding. The day is a local date in the venue's zone.
CREATE TABLE weddings (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    couple_id  uuid NOT NULL UNIQUE REFERENCES couples ON DELETE CASCADE,
    held_on    date NOT NULL,
    timezone   text NOT NULL,
    venue      text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The browser holds the token; we hold its SHA-256, so a copy of this table opens nothing.
CREATE TABLE sessions (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    token_sha256 bytea NOT NULL UNIQUE,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    org_id       uuid,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    -- An organisation's session lives exactly as long as the membership behind it.
    FOREIGN KEY (org_id, user_id) REFERENCES memberships ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- What people did that somebody may have to explain later. Ids and words, never secrets.
CREATE TABLE audit_log (
    org_id  uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id      uuid NOT NULL DEFAULT gen_random_uuid(),
    at      timestamptz NOT NULL DEFAULT now(),
    user_id uuid,
    action  text NOT NULL,
    subject text NOT NULL DEFAULT '',
    detail  text NOT NULL DEFAULT '',
    PRIMARY KEY (org_id, id)
);
CREATE INDEX audit_log_newest ON audit_log (org_id, at DESC);
