package views

import (
	"strings"
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// Category is a kind of supplier.
type Category struct{ Key, Label string }

// Categories are what a supplier may call themselves.
var Categories = []Category{
	{"photographer", "Photographer"}, {"videographer", "Videographer"}, {"venue", "Venue"}, {"florist", "Florist"},
	{"caterer", "Caterer"}, {"cake", "Cake maker"}, {"band", "Band or DJ"}, {"hair_makeup", "Hair and make-up"},
	{"planner", "Planner or coordinator"}, {"celebrant", "Celebrant"}, {"transport", "Transport"}, {"hire", "Hire and décor"}, {"other", "Something else"},
}

// ProviderName is what people call the system on the other side.
func ProviderName(p queries.Provider) string {
	switch p {
	case queries.ProviderStripe:
		return "Stripe"
	case queries.ProviderTave:
		return "Tave"
	case queries.ProviderHoneybook:
		return "HoneyBook"
	case queries.ProviderLightblue:
		return "Light Blue"
	case queries.ProviderStudioninja:
		return "Studio Ninja"
	case queries.ProviderShootq:
		return "ShootQ"
	case queries.ProviderWedme:
		return "WedMe"
	default:
		return "Your own system"
	}
}

// ProviderUse says in a line what a connection to it brings.
func ProviderUse(p queries.Provider) string {
	switch p {
	case queries.ProviderStripe:
		return "Payments and refunds, the moment they happen"
	case queries.ProviderTave:
		return "Clients, bookings and payments from VSCO Workspace"
	case queries.ProviderHoneybook:
		return "New clients, bookings and payments, by a Zap"
	case queries.ProviderLightblue:
		return "Shoots and sales, through Zapier where it offers them"
	case queries.ProviderStudioninja:
		return "Jobs and payments, through Zapier or Make"
	case queries.ProviderWedme:
		return "Invitations from couples, and who accepted"
	case queries.ProviderCustom:
		return "Anything that can post JSON to an address"
	default:
		return "Bookings and payments, through Zapier or Make"
	}
}

// unconfirmed: the vendor publishes no format, so our reading of it is a template to be checked on a first delivery.
func unconfirmed(p queries.Provider) bool {
	return p != queries.ProviderStripe && p != queries.ProviderWedme && p != queries.ProviderCustom
}

// tierName is a plan as people call it.
func tierName(t queries.Tier) string {
	switch t {
	case queries.TierStarter:
		return "Starter"
	case queries.TierProfessional:
		return "Professional"
	case queries.TierScale:
		return "Scale"
	case queries.TierEnterprise:
		return "Enterprise"
	default:
		return "Free"
	}
}

// RoleName is a role as people read it.
func RoleName(r queries.Role) string {
	switch r {
	case queries.RoleOwner:
		return "Owner"
	case queries.RoleManager:
		return "Manager"
	default:
		return "Staff"
	}
}

// standsWords say how a delivery stands: one that is tried again by itself needs nobody.
func standsWords(s queries.DeliveryStatus, next *time.Time) (string, ui.Tone) {
	if s == queries.DeliveryStatusFailed && next != nil {
		return "Tried again by itself", ui.Warn
	}
	return fateWords(s)
}

// eventWords are an event's id as a person may use it. What WedSync put in the place of an id says so instead.
func eventWords(id string) string {
	id = strings.TrimPrefix(id, "late:")
	switch {
	case strings.HasPrefix(id, "sha256:"):
		return "No id of its own"
	case strings.HasPrefix(id, "id-sha256:"):
		return "An id too long to show"
	case strings.HasPrefix(id, "row:"):
		return "A row of a list"
	default:
		return id
	}
}

// fateWords say how a delivery stands.
func fateWords(s queries.DeliveryStatus) (string, ui.Tone) {
	switch s {
	case queries.DeliveryStatusAccepted:
		return "Waiting", ui.Neutral
	case queries.DeliveryStatusApplied:
		return "Applied", ui.Good
	case queries.DeliveryStatusIgnored:
		return "Kept, not used", ui.Neutral
	case queries.DeliveryStatusFailed:
		return "Could not be read", ui.Bad
	case queries.DeliveryStatusDead:
		return "Given up", ui.Bad
	default:
		return "Set aside", ui.Warn
	}
}

func bookingWords(s queries.BookingStatus) (string, ui.Tone) {
	switch s {
	case queries.BookingStatusConfirmed:
		return "Confirmed", ui.Good
	case queries.BookingStatusHeld:
		return "On hold", ui.Warn
	case queries.BookingStatusCancelled:
		return "Cancelled", ui.Neutral
	default:
		return "Enquiry", ui.Neutral
	}
}

func paymentWords(s queries.PaymentStatus) (string, ui.Tone) {
	switch s {
	case queries.PaymentStatusCompleted:
		return "Paid", ui.Good
	case queries.PaymentStatusFailed:
		return "Failed", ui.Bad
	case queries.PaymentStatusPending:
		return "On its way", ui.Neutral
	default:
		return "Expected", ui.Neutral
	}
}

// activityWords tell one entry of the feed: an icon, a tone, and a sentence. Every kind that inbound writes has a case;
// a test holds the two together.
func activityWords(a queries.LatestActivitiesRow) (icon string, tone ui.Tone, sentence string) {
	money := ""
	if a.AmountMinor != nil && a.Currency != "" {
		money = ui.Money(*a.AmountMinor, a.Currency)
	}
	switch a.Kind {
	case "payment_completed":
		return "coins", ui.Good, money + " paid" + by(a.Who)
	case "payment_failed":
		return "alert", ui.Bad, "A payment of " + money + by(a.Who) + " failed"
	case "payment_refunded":
		return "coins", ui.Warn, money + " refunded" + to(a.Who)
	case "refund_early":
		return "coins", ui.Warn, "A refund came before its payment. It is kept and counts once the payment arrives"
	case "payment_disputed":
		return "alert", ui.Bad, "A payment of " + money + by(a.Who) + " is disputed. Answer it in Stripe before its deadline"
	case "dispute_lost":
		return "alert", ui.Bad, "The dispute over " + orElse("a payment", money) + by(a.Who) + " was lost: the money went back"
	case "dispute_won":
		return "check", ui.Good, "The dispute over " + orElse("a payment", money) + by(a.Who) + " is closed in your favour: the money stays"
	case "booking_new":
		return "rings", ui.Neutral, "New booking: " + named(a.What, a.Who)
	case "booking_confirmed":
		return "rings", ui.Good, named(a.What, a.Who) + " is confirmed"
	case "booking_changed":
		return "rings", ui.Neutral, named(a.What, a.Who) + " has changed"
	case "booking_cancelled":
		return "rings", ui.Bad, named(a.What, a.Who) + " was cancelled"
	case "client_new":
		return "people", ui.Neutral, "New client: " + named(a.Who)
	case "client_changed":
		return "people", ui.Neutral, "Details of " + named(a.Who) + " have changed"
	case "client_deleted":
		return "people", ui.Neutral, named(a.Who) + " was removed from your clients"
	case "wedme.client.invited":
		return "bell", ui.Accent, named(a.Who) + " invited you to their wedding"
	case "wedme.vendor.signup":
		return "check", ui.Good, "You accepted the invitation" + from(a.Who)
	case "connection_silent":
		return "alert", ui.Warn, sender(a) + " has gone quiet" + joined(": ", a.What)
	case "connection_back":
		return "check", ui.Good, sender(a) + " sends again" + joined(", ", a.What)
	}
	return "", ui.Neutral, ""
}

// sender is who has gone quiet, or come back.
func sender(a queries.LatestActivitiesRow) string {
	if a.Provider == nil {
		return "A connection"
	}
	return ProviderName(*a.Provider)
}

func by(who string) string   { return joined(" by ", who) }
func to(who string) string   { return joined(" to ", who) }
func from(who string) string { return joined(" from ", who) }

func joined(word, who string) string {
	if who == "" {
		return ""
	}
	return word + who
}

func named(candidates ...string) string {
	for _, c := range candidates {
		if c != "" {
			return c
		}
	}
	return "a client without a name"
}

func isPayment(kind string) bool {
	return len(kind) > 7 && (kind[:7] == "payment" || kind[:7] == "dispute")
}
func isAboutConnection(kind string) bool { return strings.HasPrefix(kind, "connection_") }
