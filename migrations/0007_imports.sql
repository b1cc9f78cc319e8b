-- Sheets: a page or a CSV that a supplier saved or exported themselves, mapped once, looked at, and then fed row by row
-- through the same door as everything else.

CREATE TYPE sheet_kind AS ENUM ('bookings', 'clients', 'payments');
-- 'uploaded': our guess at the columns has not been looked at, or the dates still need an answer.
CREATE TYPE import_status AS ENUM ('uploaded', 'mapped', 'running', 'cancelled', 'done', 'failed');

CREATE TABLE imports (
    org_id        uuid NOT NULL,
    id            uuid NOT NULL, -- version 7: the newest are the last
    connection_id uuid NOT NULL, -- whose objects the rows are about
    filename      text NOT NULL,
    format        text NOT NULL,
    encoding      text NOT NULL,
    delimiter     text NOT NULL DEFAULT '',
    header        text[] NOT NULL,
    raw           bytea, -- as uploaded; null once it has been forgotten, thirty days after it was last of use
    kind          sheet_kind NOT NULL,
    columns       jsonb NOT NULL,
    day_first     boolean,                         -- null: nobody has said, and the dates do not tell
    dates         text NOT NULL,                   -- what the dates tell of themselves
    again         boolean NOT NULL DEFAULT false,  -- rows that were imported before are applied once more
    rows          integer NOT NULL,
    status        import_status NOT NULL DEFAULT 'uploaded',
    run           integer NOT NULL DEFAULT 0, -- which start or resumption is under way: a job of another one stops
    next_row      integer NOT NULL DEFAULT 0, -- every row before it is durable
    taken         integer NOT NULL DEFAULT 0,
    duplicates    integer NOT NULL DEFAULT 0,
    faulty        integer NOT NULL DEFAULT 0, -- before the start: as tried when the columns were last saved
    error         text NOT NULL DEFAULT '',
    made_by       uuid,
    created_at    timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    finished_at   timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, connection_id) REFERENCES connections ON DELETE CASCADE
) WITH (fillfactor = 70); -- an import under way is rewritten once per batch
-- What may be forgotten, across tenants.
CREATE INDEX imports_kept ON imports (created_at) WHERE raw IS NOT NULL;

-- The rows as they were read, so that a worker reads a batch and not twenty megabytes.
CREATE TABLE import_chunks (
    org_id    uuid NOT NULL,
    import_id uuid NOT NULL,
    first_row integer NOT NULL,
    lines     jsonb NOT NULL,
    PRIMARY KEY (org_id, import_id, first_row),
    FOREIGN KEY (org_id, import_id) REFERENCES imports ON DELETE CASCADE
);

-- Why a row was left out, by its line in the file. The first thousand of an import; beyond that they are only counted.
CREATE TABLE import_faults (
    org_id    uuid NOT NULL,
    import_id uuid NOT NULL,
    line      integer NOT NULL,
    reason    text NOT NULL,
    PRIMARY KEY (org_id, import_id, line),
    FOREIGN KEY (org_id, import_id) REFERENCES imports ON DELETE CASCADE
);
