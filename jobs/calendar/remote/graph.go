package remote

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/outside"
)

// Graph is an account at Microsoft Graph. Two calls at a time go to one mailbox, whoever makes them in this process.
type Graph struct {
	Door  *outside.Door
	OrgID uuid.UUID
	URL   string // …/v1.0/
	Grant Grant
	Box   string // the connection's id: whose breaker, and whose mailbox
}

var (
	_ Account = Graph{}
	_ Watcher = Graph{}
)

// graphPage is how many of anything are asked for at once.
const graphPage = "200"

// Calendars is every calendar of the account. Graph does not say by what clock one is kept.
func (g Graph) Calendars(ctx context.Context) (all []Calendar, err error) {
	at := g.at("me/calendars") + "?$top=" + graphPage
	for range maxPages {
		var page struct {
			Value []struct {
				ID                string
				Name              string
				CanEdit           bool
				IsDefaultCalendar bool
			}
			Next string `json:"@odata.nextLink"`
		}
		if err := g.ask(ctx, graphCall{at: at, purpose: "list the calendars"}, &page); err != nil {
			return nil, graphReading(err)
		}
		for _, c := range page.Value {
			all = append(all, Calendar{ID: c.ID, Name: c.Name, Writable: c.CanEdit, Primary: c.IsDefaultCalendar})
		}
		if at = page.Next; at == "" {
			return all, nil
		}
	}
	return nil, errGraphEndless
}

// Get reads one event. Of a series it gives the rule by which it recurs, of an occurrence that alone.
func (g Graph) Get(ctx context.Context, _, id string) (Object, error) {
	var e graphEvent
	err := g.ask(ctx, graphCall{at: g.at("me/events", id) + "?" + graphQuery(url.Values{"$expand": {graphExpand}}), purpose: "read an event", prefer: graphPrefer}, &e)
	switch status, _ := graphStatus(err); {
	case status == http.StatusNotFound, status == http.StatusGone:
		return Object{}, ErrGone
	case err != nil:
		return Object{}, graphReading(err)
	}
	event, ok := e.event(nil)
	if !ok {
		return Object{}, ErrGone // without a time it takes none
	}
	event.Rules = e.Recurrence.rules(event.Starts)
	return Object{ID: e.ID, ETag: e.ETag, Series: e.SeriesMasterID, Events: []ical.Event{event}}, nil
}

// Put creates or replaces. Whether it is there already is asked before every creation: how long Graph remembers a
// transactionId is nowhere said.
func (g Graph) Put(ctx context.Context, calendar string, d Draft) (Written, error) {
	if d.ID != "" {
		return g.replace(ctx, d)
	}
	found, there, err := g.find(ctx, calendar, d.Key)
	if err != nil || there {
		return found.written(d), err
	}
	var made graphEvent
	err = g.write(ctx, graphCall{method: http.MethodPost, at: g.at("me/calendars", calendar, "events"), purpose: "write an event"}, d, &made)
	if status, _ := graphStatus(err); status == http.StatusNotFound || status == http.StatusGone {
		return Written{}, ErrNoCalendar
	}
	if err != nil {
		return Written{}, graphWriting(err)
	}
	return made.created(d), nil
}

func (g Graph) replace(ctx context.Context, d Draft) (Written, error) {
	var made graphEvent
	err := g.write(ctx, graphCall{method: http.MethodPatch, at: g.at("me/events", d.ID), etag: d.ETag, purpose: "change an event"}, d, &made)
	if status, _ := graphStatus(err); status == http.StatusNotFound || status == http.StatusGone {
		return Written{}, ErrGone
	}
	if err != nil {
		return Written{}, graphWriting(err)
	}
	return Written{made.ID, made.ETag}, nil
}

// write names the zone by its IANA name, and where Graph does not know that one it writes the same instants in UTC.
func (g Graph) write(ctx context.Context, call graphCall, d Draft, into *graphEvent) error {
	call.prefer, call.body = graphPrefer, graphDraft(d, false)
	err := g.ask(ctx, call, into)
	if status, code := graphStatus(err); status == http.StatusBadRequest && strings.Contains(strings.ToLower(code), "timezone") {
		call.body = graphDraft(d, true)
		err = g.ask(ctx, call, into)
	}
	return err
}

// find looks for an event that was written under this key.
func (g Graph) find(ctx context.Context, calendar, key string) (e graphEvent, there bool, err error) {
	query := url.Values{"$top": {"2"}, "$expand": {graphExpand},
		"$filter": {"singleValueExtendedProperties/Any(ep: ep/id eq '" + graphKey + "' and ep/value eq '" + strings.ReplaceAll(key, "'", "''") + "')"}}
	var page struct{ Value []graphEvent }
	err = g.ask(ctx, graphCall{at: g.at("me/calendars", calendar, "events") + "?" + graphQuery(query), purpose: "look whether an event is there", prefer: graphPrefer}, &page)
	if status, _ := graphStatus(err); status == http.StatusNotFound || status == http.StatusGone {
		return e, false, ErrNoCalendar
	}
	if err != nil || len(page.Value) == 0 {
		return e, false, graphReading(err)
	}
	return page.Value[0], true, nil
}

// Delete is done also where it was gone already.
func (g Graph) Delete(ctx context.Context, _, id, etag string) error {
	err := g.ask(ctx, graphCall{method: http.MethodDelete, at: g.at("me/events", id), etag: etag, purpose: "delete an event"}, nil)
	if status, _ := graphStatus(err); status == http.StatusNotFound || status == http.StatusGone {
		return nil
	}
	return graphWriting(err)
}

// graphReading says what a refusal means for somebody who reads.
func graphReading(err error) error {
	switch status, code := graphStatus(err); {
	case status == http.StatusForbidden:
		return &Reconnect{"Microsoft does not let WedSync into the calendars of this account. Connect it again, and say yes to the calendars there."}
	case strings.HasPrefix(code, "MailboxNotEnabled"), code == "MailboxNotSupportedForRESTAPI":
		return &Reconnect{"This Microsoft account has no Outlook mailbox, so it has no calendars. Connect one that has."}
	}
	return err
}

// graphWriting says what a refusal means for somebody who writes.
func graphWriting(err error) error {
	switch status, code := graphStatus(err); {
	case status == http.StatusForbidden:
		return ErrReadOnly
	case status == http.StatusPreconditionFailed, code == "ErrorIrresolvableConflict":
		return ErrChanged
	}
	return err
}

// Owner is the address of whose account it is: where no ID token was asked for, Microsoft tells it nowhere else.
func (g Graph) Owner(ctx context.Context) (string, error) {
	var me struct{ Mail, UserPrincipalName string }
	if err := g.ask(ctx, graphCall{at: g.at("me"), purpose: "ask whose account it is"}, &me); err != nil {
		return "", graphReading(err)
	}
	return cmp.Or(me.Mail, me.UserPrincipalName), nil
}
