package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What callers cannot set: it stays as it is, whatever they send.
var googleOwn = []string{"kind", "etag", "id", "created", "updated", "creator", "organizer", "htmlLink", "iCalUID", "recurringEventId", "originalStartTime", "eventType"}

func googleBody(r *http.Request) (object, *googleFault) {
	var body object
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, &googleFault{status: 400, reason: "parseError", message: "Parse Error"}
	}
	return body, nil
}

func (s *googleSeat) writable() *googleFault {
	if s.role != "owner" && s.role != "writer" {
		return &googleFault{status: 403, domain: "calendar", reason: "requiredAccessLevel", message: "You need to have writer access to this calendar."}
	}
	return nil
}

// post inserts or imports. An id that was ever used is taken, also by what was deleted.
func (g *Google) post(a *googleAccount, c *googleSeat, r *http.Request, imports bool) (object, *googleFault) {
	body, fault := googleBody(r)
	if fault == nil {
		fault = c.writable()
	}
	if fault != nil {
		return nil, fault
	}
	if imports && text(body, "iCalUID") == "" {
		return nil, &googleFault{status: 400, reason: "required", message: "Required"}
	}
	e, fault := g.insert(a.email, c.googleCalendar, body)
	if fault != nil {
		return nil, fault
	}
	return e.shown(nil), nil
}

// googleLetters are those of an id: base32hex.
const googleLetters = "0123456789abcdefghijklmnopqrstuv"

func googleNewID() string {
	id := make([]byte, 26)
	_, _ = rand.Read(id) // never fails
	for i := range id {
		id[i] = googleLetters[id[i]%32]
	}
	return string(id)
}

func (g *Google) insert(email string, c *googleCalendar, body object) (*googleEntry, *googleFault) {
	id, now := text(body, "id"), stamped(time.Now())
	if id == "" {
		id = googleNewID()
	}
	if len(id) < 5 || len(id) > 1024 || strings.Trim(id, googleLetters) != "" {
		return nil, googleInvalid("Invalid resource id value.")
	}
	if c.events[id] != nil {
		return nil, &googleFault{status: 409, reason: "duplicate", message: "The requested identifier already exists."}
	}
	f := object{"status": "confirmed", "sequence": 0, "reminders": object{"useDefault": true}}
	uid := text(body, "iCalUID")
	googleMerge(f, body)
	if uid == "" {
		uid = id + "@google.com"
	}
	maps.Copy(f, object{"id": id, "iCalUID": uid, "created": now, "updated": now, "eventType": "default", "htmlLink": "https://www.google.com/calendar/event?eid=" + id,
		"creator": object{"email": email, "self": true}, "organizer": object{"email": email, "self": true}})
	if kind := text(body, "eventType"); kind != "" {
		f["eventType"] = kind
	}
	if fault := googleCheck(f, c); fault != nil {
		return nil, fault
	}
	return g.put(c, f), nil
}

// write is PUT or PATCH: all of it anew, or what is named. An instance of a series becomes an exception by it.
func (g *Google) write(c *googleSeat, id string, r *http.Request) (object, *googleFault) {
	body, fault := googleBody(r)
	if fault == nil {
		fault = c.writable()
	}
	if fault != nil {
		return nil, fault
	}
	e, fault := g.change(c.googleCalendar, id, r.Header.Get("If-Match"), body, r.Method == http.MethodPut)
	if fault != nil {
		return nil, fault
	}
	return e.shown(nil), nil
}

func (g *Google) change(c *googleCalendar, id, match string, body object, whole bool) (*googleEntry, *googleFault) {
	e := g.find(c, id)
	if e == nil {
		return nil, googleNotFound
	}
	if fault := e.matches(match); fault != nil {
		return nil, fault
	}
	old := e.fields
	f := maps.Clone(old)
	if whole {
		f = object{"status": "confirmed", "sequence": old["sequence"], "reminders": object{"useDefault": true}}
		for _, name := range googleOwn {
			if old[name] != nil {
				f[name] = old[name]
			}
		}
	}
	if sequence, is := body["sequence"].(float64); is && int(sequence) < f["sequence"].(int) {
		return nil, googleInvalid("Invalid sequence value. The specified sequence number is below the current sequence number of the resource. Re-fetch the resource and use its sequence number on the following request.")
	}
	if f["recurringEventId"] != nil && body["recurrence"] != nil {
		if rules, _ := body["recurrence"].([]any); len(rules) > 0 {
			return nil, googleInvalid("Cannot turn an instance of a recurring event into a recurring event itself.")
		}
	}
	googleMerge(f, body)
	if fault := googleCheck(f, c); fault != nil {
		return nil, fault
	}
	if zone := c.location(); !googleInstant(f["start"], zone).Equal(googleInstant(old["start"], zone)) || !googleInstant(f["end"], zone).Equal(googleInstant(old["end"], zone)) {
		f["sequence"] = f["sequence"].(int) + 1
	}
	f["updated"] = stamped(time.Now())
	return g.put(c, f), nil
}

