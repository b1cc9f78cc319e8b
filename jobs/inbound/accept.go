package inbound

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// Queue is where accepted deliveries wait for a worker.
const Queue = "inbound"

// Delivery is a request that was verified, on its way to being durable.
type Delivery struct {
	OrgID        uuid.UUID
	ConnectionID uuid.UUID
	Provider     queries.Provider
	Peeked       Peeked
	ContentType  string
	Proof        string // the scheme that vouched for it
	Body         []byte
	ReceivedAt   time.Time

	Source   queries.DeliverySource // empty: it was posted to us
	SecretID *uuid.UUID             // which secret vouched for it
	ImportID *uuid.UUID             // the sheet it was a row of
}

// Receipt is what the sender is told: the delivery's id, or that of the first one like it.
type Receipt struct {
	ID        uuid.UUID
	Duplicate bool
}

// Door makes deliveries durable.
type Door struct {
	Pool    *pgxpool.Pool
	River   *river.Client[pgx.Tx]
	waiting chan asking
}

// NewDoor gives a door that accepts at once; Deliver answers once it runs.
func NewDoor(pool *pgxpool.Pool, client *river.Client[pgx.Tx]) *Door {
	return &Door{Pool: pool, River: client, waiting: make(chan asking, mostWaiting)}
}

// Accept stores deliveries and the jobs that will apply them in one transaction: when it returns, neither can be lost
// and neither exists without the other. It takes many at once because a commit costs the same for one as for a hundred.
func (d *Door) Accept(ctx context.Context, deliveries []Delivery) ([]Receipt, error) {
	receipts := make([]Receipt, len(deliveries))
	params := columns(deliveries, receipts)
	err := pgx.BeginFunc(ctx, d.Pool, func(tx pgx.Tx) error {
		stored, err := queries.New(tx).AllOrgsInsertDeliveries(ctx, params)
		if err != nil {
			return err
		}
		jobs := mark(receipts, stored, deliveries)
		if len(jobs) == 0 {
			return nil
		}
		_, err = d.River.InsertManyFastTx(ctx, tx, jobs)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("accept %d deliveries: %w", len(deliveries), err)
	}
	return receipts, d.findFirsts(ctx, deliveries, receipts)
}

// columns turns deliveries into the arrays of one statement, and gives each its id.
func columns(deliveries []Delivery, receipts []Receipt) (p queries.AllOrgsInsertDeliveriesParams) {
	for i, d := range deliveries {
		receipts[i].ID = uuid.Must(uuid.NewV7())
		p.Ids = append(p.Ids, receipts[i].ID)
		p.OrgIds = append(p.OrgIds, d.OrgID)
		p.ConnectionIds = append(p.ConnectionIds, d.ConnectionID)
		p.Providers = append(p.Providers, string(d.Provider))
		p.EventIds = append(p.EventIds, d.Peeked.EventID)
		p.Also = append(p.Also, d.Peeked.Also)
		p.EventTypes = append(p.EventTypes, d.Peeked.EventType)
		p.ReceivedAt = append(p.ReceivedAt, d.ReceivedAt)
		p.ContentTypes = append(p.ContentTypes, d.ContentType)
		p.Proofs = append(p.Proofs, d.Proof)
		p.Bodies = append(p.Bodies, d.Body)
	}
	return p
}

// mark tells new deliveries from doubles and gives a job for each new one.
func mark(receipts []Receipt, stored []queries.AllOrgsInsertDeliveriesRow, deliveries []Delivery) []river.InsertManyParams {
	var jobs []river.InsertManyParams
	for _, row := range stored {
		for i := range receipts {
			if receipts[i].ID != row.ID {
				continue
			}
			if row.IsNew {
				jobs = append(jobs, river.InsertManyParams{Args: ApplyArgs{OrgID: deliveries[i].OrgID, DeliveryID: row.ID}})
				continue
			}
			receipts[i].Duplicate = true
			if row.FirstID != nil {
				receipts[i].ID = *row.FirstID
			} else {
				receipts[i].ID = uuid.Nil
			}
		}
	}
	return jobs
}

// findFirsts looks up whom a double repeats: the row may have been written by a transaction that ours could not see yet.
func (d *Door) findFirsts(ctx context.Context, deliveries []Delivery, receipts []Receipt) error {
	q := queries.New(d.Pool)
	for i := range receipts {
		if receipts[i].ID != uuid.Nil {
			continue
		}
		id, err := q.DeliveryByEvent(ctx, queries.DeliveryByEventParams{
			OrgID: deliveries[i].OrgID, ConnectionID: deliveries[i].ConnectionID, EventID: deliveries[i].Peeked.EventID})
		if err != nil {
			return fmt.Errorf("find the first delivery of %s: %w", deliveries[i].Peeked.EventID, err)
		}
		receipts[i].ID = id
	}
	return nil
}
