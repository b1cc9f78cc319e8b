package booking

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Why something cannot be had.
const (
	Booked  = "booked"  // a confirmed booking has it
	Held    = "held"    // somebody holds it for now
	Outside = "outside" // an outside calendar is busy
	Stale   = "stale"   // an outside calendar has not been proven fresh lately
	Unread  = "unread"  // an outside calendar has not been read yet
	Retired = "retired" // the resource is not offered any more
	TooMany = "too_many"
)

// Reason is one thing that stands against a booking.
type Reason struct {
	Why           string
	Resource      string
	BookingID     uuid.UUID // whose claim it is
	Title         string    // of that booking, or of the outside event; empty where that is private
	Calendar      string
	CalendarID    uuid.UUID
	RemoteID      string
	From, Until   time.Time // when it is taken, with what comes before and after
	MinutesBefore int
	MinutesAfter  int
	HoldUntil     *time.Time
	AsOf          *time.Time // of a stale calendar: its latest proof
	Tentative     bool
}

// Overridable is what an owner may know better: a calendar's word, never somebody else's booking.
func (r Reason) Overridable() bool { return r.Why == Outside || r.Why == Stale || r.Why == Unread }

// Refused is a booking that was not made, and everything that stands against it.
type Refused struct{ Reasons []Reason }

// Error says it in one line, for a log or a command.
func (r *Refused) Error() string {
	var all []string
	for _, reason := range r.Reasons {
		all = append(all, reason.Words())
	}
	return "not free: " + strings.Join(all, "; ")
}

// Overridable says whether an owner may confirm all the same.
func (r *Refused) Overridable() bool {
	for _, reason := range r.Reasons {
		if !reason.Overridable() {
			return false
		}
	}
	return len(r.Reasons) > 0
}

// Words say one reason without times, which a page shows in the reader's zone beside it.
func (r Reason) Words() string {
	title := r.Title
	if title == "" {
		title = "something private"
	}
	switch r.Why {
	case Booked:
		return fmt.Sprintf("%s is booked for %s", r.Resource, title)
	case Held:
		return fmt.Sprintf("%s is held for %s", r.Resource, title)
	case Outside:
		return fmt.Sprintf("%s has %s", r.Calendar, title)
	case Stale:
		return fmt.Sprintf("%s has not answered lately, so nobody knows whether it is free", r.Calendar)
	case Unread:
		return fmt.Sprintf("%s has not been read yet", r.Calendar)
	case Retired:
		return r.Resource + " is not offered any more"
	default:
		return fmt.Sprintf("there is not that much of %s", r.Resource)
	}
}
