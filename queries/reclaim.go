package queries

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// A node that works jobs holds an advisory lock of this class for as long as its connection lives; Postgres lets go of it
// the moment the process dies.
const presenceClass = 87

// HoldPresence marks node as alive on this connection, which must stay open and outside any pool that shares it.
func HoldPresence(ctx context.Context, conn *pgx.Conn, node string) error {
	_, err := conn.Exec(ctx, "SELECT pg_advisory_lock_shared($1, hashtext($2))", presenceClass, node)
	if err != nil {
		return fmt.Errorf("hold presence: %w", err)
	}
	return nil
}

// AllOrgsReclaimJobs sends jobs of nodes that are no longer alive, and those that were under way when the database itself
// went down, back to the queue at once, where River's own rescue
// would leave them for its timeout. Written by hand because River owns the table, and sqlc does not know it.
// A job that has used up its attempts, perhaps by killing its node each time, is left to River, which discards it.
// Two seconds of grace let a node that lost its connection take its lock again. Index: river_job_prioritized_fetching_index.
func AllOrgsReclaimJobs(ctx context.Context, conn *pgx.Conn, me string) (int64, error) {
	tag, err := conn.Exec(ctx, `
		UPDATE river_job SET state = 'available', scheduled_at = now()
		WHERE state = 'running'
		  AND attempted_at < now() - interval '2 seconds'
		  AND attempt < max_attempts
		  AND (attempted_at < pg_postmaster_start_time() OR attempted_by[array_upper(attempted_by, 1)] <> $1 AND hashtext(attempted_by[array_upper(attempted_by, 1)])::bigint & 4294967295 NOT IN (
		      SELECT objid::bigint FROM pg_locks
		      WHERE locktype = 'advisory' AND granted AND classid = $2 AND objsubid = 2
		        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())))`, me, presenceClass)
	if err != nil {
		return 0, fmt.Errorf("reclaim jobs: %w", err)
	}
	return tag.RowsAffected(), nil
}
