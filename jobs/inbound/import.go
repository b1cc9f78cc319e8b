package inbound

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/wedsync/wedsync/queries"
)

// ImportQueue is where imports wait for a worker.
const ImportQueue = "imports"

const (
	importBatch    = 500 // rows of a transaction, and of a stored chunk
	importTurn     = 4   // batches of one job, so that several imports take turns
	importAttempts = 6   // about twenty minutes of River's backoff; then a person is asked to resume
)

// ImportRegion is the live region of one import's progress.
func ImportRegion(id uuid.UUID) string { return "import:" + id.String() }

// ImportArgs name one import and the run of it that this job belongs to.
type ImportArgs struct {
	OrgID    uuid.UUID `json:"org_id"`
	ImportID uuid.UUID `json:"import_id"`
	Run      int32     `json:"run"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (ImportArgs) Kind() string { return "import_rows" }

// InsertOpts puts every such job into its queue.
func (ImportArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: ImportQueue, MaxAttempts: importAttempts}
}

// Import feeds the rows of a sheet through the door, from the checkpoint on.
type Import struct {
	river.WorkerDefaults[ImportArgs]
	Pool  *pgxpool.Pool
	Waker *queries.Waker
	Log   *slog.Logger
}

// Work does one turn. Killed anywhere, its next run begins at the last checkpoint, and rows that were stored beyond it
// are met again as doubles of themselves.
func (i *Import) Work(ctx context.Context, job *river.Job[ImportArgs]) error {
	client := river.ClientFromContext[pgx.Tx](ctx)
	door := NewDoor(i.Pool, client)
	for n := range importTurn {
		var more bool
		err := pgx.BeginFunc(ctx, i.Pool, func(tx pgx.Tx) (err error) {
			more, err = importNext(ctx, tx, door, job.Args, time.Now())
			if err != nil || more && n < importTurn-1 {
				return err
			}
			if more {
				if _, err := client.InsertTx(ctx, tx, job.Args, nil); err != nil {
					return err
				}
			}
			_, err = river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
			return err
		})
		if err != nil {
			return i.stopped(ctx, job, err)
		}
		i.Waker.Wake(job.Args.OrgID)
		if !more {
			return nil
		}
	}
	return nil
}

// importNext makes one batch durable and then sets the checkpoint behind it, in that order. The import's row is locked
// meanwhile, so a cancellation waits for the batch, and no other job takes the same rows.
func importNext(ctx context.Context, tx pgx.Tx, door *Door, args ImportArgs, now time.Time) (more bool, err error) {
	q := queries.New(tx)
	row, err := q.LockImport(ctx, queries.LockImportParams{OrgID: args.OrgID, ID: args.ImportID})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil // its connection was removed meanwhile
	}
	if err != nil || row.Status != queries.ImportStatusRunning || row.Run != args.Run {
		return false, err // cancelled, or a job of an earlier run
	}
	rows, err := rowsFrom(ctx, q, args, row.NextRow)
	if err != nil {
		return false, err
	}
	b, err := batchOf(args, row, rows, now)
	if err != nil {
		return false, err
	}
	if err := b.accept(ctx, q, door); err != nil {
		return false, err
	}
	if err := q.AddImportFaults(ctx, queries.AddImportFaultsParams{OrgID: args.OrgID, ImportID: args.ImportID, Lines: b.lines, Reasons: b.reasons}); err != nil {
		return false, err
	}
	check := queries.CheckpointImportParams{OrgID: args.OrgID, ID: args.ImportID, NextRow: row.NextRow + int32(len(rows)),
		Faulty: int32(len(b.lines)), Status: queries.ImportStatusRunning}
	if check.NextRow >= row.Rows {
		check.Status, check.FinishedAt = queries.ImportStatusDone, &now
	}
	if err := q.CheckpointImport(ctx, check); err != nil {
		return false, err
	}
	err = q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{args.OrgID}, Regions: []string{ImportRegion(args.ImportID)}})
	return check.Status == queries.ImportStatusRunning, err
}

func rowsFrom(ctx context.Context, q *queries.Queries, args ImportArgs, next int32) ([]SheetRow, error) {
	chunk, err := q.ImportChunk(ctx, queries.ImportChunkParams{OrgID: args.OrgID, ImportID: args.ImportID, RowNumber: next})
	if err != nil {
		return nil, fmt.Errorf("the rows of import %s from %d on: %w", args.ImportID, next, err)
	}
	var rows []SheetRow
	if err := json.Unmarshal(chunk.Lines, &rows); err != nil {
		return nil, err
	}
	from := int(next - chunk.FirstRow)
	if from >= len(rows) {
		return nil, fmt.Errorf("import %s has no row %d", args.ImportID, next)
	}
	return rows[from:], nil
}

// stopped leaves to River's retries what may pass by itself. Where they are used up, a person is told where it stands.
func (i *Import) stopped(ctx context.Context, job *river.Job[ImportArgs], cause error) error {
	i.Log.ErrorContext(ctx, "an import was interrupted", "import_id", job.Args.ImportID, "org_id", job.Args.OrgID, "attempt", job.Attempt, "error", cause)
	if job.Attempt < job.MaxAttempts && !refusesData(cause) {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout) // the job's own time may be what ran out
	defer cancel()
	err := StopImport(ctx, i.Pool, i.Waker, job.Args.OrgID, job.Args.ImportID, queries.ImportStatusFailed,
		"WedSync could not go on with this import, though it tried several times. The rows up to here are stored; press Resume to go on with the next one.", time.Now())
	return river.JobCancel(errors.Join(cause, err))
}
