package queries

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// StrandedMessage should have gone out, and no job will send it.
type StrandedMessage struct{ OrgID, ID uuid.UUID }

// AllOrgsStrandedMessages finds messages whose time came two minutes ago and which have no job that may still run. As with
// deliveries, the row is the truth and the job only a hand to work it. Written by hand because River owns the table.
// Indexes: outbound_messages_due, river_job_args_index.
func AllOrgsStrandedMessages(ctx context.Context, db DBTX) ([]StrandedMessage, error) {
	rows, err := db.Query(ctx, `
		SELECT m.org_id, m.id FROM outbound_messages m
		WHERE m.status = 'pending' AND m.next_try_at < now() - interval '2 minutes' AND NOT EXISTS (
		    SELECT 1 FROM river_job j
		    WHERE j.args @> jsonb_build_object('message_id', m.id) AND j.state NOT IN ('completed', 'cancelled', 'discarded'))
		ORDER BY m.next_try_at LIMIT 500`)
	if err != nil {
		return nil, fmt.Errorf("stranded messages: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[StrandedMessage])
}
