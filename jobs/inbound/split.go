package inbound

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// mostInList bounds what one request may bring. A longer list is kept whole and its reason says what to do.
const mostInList = 200

// Arrivals are the deliveries of one request, each peeked at: no-code senders post lists, and each event of a list must be
// tried, failed and run again by itself. What is not a list of objects is one delivery, whatever it is.
func Arrivals(whole Delivery, h http.Header) []Delivery {
	parts := eventsOf(whole)
	if len(parts) < 2 {
		whole.Peeked = Peek(whole.Provider, h, whole.Body, whole.ReceivedAt)
		return []Delivery{whole.tested().rung()}
	}
	all := make([]Delivery, len(parts))
	for i, body := range parts {
		own := h.Clone()
		for _, name := range []string{"Webhook-Id", "Idempotency-Key"} { // the request's id is not its events'
			if id := h.Get(name); id != "" {
				own.Set(name, fmt.Sprintf("%s#%d", id, i+1))
			}
		}
		all[i] = whole
		all[i].Body, all[i].Peeked = body, Peek(whole.Provider, own, body, whole.ReceivedAt)
		// What does not say when it happened, happened in the order of the list.
		all[i].ReceivedAt = whole.ReceivedAt.Add(time.Duration(i) * time.Microsecond)
		all[i] = all[i].tested().rung()
	}
	return all
}

// eventsOf is the objects of a JSON list as they were written; Stripe never sends one.
func eventsOf(d Delivery) []json.RawMessage {
	body := bytes.TrimLeft(bytes.TrimPrefix(d.Body, []byte("\xef\xbb\xbf")), " \t\r\n")
	if d.Provider == queries.ProviderStripe || !bytes.HasPrefix(body, []byte("[")) {
		return nil
	}
	var parts []json.RawMessage
	if json.Unmarshal(body, &parts) != nil || len(parts) > mostInList {
		return nil
	}
	for _, part := range parts {
		if !bytes.HasPrefix(bytes.TrimLeft(part, " \t\r\n"), []byte("{")) {
			return nil
		}
	}
	return parts
}

func (d Delivery) tested() Delivery {
	if d.Peeked.EventType == TestType {
		d.Source = queries.DeliverySourceTest
	}
	return d
}

// rung names a bell without an id of its own by the second in which it rang. Tave's say nothing but which record they are
// about, so the next change of it rings with the same words, and is no double.
func (d Delivery) rung() Delivery {
	if d.Proof == ProofDoorbell && d.Peeked.Also != "" {
		d.Peeked.EventID += d.ReceivedAt.UTC().Format("T15:04:05")
		d.Peeked.Also = ""
	}
	return d
}
