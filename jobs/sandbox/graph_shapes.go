package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
)

const graphWall = "2006-01-02T15:04:05.0000000"

var (
	graphPreferZone = regexp.MustCompile(`outlook\.timezone="([^"]*)"`)
	graphPreferText = regexp.MustCompile(`outlook\.body-content-type="text"`)
	graphPreferSize = regexp.MustCompile(`odata\.maxpagesize=(\d+)`)
)

// prefers is what a Prefer header asks for.
func graphPrefers(r *http.Request) (zone *time.Location, name string, text bool, size int) {
	header := strings.Join(r.Header.Values("Prefer"), ",")
	zone, name = time.UTC, "UTC"
	if m := graphPreferZone.FindStringSubmatch(header); m != nil {
		if named, _, known := ical.Zone(m[1]); known {
			zone, name = named, m[1]
		}
	}
	if m := graphPreferSize.FindStringSubmatch(header); m != nil {
		size = number(m[1], 0)
	}
	return zone, name, graphPreferText.MatchString(header), size
}

func (e *graphEvent) kind() string {
	switch {
	case e.Recurs != nil:
		return "seriesMaster"
	case e.master == "":
		return "singleInstance"
	case e.exception:
		return "exception"
	}
	return "occurrence"
}

// stub is all that a delta says of an occurrence.
func (e *graphEvent) stub(r *http.Request) object {
	zone, name, _, _ := graphPrefers(r)
	return object{"@odata.type": "#microsoft.graph.event", "@odata.etag": e.etag(), "id": e.id, "seriesMasterId": e.master, "type": e.kind(),
		"start": e.when(e.Starts, zone, name), "end": e.when(e.Ends, zone, name)}
}

func (e *graphEvent) when(wall time.Time, zone *time.Location, name string) object {
	if !e.AllDay {
		wall = e.instant(wall).In(zone)
	}
	return object{"dateTime": wall.Format(graphWall), "timeZone": name}
}

func (e *graphEvent) show(r *http.Request) object {
	zone, name, text, _ := graphPrefers(r)
	body := object{"contentType": "text", "content": e.Body}
	if !text {
		body = object{"contentType": "html", "content": "<html><head></head><body>" + e.Body + "</body></html>"}
	}
	o := object{"@odata.type": "#microsoft.graph.event", "@odata.etag": e.etag(), "id": e.id, "changeKey": e.changeKey(), "createdDateTime": e.made.Format(time.RFC3339Nano),
		"lastModifiedDateTime": e.at.Format(time.RFC3339Nano), "categories": []any{}, "transactionId": nil, "originalStartTimeZone": e.zone, "originalEndTimeZone": e.zone,
		"iCalUId": "040000008200E00074C5B7101A82E008" + cmp.Or(e.master, e.id), "subject": e.Subject, "body": body, "bodyPreview": e.Body[:min(len(e.Body), 255)],
		"importance": "normal", "sensitivity": e.Sensitivity, "isAllDay": e.AllDay, "isCancelled": e.Cancelled, "isOrganizer": true, "isDraft": false, "isOnlineMeeting": false,
		"hasAttachments": false, "seriesMasterId": nil, "showAs": e.ShowAs, "type": e.kind(), "recurrence": nil, "originalStart": nil,
		"location": object{"displayName": e.Location, "locationType": "default"}, "start": e.when(e.Starts, zone, name), "end": e.when(e.Ends, zone, name)}
	if e.transaction != "" {
		o["transactionId"] = e.transaction
	}
	if e.master != "" {
		o["seriesMasterId"], o["originalStart"] = e.master, e.instant(e.stands).Format(time.RFC3339)
	}
	if e.Recurs != nil {
		o["recurrence"] = e.recurrence()
	}
	if expand := r.URL.Query().Get("$expand"); strings.HasPrefix(expand, "singleValueExtendedProperties") {
		properties := []object{}
		for id, value := range e.properties {
			if strings.Contains(expand, "'"+id+"'") {
				properties = append(properties, object{"id": id, "value": value})
			}
		}
		o["singleValueExtendedProperties"] = properties
	}
	return o
}

