package mail

// Kind is a sort of letter.
type Kind string

const (
	Booking          Kind = "booking"
	Payment          Kind = "payment"
	Refund           Kind = "refund"
	FailedPayment    Kind = "failed_payment"
	ClientChange     Kind = "client_change"
	Conflict         Kind = "conflict"
	Invite           Kind = "invite"
	InviteReminder   Kind = "invite_reminder"
	WeddingWeek      Kind = "wedding_week"
	WeddingDayChange Kind = "wedding_day_change"
	Emergency        Kind = "emergency"
	Digest           Kind = "digest"
	Security         Kind = "security"
	Connection       Kind = "connection"
	Allowance        Kind = "allowance"
)

// Audience is for whom a letter is written.
type Audience string

const (
	Team   Audience = "team"   // the supplier's people
	Couple Audience = "couple" // the supplier's client, to whom the supplier speaks
	Person Audience = "person" // one person, to whom the house speaks
)
