package remote

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/outside"
)

// CalDAV is an account on a server that speaks RFC 4791. URL is what a person typed: the server's root, their principal, the
// place of their calendars, or one calendar. The ids of calendars and objects are their paths there.
type CalDAV struct {
	Door                *outside.Door
	OrgID               uuid.UUID
	URL, User, Password string
	Box                 string // whose breaker: the connection's id
}

var _ Account = CalDAV{}

const (
	aboutCalendar = `<resourcetype/><displayname/><current-user-privilege-set/><C:supported-calendar-component-set/><C:calendar-timezone/><C:calendar-timezone-id/>`
	aboutPerson   = `<current-user-principal/><C:calendar-home-set/>`
)

// Calendars finds them: at the address itself, below it, or by asking for the person's own place there. An address that is one
// calendar gives that one only.
func (c CalDAV) Calendars(ctx context.Context) ([]Calendar, error) {
	typed, err := c.base()
	if err != nil {
		return nil, err
	}
	var first error
	for _, start := range []*url.URL{typed, typed.ResolveReference(&url.URL{Path: "/.well-known/caldav"}), typed.ResolveReference(&url.URL{Path: "/"})} {
		all, err := c.from(ctx, start)
		if err == nil && len(all) > 0 {
			if len(all) == 1 {
				all[0].Primary = true
			}
			return all, nil
		}
		if first == nil || first == errNothing {
			first = err
		}
		if !elsewhere(err) {
			return nil, err
		}
	}
	return nil, c.noCalendars(typed, first)
}

// errNothing: a server is there, and at this address it knows no calendars.
var errNothing = errors.New("no calendars here")

// elsewhere says that it is worth asking at the next address.
func elsewhere(err error) bool {
	var mistaken *Mistaken
	code := status(err)
	return err == nil || errors.Is(err, errNothing) || errors.Is(err, errXML) || errors.As(err, &mistaken) || code >= 300 && code < 500 && code != http.StatusTooManyRequests || code == http.StatusNotImplemented
}

func (c CalDAV) noCalendars(typed *url.URL, err error) error {
	var mistaken *Mistaken
	switch {
	case errors.As(err, &mistaken):
		return err
	case status(err) == http.StatusForbidden:
		return &Reconnect{typed.Hostname() + " does not let this user see anything there. Check the user name and the password."}
	default:
		return &Mistaken{"There are no calendars at this address. Copy the CalDAV address from the settings of your calendar: it often holds your user name, and it is not the page that you read it on."}
	}
}

func (c CalDAV) from(ctx context.Context, start *url.URL) ([]Calendar, error) {
	m, at, err := c.propfind(ctx, start, "0", "look for calendars", aboutCalendar+aboutPerson)
	if err != nil {
		return nil, err
	}
	if len(m.responses) == 0 {
		return nil, errNothing
	}
	self := m.responses[0]
	if calendar, ok := c.calendar(at, self); ok {
		return []Calendar{calendar}, nil
	}
	homes := self.hrefs(nsCalDAV, "calendar-home-set")
	if len(homes) == 0 && strings.Trim(at.Path, "/") != "" {
		if all, err := c.within(ctx, at); err == nil && len(all) > 0 {
			return all, nil
		}
	}
	if len(homes) == 0 {
		if at, homes, err = c.person(ctx, at, self); err != nil {
			return nil, err
		}
	}
	var all []Calendar
	for _, href := range homes {
		home, err := at.Parse(href)
		if err != nil || !mayFollow(at, home) {
			return nil, &Mistaken{at.Hostname() + " keeps the calendars at another site, to which WedSync does not take your password."}
		}
		found, err := c.within(ctx, home)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// person asks whoever is signed in where their calendars are.
func (c CalDAV) person(ctx context.Context, at *url.URL, self response) (*url.URL, []string, error) {
	who := self.hrefs(nsDAV, "current-user-principal")
	if len(who) == 0 {
		if p := self.prop(nsDAV, "current-user-principal"); p.kid(nsDAV, "unauthenticated") != nil {
			return at, nil, c.notLetIn(at, outside.Answer{})
		}
		return at, nil, errNothing
	}
	principal, err := at.Parse(who[0])
	if err != nil || !mayFollow(at, principal) {
		return at, nil, errNothing
	}
	m, at, err := c.propfind(ctx, principal, "0", "look for calendars", aboutPerson)
	if err != nil {
		return at, nil, err
	}
	for _, r := range m.responses {
		if homes := r.hrefs(nsCalDAV, "calendar-home-set"); len(homes) > 0 {
			return at, homes, nil
		}
	}
	return at, nil, errNothing
}

// within are the calendars in a collection.
func (c CalDAV) within(ctx context.Context, home *url.URL) (all []Calendar, err error) {
	m, at, err := c.propfind(ctx, home.JoinPath("/"), "1", "look for calendars", aboutCalendar)
	if err != nil {
		return nil, err
	}
	for _, r := range m.responses {
		if calendar, ok := c.calendar(at, r); ok {
			all = append(all, calendar)
		}
	}
	return all, nil
}

// calendar is a collection that keeps events. One that does not say what it keeps, keeps everything (RFC 4791, 5.2.3).
func (c CalDAV) calendar(at *url.URL, r response) (Calendar, bool) {
	kind := r.prop(nsDAV, "resourcetype")
	if kind.kid(nsCalDAV, "calendar") == nil {
		return Calendar{}, false
	}
	for _, other := range kind.kids {
		if other.name.Local == "deleted-calendar" { // in the bin, at Nextcloud
			return Calendar{}, false
		}
	}
	if keeps := r.prop(nsCalDAV, "supported-calendar-component-set"); keeps != nil && len(keeps.kids) > 0 {
		events := false
		for _, comp := range keeps.kids {
			events = events || strings.EqualFold(comp.attr, "VEVENT")
		}
		if !events {
			return Calendar{}, false
		}
	}
	place, err := at.Parse(r.href)
	if err != nil || !mayFollow(at, place) {
		return Calendar{}, false
	}
	name := r.text(nsDAV, "displayname")
	if name == "" {
		name = lastWord(place)
	}
	return Calendar{ID: c.id(place.JoinPath("/")), Name: name, Zone: zoneOf(r), Writable: writable(r)}, true
}

func lastWord(at *url.URL) string {
	path := strings.Trim(at.Path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// writable: what is not told, is tried.
func writable(r response) bool {
	rights := r.prop(nsDAV, "current-user-privilege-set")
	if rights == nil {
		return true
	}
	return rights.under(nsDAV, "all") || rights.under(nsDAV, "write") || rights.under(nsDAV, "write-content")
}

// zoneOf is the clock that the calendar keeps, told as a VTIMEZONE or by name.
func zoneOf(r response) string {
	names := []string{r.text(nsCalDAV, "calendar-timezone-id")}
	for line := range strings.Lines(r.text(nsCalDAV, "calendar-timezone")) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && strings.HasPrefix(strings.ToUpper(name), "TZID") {
			names = append(names, value)
		}
	}
	for _, name := range names {
		if _, known, ok := ical.Zone(name); ok && name != "" {
			return known
		}
	}
	return ""
}
