package sandbox

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// googleCursor is what a token of a list means. Nobody outside can read or make one.
type googleCursor struct {
	Page     bool
	Calendar string
	Params   string // they have to be the same each time
	Epoch    int
	Since    int64 // the revision that the reader has
	After    int64 // of a page: the revision of the last event on the one before
	Start    int64 // of a page: what the reader has once the pages are read
	Synced   bool  // of a page: it began with a sync token
	Min, Max string
}

func (g *Google) seal(c googleCursor) string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err) // made of strings and numbers
	}
	return base64.RawURLEncoding.EncodeToString(append(g.mark(raw), raw...))
}

func (g *Google) mark(raw []byte) []byte {
	m := hmac.New(sha256.New, []byte(g.ClientSecret))
	m.Write(raw)
	return m.Sum(nil)[:8]
}

func (g *Google) open(token string) (c googleCursor, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < 8 || !hmac.Equal(raw[:8], g.mark(raw[8:])) {
		return c, false
	}
	return c, json.Unmarshal(raw[8:], &c) == nil
}

// never with a sync token.
var googleNotWithToken = []string{"iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMin", "timeMax", "updatedMin"}

func (g *Google) cursor(c *googleCalendar, q url.Values) (googleCursor, *googleFault) {
	var params []string
	for _, name := range []string{"singleEvents", "eventTypes", "maxAttendees", "showHiddenInvitations", "alwaysIncludeEmail"} {
		if q.Has(name) && q.Get(name) != "false" {
			params = append(params, name+"="+strings.Join(slices.Sorted(slices.Values(q[name])), ","))
		}
	}
	want := googleCursor{Calendar: c.id, Params: strings.Join(params, "&"), Epoch: g.epoch, Start: g.rev, Min: q.Get("timeMin"), Max: q.Get("timeMax")}
	token := cmp.Or(q.Get("pageToken"), q.Get("syncToken"))
	if token == "" {
		return want, nil
	}
	got, ok := g.open(token)
	switch {
	case !ok || got.Page != q.Has("pageToken") || got.Calendar != c.id:
		return got, googleInvalid("Invalid sync token value.")
	case got.Epoch != g.epoch:
		return got, &googleFault{status: 410, domain: "calendar", reason: "fullSyncRequired", message: "Sync token is no longer valid, a full sync is required."}
	case got.Params != want.Params:
		return got, googleInvalid("The request parameters do not match those of the initial synchronization.")
	}
	if q.Has("syncToken") {
		for _, name := range googleNotWithToken {
			if q.Has(name) {
				return got, googleInvalid("Sync token cannot be used with other query restrictions: " + name)
			}
		}
		if q.Get("showDeleted") == "false" {
			return got, googleInvalid("showDeleted cannot be false with a sync token.")
		}
	}
	if !got.Page {
		got.Start, got.Synced, got.After = g.rev, true, got.Since
	}
	return got, nil
}

// events is one page of a calendar: all of it, or what changed since a token.
func (g *Google) events(c *googleSeat, q url.Values) (object, *googleFault) {
	size, err := strconv.Atoi(cmp.Or(q.Get("maxResults"), "250"))
	if err != nil || size < 1 {
		return nil, googleInvalid("Invalid integer value: maxResults")
	}
	cursor, fault := g.cursor(c.googleCalendar, q)
	if fault != nil {
		return nil, fault
	}
	keeps, fault := googleFilter(c.googleCalendar, q, cursor)
	if fault != nil {
		return nil, fault
	}
	if q.Get("singleEvents") == "true" && !cursor.Synced {
		return g.singles(c, q, cursor)
	}
	size = min(size, 2500)
	items, last, more := []object{}, cursor.After, false
	for _, e := range c.since(cursor.After) {
		if !keeps(e.fields) {
			continue
		}
		if more = len(items) == size; more {
			break
		}
		items, last = append(items, e.shown(q)), e.rev
	}
	answer := googlePageOf(c, items)
	if more {
		cursor.Page, cursor.After = true, last
		answer["nextPageToken"] = g.seal(cursor)
	} else if !q.Has("orderBy") && !q.Has("q") {
		answer["nextSyncToken"] = g.seal(googleCursor{Calendar: c.id, Params: cursor.Params, Epoch: cursor.Epoch, Since: cursor.Start})
	}
	return answer, nil
}

