package views

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// WhenForm is a time as it is typed: wall times, and the zone of the place.
type WhenForm struct {
	Starts, Ends, Timezone string
	Zones                  []ui.Option
}

// NeedField is one thing that can be taken, and how many of it are.
type NeedField struct {
	ID       uuid.UUID
	Name     string
	Capacity int
	Units    string
	Checked  bool
}

// BookingForm is a new booking with what was typed and what stands against it.
type BookingForm struct {
	Title, Venue, Notes, As string // as: held, confirmed, line, enquiry
	Key                     string // two presses are one booking
	When                    WhenForm
	Needs                   []NeedField
	Faults                  Faults
	Reasons                 []Reason
	WhyHref                 string
	HoldDays                int
	MayLine, MayOverride    bool
	Override                string
}

func (f BookingForm) faults() []ui.Fault { return bookingFaults(f.Faults) }

func bookingFaults(f Faults) []ui.Fault {
	return faultsOf(f, "title", "starts", "ends", "timezone", "needs", "venue", "notes", "as", "override", "")
}

// bookingAs are the ways to take a date.
func (f BookingForm) as() []ui.Option {
	return []ui.Option{
		{Value: "held", Label: "Hold it", Hint: "for " + ui.Plural(int64(f.HoldDays), "day", "days") + "; then it lapses by itself"},
		{Value: "confirmed", Label: "Confirm it", Hint: "once your outside calendars have been asked"},
		{Value: "line", Label: "Stand in line", Hint: "if somebody has it: the first in line gets it when it comes free"},
		{Value: "enquiry", Label: "Only note it", Hint: "an enquiry takes nothing"},
	}
}

// BookingView is one booking whole.
type BookingView struct {
	Now       time.Time
	Zone      *time.Location // the organisation's
	Row       queries.BookingPageRow
	Needs     []queries.BookingNeedsOfRow
	Steps     []queries.BookingStepsOfRow
	Conflicts []queries.BookingConflictsRow
	Receipt   []Asked
	MayChange bool
	IsOwner   bool

	// Moving it
	When   WhenForm
	Fields []NeedField
	Faults Faults

	Refused  []Reason // what was just tried and could not be
	Tried    string   // confirmation, times
	Override string
	WhyHref  string
	Notes    string
}

// Asked is a line of a receipt: which outside calendar, as of when, how old that was.
type Asked struct {
	Calendar   string     `json:"calendar"`
	AsOf       *time.Time `json:"as_of"`
	AgeSeconds int        `json:"age_seconds"`
	Override   string     `json:"override"`
}

// ReadReceipt reads what is kept of a confirmation; asked says that there is a receipt, be it that nobody had to be asked.
func ReadReceipt(kept []byte) (lines []Asked, asked bool) {
	if kept == nil || json.Unmarshal(kept, &lines) != nil {
		return nil, false
	}
	return lines, true
}

func (a Asked) words(zone *time.Location, now time.Time) string {
	if a.AsOf == nil {
		return "Confirmed without " + a.Calendar + ", which had not been read yet."
	}
	said := "Checked against " + a.Calendar + " as of " + clockOrDay(a.AsOf.In(zone), now.In(zone))
	if a.AgeSeconds < 10 {
		return said + ", fresh at that moment."
	}
	return said + ", " + ui.Span(time.Duration(a.AgeSeconds)*time.Second) + " old."
}

func (v BookingView) overridable() bool {
	for _, r := range v.Refused {
		if r.Why != "outside" && r.Why != "stale" && r.Why != "unread" {
			return false
		}
	}
	return v.IsOwner && len(v.Refused) > 0
}

// state is how a booking stands, in a word and a sentence.
func (v BookingView) state() (word string, tone ui.Tone, sentence string) {
	r := v.Row
	switch {
	case r.ContestedAt != nil:
		return "Contested", ui.Bad, "Another system says that it is booked, but its place was taken before. One of the two has to give way."
	case r.Status == queries.BookingStatusConfirmed:
		return "Confirmed", ui.Good, "What it takes is taken: nobody else can be booked into it."
	case r.Status == queries.BookingStatusHeld && r.HoldUntil != nil:
		return "On hold", ui.Warn, "It is kept until " + ui.DayTime(r.HoldUntil.In(v.Zone)) + ", and lapses by itself then."
	case r.Status == queries.BookingStatusHeld:
		return "On hold", ui.Warn, "It is kept until somebody decides."
	case r.QueuedAt != nil:
		return ordinal(int(r.Place)) + " in line", ui.Neutral, "It moves up by itself, and becomes a hold once what it needs comes free."
	case r.Status == queries.BookingStatusCancelled:
		return "Cancelled", ui.Neutral, "It takes nothing any more."
	default:
		return "Enquiry", ui.Neutral, "It takes nothing: the date is free for others."
	}
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return ui.Count(int64(n)) + suffix
}

