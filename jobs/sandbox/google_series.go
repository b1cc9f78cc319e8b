package sandbox

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
)

// find gives an event, or the occurrence of a series that an id like abc_20270612T100000Z names.
func (g *Google) find(c *googleCalendar, id string) *googleEntry {
	if e := c.events[id]; e != nil {
		return e
	}
	master, _, ok := cutLast(id, "_")
	series := c.events[master]
	if !ok || series == nil || series.fields["recurrence"] == nil || series.fields["status"] == "cancelled" {
		return nil
	}
	for _, e := range g.occurrences(c, series, time.Time{}, time.Time{}) {
		if e.fields["id"] == id {
			return e
		}
	}
	return nil
}

func cutLast(s, sep string) (string, string, bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// occurrences are a series' dates, exceptions in their places.
func (g *Google) occurrences(c *googleCalendar, series *googleEntry, from, until time.Time) (all []*googleEntry) {
	zone := c.location()
	begins, ends := googleSpan(series.fields, zone)
	if until.IsZero() {
		until = begins.AddDate(10, 0, 0)
	}
	if from.IsZero() {
		from = begins.AddDate(0, 0, -1)
	}
	start := series.fields["start"].(object)
	master := ical.Event{Starts: momentOf(series.fields["start"], c), Ends: momentOf(series.fields["end"], c)}
	for _, rule := range series.fields["recurrence"].([]any) {
		master.Rules = append(master.Rules, rule.(string))
	}
	found, _ := ical.Expand([]ical.Event{master}, zone, from.Add(begins.Sub(ends)), until, 5000)
	for _, o := range found {
		id := series.fields["id"].(string) + "_" + o.Starts.UTC().Format("20060102T150405Z")
		if o.Day {
			id = series.fields["id"].(string) + "_" + o.Starts.In(zone).Format("20060102")
		}
		if e := c.events[id]; e != nil {
			all = append(all, e)
			continue
		}
		f := object{}
		for name, v := range series.fields {
			if name != "recurrence" {
				f[name] = v
			}
		}
		f["id"], f["recurringEventId"] = id, series.fields["id"]
		at := func(t time.Time) object {
			if o.Day {
				return object{"date": t.In(zone).Format(time.DateOnly)}
			}
			return object{"dateTime": t.In(zone).Format(time.RFC3339), "timeZone": start["timeZone"]}
		}
		f["start"], f["end"], f["originalStartTime"] = at(o.Starts), at(o.Ends), at(o.Starts)
		all = append(all, &googleEntry{rev: series.rev, fields: f})
	}
	return all
}

func momentOf(v any, c *googleCalendar) ical.Moment {
	m, _ := v.(object)
	if day, err := time.Parse(time.DateOnly, text(m, "date")); err == nil {
		return ical.Moment{Wall: day, Day: true}
	}
	at, _ := time.Parse(time.RFC3339, text(m, "dateTime"))
	zone, err := time.LoadLocation(cmp.Or(text(m, "timeZone"), c.zone))
	if err != nil {
		return ical.Moment{Wall: at.UTC(), Zone: "UTC"}
	}
	at = at.In(zone)
	return ical.Moment{Wall: time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC), Zone: zone.String()}
}

// instances are the occurrences of one series, a page at a time.
func (g *Google) instances(c *googleSeat, id string, q url.Values) (object, *googleFault) {
	series := c.events[id]
	if series == nil {
		return nil, googleNotFound
	}
	cursor, fault := g.cursor(c.googleCalendar, q)
	if fault != nil {
		return nil, fault
	}
	if series.fields["recurrence"] == nil {
		return g.pageOf(c, q, cursor, []*googleEntry{series})
	}
	return g.pageOf(c, q, cursor, g.occurrences(c.googleCalendar, series, googleBound(cursor.Min), googleBound(cursor.Max)))
}

// singles is a list in which series are told as their occurrences.
func (g *Google) singles(c *googleSeat, q url.Values, cursor googleCursor) (object, *googleFault) {
	return g.pageOf(c, q, cursor, g.single(c.googleCalendar, googleBound(cursor.Min), googleBound(cursor.Max)))
}

func (g *Google) single(c *googleCalendar, from, until time.Time) (all []*googleEntry) {
	for _, e := range c.since(0) {
		switch {
		case e.fields["recurringEventId"] != nil: // see below: an exception may stand at quite another time than the occurrence it replaces
			all = append(all, e)
		case e.fields["recurrence"] != nil && e.fields["status"] != "cancelled":
			for _, o := range g.occurrences(c, e, from, until) {
				if c.events[o.fields["id"].(string)] != o {
					all = append(all, o)
				}
			}
		default:
			all = append(all, e)
		}
	}
	return all
}

func googleBound(text string) time.Time {
	at, _ := time.Parse(time.RFC3339, text)
	return at
}

// pageOf sorts by time, which does not move under a reader as revisions do; a page begins after so many.
func (g *Google) pageOf(c *googleSeat, q url.Values, cursor googleCursor, all []*googleEntry) (object, *googleFault) {
	keeps, fault := googleFilter(c.googleCalendar, q, cursor)
	if fault != nil {
		return nil, fault
	}
	zone := c.location()
	all = slices.DeleteFunc(slices.Clone(all), func(e *googleEntry) bool { return !keeps(e.fields) })
	slices.SortStableFunc(all, func(a, b *googleEntry) int {
		return googleInstant(a.fields["start"], zone).Compare(googleInstant(b.fields["start"], zone))
	})
	from, size := min(int(cursor.After), len(all)), min(max(number(q.Get("maxResults"), 250), 1), 2500)
	items, to := []object{}, min(from+size, len(all))
	for _, e := range all[from:to] {
		items = append(items, e.shown(q))
	}
	answer := googlePageOf(c, items)
	if to < len(all) {
		cursor.Page, cursor.After = true, int64(to)
		answer["nextPageToken"] = g.seal(cursor)
	} else if !q.Has("orderBy") && !q.Has("q") {
		answer["nextSyncToken"] = g.seal(googleCursor{Calendar: c.id, Params: cursor.Params, Epoch: cursor.Epoch, Since: cursor.Start})
	}
	return answer, nil
}
