// Package booking is the truth about what is taken: a hold or a confirmed booking has claims on everything it needs, all or
// none, and the database refuses two claims on the same thing at the same time.
//
// It hides how that is kept: the order in which days are locked, how units of a resource are dealt out, the line behind a
// hold, and what outside calendars have to say before a day may be promised. jobs/calendar and its callers, inbound, web and
// main import it. Everything happens in the caller's transaction; waking the pages after the commit is the caller's.
package booking

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/queries"
)

// When is a time at the venue: what the clocks on its walls say, in the location time.UTC whatever the zone.
type When struct {
	Starts, Ends time.Time
	Zone         string // IANA
}

// Need is so many units of a resource.
type Need struct {
	ResourceID uuid.UUID
	Units      int
}

// Want is a booking that somebody wants to make, or an enquiry (BookingID) that is to become one.
type Want struct {
	OrgID, BookingID    uuid.UUID
	Key                 string // who asks twice with the same key asked once, as long as the booking lives
	Title, Venue, Notes string
	When                When
	Needs               []Need                // none: the usual resource, if there is one
	Status              queries.BookingStatus // enquiry, held or confirmed
	HoldUntil           *time.Time            // of a hold; nil: as long as the organisation holds
	Line                bool                  // stand in line where it is held or booked
	By                  *uuid.UUID
	Override            string // why it is confirmed although outside calendars are busy or not fresh
}

// Taken is what became of it.
type Taken struct {
	ID     uuid.UUID
	Status queries.BookingStatus
	Place  int // in line; 0: it does not wait
}

var (
	ErrNoBooking = errors.New("there is no such booking")
	// ErrNotNow comes wrapped in what the booking is now.
	ErrNotNow = errors.New("that cannot be done with it now")
)

const (
	longest = 370 * 24 * time.Hour
	minYear = 2000
	maxYear = 2100
)

// CheckWhen gives the field that is wrong and what it takes; nothing when all is well.
func CheckWhen(w When) (field, words string) {
	if _, known := location(w.Zone); !known {
		return "timezone", "is no time zone that WedSync knows; it takes a name such as Europe/London"
	}
	if w.Starts.IsZero() || w.Starts.Year() < minYear || w.Starts.Year() > maxYear {
		return "starts", "takes a day between the years 2000 and 2100"
	}
	if w.Ends.IsZero() {
		return "ends", "takes a day and a time"
	}
	switch from, until := w.Range(); {
	case !until.After(from):
		return "ends", "must be after the beginning"
	case until.Sub(from) > longest:
		return "ends", "is more than a year after the beginning; one booking lasts a year at most"
	}
	return "", ""
}

// Range is the same as instants.
func (w When) Range() (from, until time.Time) {
	zone, _ := location(w.Zone)
	return ical.Instant(w.Starts, zone), ical.Instant(w.Ends, zone)
}

// At is a range of instants as the clocks of a zone tell it.
func At(from, until time.Time, zone *time.Location) When {
	return When{Starts: wall(from, zone), Ends: wall(until, zone), Zone: zone.String()}
}

func wall(at time.Time, zone *time.Location) time.Time {
	l := at.In(zone)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), 0, time.UTC)
}

func location(name string) (*time.Location, bool) {
	if name == "" || name == "Local" {
		return time.UTC, false
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC, false
	}
	return zone, true
}
