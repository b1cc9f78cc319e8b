package remote

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/wedsync/wedsync/jobs/outside"
)

const (
	googlePage     = 2500 // the most that they give
	googlePageLess = 250  // where that many are more than we read at once
	googleAtMost   = 400  // pages: a million events; a server that always has another one is at fault
)

var errEndless = errors.New("the list of changes at Google did not come to an end")

// Calendars are those that the account has on its list.
func (g Google) Calendars(ctx context.Context) (all []Calendar, err error) {
	query := url.Values{"maxResults": {"250"}}
	for range googleAtMost {
		var page struct {
			Items []struct {
				ID, Summary, SummaryOverride, TimeZone, AccessRole string
				Primary, Deleted                                   bool
			}
			NextPageToken string
		}
		err = g.do(ctx, ask{method: http.MethodGet, purpose: "list the calendars", path: []string{"users", "me", "calendarList"}, query: query}, &page)
		if err != nil {
			return nil, err
		}
		for _, c := range page.Items {
			if c.Deleted || c.AccessRole == "none" {
				continue
			}
			name := c.Summary
			if c.SummaryOverride != "" {
				name = c.SummaryOverride
			}
			all = append(all, Calendar{ID: c.ID, Name: name, Zone: c.TimeZone, Primary: c.Primary, Writable: c.AccessRole == "owner" || c.AccessRole == "writer"})
		}
		if page.NextPageToken == "" {
			return all, nil
		}
		query.Set("pageToken", page.NextPageToken)
	}
	return nil, errEndless
}

type googleEvents struct {
	Items                                  []googleEvent
	TimeZone, NextPageToken, NextSyncToken string
}

// Changes reads the pages to the last: only that one has the token for the next time. Series come as they are, not as their
// occurrences; every parameter but the first call's window has to be the same each time.
func (g Google) Changes(ctx context.Context, calendar, token string, w Window, page func([]Object) error) (Pull, error) {
	query := url.Values{"singleEvents": {"false"}, "showDeleted": {"true"}, "eventTypes": {"default"}, "maxAttendees": {"1"}, "maxResults": {strconv.Itoa(googlePage)}}
	if token != "" {
		query.Set("syncToken", token)
	} else if !w.From.IsZero() {
		query.Set("timeMin", w.From.UTC().Format(time.RFC3339))
	}
	for range googleAtMost {
		events, err := g.events(ctx, calendar, query)
		if err != nil {
			return Pull{}, err
		}
		if err := page(events.objects()); err != nil {
			return Pull{}, err
		}
		switch {
		case events.NextSyncToken != "":
			return Pull{Token: events.NextSyncToken, Whole: token == ""}, nil
		case events.NextPageToken == "" || events.NextPageToken == query.Get("pageToken"):
			return Pull{}, errEndless
		}
		query.Set("pageToken", events.NextPageToken)
	}
	return Pull{}, errEndless
}

// events is one page. Only 410 says that a token has had its day: what else goes wrong with it goes wrong for now.
func (g Google) events(ctx context.Context, calendar string, query url.Values) (page googleEvents, err error) {
	a := ask{method: http.MethodGet, purpose: "read what changed in a calendar", path: []string{"calendars", calendar, "events"}, query: query}
	err = g.do(ctx, a, &page)
	if errors.Is(err, outside.ErrTooLarge) && query.Get("maxResults") != strconv.Itoa(googlePageLess) {
		query.Set("maxResults", strconv.Itoa(googlePageLess))
		err = g.do(ctx, a, &page)
	}
	switch status := answered(err); {
	case status == http.StatusNotFound:
		return page, ErrNoCalendar
	case status == http.StatusGone && (query.Has("syncToken") || query.Has("pageToken")):
		return page, ErrTokenGone
	}
	return page, err
}

func (p googleEvents) objects() []Object {
	all := make([]Object, 0, len(p.Items))
	for _, e := range p.Items {
		if o, ok := e.object(p.TimeZone); ok {
			all = append(all, o)
		}
	}
	return all
}

// Get reads one event. What they keep as deleted is not there.
func (g Google) Get(ctx context.Context, calendar, id string) (Object, error) {
	var e googleEvent
	err := g.do(ctx, ask{method: http.MethodGet, purpose: "read an event", path: []string{"calendars", calendar, "events", id}}, &e)
	switch status := answered(err); {
	case status == http.StatusNotFound, status == http.StatusGone:
		return Object{}, ErrGone
	case err != nil:
		return Object{}, err
	}
	o, ok := e.object("")
	if !ok || o.Gone {
		return Object{}, ErrGone
	}
	return o, nil
}
