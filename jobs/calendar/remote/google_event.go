package remote

import (
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
)

// googleEvent is as much of an event as we read.
type googleEvent struct {
	ID           string
	ETag         string
	Status       string // confirmed, tentative, cancelled
	Summary      string
	Location     string
	Description  string
	Visibility   string
	Transparency string
	ICalUID      string
	Sequence     int
	Updated      string
	Start, End   *googleTime
	Recurrence   []string

	RecurringEventID  string
	OriginalStartTime *googleTime
	Attendees         []struct {
		Self           bool
		ResponseStatus string
	}
	ExtendedProperties struct{ Private map[string]string }
}

// googleTime is a day or a time. The time comes with the offset of the calendar's clock; the zone is the event's.
type googleTime struct {
	Date     string
	DateTime string
	TimeZone string
}

// Our marks on our own copies.
const (
	googleOurs = "wedsync_id"
	googleRev  = "wedsync_rev"
)

// object is an event in our words; false: it says nothing that can be understood. zone is the calendar's.
func (e googleEvent) object(zone string) (Object, bool) {
	o := Object{ID: e.ID, ETag: e.ETag, Series: e.RecurringEventID}
	if e.ID == "" {
		return o, false
	}
	one := ical.Event{UID: e.ICalUID, Sequence: e.Sequence, Cancelled: e.Status == "cancelled", Busy: ical.Blocks}
	one.Updated, _ = time.Parse(time.RFC3339, e.Updated) // only a hint
	if e.RecurringEventID != "" {
		replaces, ok := e.OriginalStartTime.moment(zone)
		if !ok {
			return o, false
		}
		one.Replaces = &replaces
	}
	if one.Cancelled {
		// Of a deleted event nothing but its id is sure; of a cancelled exception its place in the series is too, and that place is free.
		if o.Gone = one.Replaces == nil; !o.Gone {
			one.Starts, one.Ends = *one.Replaces, *one.Replaces
			o.Events = []ical.Event{one}
		}
		return o, true
	}
	var begins, ends bool
	one.Starts, begins = e.Start.moment(zone)
	one.Ends, ends = e.End.moment(zone)
	if !begins || !ends {
		return o, false
	}
	one.Title, one.Venue, one.Description, one.Rules = e.Summary, e.Location, e.Description, e.Recurrence
	one.Private = e.Visibility == "private" || e.Visibility == "confidential"
	one.Busy = e.busy()
	one.Ours, one.OursRev = e.ExtendedProperties.Private[googleOurs], e.ExtendedProperties.Private[googleRev]
	if len(one.Rules) == 0 && one.Replaces == nil {
		one.Starts, one.Ends = e.Start.exact(one.Starts), e.End.exact(one.Ends)
	}
	o.Events = []ical.Event{one}
	return o, true
}

// busy: an invitation that was declined takes no time, and one that was not answered takes it perhaps.
func (e googleEvent) busy() ical.Busy {
	answer := "accepted"
	for _, who := range e.Attendees {
		if who.Self {
			answer = who.ResponseStatus
		}
	}
	switch {
	case e.Transparency == "transparent", answer == "declined":
		return ical.Free
	case e.Status == "tentative", answer == "tentative", answer == "needsAction":
		return ical.Tentative
	}
	return ical.Blocks
}

// moment is what the clock at the event's place shows.
func (t *googleTime) moment(otherwise string) (ical.Moment, bool) {
	if t == nil {
		return ical.Moment{}, false
	}
	if day, err := time.Parse(time.DateOnly, t.Date); err == nil {
		return ical.Moment{Wall: day, Day: true}, true
	}
	zone, name, known := ical.Zone(t.TimeZone)
	if !known {
		zone, name, known = ical.Zone(otherwise)
	}
	if at, err := time.Parse(time.RFC3339, t.DateTime); err == nil {
		if !known {
			return ical.Moment{Wall: at.UTC(), Zone: "UTC"}, true
		}
		return ical.Moment{Wall: wall(at.In(zone)), Zone: name}, true
	}
	at, err := time.Parse("2006-01-02T15:04:05", t.DateTime) // without an offset it is what the clock shows
	return ical.Moment{Wall: at, Zone: name}, err == nil
}

// exact puts a moment into UTC where the clock shows its time twice and means the second: a wall time says the first.
func (t *googleTime) exact(m ical.Moment) ical.Moment {
	at, err := time.Parse(time.RFC3339, t.DateTime)
	if zone, _, known := ical.Zone(m.Zone); err == nil && known && !m.Day && !ical.Instant(m.Wall, zone).Equal(at) {
		return ical.Moment{Wall: at.UTC(), Zone: "UTC"}
	}
	return m
}

func wall(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
}

// googleDraft is an event as Google takes it. A patch leaves what others have set (guests, colours, reminders), and has to
// say what is not so any more: null takes a member away.
func googleDraft(e ical.Event, patch bool) map[string]any {
	draft := map[string]any{
		"summary": e.Title, "location": e.Venue, "description": e.Description, "status": "confirmed", "transparency": "opaque",
		"start": googleMoment(e.Starts, patch), "end": googleMoment(e.Ends, patch),
		"extendedProperties": map[string]any{"private": map[string]string{googleOurs: e.Ours, googleRev: e.OursRev}},
	}
	switch e.Busy {
	case ical.Tentative:
		draft["status"] = "tentative"
	case ical.Free:
		draft["transparency"] = "transparent"
	}
	if e.Private { // it is for WedSync alone: nobody's phone rings for it
		draft["visibility"] = "private"
		draft["reminders"] = map[string]any{"useDefault": false}
	}
	if len(e.Rules) > 0 || patch {
		draft["recurrence"] = append([]string{}, e.Rules...)
	}
	return draft
}

func googleMoment(m ical.Moment, patch bool) map[string]any {
	moment := map[string]any{}
	if patch {
		moment["date"], moment["dateTime"], moment["timeZone"] = nil, nil, nil
	}
	if m.Day {
		moment["date"] = m.Wall.Format(time.DateOnly)
		return moment
	}
	zone, name, known := ical.Zone(m.Zone)
	if !known {
		zone, name = time.UTC, "UTC"
	}
	moment["dateTime"], moment["timeZone"] = ical.Instant(m.Wall, zone).In(zone).Format(time.RFC3339), name
	return moment
}

// alike: what stands there is what we want to stand there.
func alike(there, wanted ical.Event) bool {
	return there.Ours == wanted.Ours && there.OursRev == wanted.OursRev && there.Title == wanted.Title && there.Venue == wanted.Venue &&
		there.Busy == wanted.Busy && sameTime(there.Starts, wanted.Starts) && sameTime(there.Ends, wanted.Ends) && len(there.Rules) == len(wanted.Rules)
}

func sameTime(a, b ical.Moment) bool {
	instant := func(m ical.Moment) time.Time {
		if zone, _, known := ical.Zone(m.Zone); known {
			return ical.Instant(m.Wall, zone)
		}
		return m.Wall
	}
	return a.Day == b.Day && (a.Day && a.Wall.Equal(b.Wall) || !a.Day && instant(a).Equal(instant(b)))
}
