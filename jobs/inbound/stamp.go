package inbound

import (
	"fmt"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// Stamp orders events about one object: by when they happened, then by what they are, then by their id, so that any two
// events have one order wherever and whenever they are read. It compares as text.
//
// The sender's clock is only believed up to our own: an event "from the future" counts as having happened when it came,
// or a peer whose clock is an hour ahead would silently win over everybody for that hour.
func Stamp(ev Event, eventID string, receivedAt time.Time) string {
	at := ev.OccurredAt
	if at.IsZero() || at.After(receivedAt) {
		at = receivedAt
	}
	return fmt.Sprintf("%s#%d#%s", at.UTC().Format("2006-01-02T15:04:05.000000"), rank(ev), eventID)
}

// rank settles events of one moment: what ends a thing outlives what makes or changes it.
func rank(ev Event) int {
	switch ev.Type {
	case BookingCancelled, ClientDeleted:
		return 2
	case BookingCreated, ClientCreated, CalendarEventCreated:
		return 0
	case PaymentRefunded:
		// A bank may open a dispute and decide it within the second that is all Stripe's clock tells.
		if p := ev.Payment; p != nil && len(p.Refunds) == 1 && p.Refunds[0].Status != queries.RefundStatusPending {
			return 2
		}
	}
	return 1
}

// newer says whether stamp is later than what last set the field, and if so remembers it.
func newer(stamps queries.Stamps, field, stamp string) bool {
	if stamps[field] >= stamp {
		return false
	}
	stamps[field] = stamp
	return true
}

// set writes a value that was said, if it is newer than the one that stands.
func set[T any](into *T, said *T, stamps queries.Stamps, field, stamp string) {
	if said != nil && newer(stamps, field, stamp) {
		*into = *said
	}
}

// fill is set for values where empty means "not said".
func fill[T comparable](into *T, said T, stamps queries.Stamps, field, stamp string) {
	var nothing T
	if said != nothing && newer(stamps, field, stamp) {
		*into = said
	}
}
