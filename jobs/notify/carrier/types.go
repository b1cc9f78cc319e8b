// Package carrier takes notifications away: mail through Resend or SMTP, text messages through Twilio, and Web Push.
//
// It hides each provider's wire: addresses, signatures, encryption, and what its answers mean. It talks through
// outside.Door, knows nothing of our tables, and says what became of a notification in one shape, Outcome.
package carrier

import (
	"time"

	"github.com/google/uuid"
)

// Fate is what became of a notification that was handed to a carrier.
type Fate string

const (
	Accepted      Fate = "accepted"      // the carrier has it
	Refused       Fate = "refused"       // this address will never take it
	Misconfigured Fate = "misconfigured" // the carrier serves us nothing: a bad key, a bad sender
	Later         Fate = "later"         // certainly not taken; may be tried again After
	Closed        Fate = "closed"        // the breaker is open and nothing was sent; Until
	Ambiguous     Fate = "ambiguous"     // may have been taken
)

// Outcome is how a handing over ended.
type Outcome struct {
	Fate     Fate
	Ref      string // the carrier's id
	Code     string // the carrier's, or ours for what was never sent
	Words    string // what happened, for people
	After    time.Duration
	Until    time.Time
	Suppress string // "" | "bounced" | "stopped" | "invalid" | "gone": this address is to be left alone
	Err      error  // a fault of our own: the database, the context
}

// Note is a push to one browser.
type Note struct {
	OrgID, ID uuid.UUID
	Endpoint  string
	P256dh    []byte
	Auth      []byte
	Payload   []byte
	TTL       time.Duration
	Urgency   string // very-low, low, normal, high; empty: normal
	Topic     string // a newer note of the same topic replaces one that still waits; empty: none
}
