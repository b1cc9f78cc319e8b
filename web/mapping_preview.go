package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"time"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// preview reads the last deliveries by a reading, and writes nothing.
func (b *bench) preview(m inbound.Mapping, zone *time.Location) views.PreviewView {
	view := views.PreviewView{Zone: zone}
	d := b.defaults()
	d.Mapping = &m
	for _, s := range b.samples {
		if s.TooLarge {
			view.TooBig++
			continue
		}
		event, err := inbound.Read(b.row.Provider, s.ContentType, s.Body, d)
		row := previewed(s.SamplesRow, event, err, d.Zone)
		row.What = cmp.Or(m.Kind.Word(s.doc), s.EventType)
		switch {
		case err == nil:
			view.Read++
		case row.Ignored:
			view.Ignored++
		default:
			view.Lost++
		}
		view.Rows = append(view.Rows, row)
	}
	return view
}

func previewed(s queries.SamplesRow, event inbound.Event, err error, zone *time.Location) views.PreviewRow {
	row := views.PreviewRow{ID: s.ID, At: s.ReceivedAt, Change: compared(s, event, err)}
	if err != nil {
		_, row.Ignored = errors.AsType[inbound.Ignored](err)
		row.Reason = err.Error()
		return row
	}
	row.Becomes = inbound.HappeningOf(event).Label()
	row.Who = whoOf(event)
	if b := event.Booking; b != nil {
		row.Amount = b.Value
		if b.When != nil {
			row.On, row.WholeDay = &b.When.Start, b.When.WholeDay()
		}
	}
	if p := event.Payment; p != nil {
		row.Amount = &p.Amount
		if len(p.Refunds) > 0 {
			row.Amount = &p.Refunds[0].Amount
		}
		if !p.PaidAt.IsZero() {
			paid := p.PaidAt.In(zone)
			row.On, row.WholeDay = &paid, paid.Hour() == 0 && paid.Minute() == 0 && paid.Second() == 0
		}
	}
	return row
}

func whoOf(event inbound.Event) string {
	var said []string
	if c := event.Client; c != nil {
		said = append(said, inbound.Couple(text(c.Name), text(c.PartnerName)), text(c.Email), c.ExternalID)
	}
	if b := event.Booking; b != nil {
		said = append([]string{text(b.Title)}, said...)
	}
	if p := event.Payment; p != nil {
		said = append(said, p.PayerName, p.PayerEmail)
	}
	if i := event.Invite; i != nil {
		said = append(said, i.Couple, i.Email)
	}
	return cmp.Or(said...)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// compared is how this reading differs from the one that stands. The stored event went through jsonb, which sorts its
// fields, so both are written anew.
func compared(s queries.SamplesRow, event inbound.Event, err error) views.PreviewChange {
	applied := s.Status == queries.DeliveryStatusApplied && len(s.Normalised) > 0
	switch {
	case s.Status == queries.DeliveryStatusAccepted:
		return ""
	case err != nil && applied:
		return views.ChangeLost
	case err != nil:
		return ""
	case !applied:
		return views.ChangeFound
	}
	var before inbound.Event
	if json.Unmarshal(s.Normalised, &before) != nil {
		return views.ChangeDiffs
	}
	was, _ := json.Marshal(before)
	is, _ := json.Marshal(event)
	if bytes.Equal(was, is) {
		return views.ChangeNone
	}
	return views.ChangeDiffs
}
