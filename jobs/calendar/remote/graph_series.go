package remote

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
)

// A delta tells a series as its master and the occurrences that are left of it. That one was deleted it tells by leaving it
// out, so an occurrence by itself cannot be an object: the series is, with the dates of its occurrences (RDATE) in the place
// of its rule, and the whole of it is replaced whenever any of it changes.

type graphRound struct{ series map[string]*graphSeries }

// graphSeries is what a round told of one.
type graphSeries struct {
	master      *graphEvent
	occurrences map[string]graphEvent
}

// take gives what can be given at once, and keeps the series. What comes twice in a round is as it came last.
func (r *graphRound) take(told []graphEvent) (objects []Object) {
	at := map[string]int{} // where it is among the objects of this page
	give := func(o Object) {
		if i, twice := at[o.ID]; twice {
			objects[i] = o
			return
		}
		at[o.ID] = len(objects)
		objects = append(objects, o)
	}
	for _, e := range told {
		switch {
		case e.ID == "":
		case e.Removed != nil:
			r.forget(e.ID)
			give(Object{ID: e.ID, Gone: true})
		case e.Type == "seriesMaster":
			r.of(e.ID).master = &e
		case e.SeriesMasterID != "":
			r.of(e.SeriesMasterID).occurrences[e.ID] = e
		default:
			r.forget(e.ID)
			if event, ok := e.event(nil); ok {
				give(Object{ID: e.ID, ETag: e.ETag, Events: []ical.Event{event}})
			}
		}
	}
	return objects
}

func (r *graphRound) of(id string) *graphSeries {
	s, there := r.series[id]
	if !there {
		s = &graphSeries{occurrences: map[string]graphEvent{}}
		r.series[id] = s
	}
	return s
}

func (r *graphRound) forget(id string) {
	delete(r.series, id)
	for _, s := range r.series {
		delete(s.occurrences, id)
	}
}

// whole makes one object of a series. A round that began anew told all of it; of changes it is not promised, so then it is
// asked for.
func (g Graph) whole(ctx context.Context, id string, s *graphSeries, w Window, all bool) (Object, error) {
	var err error
	if s.master == nil {
		s.master, err = g.master(ctx, id)
	}
	if err == nil && !all {
		s.occurrences, err = g.instances(ctx, id, w)
	}
	if errors.Is(err, ErrGone) {
		return Object{ID: id, Gone: true}, nil
	}
	if err != nil {
		return Object{}, err
	}
	parts := s.parts()
	if len(parts) == 0 {
		return Object{ID: id, Gone: true}, nil // nothing of it is left in the window
	}
	return Object{ID: id, ETag: s.master.ETag, Events: parts}, nil
}

func (g Graph) master(ctx context.Context, id string) (*graphEvent, error) {
	var e graphEvent
	err := g.ask(ctx, graphCall{at: g.at("me/events", id), purpose: "read a series", prefer: graphPrefer}, &e)
	return &e, graphOne(err)
}

func (g Graph) instances(ctx context.Context, id string, w Window) (map[string]graphEvent, error) {
	found := map[string]graphEvent{}
	at := g.at("me/events", id, "instances") + "?" + w.query() + "&$top=" + graphPage
	for range maxPages {
		var page struct {
			Value []graphEvent
			Next  string `json:"@odata.nextLink"`
		}
		if err := g.ask(ctx, graphCall{at: at, purpose: "read the dates of a series", prefer: graphPrefer}, &page); err != nil {
			return nil, graphOne(err)
		}
		for _, e := range page.Value {
			found[e.ID] = e
		}
		if at = page.Next; at == "" {
			return found, nil
		}
	}
	return nil, errGraphEndless
}

func graphOne(err error) error {
	if status, _ := graphStatus(err); status == http.StatusNotFound || status == http.StatusGone {
		return ErrGone
	}
	return graphReading(err)
}

// parts: the first occurrence stands for all that are like it, whose dates are listed; what is unlike it replaces one.
func (s *graphSeries) parts() []ical.Event {
	var like, unlike []ical.Event
	for _, e := range s.occurrences {
		event, ok := e.event(s.master)
		if !ok || event.Cancelled {
			continue
		}
		event.Starts, event.Ends = plain(event.Starts), plain(event.Ends)
		if e.Type == "exception" {
			event.Replaces = e.replaces(event.Starts)
			unlike = append(unlike, event)
			continue
		}
		like = append(like, event)
	}
	byTime := func(a, b ical.Event) int { return a.Starts.Wall.Compare(b.Starts.Wall) }
	slices.SortFunc(like, byTime)
	slices.SortFunc(unlike, byTime)
	return listed(like, unlike)
}

// listed makes a master of the first date, with the others beside it.
func listed(like, unlike []ical.Event) []ical.Event {
	if len(like)+len(unlike) == 0 {
		return nil
	}
	var base ical.Event
	if len(like) > 0 {
		base = like[0]
	} else {
		base = unlike[0]
		base.Replaces = nil
	}
	length := base.Ends.Wall.Sub(base.Starts.Wall)
	var dates []ical.Moment
	for _, e := range like {
		if e.Ends.Wall.Sub(e.Starts.Wall) != length || e.Starts.Day != base.Starts.Day { // a night in which clocks change
			own := e.Starts
			e.Replaces = &own
			unlike = append(unlike, e)
		}
		dates = append(dates, e.Starts)
	}
	for _, e := range unlike {
		dates = append(dates, *e.Replaces)
	}
	slices.SortFunc(dates, func(a, b ical.Moment) int { return a.Wall.Compare(b.Wall) })
	dates = slices.CompactFunc(dates, func(a, b ical.Moment) bool { return a.Wall.Equal(b.Wall) })
	base.Starts.Wall, base.Ends.Wall = dates[0].Wall, dates[0].Wall.Add(length)
	if rule := rdate(dates[1:], base.Starts.Day); rule != "" {
		base.Rules = []string{rule}
	}
	return append([]ical.Event{base}, unlike...)
}

func rdate(dates []ical.Moment, day bool) string {
	if len(dates) == 0 {
		return ""
	}
	name, layout := "RDATE:", "20060102T150405Z"
	if day {
		name, layout = "RDATE;VALUE=DATE:", "20060102"
	}
	var all []string
	for _, d := range dates {
		all = append(all, d.Wall.Format(layout))
	}
	return name + strings.Join(all, ",")
}

// replaces is the date of the series in whose place an exception stands. One that does not say stands for its own.
func (e graphEvent) replaces(starts ical.Moment) *ical.Moment {
	at, err := time.Parse(time.RFC3339, e.OriginalStart)
	if err != nil {
		return &starts
	}
	original := graphTime{at.UTC().Format("2006-01-02T15:04:05"), "UTC"}
	m, _ := original.moment(e.OriginalZone, starts.Day)
	m = plain(m)
	return &m
}

// plain is a moment in UTC, as dates in a list are; a day stays a day.
func plain(m ical.Moment) ical.Moment {
	if m.Day {
		return m
	}
	return ical.Moment{Wall: m.Instant(time.UTC), Zone: "UTC"}
}
