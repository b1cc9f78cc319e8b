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
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/wedsync/wedsync/queries"
)

// MaxAttempts bounds the retries of what may pass by itself (a database away, a deadlock): about four hours of River's backoff.
const MaxAttempts = 10

// noteTimeout bounds the note of a failed attempt.
const noteTimeout = 5 * time.Second

// TriedEnough is said of a delivery that is given up.
const TriedEnough = "WedSync tried this as often as it may. The delivery is kept: use “Run again” once the trouble is over."

// ApplyArgs names one accepted delivery.
type ApplyArgs struct {
	OrgID      uuid.UUID `json:"org_id"`
	DeliveryID uuid.UUID `json:"delivery_id"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (ApplyArgs) Kind() string { return "apply_delivery" }

// InsertOpts puts every such job into its queue.
func (ApplyArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Queue, MaxAttempts: MaxAttempts}
}

// Apply reads a delivery and writes what it says: the rows, the fate of the delivery, the completion of the job and the
// versions of the regions that show it, in one transaction.
type Apply struct {
	river.WorkerDefaults[ApplyArgs]
	Pool  *pgxpool.Pool
	Waker *queries.Waker
	Log   *slog.Logger
}

// again marks work that a crash of the database may undo whole: rows, fate, job and versions go back together, and the
// delivery, which the door made durable, is simply applied again. So it need not wait for the disk.
var again = pgx.TxOptions{BeginQuery: "BEGIN; SET LOCAL synchronous_commit = off"}

// Work does it once, whatever happens: a second run of the same delivery finds it settled and does nothing.
func (a *Apply) Work(ctx context.Context, job *river.Job[ApplyArgs]) error {
	err := pgx.BeginTxFunc(ctx, a.Pool, again, func(tx pgx.Tx) error {
		regions, err := applyOnce(ctx, queries.New(tx), job.Args, time.Now())
		if err != nil {
			return err
		}
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
			return err
		}
		return queries.New(tx).TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{job.Args.OrgID}, Regions: regions})
	})
	if err != nil {
		return a.notApplied(ctx, job, err)
	}
	a.Waker.Wake(job.Args.OrgID)
	return nil
}

// applyOnce gives the regions that changed. Errors it returns are worth a retry; what a retry cannot mend is a fate.
func applyOnce(ctx context.Context, q *queries.Queries, args ApplyArgs, now time.Time) ([]string, error) {
	row, err := q.LockDelivery(ctx, queries.LockDeliveryParams{OrgID: args.OrgID, ID: args.DeliveryID})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil // its connection was removed meanwhile, and the delivery with it
	}
	if err != nil {
		return nil, err
	}
	regions := []string{"kpis", DeliveriesRegion(row.ConnectionID)}
	if row.Status != queries.DeliveryStatusAccepted {
		return regions, nil
	}
	event, err := Read(row.Provider, row.ContentType, row.Body, defaults(row))
	if err == nil {
		var changed []string
		changed, err = write(ctx, q, args, row, event)
		regions = append(regions, changed...)
	}
	status, reason, err := fate(err)
	if err != nil {
		return nil, err
	}
	return regions, settle(ctx, q, args, event, status, reason, now)
}

// DeliveriesRegion is the live region of one connection's deliveries.
func DeliveriesRegion(connection uuid.UUID) string { return "deliveries:" + connection.String() }

func defaults(row queries.LockDeliveryRow) Defaults {
	zone, err := time.LoadLocation(row.Timezone)
	if err != nil {
		zone = time.UTC // the name was checked when the organisation gave it; only a machine without zone data gets here
	}
	return Defaults{Zone: zone, Currency: row.Currency}
}

// fate sorts what reading and writing came to: applied, ignored, failed for good, or an error that may pass.
func fate(err error) (queries.DeliveryStatus, string, error) {
	var ignored Ignored
	var wrong WrongShape
	switch {
	case err == nil:
		return queries.DeliveryStatusApplied, "", nil
	case errors.As(err, &ignored):
		return queries.DeliveryStatusIgnored, ignored.Reason, nil
	case errors.As(err, &wrong):
		return queries.DeliveryStatusFailed, wrong.Reason, nil
	default:
		return "", "", err
	}
}

func settle(ctx context.Context, q *queries.Queries, args ApplyArgs, event Event, status queries.DeliveryStatus, reason string, now time.Time) error {
	var normalised []byte
	if event.Type != "" {
		var err error
		if normalised, err = json.Marshal(event); err != nil {
			return fmt.Errorf("normalised event: %w", err)
		}
	}
	var applied *time.Time
	if status == queries.DeliveryStatusApplied {
		applied = &now
	}
	attempt, err := q.SettleDelivery(ctx, queries.SettleDeliveryParams{
		OrgID: args.OrgID, ID: args.DeliveryID, Status: status, Error: reason, Normalised: normalised, AppliedAt: applied,
	})
	if err != nil {
		return err
	}
	return q.AddAttempt(ctx, queries.AddAttemptParams{
		OrgID: args.OrgID, DeliveryID: args.DeliveryID, Attempt: attempt, At: now, Outcome: status, Error: reason,
	})
}

// notApplied records the attempt beside the rolled-back transaction, so that the page tells what the retries are about.
// Data that the database refuses is refused again by every retry: it fails at once, with words.
func (a *Apply) notApplied(ctx context.Context, job *river.Job[ApplyArgs], cause error) error {
	status, reason := queries.DeliveryStatusAccepted, "WedSync could not save this yet and tries again by itself."
	var refused *pgconn.PgError
	switch {
	case refusesData(cause) && errors.As(cause, &refused):
		status, reason = queries.DeliveryStatusFailed, "A value does not fit: "+refused.Message+". The delivery is kept; mend it at its source and send it again, or ask support to run it again."
	case job.Attempt >= job.MaxAttempts:
		status, reason = queries.DeliveryStatusDead, TriedEnough
	}
	a.Log.ErrorContext(ctx, "a delivery was not applied", "delivery_id", job.Args.DeliveryID, "org_id", job.Args.OrgID, "attempt", job.Attempt, "status", status, "error", cause)
	// The job's own time may be what ran out.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	err := pgx.BeginFunc(ctx, a.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		row, err := q.LockDelivery(ctx, queries.LockDeliveryParams{OrgID: job.Args.OrgID, ID: job.Args.DeliveryID})
		if err != nil || row.Status != queries.DeliveryStatusAccepted {
			return err // another run of the same job has settled it meanwhile, and that stands
		}
		if err := settle(ctx, q, job.Args, Event{}, status, reason, time.Now()); err != nil {
			return err
		}
		return q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{job.Args.OrgID}, Regions: []string{"kpis", DeliveriesRegion(row.ConnectionID)}})
	})
	if err == nil {
		a.Waker.Wake(job.Args.OrgID)
	}
	if status == queries.DeliveryStatusFailed && err == nil {
		return river.JobCancel(cause)
	}
	return cause
}
