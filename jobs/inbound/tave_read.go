package inbound

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// A record that WedSync fetched from Tave (VSCO Workspace) itself stands in an envelope of ours, beside what the record
// alone does not tell: {"wedsync":"tave.job","job":{…},"contact":{…},"partner":{…},"studio":{"currencyCode","timezone"}}.
// The records are as the vendor's published schema has them (OpenAPI v2.0.0); what goes beyond the schema says so below.
const (
	envelopeKey = "wedsync"
	taveJob     = "tave.job"
	tavePayment = "tave.payment"
	taveOrder   = "tave.order"
	taveContact = "tave.contact"
)

// isReadBack tells an envelope of ours from what Tave or a Zap posts.
func isReadBack(provider queries.Provider, doc map[string]any) bool {
	return provider == queries.ProviderTave && doc[envelopeKey] != nil
}

// readReadBack reads what was fetched. It passes over a provider's oddities in texts, and over none in ids and amounts.
func readReadBack(doc map[string]any, d Defaults) (ev Event, err error) {
	p := newPart("", doc, false)
	d = atStudio(p, d)
	switch kind := p.said(envelopeKey); kind {
	case taveJob:
		ev, err = readTaveJob(p, d)
	case tavePayment:
		ev, err = readTavePayment(p, d)
	case taveOrder:
		ev, err = readTaveOrder(p)
	case taveContact:
		ev, err = readTaveContact(p)
	default:
		return Event{}, unused(kind)
	}
	if p.err() != nil {
		return Event{}, p.err()
	}
	return ev, err
}

// atStudio puts the studio's own zone and currency before the organisation's: Tave's dates and amounts are in the studio's.
func atStudio(p part, d Defaults) Defaults {
	studio, _ := p.sub("studio")
	d.Currency = studio.currency("currencyCode", d.Currency)
	if zone := studio.zone("timezone", d); zone != nil {
		d.Zone = zone
	}
	return d
}

func readTaveJob(p part, d Defaults) (Event, error) {
	job, _ := p.sub("job")
	if sample, _ := job.truth("sample"); sample {
		return Event{}, ignored("This is one of the sample jobs that Tave puts into a new account, so it is not counted; kept.")
	}
	b := &Booking{ExternalID: job.needID("id", "a job always has one."), When: taveDay(job, d), Status: taveStatus(job)}
	if title := cmp.Or(job.said("name"), job.said("title")); title != "" { // the name "will override the title" (schema)
		b.Title = &title
	}
	// A booking without its value is right as far as it goes; it is filled in once somebody says what Tave's numbers mean.
	if value, said := taveAmount(job, "totalRevenue", d); said && value.Minor >= 0 {
		b.Value = &value
	}
	ev := Event{Type: BookingUpdated, OccurredAt: modified(job), Booking: b}
	if b.Status != nil && *b.Status == queries.BookingStatusCancelled {
		ev.Type = BookingCancelled
	}
	if ev.Client = taveClient(p); ev.Client != nil {
		b.ClientExternalID = &ev.Client.ExternalID
	}
	return ev, nil
}

// taveDay is the whole of the event's date in the studio's zone: a job has no hours of its own (its sessions do, and they
// are not read). A date that was taken off leaves the one before it standing: a booking's day can be moved, not emptied.
func taveDay(job part, d Defaults) *When {
	day := job.said("eventDate")
	if day == "" {
		return nil
	}
	return part{at: job.path("eventDate"), fields: map[string]any{"start": day}, fault: job.fault}.when(d)
}

// taveStatus. Fact (schema): a job's stage is lead, booked, fulfillment or completed, and closed says "whether or not the
// lead or job is closed. A closed reason might be provided as well". The reasons are each studio's own words, and what
// closing means for a booked job is written nowhere. So it is a guess that closing one is cancelling it, unless something
// says that the work was done: the stage or a date of completion, a reason that reads so, or a closing without any reason
// after the day itself.
func taveStatus(job part) *queries.BookingStatus {
	status, known := map[string]queries.BookingStatus{
		"lead": queries.BookingStatusEnquiry, "booked": queries.BookingStatusConfirmed,
		"fulfillment": queries.BookingStatusConfirmed, "completed": queries.BookingStatusConfirmed,
	}[strings.ToLower(job.said("stage"))]
	if closed, _ := job.truth("closed"); closed && !workDone(job) {
		status, known = queries.BookingStatusCancelled, true
	}
	if !known {
		return nil
	}
	return &status
}

