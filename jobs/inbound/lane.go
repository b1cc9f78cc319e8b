package inbound

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// Lane is the deliveries of one connection: they are drained in order, a batch at a time, by one job at a time, and take
// turns with every other lane. So a storm of one sender costs its neighbours one batch, never its length.
type Lane struct{ OrgID, ConnectionID uuid.UUID }

// key is the lane's advisory lock. Two lanes that share one only wait for each other.
func (l Lane) key() int32 { return int32(binary.BigEndian.Uint32(l.ConnectionID[12:])) }

// DrainArgs names a lane in which deliveries wait.
type DrainArgs struct {
	OrgID        uuid.UUID `json:"org_id"`
	ConnectionID uuid.UUID `json:"connection_id"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (DrainArgs) Kind() string { return "drain_lane" }

// InsertOpts puts every drain into the one queue, where the lanes take turns.
func (DrainArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Queue, MaxAttempts: drainAttempts}
}

// Enter makes sure that a drain comes for each of these lanes. It is called in the transaction that put deliveries into
// them, after it did.
//
// A lane that is queued has exactly one drain, alive or waiting, so most deliveries find one there and cost no job. The
// shared lock is what makes that safe: a drain that finds its lane empty shuts it to every door before it says so, and one
// that cannot, because a door is just putting something in, comes round again.
func Enter(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], lanes []Lane) error {
	var keys []int32
	var params queries.AllOrgsQueueLanesParams
	for _, l := range lanes {
		keys = append(keys, l.key())
		params.OrgIds, params.ConnectionIds = append(params.OrgIds, l.OrgID), append(params.ConnectionIds, l.ConnectionID)
	}
	slices.Sort(keys)
	q := queries.New(tx)
	if err := q.AllOrgsEnterLanes(ctx, slices.Compact(keys)); err != nil {
		return fmt.Errorf("enter lanes: %w", err)
	}
	idle, err := q.AllOrgsQueueLanes(ctx, params)
	if err != nil {
		return fmt.Errorf("queue lanes: %w", err)
	}
	if len(idle) == 0 {
		return nil
	}
	drains := make([]river.InsertManyParams, len(idle))
	for i, l := range idle {
		drains[i].Args = DrainArgs{OrgID: l.OrgID, ConnectionID: l.ConnectionID}
	}
	_, err = client.InsertManyFastTx(ctx, tx, drains)
	return err
}

// distinct gives each lane once.
func distinct(lanes []Lane) []Lane {
	slices.SortFunc(lanes, func(a, b Lane) int { return bytes.Compare(a.ConnectionID[:], b.ConnectionID[:]) })
	return slices.Compact(lanes)
}
