package inbound

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	committers  = 2    // one commits while the other gathers; a third would only make the batches smaller
	mostAtOnce  = 200  // bounds what a single transaction holds, and what fails with it
	mostWaiting = 2048 // about a second's worth; beyond it senders are told to come back
	commitTime  = 5 * time.Second
)

// ErrBusy is for a delivery that finds too many others waiting. Its sender tries again, as with a database that is away.
var ErrBusy = errors.New("more deliveries wait than can be written soon")

// asking is one request: a list of events holds one place in the queue like a single one.
type asking struct {
	deliveries []Delivery
	answer     chan answer
}

type answer struct {
	receipts []Receipt
	err      error
}

// Deliver makes the deliveries of one request durable, all or none, together with whatever else waits meanwhile: requests
// that come while a commit runs are written by the next one. There is no timer, so a single client never waits for company.
func (d *Door) Deliver(ctx context.Context, deliveries ...Delivery) ([]Receipt, error) {
	if d.AtOnce == 1 {
		return d.Accept(ctx, deliveries)
	}
	ask := asking{deliveries, make(chan answer, 1)}
	select {
	case d.waiting <- ask:
	default:
		return nil, ErrBusy
	}
	select {
	case a := <-ask.answer:
		return a.receipts, a.err
	case <-ctx.Done():
		return nil, ctx.Err() // it may be written yet: then the sender's next try is a duplicate
	}
}

// Run commits until ctx ends, which it does after the last request has been answered.
func (d *Door) Run(ctx context.Context) {
	var all sync.WaitGroup
	for range committers {
		all.Go(func() { d.commit(ctx) })
	}
	all.Wait()
}

func (d *Door) commit(ctx context.Context) {
	for {
		select {
		case first := <-d.waiting:
			d.write(ctx, d.gather(first))
		case <-ctx.Done():
			return
		}
	}
}

// gather takes along what waits already, up to AtOnce deliveries and the rest of the last request's list.
func (d *Door) gather(first asking) []asking {
	batch := []asking{first}
	for size := len(first.deliveries); size < d.AtOnce; {
		select {
		case next := <-d.waiting:
			batch = append(batch, next)
			size += len(next.deliveries)
		default:
			return batch
		}
	}
	return batch
}

func (d *Door) write(ctx context.Context, batch []asking) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	var deliveries []Delivery
	for _, ask := range batch {
		deliveries = append(deliveries, ask.deliveries...)
	}
	receipts, err := d.Accept(ctx, deliveries)
	if err != nil && len(batch) > 1 && refusesData(err) {
		for _, ask := range batch { // a request that the database refuses must fail alone
			d.write(ctx, []asking{ask})
		}
		return
	}
	for _, ask := range batch {
		if err != nil {
			ask.answer <- answer{err: err}
			continue
		}
		ask.answer <- answer{receipts: receipts[:len(ask.deliveries)]}
		receipts = receipts[len(ask.deliveries):]
	}
}

// refusesData tells a value that does not fit from a database that is away, where trying one by one would only take longer.
func refusesData(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (refused.Code[:2] == "22" || refused.Code[:2] == "23")
}