func workDone(job part) bool {
	if strings.EqualFold(job.said("stage"), "completed") || job.said("completedDate") != "" {
		return true
	}
	reason := strings.ToLower(job.said("closedReasonName"))
	for _, done := range []string{"complete", "delivered", "finished", "fulfilled"} {
		if strings.Contains(reason, done) && !strings.Contains(reason, "not ") && !strings.Contains(reason, "incomplete") {
			return true
		}
	}
	day, closedOn := job.said("eventDate"), job.said("closedDate") // both YYYY-MM-DD, so they compare as text
	return reason == "" && !strings.EqualFold(job.said("stage"), "lead") && day != "" && closedOn > day
}

// taveClient is whom the job is for: its first client contact, and the second as their partner. Order is guessed from the
// order in which they were put on the job.
func taveClient(p part) *Client {
	contact, said := p.sub("contact")
	if !said {
		return nil
	}
	c := &Client{ExternalID: contact.needID("id", "a contact always has one.")}
	if name := fullName(contact); name != "" {
		c.Name = &name
	}
	if partner, said := p.sub("partner"); said {
		name := fullName(partner)
		c.PartnerName = &name
	}
	if email := contact.said("email"); email != "" {
		c.Email = &email
	}
	if phone := phoneOf(contact); phone != "" {
		c.Phone = &phone
	}
	return c
}

func fullName(contact part) string {
	return cmp.Or(strings.TrimSpace(contact.said("firstName")+" "+contact.said("lastName")), contact.said("name"))
}

// phoneOf prefers the number one may dial from anywhere. The schema's pattern for it begins with "+", its example does not.
func phoneOf(contact part) string {
	for _, name := range []string{"cellPhone", "homePhone", "workPhone"} {
		phone, _ := contact.sub(name)
		if e164 := phone.said("e164"); e164 != "" {
			return "+" + strings.TrimPrefix(e164, "+")
		}
		if formatted := phone.said("formatted"); formatted != "" {
			return formatted
		}
	}
	return ""
}

func readTaveContact(p part) (Event, error) {
	contact, said := p.sub("contact")
	if !said {
		return Event{}, wrong("contact is missing: the record that was read back is not there.")
	}
	switch kind := contact.said("kind"); kind {
	case "employee", "location", "company":
		return Event{}, ignored("This entry of Tave's address book is %s, not a couple; kept.",
			map[string]string{"employee": "one of your own team", "location": "a place", "company": "a company"}[kind])
	}
	return Event{Type: ClientUpdated, OccurredAt: modified(contact), Client: taveClient(p)}, nil
}

// readTaveOrder: a booked order confirms its job. The hook is named order.booked, and bookedOn is the date of it (schema);
// that a voided order cancels nothing by itself is a guess: a job may have several, and says itself when it is off.
func readTaveOrder(p part) (Event, error) {
	order, _ := p.sub("order")
	status := order.said("status")
	if status == "draft" || status == "voided" || order.said("bookedOn") == "" {
		return Event{}, ignored("This order is not booked (its status is %s), so its job stays as it is; kept.", shown(status))
	}
	confirmed := queries.BookingStatusConfirmed
	return Event{Type: BookingUpdated, OccurredAt: modified(order), Booking: &Booking{
		ExternalID: order.needID("jobId", "it says which job the order is of."), Status: &confirmed}}, nil
}

// modified is when the record last changed, by Tave's clock; always UTC (schema).
func modified(record part) time.Time {
	return firstTime(taveTime(record.said("modified")), taveTime(record.said("created")))
}

// taveTime is nothing where it cannot be read: the record itself is worth more than its stamp.
func taveTime(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !sane(at) {
		return time.Time{}
	}
	return at.UTC()
}

// taveAmount is said only where it is sure: nought is nought in any unit, everything else needs to know the unit, because
// the schema gives amounts as whole numbers "in the studio's currency" and not whether 200 is 2.00 or 200.00.
func taveAmount(record part, name string, d Defaults) (queries.Money, bool) {
	number, _ := record.fields[name].(json.Number)
	money := queries.Money{Currency: d.Currency}
	text, negative := strings.CutPrefix(number.String(), "-")
	if text == "" {
		return money, false
	}
	var ok bool
	if units, err := strconv.ParseFloat(text, 64); err == nil && units == 0 {
		return money, true
	}
	switch {
	case d.Unit == queries.MoneyUnitMinor, decimals(d.Currency) == 0: // of yen there is no smaller coin to mean
		money.Minor, ok = minorOf(text, 0)
	case d.Unit == queries.MoneyUnitMajor:
		money.Minor, ok = minorOf(text, decimals(d.Currency))
	}
	if negative {
		money.Minor = -money.Minor
	}
	return money, ok && money.Minor <= maxMinor && money.Minor >= -maxMinor
}
