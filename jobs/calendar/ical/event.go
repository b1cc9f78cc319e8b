// Package ical knows what an event in a calendar is: when it is by which clock, how it recurs, and how it is written down as
// iCalendar (RFC 5545).
//
// It hides zones under all the names that calendars give them, hours that clocks skip or repeat, and the ways in which real
// servers and real people's exports break the rules. It does no I/O. jobs/calendar and its rooms import it, web does for zones.
package ical

import "time"

// Busy is what an event does to the time it takes.
type Busy string

const (
	Blocks    Busy = "busy"      // also out of office
	Tentative Busy = "tentative" // it may come to pass
	Free      Busy = "free"      // it is only noted
)

// Moment is a local day or a local time at a place. The instant follows from it, see Instant, and never the other way round.
type Moment struct {
	Wall time.Time `json:"wall"`           // in time.UTC whatever the zone: the digits on the clock
	Zone string    `json:"zone,omitempty"` // IANA name; "UTC"; empty: by whatever clock the calendar keeps
	Day  bool      `json:"day,omitempty"`  // a whole day: Wall is its midnight
}

// Event is one event, one series, or one exception of a series.
type Event struct {
	UID         string  `json:"uid,omitempty"`
	Title       string  `json:"title,omitempty"`
	Venue       string  `json:"venue,omitempty"`
	Description string  `json:"description,omitempty"`
	Starts      Moment  `json:"starts"`
	Ends        Moment  `json:"ends"` // exclusive, of whole days too
	Busy        Busy    `json:"busy"`
	Cancelled   bool    `json:"cancelled,omitempty"`
	Private     bool    `json:"private,omitempty"`
	Sequence    int     `json:"sequence,omitempty"`
	Replaces    *Moment `json:"replaces,omitempty"` // an exception: the occurrence of the series that it stands for
	// RRULE, RDATE and EXDATE lines of a series as RFC 5545 writes them, with their parameters.
	Rules   []string  `json:"rules,omitempty"`
	Updated time.Time `json:"updated,omitzero"`
	// Of our own copies: which booking, and the hash of what we wrote.
	Ours    string `json:"ours,omitempty"`
	OursRev string `json:"ours_rev,omitempty"`
}

// Occurrence is an event as it takes place once, as instants.
type Occurrence struct {
	Starts, Ends time.Time // UTC
	Day          bool      // it takes whole days
	Busy         Busy
	Title        string
	Private      bool
}
