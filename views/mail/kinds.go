package mail

import (
	"slices"
	"strings"

	"github.com/wedsync/wedsync/views/ui"
)

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

// Words say to whom it goes.
func (a Audience) Words() string {
	if a == Couple {
		return "to couples"
	}
	return "to your team"
}

// Kinds are all of them, in the order in which pages and digests show them.
var Kinds = []Kind{Emergency, WeddingDayChange, WeddingWeek, Booking, Payment, Refund, FailedPayment, Conflict, Invite, InviteReminder, ClientChange, Connection, Allowance, Digest, Security}

type about struct {
	title, words string
	audiences    []Audience
	one, many    string // how a digest counts it
}

var both, team = []Audience{Team, Couple}, []Audience{Team}

var abouts = map[Kind]about{
	Booking:          {"Booking", "A booking is new, confirmed, changed or cancelled.", both, "booking", "bookings"},
	Payment:          {"Payment received", "Money has arrived, or a dispute ended well.", both, "payment", "payments"},
	Refund:           {"Refund", "Money went back to who paid it.", both, "refund", "refunds"},
	FailedPayment:    {"Failed payment", "A payment failed, or a bank disputes it.", both, "failed payment", "failed payments"},
	ClientChange:     {"Client", "A client is new, has new details, or was removed.", team, "client", "clients"},
	Conflict:         {"Conflict", "Two sides say different things, and you choose.", team, "conflict", "conflicts"},
	Invite:           {"Invite", "A couple invites you to their wedding.", team, "invite", "invites"},
	InviteReminder:   {"Invite reminder", "An invite has waited for your answer.", team, "reminder", "reminders"},
	WeddingWeek:      {"Wedding week", "What is coming in the next week, with its facts.", both, "summary", "summaries"},
	WeddingDayChange: {"Wedding day change", "Something changed shortly before a wedding.", both, "change before a wedding", "changes before weddings"},
	Emergency:        {"Emergency", "A call for help on a wedding day.", both, "emergency", "emergencies"},
	Digest:           {"Summary", "What happened, gathered into one letter.", team, "summary", "summaries"},
	Security:         {"Your account", "Links that you asked for, and sign-ins from new devices.", []Audience{Person}, "note on your account", "notes on your account"},
	Connection:       {"Connection", "A system has gone quiet, or came back.", team, "note on a connection", "notes on connections"},
	Allowance:        {"Allowance", "A day's allowance is nearly used, or used up.", team, "note on your plan", "notes on your plan"},
}

// Whats are what can have happened, for each kind; a kind that is one thing only has the empty one.
var Whats = map[Kind][]string{
	Booking:          {"booking_new", "booking_confirmed", "booking_changed", "booking_cancelled", "hold_promoted"},
	Payment:          {"payment_completed", "dispute_won"},
	Refund:           {"payment_refunded", "refund_early"},
	FailedPayment:    {"payment_failed", "payment_disputed", "dispute_lost"},
	ClientChange:     {"client_new", "client_changed", "client_deleted"},
	Conflict:         {"", "double_booked", "overlap", "edited_both", "deleted_outside"},
	Invite:           {"wedme.client.invited", "wedme.vendor.signup"},
	InviteReminder:   {""},
	WeddingWeek:      {""},
	WeddingDayChange: {""},
	Emergency:        {""},
	Digest:           {"daily", "weekly", "rush"},
	Security:         {"verify", "reset", "invited", "magic_link", "new_device", "password_changed", "address_changed", "phone_code"},
	Connection:       {"connection_silent", "connection_back", "calendar_reconnect"},
	Allowance:        {"nearly", "used_up"},
}

// Title is a kind as people read it.
func (k Kind) Title() string {
	if a, ok := abouts[k]; ok {
		return a.title
	}
	return "News"
}

// plural is the heading above several of a kind: "Bookings".
func (k Kind) plural() string {
	if many := abouts[k].many; many != "" {
		return strings.ToUpper(many[:1]) + many[1:]
	}
	return "Other things"
}

// Words say in a line when such a letter goes out.
func (k Kind) Words() string { return abouts[k].words }

// Audiences are for whom there is such a letter.
func (k Kind) Audiences() []Audience { return slices.Clone(abouts[k].audiences) }

// Editable: a supplier may put it into their own words. What wakes people, guards accounts or counts stays in ours.
func (k Kind) Editable() bool {
	return abouts[k].title != "" && k != Security && k != Emergency && k != Digest && k != Allowance
}

// Spares: a warm opening that somebody wrote for good news must never open this, so it stays in our words.
func Spares(what string) bool {
	switch what {
	case "booking_cancelled", "payment_disputed", "dispute_lost", "dispute_won", "client_deleted", "connection_back":
		return true
	}
	return false
}

// Spared says which news of a kind stays in our words.
func (k Kind) Spared() string {
	switch k {
	case Booking:
		return "A cancellation always goes out in our words, so that a warm opening never meets sad news."
	case Payment, FailedPayment:
		return "A dispute always goes out in our words."
	case ClientChange:
		return "A removed client is always told in our words."
	case Connection:
		return "A system that sends again is always told in our words."
	}
	return ""
}

// Key names a letter where a supplier's wording of it is kept: "booking.couple".
func Key(k Kind, a Audience) string { return string(k) + "." + string(a) }

// ReadKey takes a key apart; ok is false for a letter that does not exist or may not be reworded.
func ReadKey(key string) (k Kind, a Audience, ok bool) {
	kind, audience, _ := strings.Cut(key, ".")
	k, a = Kind(kind), Audience(audience)
	return k, a, k.Editable() && slices.Contains(abouts[k].audiences, a)
}

// counted is "3 bookings".
func counted(k Kind, n int) string {
	a := abouts[k]
	if a.one == "" {
		a.one, a.many = "other thing", "other things"
	}
	return ui.Plural(int64(n), a.one, a.many)
}
