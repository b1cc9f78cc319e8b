package web

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

// typedTime is how browsers send a date with its time; one that knows no such field sends what was typed into it.
var typedTimes = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04"}

func timeTyped(s string) (time.Time, bool) {
	for _, form := range typedTimes {
		if t, err := time.Parse(form, strings.TrimSpace(s)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// whenAsked reads when something is to be, and says what is wrong with it.
func whenAsked(form url.Values, faults views.Faults) booking.When {
	w := booking.When{Zone: strings.TrimSpace(form.Get("timezone"))}
	var ok bool
	if w.Starts, ok = timeTyped(form.Get("starts")); !ok {
		faults.Say(true, "starts", "Say when it begins: a day and a time.")
	}
	if w.Ends, ok = timeTyped(form.Get("ends")); !ok {
		faults.Say(true, "ends", "Say when it ends: a day and a time.")
	}
	if len(faults) == 0 {
		if field, _ := booking.CheckWhen(w); field != "" {
			faults.Say(true, field, whenFault(field))
		}
	}
	return w
}

func whenFault(field string) string {
	switch field {
	case "timezone":
		return "Choose a time zone from the list, such as Europe/London."
	case "starts":
		return "Choose a day between the years 2000 and 2100."
	default:
		return "It has to end after it begins, and within a year."
	}
}

// needsAsked reads what is to be taken, and how many of it.
func needsAsked(form url.Values, resources []queries.ResourcesRow, faults views.Faults) []booking.Need {
	var needs []booking.Need
	for _, typed := range form["need"] {
		id, err := uuid.Parse(typed)
		at := slices.IndexFunc(resources, func(r queries.ResourcesRow) bool { return r.ID == id })
		if err != nil || at < 0 {
			faults.Say(true, "needs", "Choose from the list.")
			continue
		}
		units := 1
		if n := form.Get("units." + id.String()); n != "" {
			units, err = strconv.Atoi(n)
		}
		most := int(resources[at].Capacity)
		faults.Say(err != nil || units < 1 || units > most, "needs", "Of "+resources[at].Name+" there are "+strconv.Itoa(most)+": choose between 1 and that.")
		if !slices.ContainsFunc(needs, func(n booking.Need) bool { return n.ResourceID == id }) {
			needs = append(needs, booking.Need{ResourceID: id, Units: units})
		}
	}
	return needs
}

// whenForm is a time in the fields of a form.
func whenForm(w booking.When) views.WhenForm {
	f := views.WhenForm{Timezone: w.Zone, Zones: zonesAnd(w.Zone)}
	if !w.Starts.IsZero() {
		f.Starts = w.Starts.Format(typedTimes[0])
	}
	if !w.Ends.IsZero() {
		f.Ends = w.Ends.Format(typedTimes[0])
	}
	return f
}

// typedForm gives back what was typed, as it was typed.
func typedForm(form url.Values) views.WhenForm {
	return views.WhenForm{Starts: form.Get("starts"), Ends: form.Get("ends"), Timezone: form.Get("timezone"), Zones: zonesAnd(form.Get("timezone"))}
}

// needFields are the things to choose from, with what is chosen. What is retired stays where it is taken already.
func needFields(resources []queries.ResourcesRow, needs []booking.Need) []views.NeedField {
	var all []views.NeedField
	for _, r := range resources {
		f := views.NeedField{ID: r.ID, Name: r.Name, Capacity: int(r.Capacity), Units: "1"}
		for _, n := range needs {
			if n.ResourceID == r.ID {
				f.Checked, f.Units = true, strconv.Itoa(n.Units)
			}
		}
		if f.Checked || r.RetiredAt == nil {
			all = append(all, f)
		}
	}
	return all
}

// tooLong says so of a text; one with a nought byte cannot be kept at all.
func tooLong(s string, most int) bool {
	return utf8.RuneCountInString(s) > most || !utf8.ValidString(s) || strings.ContainsRune(s, 0)
}

// reasonsIn are reasons by the clock of who reads them.
func reasonsIn(reasons []booking.Reason, zone *time.Location) []views.Reason {
	at := func(t *time.Time) *time.Time {
		if t == nil {
			return nil
		}
		in := t.In(zone)
		return &in
	}
	all := make([]views.Reason, len(reasons))
	for i, r := range reasons {
		all[i] = views.Reason{Why: r.Why, Resource: r.Resource, Calendar: r.Calendar, Title: r.Title, BookingID: r.BookingID, Before: r.MinutesBefore, After: r.MinutesAfter,
			HoldUntil: at(r.HoldUntil), AsOf: at(r.AsOf), Tentative: r.Tentative}
		if !r.From.IsZero() {
			all[i].From, all[i].Until = r.From.In(zone), r.Until.In(zone)
		}
	}
	return all
}

// whyHref leads to what stands behind a no.
func whyHref(w booking.When, needs []booking.Need) string {
	params := url.Values{"starts": {w.Starts.Format(typedTimes[0])}, "ends": {w.Ends.Format(typedTimes[0])}, "timezone": {w.Zone}}
	if len(needs) > 0 {
		params.Set("resource", needs[0].ResourceID.String())
	}
	return "/app/calendar/why?" + params.Encode()
}

// refusal is what stands against a booking, if that is why it was not made.
func refusal(err error) ([]booking.Reason, bool) {
	var refused *booking.Refused
	if errors.As(err, &refused) {
		return refused.Reasons, true
	}
	return nil, false
}

// asMissing turns what is not there, or not ours, into that answer.
func asMissing(err error) error {
	if errors.Is(err, booking.ErrNoBooking) || errors.Is(err, booking.ErrNoResource) || errors.Is(err, pgx.ErrNoRows) {
		return errNotFound
	}
	return err
}

// zonesAnd are the zones to choose from; one that a booking already has is one of them.
func zonesAnd(own string) []ui.Option {
	all := zones()
	if _, err := time.LoadLocation(own); err == nil && own != "" && !slices.ContainsFunc(all, func(o ui.Option) bool { return o.Value == own }) {
		all = append([]ui.Option{{Value: own, Label: own}}, all...)
	}
	return all
}