func (e *graphEvent) recurrence() object {
	rule := e.Recurs
	pattern := object{"type": rule.Type, "interval": max(rule.Interval, 1), "month": 0, "dayOfMonth": 0, "daysOfWeek": []string{}, "firstDayOfWeek": "sunday", "index": "first"}
	switch rule.Type {
	case "weekly":
		days := []string{}
		for _, d := range rule.Days {
			days = append(days, strings.ToLower(d.String()))
		}
		if len(days) == 0 {
			days = []string{strings.ToLower(e.Starts.Weekday().String())}
		}
		pattern["daysOfWeek"] = days
	case "absoluteYearly":
		pattern["month"], pattern["dayOfMonth"] = int(e.Starts.Month()), e.Starts.Day()
	case "absoluteMonthly":
		pattern["dayOfMonth"] = e.Starts.Day()
	}
	within := object{"type": "noEnd", "startDate": e.Starts.Format(time.DateOnly), "recurrenceTimeZone": e.zone, "numberOfOccurrences": 0}
	switch {
	case rule.Count > 0:
		within["type"], within["numberOfOccurrences"] = "numbered", rule.Count
	case !rule.Until.IsZero():
		within["type"], within["endDate"] = "endDate", rule.Until.Format(time.DateOnly)
	}
	return object{"pattern": pattern, "range": within}
}

// graphSaid is what a caller says of an event. What is nil is not said.
type graphSaid struct {
	Subject     *string
	Body        *struct{ ContentType, Content string }
	Location    *struct{ DisplayName string }
	Start, End  *struct{ DateTime, TimeZone string }
	IsAllDay    *bool
	ShowAs      *string
	Sensitivity *string
	Transaction string                       `json:"transactionId"`
	Properties  []struct{ ID, Value string } `json:"singleValueExtendedProperties"`
	Recurrence  *struct {
		Pattern struct {
			Type       string
			Interval   int
			DaysOfWeek []string
		}
		Range struct {
			Type, EndDate       string
			NumberOfOccurrences int
		}
	}
}

func graphReadSaid(r *http.Request) (said graphSaid, fault *graphFault) {
	if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
		return said, &graphFault{status: 400, code: "BadRequest", message: "Unable to read JSON request payload."}
	}
	return said, nil
}

// apply sets what was said.
func (g *Graph) apply(e *graphEvent, said graphSaid) *graphFault {
	set := func(to *string, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&e.Subject, said.Subject)
	set(&e.ShowAs, said.ShowAs)
	set(&e.Sensitivity, said.Sensitivity)
	if said.Body != nil {
		e.Body = said.Body.Content
	}
	if said.Location != nil {
		e.Location = said.Location.DisplayName
	}
	if said.IsAllDay != nil {
		e.AllDay = *said.IsAllDay
	}
	for _, p := range said.Properties {
		if p.Value == "" || !strings.HasPrefix(p.ID, "String {") {
			return &graphFault{status: 400, code: "ErrorInvalidProperty", message: "An extended property needs an id and a value."}
		}
		e.properties[p.ID] = p.Value
	}
	if said.Recurrence != nil {
		e.Recurs = &GraphRule{Type: said.Recurrence.Pattern.Type, Interval: said.Recurrence.Pattern.Interval, Count: said.Recurrence.Range.NumberOfOccurrences}
		for _, name := range said.Recurrence.Pattern.DaysOfWeek {
			if d := slices.Index(graphWeekdays, strings.ToLower(name)); d >= 0 {
				e.Recurs.Days = append(e.Recurs.Days, time.Weekday(d))
			}
		}
		e.Recurs.Until, _ = time.Parse(time.DateOnly, said.Recurrence.Range.EndDate) // told or not
	}
	return g.applyTimes(e, said)
}

var graphWeekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

func (g *Graph) applyTimes(e *graphEvent, said graphSaid) *graphFault {
	if said.Start != nil && said.End != nil {
		name := said.Start.TimeZone
		_, _, known := ical.Zone(name)
		starts, err := time.Parse("2006-01-02T15:04:05", said.Start.DateTime)
		ends, err2 := time.Parse("2006-01-02T15:04:05", said.End.DateTime)
		switch {
		case !known || g.WindowsOnly && strings.Contains(name, "/"):
			return &graphFault{status: 400, code: "TimeZoneNotSupportedException", message: "A time zone is not supported: " + name}
		case err != nil || err2 != nil || said.End.TimeZone != name:
			return &graphFault{status: 400, code: "ErrorInvalidRequest", message: "A time cannot be read."}
		}
		e.Starts, e.Ends, e.Zone, e.zone = starts, ends, name, name
	}
	switch midnight := func(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }; {
	case e.Ends.Before(e.Starts):
		return &graphFault{status: 400, code: "ErrorCalendarEndDateIsEarlierThanStartDate", message: "End is before start."}
	case e.AllDay && (!midnight(e.Starts) || !midnight(e.Ends) || e.Starts.Equal(e.Ends)):
		return &graphFault{status: 400, code: "ErrorPropertyValidationFailure", message: "An all-day event begins and ends at midnight, a day or more apart."}
	}
	return nil
}
