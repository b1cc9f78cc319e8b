package sandbox

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func (g *Graph) showCalendar(a *graphAccount, c *graphCalendar) object {
	return object{"id": c.id, "name": c.name, "color": "auto", "changeKey": "sb", "canShare": !c.readOnly, "canViewPrivateItems": true, "canEdit": !c.readOnly,
		"isDefaultCalendar": c == a.calendars[0], "isRemovable": c != a.calendars[0], "owner": object{"name": a.name, "address": a.address}}
}

func (g *Graph) listCalendars(a *graphAccount, r *http.Request) (int, object, *graphFault) {
	all := []object{}
	for _, c := range a.calendars {
		all = append(all, g.showCalendar(a, c))
	}
	return g.page(r, "users('me')/calendars", all)
}

// page is a part of a list: $top and $skip, ten at a time where nothing is said.
func (g *Graph) page(r *http.Request, context string, all []object) (int, object, *graphFault) {
	q := r.URL.Query()
	top, skip := number(q.Get("$top"), 10), number(q.Get("$skip"), 0)
	if top < 1 || top > 1000 || skip < 0 {
		return 0, nil, &graphFault{status: 400, code: "ErrorInvalidUrlQuery", message: "$top or $skip is not one of those allowed."}
	}
	from := min(skip, len(all))
	until := min(from+top, len(all))
	answer := object{"@odata.context": g.context(context), "value": append([]object{}, all[from:until]...)}
	if until < len(all) {
		q.Set("$skip", strconv.Itoa(until))
		answer["@odata.nextLink"] = g.link(r, r.URL.Path, q)
	}
	return 200, answer, nil
}

// link is an address of its own, as it writes them: the dollar of a parameter as itself.
func (g *Graph) link(r *http.Request, path string, q url.Values) string {
	_, rest, _ := strings.Cut(path, "/v1.0/")
	at := url.URL{Path: rest}
	return g.root(r) + at.EscapedPath() + "?" + strings.ReplaceAll(q.Encode(), "%24", "$")
}

var graphByProperty = regexp.MustCompile(`^singleValueExtendedProperties/Any\(ep: ep/id eq '([^']+)' and ep/value eq '([^']+)'\)$`)

func (g *Graph) events(a *graphAccount, c *graphCalendar, r *http.Request) (int, object, *graphFault) {
	if r.Method == http.MethodPost {
		return g.create(a, c, r)
	}
	all := []object{}
	filter := r.URL.Query().Get("$filter")
	wanted := graphByProperty.FindStringSubmatch(filter)
	if filter != "" && wanted == nil {
		return 0, nil, &graphFault{status: 400, code: "ErrorInvalidUrlQueryFilter", message: "The query filter contains one or more invalid nodes."}
	}
	for _, e := range a.in(c.id) {
		if e.master != "" || wanted != nil && !strings.EqualFold(e.properties[wanted[1]], wanted[2]) {
			continue
		}
		all = append(all, e.show(r))
	}
	return g.page(r, "users('me')/events", all)
}

func (g *Graph) create(a *graphAccount, c *graphCalendar, r *http.Request) (int, object, *graphFault) {
	if c.readOnly {
		return 0, nil, graphDenied
	}
	said, fault := graphReadSaid(r)
	if fault != nil {
		return 0, nil, fault
	}
	for _, e := range a.events {
		if said.Transaction != "" && e.transaction == said.Transaction {
			return 201, e.show(r), nil
		}
	}
	e := &graphEvent{id: g.id("event"), calendar: c.id, transaction: said.Transaction, properties: map[string]string{}, zone: "UTC"}
	e.GraphEvent = GraphEvent{}.whole()
	if said.Start == nil || said.End == nil {
		return 0, nil, &graphFault{status: 400, code: "ErrorInvalidRequest", message: "An event has a start and an end."}
	}
	if fault := g.apply(e, said); fault != nil {
		return 0, nil, fault
	}
	return 201, g.put(a, e).show(r), nil
}

// ForgetTransactions: Graph does not say how long it remembers them.
func (g *Graph) ForgetTransactions(account string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range g.accounts[account].events {
		e.transaction = ""
	}
}

var graphDenied = &graphFault{status: 403, code: "ErrorAccessDenied", message: "Access is graphDenied. Check credentials and try again."}

func (g *Graph) event(a *graphAccount, c *graphCalendar, r *http.Request, path []string) (int, object, *graphFault) {
	e := g.own(a, path[0])
	if e == nil {
		return 0, nil, graphNotThere
	}
	if len(path) == 2 && path[1] == "instances" && r.Method == http.MethodGet {
		return g.view(a, c, r, e)
	}
	match := r.Header.Get("If-Match")
	switch {
	case len(path) > 1:
		return 0, nil, graphNotThere
	case r.Method == http.MethodGet:
		return 200, e.show(r), nil
	case a.calendar(e.calendar).readOnly:
		return 0, nil, graphDenied
	case match != "" && match != "*" && match != e.etag():
		return 0, nil, &graphFault{status: 412, code: "ErrorIrresolvableConflict", message: "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item."}
	case r.Method == http.MethodDelete:
		g.drop(a, e)
		return 204, nil, nil
	case r.Method == http.MethodPatch:
		return g.patch(a, e, r)
	}
	return 0, nil, &graphFault{status: 405, code: "ErrorInvalidRequest", message: "The HTTP method is not supported for this resource."}
}

func (g *Graph) patch(a *graphAccount, e *graphEvent, r *http.Request) (int, object, *graphFault) {
	said, fault := graphReadSaid(r)
	if fault != nil {
		return 0, nil, fault
	}
	if said.Transaction != "" && said.Transaction != e.transaction {
		return 0, nil, &graphFault{status: 400, code: "ErrorInvalidPropertySet", message: "transactionId cannot be changed."}
	}
	if e.properties = maps.Clone(e.properties); e.properties == nil {
		e.properties = map[string]string{}
	}
	if fault := g.apply(e, said); fault != nil {
		return 0, nil, fault
	}
	return 200, g.put(a, e).show(r), nil
}

// view is a window of a calendar with its series expanded, or the instances of one series.
func (g *Graph) view(a *graphAccount, c *graphCalendar, r *http.Request, series *graphEvent) (int, object, *graphFault) {
	from, until, fault := graphWindow(r)
	if fault != nil {
		return 0, nil, fault
	}
	all := []object{}
	roots := a.in(c.id)
	if series != nil {
		roots = []*graphEvent{series}
	}
	for _, e := range roots {
		switch {
		case e.Recurs != nil:
			for _, o := range a.expand(e, from, until, 10_000) {
				all = append(all, o.show(r))
			}
		case e.master == "" && e.touches(from, until):
			all = append(all, e.show(r))
		}
	}
	return g.page(r, "users('me')/calendarView", all)
}

func graphWindow(r *http.Request) (from, until time.Time, fault *graphFault) {
	q := r.URL.Query()
	read := func(text string) time.Time {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at
		}
		at, err := time.Parse("2006-01-02T15:04:05", text)
		if err != nil {
			fault = &graphFault{status: 400, code: "ErrorInvalidParameter", message: "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime."}
		}
		return at
	}
	from, until = read(q.Get("startDateTime")), read(q.Get("endDateTime"))
	if fault == nil && !from.Before(until) {
		fault = &graphFault{status: 400, code: "ErrorInvalidParameter", message: "EndDateTime is before StartDateTime."}
	}
	return from, until, fault
}
