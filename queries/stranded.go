package queries

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// StrandedLane is a lane in which deliveries wait although no drain will come.
type StrandedLane struct{ OrgID, ConnectionID uuid.UUID }

// AllOrgsStrandedLanes finds lanes whose deliveries have waited for two minutes or more, or since before the database went
// down, and that have no drain which may still run. The rows of the deliveries are the truth and the job only a hand to
// work them, so a lost hand is replaced. Written by hand because River owns the table, and sqlc does not know it.
// Indexes: webhook_logs_lag, river_job_args_index.
func AllOrgsStrandedLanes(ctx context.Context, db DBTX) ([]StrandedLane, error) {
	rows, err := db.Query(ctx, `
		SELECT DISTINCT w.org_id, w.connection_id
		FROM webhook_logs w
		WHERE w.status = 'accepted' AND w.next_try_at IS NULL
		  AND w.waiting_since < greatest(now() - interval '2 minutes', pg_postmaster_start_time())
		  AND NOT EXISTS (
		    SELECT 1 FROM river_job j
		    WHERE j.args @> jsonb_build_object('connection_id', w.connection_id) AND j.kind = 'drain_lane'
		      AND j.state NOT IN ('completed', 'cancelled', 'discarded'))
		LIMIT 500`)
	if err != nil {
		return nil, fmt.Errorf("stranded lanes: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[StrandedLane])
}

// Stranded is a delivery that was set aside, and whose retry will never come.
type Stranded struct{ OrgID, ID uuid.UUID }

// AllOrgsStranded finds deliveries whose next try is overdue by two minutes and has no job. Indexes: webhook_logs_trouble,
// river_job_args_index.
func AllOrgsStranded(ctx context.Context, db DBTX) ([]Stranded, error) {
	rows, err := db.Query(ctx, `
		SELECT w.org_id, w.id
		FROM webhook_logs w
		WHERE w.status = 'failed' AND w.next_try_at < now() - interval '2 minutes'
		  AND NOT EXISTS (
		    SELECT 1 FROM river_job j
		    WHERE j.args @> jsonb_build_object('delivery_id', w.id) AND j.state NOT IN ('completed', 'cancelled', 'discarded'))
		LIMIT 500`)
	if err != nil {
		return nil, fmt.Errorf("stranded deliveries: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Stranded])
}

// AllOrgsDrainedSince says whether any lane has moved on since a moment. A storm, or an import of fifty thousand rows, makes
// deliveries wait long while everything works; only a queue that stands still is broken. Written by hand because River owns
// the table. Index: river_job_state_and_finalized_at_index.
func AllOrgsDrainedSince(ctx context.Context, db DBTX, since time.Time) (moved bool, err error) {
	err = db.QueryRow(ctx, `
		SELECT EXISTS (SELECT 1 FROM river_job WHERE state = 'completed' AND finalized_at > $1 AND kind = 'drain_lane')`, since).Scan(&moved)
	return moved, err
}
