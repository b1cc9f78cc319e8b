package sandbox

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// graphOccurrence is a series' id with the date that the occurrence stands on.
func graphOccurrence(series string, stands time.Time) string {
	return strings.TrimRight(series, "=") + "." + base64.RawURLEncoding.EncodeToString([]byte(stands.Format("20060102T1504")))
}

// find gives an event, also an occurrence that nobody changed, which is made up then.
func (a *graphAccount) find(id string) *graphEvent {
	if e, there := a.events[id]; there {
		return e
	}
	series, date, isOccurrence := strings.Cut(id, ".")
	raw, err := base64.RawURLEncoding.DecodeString(date)
	if !isOccurrence || err != nil {
		return nil
	}
	stands, err := time.Parse("20060102T1504", string(raw))
	if err != nil {
		return nil
	}
	for _, e := range a.events {
		if strings.TrimRight(e.id, "=") != series || e.Recurs == nil {
			continue
		}
		for _, o := range a.expand(e, stands.AddDate(0, 0, -1), stands.AddDate(0, 0, 1), 10) {
			if o.id == id {
				return o
			}
		}
	}
	return nil
}

// own is the event to change: what an occurrence becomes by that is an exception.
func (g *Graph) own(a *graphAccount, id string) *graphEvent {
	e := a.find(id)
	if e == nil {
		return nil
	}
	changed := *e
	return &changed
}

// expand gives the occurrences and exceptions that touch a window of instants. What was deleted or replaced is not in it.
func (a *graphAccount) expand(series *graphEvent, from, until time.Time, most int) (all []*graphEvent) {
	length, n := series.Ends.Sub(series.Starts), 0
	for day := series.Starts; len(all) < most; day = day.AddDate(0, 0, 1) {
		if series.Recurs.over(day, n) || day.After(until.AddDate(0, 0, 2)) {
			break
		}
		if !series.Recurs.on(series.Starts, day) {
			continue
		}
		n++
		o := *series
		o.id, o.master, o.stands, o.Recurs, o.dropped = graphOccurrence(series.id, day), series.id, day, nil, nil
		o.Starts, o.Ends, o.transaction, o.properties = day, day.Add(length), "", nil
		if _, replaced := a.events[o.id]; !replaced && !series.dropped[day] && o.touches(from, until) {
			all = append(all, &o)
		}
	}
	for _, e := range a.events {
		if e.master == series.id && e.touches(from, until) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(x, y *graphEvent) int { return x.Starts.Compare(y.Starts) })
	return all
}

func (e *graphEvent) touches(from, until time.Time) bool {
	starts, ends := e.instant(e.Starts), e.instant(e.Ends)
	return starts.Before(until) && (ends.After(from) || starts.Equal(ends) && !starts.Before(from))
}

func (r *GraphRule) over(day time.Time, n int) bool {
	return r.Count > 0 && n >= r.Count || !r.Until.IsZero() && day.Truncate(24*time.Hour).After(r.Until)
}

// on says whether it takes place on a day. Weeks begin on Sunday, which is Graph's default.
func (r *GraphRule) on(first, day time.Time) bool {
	every := max(r.Interval, 1)
	days := int(day.Sub(first).Hours() / 24)
	months := (day.Year()-first.Year())*12 + int(day.Month()-first.Month())
	switch r.Type {
	case "weekly":
		on := slices.Contains(r.Days, day.Weekday()) || len(r.Days) == 0 && day.Weekday() == first.Weekday()
		return on && (days+int(first.Weekday()))/7%every == 0
	case "absoluteMonthly":
		return day.Day() == first.Day() && months%every == 0
	case "absoluteYearly":
		return day.Day() == first.Day() && day.Month() == first.Month() && months/12%every == 0
	}
	return days%every == 0
}
