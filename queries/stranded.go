package queries

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Stranded is a delivery that waits although no job will come for it.
type Stranded struct {
	OrgID, ID uuid.UUID
	GivenUp   bool // its job was discarded: it used up its attempts
}

// AllOrgsStranded finds deliveries that were accepted two minutes ago or more, or before the database went down, and have
// no job that may still run. The row
// of the delivery is the truth and the job only a hand to work it, so a lost hand is replaced. Written by hand because
// River owns the table. Indexes: webhook_logs_lag, river_job_args_index.
func AllOrgsStranded(ctx context.Context, db DBTX) ([]Stranded, error) {
	rows, err := db.Query(ctx, `
		SELECT w.org_id, w.id, EXISTS (
		    SELECT 1 FROM river_job j WHERE j.args @> jsonb_build_object('delivery_id', w.id) AND j.state = 'discarded' AND j.finalized_at > w.waiting_since)
		FROM webhook_logs w
		WHERE w.status = 'accepted' AND w.waiting_since < greatest(now() - interval '2 minutes', pg_postmaster_start_time())
		  AND NOT EXISTS (
		    SELECT 1 FROM river_job j
		    WHERE j.args @> jsonb_build_object('delivery_id', w.id) AND j.state NOT IN ('completed', 'cancelled', 'discarded'))
		ORDER BY w.waiting_since LIMIT 500`)
	if err != nil {
		return nil, fmt.Errorf("stranded deliveries: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Stranded])
}
