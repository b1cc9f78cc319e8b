package inbound

import (
	"context"
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
	oldNews     = 3 * 24 * time.Hour // what was set aside for longer stands in the feed, and wakes nobody
)

// noticeOf is what people are told of an entry of the feed, if anything.
func (b *batch) noticeOf(a activity, row queries.InLaneRow, w *writing) (notify.Notice, bool) {
	kind, told := letters[a.Kind]
	if !told || ours(row) || b.now.Sub(row.ReceivedAt) > oldNews {
		return notify.Notice{}, false
	}
	n := notify.Notice{OrgID: b.lane.OrgID, ID: notify.NoticeID(row.ID, a.Kind), At: row.ReceivedAt, Connection: &b.lane.ConnectionID,
		ClientExternalID: w.clientNamed(), News: mail.News{Kind: kind, What: a.Kind, Who: a.Who, Title: a.What, AmountMinor: a.AmountMinor, Currency: a.Currency,
			At: row.ReceivedAt, Path: "/app"}}
	switch kind {
	case mail.Booking:
		b.bookingNews(&n, w)
	case mail.Payment, mail.Refund, mail.FailedPayment:
		n.News.Title, n.News.Detail, n.News.Path = "", a.What, "/app/payments"
		if w.event.Payment != nil {
			n.ClientEmail = w.event.Payment.PayerEmail
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
	if start, ok := wallStart(after); changes && ok && start.After(b.now) && start.Sub(b.now) < nearWedding {
		n.News.Kind = mail.WeddingDayChange
	}
}

// wallStart is the instant at which a booking begins, where it says a day and a zone.
func wallStart(b queries.BookingForUpdateRow) (time.Time, bool) {
	if b.StartsLocal == nil {
		return time.Time{}, false
	}
	zone, err := time.LoadLocation(b.Timezone)
	if err != nil {
		return time.Time{}, false
	}
	s := *b.StartsLocal
	return time.Date(s.Year(), s.Month(), s.Day(), s.Hour(), s.Minute(), 0, 0, zone), true
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
func (b *batch) announce(ctx context.Context) error {
	return notify.Announce(ctx, b.tx, river.ClientFromContext[pgx.Tx](ctx), b.notices...)
}
