-- Outside calendars, both ways: what blocks time, what receives our bookings, and how sure we are of each.

CREATE TYPE calendar_kind AS ENUM ('google', 'microsoft', 'caldav', 'ics');
CREATE TYPE conflict_strategy AS ENUM ('local_wins', 'remote_wins', 'merge', 'manual');

-- One account at a provider, or one address of a feed.
CREATE TABLE calendar_connections (
    org_id          uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id              uuid NOT NULL DEFAULT gen_random_uuid(),
    kind            calendar_kind NOT NULL,
    account         text NOT NULL DEFAULT '', -- as people know it: an address, or the host of a feed
    url             text NOT NULL DEFAULT '', -- CalDAV and feeds
    username        text NOT NULL DEFAULT '',
    secret          bytea,                    -- sealed: the refresh token, the password, or a feed's whole address
    access          bytea,                    -- sealed: the access token of the moment
    access_until    timestamptz,
    strategy        conflict_strategy NOT NULL DEFAULT 'merge',
    strategies      jsonb NOT NULL DEFAULT '{}', -- by field, where it differs: title, when, venue
    paused_at       timestamptz,
    -- The provider gives us nothing any more until a person connects anew; why, in words.
    reconnect_since timestamptz,
    failure         text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      uuid,
    PRIMARY KEY (org_id, id)
);

CREATE TABLE calendars (
    org_id         uuid NOT NULL,
    id             uuid NOT NULL DEFAULT gen_random_uuid(),
    connection_id  uuid NOT NULL,
    remote_id      text NOT NULL, -- Google's and Graph's id, the collection's path, or 'feed'
    name           text NOT NULL DEFAULT '',
    timezone       text NOT NULL DEFAULT '', -- of times without one; empty: the organisation's
    writable       boolean NOT NULL DEFAULT false,
    blocks         boolean NOT NULL DEFAULT false, -- what is busy in it blocks our resources
    receives       boolean NOT NULL DEFAULT false, -- our bookings are written into it
    resource_id    uuid,                           -- the one resource that it is about; null: all of them
    tentative_busy boolean NOT NULL DEFAULT true,
    -- Pulling
    token          text NOT NULL DEFAULT '', -- what the provider gave us to ask for changes since
    window_from    timestamptz,              -- what the mirror covers, where the provider wants to be told
    window_until   timestamptz,
    fresh_at       timestamptz,              -- the mirror holds what was so at this moment: the latest proof
    first_at       timestamptz,              -- the first whole reading
    read_so_far    integer NOT NULL DEFAULT 0, -- of a reading that is under way
    leased_until   timestamptz,              -- somebody pulls it
    pull_again     boolean NOT NULL DEFAULT false, -- something was heard meanwhile
    next_pull_at   timestamptz NOT NULL DEFAULT now(),
    failures       integer NOT NULL DEFAULT 0,
    failing_since  timestamptz,
    failure        text NOT NULL DEFAULT '',
    deleted_at     timestamptz,              -- outside it is not there any more
    capped         text NOT NULL DEFAULT '', -- what was left out because there was too much of it, in words
    -- The canary: a private event of ours whose way back is timed.
    canary_id      text NOT NULL DEFAULT '',
    canary_rev     text NOT NULL DEFAULT '',
    canary_sent_at timestamptz,
    canary_seen_at timestamptz,
    canary_ms      integer,                  -- how long the latest way back took
    push_dead_at   timestamptz,              -- since when pushes do not come although they should
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, connection_id, remote_id),
    FOREIGN KEY (org_id, connection_id) REFERENCES calendar_connections ON DELETE CASCADE,
    FOREIGN KEY (org_id, resource_id) REFERENCES resources
) WITH (fillfactor = 70); -- rewritten with every pull
-- What is due to be asked, across tenants.
CREATE INDEX calendars_due ON calendars (next_pull_at) WHERE deleted_at IS NULL;

-- The mirror: one row for each object outside. Parts are the events in it as we read them (ical.Event): a series and its
-- exceptions.
CREATE TABLE calendar_events (
    org_id      uuid NOT NULL,
    calendar_id uuid NOT NULL,
    remote_id   text NOT NULL,
    series_id   text NOT NULL DEFAULT '', -- the object of its series, where exceptions are objects of their own
    etag        text NOT NULL DEFAULT '',
    parts       jsonb NOT NULL,
    booking_id  uuid, -- it is our own copy of this
    ignored_at  timestamptz, -- a person said that it blocks nothing
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (org_id, calendar_id, remote_id),
    FOREIGN KEY (org_id, calendar_id) REFERENCES calendars ON DELETE CASCADE
);
CREATE INDEX calendar_events_series ON calendar_events (org_id, calendar_id, series_id) WHERE series_id <> '';

-- When outside calendars are busy, occurrence by occurrence, in the time that we look ahead. Our own copies are not in it.
CREATE TABLE busy (
    org_id      uuid NOT NULL,
    calendar_id uuid NOT NULL,
    root_id     text NOT NULL, -- the remote id of the series or the single event
    remote_id   text NOT NULL, -- of the object that says so
    during      tstzrange NOT NULL,
    all_day     boolean NOT NULL DEFAULT false,
    tentative   boolean NOT NULL DEFAULT false,
    title       text NOT NULL DEFAULT '', -- empty: private there
    changed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, calendar_id, root_id, during),
    FOREIGN KEY (org_id, calendar_id) REFERENCES calendars ON DELETE CASCADE
);
-- Is anything of ours busy then?
CREATE INDEX busy_during ON busy USING gist (org_id, during);

