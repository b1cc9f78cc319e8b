package queries

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// StrandedNotification should have gone out, and no job will send it.
type StrandedNotification struct{ OrgID, ID uuid.UUID }

// AllOrgsStrandedNotifications finds notifications whose time came a minute ago and which have no job that may still run. The
// row is the truth and the job only a hand to work it. Written by hand because River owns the table.
// Indexes: notification_logs_due, river_job_args_index.
func AllOrgsStrandedNotifications(ctx context.Context, db DBTX) ([]StrandedNotification, error) {
	rows, err := db.Query(ctx, `
		SELECT l.org_id, l.id FROM notification_logs l
		WHERE l.next_try_at < now() - interval '1 minute' AND NOT EXISTS (
		    SELECT 1 FROM river_job j
		    WHERE j.args @> jsonb_build_object('notification_id', l.id) AND j.state NOT IN ('completed', 'cancelled', 'discarded'))
		ORDER BY l.next_try_at LIMIT 500`)
	if err != nil {
		return nil, fmt.Errorf("stranded notifications: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[StrandedNotification])
}
