package booking

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries"
)

// swiftly commits without waiting for the disk, so that the rows which everybody of an organisation writes last (the versions
// of what pages show) are not held meanwhile: holding them would make an organisation's confirmations wait for the disk one
// after the other.
var swiftly = pgx.TxOptions{BeginQuery: "BEGIN; SET LOCAL synchronous_commit = off"}

// Do makes one change of bookings, and comes back when it is on the disk: a second, empty commit waits for everything before
// it, together with everybody else's. A copy outside is made after a commit of its own that waits as well.
func Do(ctx context.Context, pool *pgxpool.Pool, change func(tx pgx.Tx) error) error {
	if err := pgx.BeginTxFunc(ctx, pool, swiftly, change); err != nil {
		return err
	}
	if err := queries.New(pool).AwaitDisk(ctx); err != nil {
		return fmt.Errorf("await the disk: %w", err)
	}
	return nil
}