-- Who calls us when a calendar changes. The row is there before the call that opens it, since the first message may come first.
CREATE TABLE calendar_channels (
    org_id       uuid NOT NULL,
    id           uuid NOT NULL DEFAULT gen_random_uuid(), -- Google's channel id; Graph names its own (remote_id)
    calendar_id  uuid NOT NULL,
    remote_id    text NOT NULL DEFAULT '', -- Google: resourceId; Graph: the subscription's id
    token_sha256 bytea NOT NULL,           -- what the caller has to show: channel token, clientState
    opened_at    timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,              -- null: not confirmed by the provider yet
    renew_at     timestamptz,
    heard_at     timestamptz,
    closed_at    timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, calendar_id) REFERENCES calendars ON DELETE CASCADE
);
CREATE UNIQUE INDEX calendar_channels_id ON calendar_channels (id);
CREATE INDEX calendar_channels_remote ON calendar_channels (remote_id) WHERE remote_id <> '';
CREATE INDEX calendar_channels_of ON calendar_channels (org_id, calendar_id) WHERE closed_at IS NULL;

-- On the way to a provider's consent page and back.
CREATE TABLE oauth_states (
    state_sha256  bytea PRIMARY KEY,
    org_id        uuid NOT NULL,
    user_id       uuid NOT NULL,
    kind          calendar_kind NOT NULL,
    connection_id uuid, -- of one that is connected anew
    verifier      bytea NOT NULL, -- sealed: PKCE
    expires_at    timestamptz NOT NULL,
    FOREIGN KEY (org_id, user_id) REFERENCES memberships ON DELETE CASCADE
);
CREATE INDEX oauth_states_expiry ON oauth_states (expires_at);

-- One thing that is kept on two sides, and what both last agreed on: the base of every merge. kind 'calendar': subject_id is a
-- booking, peer_id a calendar.
CREATE TABLE sync_entities (
    org_id      uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    id          uuid NOT NULL DEFAULT gen_random_uuid(),
    kind        text NOT NULL,
    subject_id  uuid NOT NULL,
    peer_id     uuid NOT NULL,
    remote_id   text NOT NULL DEFAULT '',
    etag        text NOT NULL DEFAULT '',
    agreed      jsonb NOT NULL DEFAULT '{}', -- fields, as both sides had them
    hash        text NOT NULL DEFAULT '',    -- of what we last wrote: what comes back with it is our own echo
    state       text NOT NULL DEFAULT 'wanted' CHECK (state IN ('wanted', 'agreed', 'conflict', 'left_out', 'failed')),
    failure     text NOT NULL DEFAULT '',
    writing     text NOT NULL DEFAULT '',    -- the hash of what is on its way
    leased_until timestamptz,                -- somebody writes it: one at a time
    written_at  timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX sync_entities_pair ON sync_entities (org_id, kind, subject_id, peer_id);
-- Whose copy is this outside object?
CREATE INDEX sync_entities_remote ON sync_entities (org_id, peer_id, remote_id) WHERE remote_id <> '';

-- subject and field are as they were: 'booking' and the field's name for an edit, 'day' for a double booking.
ALTER TABLE sync_conflicts
    ADD COLUMN kind          text NOT NULL DEFAULT 'edited' CHECK (kind IN ('edited', 'deleted', 'overlap', 'contested', 'refused')),
    ADD COLUMN booking_id    uuid,
    ADD COLUMN calendar_id   uuid,
    ADD COLUMN remote_id     text NOT NULL DEFAULT '',
    ADD COLUMN other_booking_id uuid,
    ADD COLUMN during        tstzrange,               -- when the two meet
    ADD COLUMN base          jsonb,                   -- what both last agreed on
    ADD COLUMN fingerprint   text NOT NULL DEFAULT '', -- what it is about: settled once, it stays settled while that is so
    ADD COLUMN resolution    text NOT NULL DEFAULT '', -- ours, theirs, both, gone, or a strategy
    ADD COLUMN resolved_by   uuid,
    ADD COLUMN undo          jsonb,                   -- what settling it changed, as it was before
    ADD COLUMN undone_at     timestamptz,
    ADD CONSTRAINT sync_conflicts_booking FOREIGN KEY (org_id, booking_id) REFERENCES bookings ON DELETE CASCADE,
    ADD CONSTRAINT sync_conflicts_calendar FOREIGN KEY (org_id, calendar_id) REFERENCES calendars ON DELETE CASCADE;
CREATE UNIQUE INDEX sync_conflicts_once ON sync_conflicts (org_id, fingerprint) WHERE resolved_at IS NULL AND fingerprint <> '';
CREATE INDEX sync_conflicts_settled ON sync_conflicts (org_id, fingerprint) WHERE fingerprint <> '';
CREATE INDEX sync_conflicts_newest ON sync_conflicts (org_id, created_at DESC);