func (e *googleEntry) matches(match string) *googleFault {
	if match != "" && match != "*" && match != e.etag() {
		return &googleFault{status: 412, reason: "conditionNotMet", message: "Precondition Failed"}
	}
	return nil
}

// googleMerge changes what is named: a member within a member too, a list as a whole; null takes away.
func googleMerge(into, body object) {
	for name, v := range body {
		if slices.Contains(googleOwn, name) {
			continue
		}
		googleMergeOne(into, name, v)
	}
	if sequence, is := into["sequence"].(float64); is {
		into["sequence"] = int(sequence)
	}
}

func googleMergeOne(into object, name string, v any) {
	inner, is := v.(object)
	switch list, isList := v.([]any); {
	case v == nil, isList && len(list) == 0:
		delete(into, name)
	case is:
		old, _ := into[name].(object)
		merged := maps.Clone(old)
		if merged == nil {
			merged = object{}
		}
		for k, v := range inner {
			googleMergeOne(merged, k, v)
		}
		into[name] = merged
	case v == "" && name != "id": // an empty text is none
		delete(into, name)
	default:
		into[name] = v
	}
}

// googleCheck judges an event and writes its times as Google does: by the calendar's clock.
func googleCheck(f object, c *googleCalendar) *googleFault {
	if status := text(f, "status"); !slices.Contains([]string{"confirmed", "tentative", "cancelled"}, status) {
		return googleInvalid("Invalid value for status.")
	}
	for _, name := range []string{"start", "end"} {
		moment, _ := f[name].(object)
		normal, fault := googleMoment(moment, c, f["recurrence"] != nil)
		if fault != nil {
			return fault
		}
		f[name] = normal
	}
	zone := c.location()
	begins, ends := googleSpan(f, zone)
	if (f["start"].(object)["date"] == nil) != (f["end"].(object)["date"] == nil) {
		return googleInvalid("Invalid start time: start and end times must either both be date or both be dateTime.")
	}
	if ends.Before(begins) {
		return &googleFault{status: 400, domain: "calendar", reason: "timeRangeEmpty", message: "The specified time range is empty."}
	}
	return googleLists(f)
}

// googleLists judges what is read again without looking: rules, guests, a number.
func googleLists(f object) *googleFault {
	rules, areRules := f["recurrence"].([]any)
	guests, areGuests := f["attendees"].([]any)
	_, isNumber := f["sequence"].(int)
	stranger := func(v any) bool { _, is := v.(object); return !is }
	if f["recurrence"] != nil && !areRules || f["attendees"] != nil && !areGuests || !isNumber || slices.ContainsFunc(guests, stranger) {
		return googleInvalid("Invalid value.")
	}
	for _, rule := range rules {
		if line, is := rule.(string); !is || !slices.ContainsFunc([]string{"RRULE", "EXRULE", "RDATE", "EXDATE"}, func(p string) bool { return strings.HasPrefix(line, p) }) {
			return googleInvalid("Invalid recurrence rule.")
		}
	}
	return nil
}

func googleMoment(m object, c *googleCalendar, recurs bool) (object, *googleFault) {
	day, at, name := text(m, "date"), text(m, "dateTime"), text(m, "timeZone")
	if day != "" && at != "" || day == "" && at == "" {
		return nil, googleInvalid("Invalid start time.")
	}
	if day != "" {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return nil, googleInvalid("Invalid value for date.")
		}
		return object{"date": day}, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, googleInvalid("Invalid time zone definition.")
	}
	instant, err := time.Parse(time.RFC3339, at)
	if err != nil && name != "" {
		instant, err = time.ParseInLocation("2006-01-02T15:04:05", at, zone)
	}
	switch {
	case err != nil:
		return nil, &googleFault{status: 400, reason: "required", message: "Missing time zone definition for start time."}
	case recurs && name == "":
		return nil, &googleFault{status: 400, reason: "required", message: "Missing time zone definition for start time."}
	case name == "":
		name = c.zone
	}
	return object{"dateTime": instant.In(c.location()).Format(time.RFC3339), "timeZone": name}, nil
}

func (g *Google) remove(c *googleSeat, id, match string) *googleFault {
	if fault := c.writable(); fault != nil {
		return fault
	}
	return g.delete(c.googleCalendar, id, match)
}

// delete keeps that it was there. The exceptions of a series go with it, and nothing tells of them.
func (g *Google) delete(c *googleCalendar, id, match string) *googleFault {
	e := g.find(c, id)
	if e == nil {
		return googleNotFound
	}
	if e.fields["status"] == "cancelled" {
		return &googleFault{status: 410, reason: "deleted", message: "Resource has been deleted"}
	}
	if fault := e.matches(match); fault != nil {
		return fault
	}
	f := maps.Clone(e.fields)
	f["status"], f["updated"] = "cancelled", stamped(time.Now())
	for exception, e := range c.events {
		if e.fields["recurringEventId"] == id {
			delete(c.events, exception)
		}
	}
	g.put(c, f)
	return nil
}
