// Package outbound tells suppliers' own systems what happened: a message per event and endpoint, signed as Standard Webhooks
// say, sent at least once, and tried again for about a day.
//
// It hides the wire format, the schedule of retries and when an endpoint is given up. inbound queues through it, jobs
// registers its worker, web's pages change endpoints through it. It goes out by outside.Door alone.
package outbound

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// QueueName is the queue in River.
const QueueName = "outbound"

// TestType is the type of what the button "Send a test" sends. It goes out to a paused endpoint too.
const TestType = "wedsync.test"

// Types are what an endpoint may ask for: the contract's normalised events.
var Types = []string{
	"booking.created", "booking.updated", "booking.cancelled", "client.created", "client.updated", "client.deleted",
	"payment.completed", "payment.failed", "payment.refunded", "calendar.event.created", "calendar.event.updated", "wedme.client.invited", "wedme.vendor.signup",
}

// holdFor is how long messages are gathered for an endpoint that is switched off.
const holdFor = 30 * 24 * time.Hour

// Happened is one of our events, as the delivery that brought it made it.
type Happened struct {
	DeliveryID uuid.UUID
	Type       string
	At         time.Time
	Data       json.RawMessage
}

// Queue writes a message for every endpoint that wants to hear of an event, and gives the jobs that send them, which belong
// into the same transaction. An event that was queued before, under the same delivery, is not queued again.
func Queue(ctx context.Context, q *queries.Queries, org uuid.UUID, events []Happened) ([]river.InsertManyParams, error) {
	if len(events) == 0 {
		return nil, nil
	}
	endpoints, err := q.EndpointsToTell(ctx, queries.EndpointsToTellParams{OrgID: org, HeldSince: time.Now().Add(-holdFor)})
	if err != nil {
		return nil, fmt.Errorf("queue messages: %w", err)
	}
	rows := addressed(org, endpoints, events)
	if len(rows.Ids) == 0 {
		return nil, nil
	}
	fresh, err := q.QueueMessages(ctx, rows)
	if err != nil {
		return nil, fmt.Errorf("queue messages: %w", err)
	}
	return sendings(org, fresh), nil
}

// addressed is the messages of events to those endpoints that want them.
func addressed(org uuid.UUID, endpoints []queries.EndpointsToTellRow, events []Happened) queries.QueueMessagesParams {
	rows := queries.QueueMessagesParams{OrgID: org}
	for _, to := range endpoints {
		for _, e := range events {
			if len(to.Types) > 0 && !slices.Contains(to.Types, e.Type) {
				continue
			}
			rows.Ids = append(rows.Ids, messageID(to.ID, e.DeliveryID))
			rows.EndpointIds = append(rows.EndpointIds, to.ID)
			rows.SourceIds = append(rows.SourceIds, e.DeliveryID)
			rows.EventTypes = append(rows.EventTypes, e.Type)
			rows.HappenedAt = append(rows.HappenedAt, e.At)
			rows.Data = append(rows.Data, dataOf(e))
			rows.Held = append(rows.Held, to.Held)
		}
	}
	return rows
}

// dataOf is one line of JSON that every column takes: a body that we store must not fail an event that we have applied.
func dataOf(e Happened) string {
	raw, err := json.Marshal(e.Data)
	if err != nil || len(e.Data) == 0 {
		return "{}"
	}
	return strings.ToValidUTF8(string(raw), "\uFFFD")
}

// messageID is the same whenever the same delivery is told to the same endpoint: a database that crashed may forget that it
// was, and then a receiver that knows the id hears nothing twice. It begins with the moment in the delivery's id (version 7).
func messageID(endpoint, source uuid.UUID) uuid.UUID {
	sum := sha256.Sum256(append(endpoint[:], source[:]...))
	id := uuid.UUID(sum[:16])
	copy(id[:6], source[:6])
	id[6] = id[6]&0x0f | 0x80 // version 8: of our own making
	id[8] = id[8]&0x3f | 0x80
	return id
}

func sendings(org uuid.UUID, ids []uuid.UUID) []river.InsertManyParams {
	jobs := make([]river.InsertManyParams, len(ids))
	for i, id := range ids {
		jobs[i] = river.InsertManyParams{Args: SendArgs{OrgID: org, MessageID: id}}
	}
	return jobs
}
