package inbound

import (
	"cmp"
	"strings"

	"github.com/wedsync/wedsync/queries"
)

func readClient(p part, kind Type) *Client {
	c := &Client{
		ExternalID:  clientID(p),
		Name:        p.text("name"),
		PartnerName: p.text("partner_name"),
		Email:       p.text("email"),
		Phone:       p.text("phone"),
	}
	if deleted, said := p.truth("deleted"); said {
		c.Deleted = &deleted
	}
	if kind == ClientDeleted {
		gone := true
		c.Deleted = &gone
	}
	return c
}

// clientID falls back on the e-mail address: it is what a no-code sender always has, and what a couple rarely changes.
func clientID(p part) string {
	if id := p.id("external_id"); id != "" {
		return id
	}
	if id := "email:" + strings.ToLower(p.said("email")); id != "email:" && plainID(id) {
		return id
	}
	p.fail(wrong("%s.external_id is missing, and so is an e-mail address to know the client by. Send one of the two.", p.at))
	return ""
}

func readBooking(p part, kind Type, d Defaults) *Booking {
	b := &Booking{
		ExternalID: p.needID("external_id", "it is the sender's own id of the booking, by which a later change finds it."),
		Title:      p.text("title"),
		When:       p.when(d),
		Venue:      p.text("venue"),
		Resource:   p.text("resource"),
		Status:     bookingStatus(p, kind),
	}
	if id := p.id("client_external_id"); id != "" {
		b.ClientExternalID = &id
	}
	if value, said := p.sub("value"); said {
		if amount, said := value.minor("amount"); said {
			b.Value = &queries.Money{Minor: amount, Currency: value.currency("currency", d.Currency)}
		}
	}
	return b
}

// bookingWords are the ways in which the trade writes the four states.
var bookingWords = map[string]queries.BookingStatus{
	"confirmed": queries.BookingStatusConfirmed, "booked": queries.BookingStatusConfirmed,
	"held": queries.BookingStatusHeld, "hold": queries.BookingStatusHeld, "tentative": queries.BookingStatusHeld,
	"enquiry": queries.BookingStatusEnquiry, "inquiry": queries.BookingStatusEnquiry, "lead": queries.BookingStatusEnquiry,
	"cancelled": queries.BookingStatusCancelled, "canceled": queries.BookingStatusCancelled,
}

func bookingStatus(p part, kind Type) *queries.BookingStatus {
	status, known := bookingWords[strings.ToLower(p.said("status"))]
	switch {
	case kind == BookingCancelled:
		status = queries.BookingStatusCancelled // whatever status the record still carries
	case p.said("status") == "":
		return nil
	case !known:
		p.mustBe("status", "confirmed (or booked), held (hold, tentative), enquiry (inquiry, lead) or cancelled")
		return nil
	}
	return &status
}

func readInvite(data part, kind Type) *Invite {
	client, _ := data.sub("client")
	invite, said := data.sub("invite")
	if !said {
		invite = client
	}
	if invite.fields == nil {
		data.fail(wrong("data.invite is missing: it says whose invitation this is (external_id, couple, email)."))
		return nil
	}
	return &Invite{
		ExternalID: clientID(invite),
		Couple:     cmp.Or(invite.said("couple"), couple(client.said("name"), client.said("partner_name")), invite.said("name")),
		Email:      cmp.Or(invite.said("email"), client.said("email")),
		Accepted:   kind == WedMeVendorSignup,
	}
}
