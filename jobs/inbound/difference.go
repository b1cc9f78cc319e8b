package inbound

import (
	"time"

	"github.com/wedsync/wedsync/queries"
)

// Change is one field that a delivery sets otherwise than it was. Before and After are what the row holds, for a view to put
// into words: text, money (queries.Money), a state, a moment (time.Time, on the clock by which it is read), a count, or
// true; nil is nothing at all.
type Change struct {
	What          string // "client", "booking", "payment", "refund" or "invite"
	Name          string // whose
	Field         string // in plain words
	Before, After any
}

type field struct {
	name  string
	value any
}

// differences are the fields in which two states of one row differ; nothing at all stands before a row that is new.
func differences(what, name string, before, after []field) (all []Change) {
	for i, f := range after {
		var was any
		if before != nil {
			was = before[i].value
		}
		if !alike(was, f.value) {
			all = append(all, Change{What: what, Name: name, Field: f.name, Before: was, After: f.value})
		}
	}
	return all
}

func alike(a, b any) bool {
	was, isTime := a.(time.Time)
	now, areTimes := b.(time.Time)
	if isTime && areTimes {
		return was.Equal(now)
	}
	return a == b
}

func clientFields(c queries.ClientForUpdateRow) []field {
	return []field{{"name", text(c.Name)}, {"partner's name", text(c.PartnerName)}, {"e-mail", text(c.Email)}, {"phone", text(c.Phone)}, {"removed", yes(c.Deleted)}}
}

func bookingFields(b queries.BookingForUpdateRow) []field {
	client := ""
	if b.ClientExternalID != nil {
		client = *b.ClientExternalID
	}
	return []field{{"title", text(b.Title)}, {"client's id", text(client)}, {"starts", wallTime(b.StartsLocal, nil)}, {"ends", wallTime(b.EndsLocal, nil)}, {"time zone", text(b.Timezone)},
		{"venue", text(b.Venue)}, {"team or room", text(b.Resource)}, {"how it stands", state(b.Status)}, {"value", money(b.ValueMinor, b.ValueCurrency)}}
}

func paymentFields(p queries.PaymentsNamedRow, zone *time.Location) []field {
	var refunded any
	if p.RefundedMinor != 0 {
		refunded = queries.Money{Minor: p.RefundedMinor, Currency: p.Currency}
	}
	return []field{{"how it stands", state(p.Status)}, {"amount", money(&p.AmountMinor, p.Currency)}, {"paid at", wallTime(p.PaidAt, zone)}, {"booking's id", text(p.BookingExternalID)},
		{"paid by", text(p.PayerName)}, {"payer's e-mail", text(p.PayerEmail)}, {"what for", text(p.Description)}, {"why it failed", text(p.Failure)}, {"refunded", refunded}}
}

func refundFields(r queries.RefundsOfRow) []field {
	return []field{{"how it stands", state(r.Status)}, {"amount", money(&r.AmountMinor, r.Currency)}}
}

func inviteFields(i queries.InviteByExternalIDRow) []field {
	return []field{{"couple", text(i.Couple)}, {"e-mail", text(i.Email)}, {"accepted", yes(i.Status == "accepted")}}
}

func text(s string) any { return state(s) }

func state[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return s
}

func yes(b bool) any {
	if !b {
		return nil
	}
	return true
}

func money(minor *int64, currency string) any {
	if minor == nil || currency == "" {
		return nil
	}
	return queries.Money{Minor: *minor, Currency: currency}
}

// wallTime is a moment as the database keeps it, on the wall of a zone; a wall time has none.
func wallTime(t *time.Time, zone *time.Location) any {
	if t == nil {
		return nil
	}
	kept := t.Truncate(time.Microsecond)
	if zone != nil {
		kept = kept.In(zone)
	}
	return kept
}
