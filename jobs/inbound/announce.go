package inbound

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// letters are the kinds of letters that tell of what the feed tells of.
var letters = map[string]mail.Kind{
	"booking_new": mail.Booking, "booking_confirmed": mail.Booking, "booking_changed": mail.Booking, "booking_cancelled": mail.Booking,
	"payment_completed": mail.Payment, "dispute_won": mail.Payment,
	"payment_refunded": mail.Refund, "refund_early": mail.Refund,
	"payment_failed": mail.FailedPayment, "payment_disputed": mail.FailedPayment, "dispute_lost": mail.FailedPayment,
	"client_new": mail.ClientChange, "client_changed": mail.ClientChange, "client_deleted": mail.ClientChange,
	string(WedMeClientInvited): mail.Invite, string(WedMeVendorSignup): mail.Invite,
}

const (
	nearWedding = 7 * 24 * time.Hour // from here on a change to a booking is a change to a wedding day
	oldNews     = 3 * 24 * time.Hour // what is older stands in the feed, and wakes nobody
)

// isOld is what was set aside for long, and what WedSync itself read out of somebody's books and is older by its own account:
// the first look into a studio's Tave must not tell of years of weddings, and least of all its couples. The clock of a sender
// who calls us is not asked, since what is wrong there would silence all that they send.
func (b *batch) isOld(row queries.InLaneRow, event Event) bool {
	at, read := row.ReceivedAt, row.Source == queries.DeliverySourcePoll || row.Source == queries.DeliverySourceReadback
	if read && !event.OccurredAt.IsZero() && event.OccurredAt.Before(at) {
		at = event.OccurredAt
	}
	return b.now.Sub(at) > oldNews
}

// noticeOf is what people are told of an entry of the feed, if anything.
func (b *batch) noticeOf(a activity, row queries.InLaneRow, w *writing) (notify.Notice, bool) {
	kind, told := letters[a.Kind]
	if !told || ours(row) || b.isOld(row, w.event) {
		return notify.Notice{}, false
	}
	n := notify.Notice{OrgID: b.lane.OrgID, ID: notify.NoticeID(row.ID, a.Kind), At: row.ReceivedAt, Connection: &b.lane.ConnectionID,
		ClientExternalID: w.clientNamed(), News: mail.News{Kind: kind, What: a.Kind, Who: a.Who, Title: a.What, AmountMinor: a.AmountMinor, Currency: a.Currency,
			At: row.ReceivedAt, Path: "/app"}}
	if a.Currency == "" {
		n.News.AmountMinor = nil
	}
	switch kind {
	case mail.Booking:
		b.bookingNews(&n, w)
	case mail.Payment, mail.Refund, mail.FailedPayment:
		n.News.Title, n.News.Detail, n.News.Path = "", a.What, "/app/payments"
		if refunds := w.event.Payment.Refunds; a.Kind == "refund_early" && len(refunds) > 0 { // of the payment nothing is known yet
			n.News.AmountMinor, n.News.Currency = &refunds[0].Amount.Minor, refunds[0].Amount.Currency
		}
		for _, row := range w.known.paymentsNamed(w.event.Payment.Names) { // a refund does not say who paid; the payment does
			n.ClientEmail = row.PayerEmail
		}
	case mail.ClientChange:
		n.News.Path = "/app/clients"
	}
	return n, true
}

// bookingNews adds when and where. A booking that is near is a wedding day.
func (b *batch) bookingNews(n *notify.Notice, w *writing) {
	n.News.Path = "/app/weddings"
	after, there := w.known.bookings[w.event.Booking.ExternalID]
	if !there {
		return
	}
	n.News.Starts, n.News.Ends, n.News.Zone, n.News.Venue = after.StartsLocal, after.EndsLocal, after.Timezone, after.Venue
	if c, known := w.known.clients[n.ClientExternalID]; known {
		n.News.Who = couple(c.Name, c.PartnerName)
	}
	changes := n.News.What == "booking_changed" || n.News.What == "booking_cancelled"
	if changes && (isNear(after, b.now) || isNear(w.was, b.now)) { // also one that was near, and is put off
		n.News.Kind, n.News.Detail = mail.WeddingDayChange, differs(w.was, after)
	}
}

// differs says in words what has changed: so near to a wedding nobody should have to open a page to hear that it is off.
func differs(was, is queries.BookingForUpdateRow) string {
	if is.Status == queries.BookingStatusCancelled && was.Status != is.Status {
		return "It was cancelled"
	}
	var all []string
	if is.StartsLocal != nil && changedDay(was, is) {
		all = append(all, "It now begins"+beginsNow(was.StartsLocal, *is.StartsLocal))
	}
	if is.Venue != was.Venue && is.Venue != "" {
		all = append(all, "The venue is now "+is.Venue)
	}
	if is.Title != was.Title && is.Title != "" {
		all = append(all, "It is now called "+is.Title)
	}
	return strings.Join(all, ". ")
}

func beginsNow(from *time.Time, to time.Time) string {
	const day, clock = " on Monday 2 January", " at 15:04"
	switch {
	case from == nil:
		return to.Format(day + clock)
	case from.Format(time.DateOnly) == to.Format(time.DateOnly):
		return to.Format(clock) + ", not" + from.Format(clock)
	default:
		return to.Format(day+clock) + ", not" + from.Format(day)
	}
}

// isNear is a booking that begins within a week, or is under way.
func isNear(booking queries.BookingForUpdateRow, now time.Time) bool {
	zone, err := time.LoadLocation(booking.Timezone)
	if err != nil || booking.StartsLocal == nil {
		return false
	}
	start, end := inZone(*booking.StartsLocal, zone), inZone(*booking.StartsLocal, zone)
	if booking.EndsLocal != nil {
		end = inZone(*booking.EndsLocal, zone)
	}
	return end.After(now) && start.Sub(now) < nearWedding
}

func inZone(wall time.Time, zone *time.Location) time.Time {
	return time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
}

// clientNamed is the client that the event is about, by the sender's own id.
func (w *writing) clientNamed() string {
	switch {
	case w.event.Client != nil:
		return w.event.Client.ExternalID
	case w.event.Booking == nil:
		return ""
	}
	if id := w.known.bookings[w.event.Booking.ExternalID].ClientExternalID; id != nil {
		return *id
	}
	return ""
}

// announce tells people. What a crash undoes comes back under its old id, and a sender waits for the disk before it sends,
// so this need not wait either.
func (b *batch) announce(ctx context.Context, atOnce *notify.AtOnce) error {
	if atOnce == nil { // a retry, which nobody watches
		return notify.Announce(ctx, b.tx, river.ClientFromContext[pgx.Tx](ctx), b.notices...)
	}
	regions, err := atOnce.Announce(ctx, b.tx, river.ClientFromContext[pgx.Tx](ctx), b.notices, b.now)
	maps.Copy(b.regions, regions)
	return err
}