// alive: it can still be moved, confirmed, cancelled.
func (v BookingView) alive() bool { return v.Row.Status != queries.BookingStatusCancelled }

func (v BookingView) dated() bool { return v.Row.StartsLocal != nil && v.Row.EndsLocal != nil }

func (v BookingView) releasable() bool {
	return v.Row.Status == queries.BookingStatusHeld || v.Row.QueuedAt != nil
}

func (v BookingView) confirmable() bool {
	return v.alive() && v.dated() && (v.Row.Status != queries.BookingStatusConfirmed || v.Row.ContestedAt != nil)
}

func (v BookingView) couple() string { return couple(v.Row.ClientName, v.Row.PartnerName) }

func bookingHref(id uuid.UUID) string { return "/app/bookings/" + id.String() }

// stepWords tell what happened to a booking. A step that has no words yet is told as it is called.
func stepWords(step string) (string, ui.Tone) {
	known := map[string]struct {
		words string
		tone  ui.Tone
	}{
		"held": {"Put on hold", ui.Warn}, "queued": {"Stands in line", ui.Neutral}, "promoted": {"Moved up in line and is held now", ui.Good},
		"confirmed": {"Confirmed", ui.Good}, "moved": {"Moved", ui.Neutral}, "lapsed": {"The hold lapsed by itself", ui.Warn}, "released": {"Given back", ui.Neutral},
		"cancelled": {"Cancelled", ui.Neutral}, "contested": {"Its place was taken: contested", ui.Bad}, "seated": {"Has its place now", ui.Good},
		"overridden": {"Confirmed against a calendar's word", ui.Warn}, "copied": {"Written into an outside calendar", ui.Neutral},
		"edited_outside": {"Changed in an outside calendar", ui.Neutral}, "enquiry": {"Noted as an enquiry", ui.Neutral},
	}
	if k, ok := known[step]; ok {
		return k.words, k.tone
	}
	return strings.ReplaceAll(step, "_", " "), ui.Neutral
}

func conflictWords(kind string) string {
	switch kind {
	case "overlap":
		return "An outside event lies over it"
	case "contested":
		return "Another system says that it is booked, but its place was taken"
	case "deleted":
		return "Its copy was deleted in an outside calendar"
	case "refused":
		return "An outside calendar moved it to where it cannot be"
	default:
		return "It was changed here and outside, and both cannot hold"
	}
}

// WhyView answers why a date is not free.
type WhyView struct {
	Now      time.Time
	Zone     *time.Location
	Asked    bool
	When     WhenForm
	Said     string // the time in words
	Resource string
	Options  []ui.Option
	Faults   Faults
	Reasons  []Reason
	Fresh    []Asked // every calendar that has a say
	Nearby   []Nearby
	Others   []string // things of the same kind that are free then
	MayHold  bool
	HoldHref string
}

// Nearby is a day close by on which the same is free.
type Nearby struct {
	Day        time.Time
	Days       int // away; negative: before
	Href, Said string
}

func (n Nearby) away() string {
	if n.Days < 0 {
		return ui.Plural(int64(-n.Days), "day", "days") + " earlier"
	}
	return ui.Plural(int64(n.Days), "day", "days") + " later"
}

var noID uuid.UUID

func refusedTitle(tried string) string {
	if tried == "times" {
		return "It could not be moved there"
	}
	return "It could not be confirmed"
}

func needWords(n queries.BookingNeedsOfRow) string {
	said := n.Name
	if n.Capacity > 1 {
		said = ui.Count(int64(n.Units)) + " × " + said
	}
	if n.MinutesBefore > 0 || n.MinutesAfter > 0 {
		said += " (" + around(int(n.MinutesBefore), int(n.MinutesAfter)) + ")"
	}
	return said
}

// around says what is kept free on both sides.
func around(before, after int) string {
	switch {
	case before == 0 && after == 0:
		return "nothing kept free around it"
	case before == 0:
		return minutes(after) + " after"
	case after == 0:
		return minutes(before) + " before"
	default:
		return minutes(before) + " before, " + minutes(after) + " after"
	}
}

func joinedBy(who, detail string) string {
	switch {
	case who == "":
		return detail
	case detail == "":
		return "by " + who
	default:
		return "by " + who + ": " + detail
	}
}

func (r Reason) icon() string {
	switch r.Why {
	case "booked":
		return "rings"
	case "held":
		return "clock"
	case "outside":
		return "calendar"
	default:
		return "alert"
	}
}
