package remote

import (
	"strings"
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
)

// What we say of our own copies, beside the event: extended properties of ours.
const (
	graphOwn    = "String {6f1d3c3e-8a4b-4c57-9d0e-2b7a5e91c4d8} Name "
	graphID     = graphOwn + "WedSyncId"
	graphRev    = graphOwn + "WedSyncRev"
	graphKey    = graphOwn + "WedSyncKey"
	graphExpand = "singleValueExtendedProperties($filter=id eq '" + graphID + "' or id eq '" + graphRev + "')"
	graphPrefer = `outlook.timezone="UTC", outlook.body-content-type="text", IdType="ImmutableId"`
)

// graphEvent is an event as Graph tells it. Of an occurrence in a delta it tells only the id and when: what is nil is the series'.
type graphEvent struct {
	ID             string
	ETag           string                   `json:"@odata.etag"`
	Removed        *struct{ Reason string } `json:"@removed"`
	Type           string
	SeriesMasterID string
	ICalUID        string
	TransactionID  string
	Subject        *string
	Body           *graphText
	Location       *struct{ DisplayName string }
	Start, End     *graphTime
	OriginalStart  string
	OriginalZone   string `json:"originalStartTimeZone"`
	IsAllDay       *bool
	IsCancelled    bool
	ShowAs         *string
	Sensitivity    *string
	Recurrence     *graphRecurrence
	Updated        string                       `json:"lastModifiedDateTime"`
	Properties     []struct{ ID, Value string } `json:"singleValueExtendedProperties"`
}

type graphText struct {
	ContentType string `json:"contentType"`
	Content     string `json:"content"`
}

type graphTime struct {
	DateTime string `json:"dateTime"`
	TimeZone string `json:"timeZone"`
}

// event reads it, and takes from its series what it does not say itself. One without a beginning is none.
func (e graphEvent) event(series *graphEvent) (ical.Event, bool) {
	if series != nil {
		e = e.within(*series)
	}
	day := e.IsAllDay != nil && *e.IsAllDay
	starts, ok := e.Start.moment(e.OriginalZone, day)
	if !ok {
		return ical.Event{}, false
	}
	ends, ok := e.End.moment(e.OriginalZone, day)
	if !ok {
		ends = starts
	}
	event := ical.Event{UID: e.ICalUID, Title: strings.TrimSpace(said(e.Subject)), Starts: starts, Ends: ends, Cancelled: e.IsCancelled,
		Busy: graphBusy(said(e.ShowAs)), Private: said(e.Sensitivity) == "private" || said(e.Sensitivity) == "confidential"}
	if e.Location != nil {
		event.Venue = strings.TrimSpace(e.Location.DisplayName)
	}
	if e.Body != nil && !strings.EqualFold(e.Body.ContentType, "html") { // we asked for text
		event.Description = strings.TrimSpace(strings.ReplaceAll(e.Body.Content, "\r\n", "\n"))
	}
	event.Updated, _ = time.Parse(time.RFC3339, e.Updated) // told or not
	event.Ours, event.OursRev = e.ours()
	return event, true
}

// within fills what an occurrence leaves to its series.
func (e graphEvent) within(series graphEvent) graphEvent {
	first := func(own, other *string) *string {
		if own != nil {
			return own
		}
		return other
	}
	e.Subject, e.ShowAs, e.Sensitivity = first(e.Subject, series.Subject), first(e.ShowAs, series.ShowAs), first(e.Sensitivity, series.Sensitivity)
	if e.Location == nil {
		e.Location = series.Location
	}
	if e.Body == nil {
		e.Body = series.Body
	}
	if e.IsAllDay == nil {
		e.IsAllDay = series.IsAllDay
	}
	if e.OriginalZone == "" {
		e.OriginalZone = series.OriginalZone
	}
	return e
}

// ours: which of our bookings, where the event was asked for with its properties. A delta has none of them; there it is the key that it was
// written under, if it has the form of ours: other programs use transactionIds of their own.
func (e graphEvent) ours() (id, rev string) {
	for _, p := range e.Properties {
		switch { // names are told as they were written, the braces in whatever case
		case strings.EqualFold(p.ID, graphID):
			id = p.Value
		case strings.EqualFold(p.ID, graphRev):
			rev = p.Value
		}
	}
	if id == "" && len(e.TransactionID) == 32 && strings.Trim(e.TransactionID, "0123456789abcdef") == "" {
		id = e.TransactionID
	}
	return id, rev
}

// written is where an event stands that was there before us.
func (e graphEvent) written(d Draft) Written {
	if e.ID == "" {
		return Written{}
	}
	w := Written{ID: e.ID}
	if _, rev := e.ours(); rev == d.Event.OursRev {
		w.ETag = e.ETag
	}
	return w
}

// created is where a new event stands. Graph answers a transactionId that it knows with what it holds under it.
func (e graphEvent) created(d Draft) Written {
	w := Written{e.ID, e.ETag}
	if got, ok := e.event(nil); ok && (got.Title != strings.TrimSpace(d.Event.Title) || !got.Starts.Instant(time.UTC).Equal(d.Event.Starts.Instant(time.UTC))) {
		w.ETag = ""
	}
	return w
}

func graphBusy(showAs string) ical.Busy {
	switch showAs {
	case "free", "workingElsewhere":
		return ical.Free
	case "tentative":
		return ical.Tentative
	}
	return ical.Blocks // busy, oof, and what we do not know
}

func said(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// moment reads a time in the zone that it was made in. A time that comes twice there stays in UTC, so that it is the right one.
func (t *graphTime) moment(original string, day bool) (ical.Moment, bool) {
	if t == nil {
		return ical.Moment{}, false
	}
	wall, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(t.DateTime, "Z"))
	if err != nil {
		return ical.Moment{}, false
	}
	told, _, known := ical.Zone(t.TimeZone)
	if !known {
		told = time.UTC
	}
	at := ical.Instant(wall, told)
	zone, name, known := ical.Zone(original)
	switch {
	case day:
		return graphDay(wall, at, zone, name, known), true
	case !known || zone == time.UTC:
		return ical.Moment{Wall: at, Zone: "UTC"}, true
	}
	local := digits(at.In(zone))
	if !ical.Instant(local, zone).Equal(at) {
		return ical.Moment{Wall: at, Zone: "UTC"}, true
	}
	return ical.Moment{Wall: local, Zone: name}, true
}

// graphDay is a whole day: the date that it had where it was made. Some mailboxes tell its midnight there in UTC, which is the day before.
func graphDay(wall, at time.Time, zone *time.Location, name string, known bool) ical.Moment {
	if name == "UTC" || !known {
		name = ""
	}
	midnight := func(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }
	if known && !midnight(wall) {
		wall = digits(at.In(zone))
	}
	if !midnight(wall) {
		wall = wall.Add(12 * time.Hour) // to the midnight that is nearest
	}
	return ical.Moment{Wall: wall.Truncate(24 * time.Hour), Zone: name, Day: true}
}

// digits are what the clock shows, in UTC.
func digits(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}
