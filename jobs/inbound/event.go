// Package inbound turns a signed delivery from an outside system into one of our own events, and applies it.
//
// It hides every provider's signature scheme and wire shape, the two keys against doubles, and the rules by which late,
// repeated and reordered events still end in the same rows. web imports it for the door (Verify, Arrivals, Deliver) and for
// the pages about connections, deliveries, readings and lists; jobs registers its workers.
package inbound

import (
	"time"

	"github.com/wedsync/wedsync/queries"
)

// Type is one of the contract's normalised event types.
type Type string

const (
	BookingCreated       Type = "booking.created"
	BookingUpdated       Type = "booking.updated"
	BookingCancelled     Type = "booking.cancelled"
	ClientCreated        Type = "client.created"
	ClientUpdated        Type = "client.updated"
	ClientDeleted        Type = "client.deleted"
	PaymentCompleted     Type = "payment.completed"
	PaymentFailed        Type = "payment.failed"
	PaymentRefunded      Type = "payment.refunded"
	CalendarEventCreated Type = "calendar.event.created"
	CalendarEventUpdated Type = "calendar.event.updated"
	WedMeClientInvited   Type = "wedme.client.invited"
	WedMeVendorSignup    Type = "wedme.vendor.signup"
)

// Event is what one delivery says, in our terms. A pointer that is nil was not said and changes nothing;
// an empty value was said and empties the field.
type Event struct {
	Type       Type      `json:"type"`
	ID         string    `json:"id,omitempty"`         // the provider's id of the event
	OccurredAt time.Time `json:"occurred_at,omitzero"` // UTC; zero when the sender does not say
	Account    string    `json:"account,omitempty"`    // Stripe Connect: whose event it is, where it is not the endpoint's own
	Test       bool      `json:"test,omitempty"`       // the sender says that no real money moved

	Client  *Client  `json:"client,omitempty"`
	Booking *Booking `json:"booking,omitempty"`
	Payment *Payment `json:"payment,omitempty"`
	Invite  *Invite  `json:"invite,omitempty"`
}

// Client is a couple as a supplier's CRM knows them.
type Client struct {
	ExternalID  string  `json:"external_id"`
	Name        *string `json:"name,omitempty"`
	PartnerName *string `json:"partner_name,omitempty"`
	Email       *string `json:"email,omitempty"`
	Phone       *string `json:"phone,omitempty"`
	Deleted     *bool   `json:"deleted,omitempty"`
}

// Booking is a day (or part of one) that a client wants from the supplier.
type Booking struct {
	ExternalID       string                 `json:"external_id"`
	ClientExternalID *string                `json:"client_external_id,omitempty"`
	Title            *string                `json:"title,omitempty"`
	When             *When                  `json:"when,omitempty"`
	Venue            *string                `json:"venue,omitempty"`
	Resource         *string                `json:"resource,omitempty"`
	Status           *queries.BookingStatus `json:"status,omitempty"`
	Value            *queries.Money         `json:"value,omitempty"`
}

// When is wall time at the venue: Start and End carry no zone of their own (their location is UTC by convention),
// Zone is an IANA name. End is never before Start.
type When struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	Zone  string    `json:"zone"`
}

// WholeDay says that no time of day was given: from midnight to a midnight.
func (w When) WholeDay() bool {
	return w.Start.Equal(w.Start.Truncate(24*time.Hour)) && w.End.Equal(w.End.Truncate(24*time.Hour))
}

// Payment is one payment under all the outside names that this event knows for it (intent, charge, checkout, invoice).
// Status 'expected' says only that it exists: a refund names it before it has come itself.
type Payment struct {
	Names             []string              `json:"names"`
	Status            queries.PaymentStatus `json:"status"`
	Amount            queries.Money         `json:"amount,omitzero"`
	PaidAt            time.Time             `json:"paid_at,omitzero"`
	BookingExternalID string                `json:"booking_external_id,omitempty"`
	PayerName         string                `json:"payer_name,omitempty"`
	PayerEmail        string                `json:"payer_email,omitempty"`
	Description       string                `json:"description,omitempty"`
	Failure           string                `json:"failure,omitempty"`
	RefundTotalMinor  int64                 `json:"refund_total_minor,omitempty"` // a running total, where the provider gives one
	Refunds           []Refund              `json:"refunds,omitempty"`
	Dispute           string                `json:"dispute,omitempty"` // the payer's reason, where a dispute begins or ends here
}

// Refund is one refund of a payment by its own outside id. A dispute is one too: see disputed.
type Refund struct {
	ExternalID string               `json:"external_id"`
	Status     queries.RefundStatus `json:"status"`
	Amount     queries.Money        `json:"amount"`
}

// Invite is a couple's invitation to this supplier, and whether it was taken.
type Invite struct {
	ExternalID string `json:"external_id"`
	Couple     string `json:"couple,omitempty"`
	Email      string `json:"email,omitempty"`
	Accepted   bool   `json:"accepted"`
}

// Defaults fill what a sender may leave out: the organisation's zone and currency, and what the supplier has set for the
// connection.
type Defaults struct {
	Zone     *time.Location
	Currency string
	Account  string            // Stripe Connect: the one account whose events count; empty: every one's
	Unit     queries.MoneyUnit // what the sender's bare numbers mean; empty: nobody has said
	Mapping  *Mapping          // the supplier's own reading; nil: the provider's default
}

// Ignored is why a delivery that is perfectly well formed has no effect. It is kept and shown, never lost.
type Ignored struct{ Reason string }

func (e Ignored) Error() string { return e.Reason }

// WrongShape is why a delivery could not be read, in words for the supplier, naming the field where one is to blame.
type WrongShape struct{ Reason string }

func (e WrongShape) Error() string { return e.Reason }
