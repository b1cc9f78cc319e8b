package inbound

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/queries"
)

// writing is one event on its way into the rows of one organisation.
type writing struct {
	q          *queries.Queries // its writes wait for each other, see queries.Pipeline
	known      *known
	orgID      uuid.UUID
	connection uuid.UUID
	event      Event
	stamp      string
	now        time.Time                   // when the delivery came
	about      activity                    // what the feed will tell; an empty kind: nothing new happened
	was        queries.BookingForUpdateRow // the event's booking before it
	seats      []string                    // the event's booking, if it wants another place now
	seen       *recorder                   // what changes, for a rehearsal; otherwise nil
}

// write saves what the event says, and notes which regions it changed and what there is to tell.
func (b *batch) write(ctx context.Context, row queries.InLaneRow, event Event) error {
	w := &writing{q: b.rows, known: b.known, orgID: b.lane.OrgID, connection: b.lane.ConnectionID, event: event,
		stamp: Stamp(event, row.EventID, row.ReceivedAt), now: row.ReceivedAt, seen: b.seen}
	for _, save := range []func(context.Context) (string, error){w.client, w.booking, w.payment, w.invite} {
		region, err := save(ctx)
		if err != nil {
			return err
		}
		if region != "" {
			b.regions[region] = true
		}
	}
	b.seats = append(b.seats, w.seats...)
	b.tell(w.about, row)
	if n, worth := b.noticeOf(w.about, row, w); worth {
		b.notices = append(b.notices, n)
	}
	return nil
}

func (w *writing) client(ctx context.Context) (string, error) {
	c := w.event.Client
	if c == nil {
		return "", nil
	}
	said := *c
	if said.Deleted == nil {
		said.Deleted = lives(w.event.Type)
	}
	before, there := w.known.clients[c.ExternalID]
	after := FoldClient(before, said, w.stamp)
	after.ExternalID = c.ExternalID
	w.known.meet(before, after)
	w.tellClient(before, after, !there)
	if w.seen != nil {
		w.seen.client(before, after, !there, c.ExternalID)
	}
	return "clients", w.q.SaveClient(ctx, queries.SaveClientParams{
		OrgID: w.orgID, ConnectionID: &w.connection, ExternalID: &c.ExternalID,
		Name: after.Name, PartnerName: after.PartnerName, Email: after.Email, Phone: after.Phone,
		Deleted: after.Deleted, Stamps: after.Stamps, CreatedAt: w.now,
	})
}

// lives is what an event's type says about the client's being there at all; most say nothing.
func lives(t Type) *bool {
	gone := t == ClientDeleted
	if gone || t == ClientCreated {
		return &gone
	}
	return nil
}

func (w *writing) booking(ctx context.Context) (string, error) {
	b := w.event.Booking
	if b == nil {
		return "", nil
	}
	before, there := w.known.bookings[b.ExternalID]
	after := FoldBooking(before, *b, w.stamp)
	if after.Status == "" {
		after.Status = queries.BookingStatusEnquiry
	}
	w.known.bookings[b.ExternalID], w.was = after, before
	w.tellBooking(before, after, !there)
	if w.seen != nil {
		w.seen.booking(before, after, !there, b.ExternalID)
	}
	if wantsPlace(before, after) {
		w.seats = append(w.seats, b.ExternalID)
	}
	from, until := instants(after)
	return "weddings", w.q.SaveBooking(ctx, queries.SaveBookingParams{
		OrgID: w.orgID, ConnectionID: &w.connection, ExternalID: &b.ExternalID, ClientExternalID: after.ClientExternalID,
		Title: after.Title, StartsLocal: after.StartsLocal, EndsLocal: after.EndsLocal, Timezone: after.Timezone,
		StartsAt: from, EndsAt: until, Venue: after.Venue, Resource: after.Resource, Status: after.Status,
		ValueMinor: after.ValueMinor, ValueCurrency: after.ValueCurrency, Stamps: after.Stamps, CreatedAt: w.now,
	})
}

// wantsPlace says whether what a booking takes may be another thing, or another time, than before.
func wantsPlace(before, after queries.BookingForUpdateRow) bool {
	wasFrom, wasUntil := instants(before)
	from, until := instants(after)
	return before.Status != after.Status || before.Resource != after.Resource || !sameMoment(wasFrom, from) || !sameMoment(wasUntil, until)
}

func sameMoment(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// instants are a booking's wall times at the venue on everybody's clock; none where a time or the zone is not known.
func instants(b queries.BookingForUpdateRow) (from, until *time.Time) {
	zone, err := time.LoadLocation(b.Timezone)
	if b.Timezone == "" || err != nil || b.StartsLocal == nil || b.EndsLocal == nil {
		return nil, nil
	}
	starts, ends := ical.Instant(*b.StartsLocal, zone), ical.Instant(*b.EndsLocal, zone)
	return &starts, &ends
}

func (w *writing) invite(ctx context.Context) (string, error) {
	i := w.event.Invite
	if i == nil {
		return "", nil
	}
	params := queries.SaveInviteParams{OrgID: w.orgID, ConnectionID: &w.connection, ExternalID: &i.ExternalID,
		Couple: i.Couple, Email: i.Email, Status: "invited"}
	if i.Accepted {
		params.Status, params.AcceptedAt = "accepted", &w.now
	}
	if w.seen != nil {
		if err := w.seen.invite(ctx, w.q, params); err != nil {
			return "", err
		}
	}
	saved, err := w.q.SaveInvite(ctx, params)
	if saved.Status != saved.StatusBefore {
		w.about.Kind, w.about.Who = string(w.event.Type), i.Couple
	}
	return "", err
}
