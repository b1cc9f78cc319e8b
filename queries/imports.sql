-- name: CreateImport :exec
INSERT INTO imports (org_id, id, connection_id, filename, format, encoding, delimiter, header, raw, kind, columns, day_first, dates, rows, faulty, made_by)
VALUES (@org_id, @id, @connection_id, @filename, @format, @encoding, @delimiter, @header, @raw, @kind, @columns, @day_first, @dates, @rows, @faulty, @made_by);

-- name: AddImportChunk :exec
INSERT INTO import_chunks (org_id, import_id, first_row, lines) VALUES (@org_id, @import_id, @first_row, @lines);

-- name: Imports :many
-- The newest fifty. Primary key, backwards.
SELECT i.id, i.connection_id, c.provider, i.filename, i.kind, i.rows, i.status, i.next_row, i.taken, i.duplicates, i.faulty, i.created_at
FROM imports i JOIN connections c ON c.org_id = i.org_id AND c.id = i.connection_id
WHERE i.org_id = @org_id ORDER BY i.id DESC LIMIT 50;

-- name: ImportByID :one
-- All but the file itself. Primary key.
SELECT i.id, i.connection_id, c.provider, i.filename, i.format, i.encoding, i.delimiter, i.header, (i.raw IS NOT NULL)::boolean AS kept, i.kind, i.columns,
       i.day_first, i.dates, i.again, i.rows, i.status, i.run, i.next_row, i.taken, i.duplicates, i.faulty, i.error, i.created_at, i.started_at, i.finished_at
FROM imports i JOIN connections c ON c.org_id = i.org_id AND c.id = i.connection_id
WHERE i.org_id = @org_id AND i.id = @id;

-- name: ImportChunk :one
-- The chunk that holds a row. Primary key.
SELECT first_row, lines FROM import_chunks
WHERE org_id = @org_id AND import_id = @import_id AND first_row <= @row_number ORDER BY first_row DESC LIMIT 1;

-- name: ImportChunks :many
-- The whole sheet, to try every row before the start. Primary key.
SELECT lines FROM import_chunks WHERE org_id = @org_id AND import_id = @import_id ORDER BY first_row;

-- name: MapImport :execrows
-- A reading may be changed until the import has begun. Primary key.
UPDATE imports SET kind = @kind, columns = @columns, day_first = @day_first, dates = @dates, again = @again, status = @status, faulty = @faulty
WHERE org_id = @org_id AND id = @id AND status IN ('uploaded', 'mapped') AND raw IS NOT NULL;

-- name: StartImport :one
-- From the first row: what was tried before the start is counted anew. Primary key.
UPDATE imports SET status = 'running', run = run + 1, next_row = 0, taken = 0, duplicates = 0, faulty = 0, error = '', started_at = @now::timestamptz
WHERE org_id = @org_id AND id = @id AND status = 'mapped' AND raw IS NOT NULL
RETURNING run;

-- name: ResumeImport :one
-- From the checkpoint. Primary key.
UPDATE imports SET status = 'running', run = run + 1, error = '', finished_at = NULL
WHERE org_id = @org_id AND id = @id AND status IN ('cancelled', 'failed') AND raw IS NOT NULL
RETURNING run;

-- name: StopImport :execrows
-- Cancelled by a person or failed; waits for the batch under way, whose transaction holds the row. Primary key.
UPDATE imports SET status = @status, error = @error, finished_at = @now::timestamptz
WHERE org_id = @org_id AND id = @id AND status = 'running';

-- name: LockImport :one
-- The claim of a batch, held until its checkpoint is written: two jobs of one import never work the same rows at once.
-- Primary key.
SELECT i.connection_id, c.provider, i.header, i.kind, i.columns, i.day_first, i.again, i.rows, i.status, i.run, i.next_row, o.timezone, o.currency
FROM imports i JOIN connections c ON c.org_id = i.org_id AND c.id = i.connection_id JOIN orgs o ON o.id = i.org_id
WHERE i.org_id = @org_id AND i.id = @id
FOR UPDATE OF i;

-- name: KnownDeliveries :many
-- Which rows were imported before. Index: webhook_logs_event.
SELECT event_id FROM webhook_logs WHERE org_id = @org_id AND connection_id = @connection_id AND event_id = ANY(@event_ids::text[]);

-- name: CheckpointImport :exec
-- What this import has stored is counted, not added up: a batch that was stored just before its worker was killed is met
-- again as doubles, and they are this import's own. Index: webhook_logs_import.
UPDATE imports i SET next_row = own.upto, faulty = i.faulty + own.bad, status = @status, finished_at = sqlc.narg('finished_at'),
       taken = own.n, duplicates = own.upto - i.faulty - own.bad - own.n
FROM (SELECT count(*)::int AS n, @next_row::int AS upto, @faulty::int AS bad FROM webhook_logs w WHERE w.org_id = @org_id AND w.import_id = @id) own
WHERE i.org_id = @org_id AND i.id = @id;

-- name: AddImportFaults :exec
-- Beyond the first thousand they are only counted. Primary key.
INSERT INTO import_faults (org_id, import_id, line, reason)
SELECT @org_id::uuid, @import_id::uuid, f.line, f.reason
FROM unnest(@lines::int[], @reasons::text[]) AS f(line, reason)
LIMIT greatest(0, 1000 - (SELECT count(*) FROM import_faults k WHERE k.org_id = @org_id AND k.import_id = @import_id))
ON CONFLICT DO NOTHING;

-- name: ForgetImportFaults :exec
DELETE FROM import_faults WHERE org_id = @org_id AND import_id = @import_id;

-- name: ImportFaults :many
-- Primary key.
SELECT line, reason FROM import_faults WHERE org_id = @org_id AND import_id = @import_id ORDER BY line LIMIT 200;

-- name: AllOrgsForgetSheets :execrows
-- Thirty days after an import was last of use its file goes, and its rows as they were read; what it brought stays.
-- Index: imports_kept.
WITH old AS (
    UPDATE imports SET raw = NULL
    WHERE raw IS NOT NULL AND status <> 'running' AND created_at < @before::timestamptz AND coalesce(finished_at, created_at) < @before
    RETURNING org_id, id
)
DELETE FROM import_chunks c USING old WHERE c.org_id = old.org_id AND c.import_id = old.id;
