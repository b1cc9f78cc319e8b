package inbound

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// Queue is where accepted deliveries wait for a worker, RetryQueue where those do that were set aside.
const (
	Queue      = "inbound"
	RetryQueue = "inbound_retries"
)

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
	Late     bool                   // vouched for, but with a time outside the window: kept in quarantine until a person says so
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
	AtOnce  int // most deliveries that one commit makes durable; 1: each commits alone
	waiting chan asking
}

// NewDoor gives a door that accepts at once; Deliver answers once it runs.
func NewDoor(pool *pgxpool.Pool, client *river.Client[pgx.Tx]) *Door {
	return &Door{Pool: pool, River: client, AtOnce: mostAtOnce, waiting: make(chan asking, mostWaiting)}
}

// Accept stores deliveries and sees that their lanes are drained, in one transaction: when it returns, neither can be lost
// and neither exists without the other. It takes many at once because a commit costs the same for one as for a hundred.
func (d *Door) Accept(ctx context.Context, deliveries []Delivery) ([]Receipt, error) {
	receipts := make([]Receipt, len(deliveries))
	params := columns(deliveries, receipts)
	err := pgx.BeginFunc(ctx, d.Pool, func(tx pgx.Tx) error {
		stored, err := queries.New(tx).AllOrgsInsertDeliveries(ctx, params)
		if err != nil {
			return err
		}
		lanes := mark(receipts, stored, deliveries)
		if len(lanes) == 0 {
			return nil
		}
		return Enter(ctx, tx, d.River, lanes)
	})
	if err != nil {
		return receipts, fmt.Errorf("accept %d deliveries: %w", len(deliveries), err)
	}
	return receipts, d.findFirsts(ctx, deliveries, receipts)
}

func (d Delivery) eventID() string {
	if d.Late {
		return lateEvent + d.Peeked.EventID
	}
	return d.Peeked.EventID
}

// also is another name under which a delivery may be there already. A late one of what was taken in time is a replay, or a
// sender who did not hear our answer: nobody need look at it.
func (d Delivery) also() string {
	if d.Late {
		return d.Peeked.EventID
	}
	return d.Peeked.Also
}

// columns turns deliveries into the arrays of one statement, and gives each its id.
func columns(deliveries []Delivery, receipts []Receipt) (p queries.AllOrgsInsertDeliveriesParams) {
	for i, d := range deliveries {
		receipts[i].ID = uuid.Must(uuid.NewV7())
		p.Ids = append(p.Ids, receipts[i].ID)
		p.OrgIds = append(p.OrgIds, d.OrgID)
		p.ConnectionIds = append(p.ConnectionIds, d.ConnectionID)
		p.Providers = append(p.Providers, string(d.Provider))
		p.EventIds = append(p.EventIds, d.eventID())
		p.Also = append(p.Also, d.also())
		p.EventTypes = append(p.EventTypes, d.Peeked.EventType)
		p.ReceivedAt = append(p.ReceivedAt, d.ReceivedAt)
		p.ContentTypes = append(p.ContentTypes, d.ContentType)
		p.Proofs = append(p.Proofs, d.Proof)
		p.Bodies = append(p.Bodies, d.Body)
		p.Sources = append(p.Sources, string(cmp.Or(d.Source, queries.DeliverySourceHook)))
		p.SecretIds, p.ImportIds = append(p.SecretIds, orNil(d.SecretID)), append(p.ImportIds, orNil(d.ImportID))
		status, reason := kept(d)
		p.Statuses, p.Errors = append(p.Statuses, string(status)), append(p.Errors, reason)
	}
	return p
}

// lateEvent keeps a late delivery from standing in the way of the sender's next try, which carries the same event id.
const lateEvent = "late:"

func kept(d Delivery) (queries.DeliveryStatus, string) {
	if d.Late {
		return queries.DeliveryStatusQuarantined, quarantined
	}
	return queries.DeliveryStatusAccepted, ""
}

const quarantined = "It came with a genuine signature, but its time was more than five minutes from ours, as a replay's would be. " +
	"It was set aside and has changed nothing; accept it if you know why it was late."

func orNil(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

// mark tells new deliveries from doubles and gives the lanes in which new ones wait.
func mark(receipts []Receipt, stored []queries.AllOrgsInsertDeliveriesRow, deliveries []Delivery) []Lane {
	place := make(map[uuid.UUID]int, len(receipts))
	for i, r := range receipts {
		place[r.ID] = i
	}
	var lanes []Lane
	for _, row := range stored {
		i := place[row.ID]
		switch {
		case row.IsNew && !deliveries[i].Late:
			lanes = append(lanes, Lane{deliveries[i].OrgID, deliveries[i].ConnectionID})
		case row.IsNew:
		case row.FirstID != nil:
			receipts[i] = Receipt{ID: *row.FirstID, Duplicate: true}
		default:
			receipts[i] = Receipt{Duplicate: true}
		}
	}
	return distinct(lanes)
}

// findFirsts looks up whom a double repeats: the row may have been written by a transaction that ours could not see yet.
func (d *Door) findFirsts(ctx context.Context, deliveries []Delivery, receipts []Receipt) error {
	q := queries.New(d.Pool)
	for i := range receipts {
		if receipts[i].ID != uuid.Nil {
			continue
		}
		id, err := q.DeliveryByEvent(ctx, queries.DeliveryByEventParams{
			OrgID: deliveries[i].OrgID, ConnectionID: deliveries[i].ConnectionID, EventID: deliveries[i].eventID()})
		if err != nil {
			return fmt.Errorf("find the first delivery of %s: %w", deliveries[i].Peeked.EventID, err)
		}
		receipts[i].ID = id
	}
	return nil
}