func googlePageOf(c *googleSeat, items []object) object {
	return object{"kind": "calendar#events", "etag": `"p1"`, "summary": c.summary, "timeZone": c.zone, "accessRole": c.role, "updated": stamped(time.Now()),
		"defaultReminders": []object{}, "items": items}
}

// googleFilter is which events a list has. What is deleted always comes with a sync token.
func googleFilter(c *googleCalendar, q url.Values, cursor googleCursor) (func(object) bool, *googleFault) {
	from, until := time.Time{}, time.Time{}
	for bound, text := range map[*time.Time]string{&from: cursor.Min, &until: cursor.Max} {
		at, err := time.Parse(time.RFC3339, text)
		if text != "" && err != nil {
			return nil, googleInvalid("Bad Request: a time needs an offset")
		}
		*bound = at
	}
	types, deleted := q["eventTypes"], cursor.Synced || q.Get("showDeleted") == "true"
	return func(f object) bool {
		cancelled := f["status"] == "cancelled"
		if cancelled && !deleted && !(f["recurringEventId"] != nil && q.Get("singleEvents") != "true") {
			return false
		}
		if kind, _ := f["eventType"].(string); len(types) > 0 && !slices.Contains(types, cmp.Or(kind, "default")) {
			return false
		}
		if uid := q.Get("iCalUID"); uid != "" && f["iCalUID"] != uid || !googleHasProperties(f, q["privateExtendedProperty"]) {
			return false
		}
		if words := strings.ToLower(q.Get("q")); words != "" && !strings.Contains(strings.ToLower(text(f, "summary")+" "+text(f, "location")+" "+text(f, "description")), words) {
			return false
		}
		if f["recurrence"] != nil || f["start"] == nil {
			return true
		}
		begins, ends := googleSpan(f, c.location())
		return (from.IsZero() || ends.After(from)) && (until.IsZero() || begins.Before(until))
	}, nil
}

func googleHasProperties(f object, wanted []string) bool {
	extended, _ := f["extendedProperties"].(object)
	private, _ := extended["private"].(object)
	return !slices.ContainsFunc(wanted, func(want string) bool {
		key, value, _ := strings.Cut(want, "=")
		return private[key] != value
	})
}

// shown is an event as the wire has it. Of a deleted one there is nothing but that, and of an exception that was cancelled its place.
func (e *googleEntry) shown(q url.Values) object {
	f := maps.Clone(e.fields)
	f["kind"], f["etag"] = "calendar#event", e.etag()
	if f["status"] == "cancelled" {
		bare := object{}
		for _, name := range []string{"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"} {
			if f[name] != nil {
				bare[name] = f[name]
			}
		}
		return bare
	}
	guests, _ := f["attendees"].([]any)
	if most := number(q.Get("maxAttendees"), 0); most > 0 && len(guests) > most {
		f["attendeesOmitted"], f["attendees"] = true, slices.DeleteFunc(slices.Clone(guests), func(a any) bool { return a.(object)["self"] != true })
	}
	return f
}

func (e *googleEntry) etag() string { return strconv.Quote(strconv.FormatInt(e.rev, 10)) }

func text(f object, name string) string {
	s, _ := f[name].(string)
	return s
}

func decimal(n int) string { return strconv.Itoa(n) }

// googleSpan is when an event is, as instants.
func googleSpan(f object, zone *time.Location) (begins, ends time.Time) {
	return googleInstant(f["start"], zone), googleInstant(f["end"], zone)
}

func googleInstant(v any, zone *time.Location) time.Time {
	moment, _ := v.(object)
	if at, err := time.ParseInLocation(time.DateOnly, text(moment, "date"), zone); err == nil {
		return at
	}
	at, _ := time.Parse(time.RFC3339, text(moment, "dateTime"))
	return at
}

func (g *Google) one(c *googleSeat, id string) (object, *googleFault) {
	e := g.find(c.googleCalendar, id)
	if e == nil {
		return nil, googleNotFound
	}
	f := e.shown(nil)
	if e.fields["status"] == "cancelled" { // asked for by its id, it is told whole
		f = maps.Clone(e.fields)
		f["kind"], f["etag"] = "calendar#event", e.etag()
	}
	return f, nil
}
