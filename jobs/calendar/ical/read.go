package ical

import (
	"errors"
	"fmt"
	"strings"
)

const (
	largest  = 10 << 20
	mostRead = 20_000
	mostSaid = 20
)

var (
	ErrNoCalendar = errors.New("this is not a calendar: it has no BEGIN:VCALENDAR")
	ErrTooLarge   = errors.New("this calendar is larger than 10 MiB, and was not read")
)

// Read gives the events of a file or of a CalDAV object, in its order. It reads what it can: what it leaves out, it says in words.
// otherwise is the calendar's own zone, which a zone of the file's own making is tried against first; events whose zone stays
// unknown have none, which is the calendar's.
func Read(body []byte, otherwise string) ([]Event, []string, error) {
	if len(body) > largest {
		return nil, nil, ErrTooLarge
	}
	file := gather(unfold(body, longestLine))
	if !file.calendar {
		return nil, nil, ErrNoCalendar
	}
	r := reader{otherwise: otherwise, file: file, zones: map[string]string{}}
	var events []Event
	for _, lines := range file.events {
		if e, ok := r.event(lines); ok {
			events = append(events, e)
		}
	}
	if file.more > 0 {
		r.say(fmt.Sprintf("Only the first %d events were read; %d more were left out.", mostRead, file.more))
	}
	if r.unsaid > 0 {
		r.words = append(r.words, fmt.Sprintf("And %d more remarks like these.", r.unsaid))
	}
	return events, r.words, nil
}

// Objects puts events of one UID together, the series before its exceptions: what CalDAV keeps as one object.
func Objects(events []Event) [][]Event {
	var objects [][]Event
	at := map[string]int{}
	for _, e := range events {
		i, known := at[e.UID]
		if !known || e.UID == "" {
			at[e.UID] = len(objects)
			objects = append(objects, []Event{e})
			continue
		}
		objects[i] = append(objects[i], e)
		if e.Replaces == nil && objects[i][0].Replaces != nil {
			last := len(objects[i]) - 1
			objects[i][0], objects[i][last] = objects[i][last], objects[i][0]
		}
	}
	return objects
}

// reader keeps what the events of one file share.
type reader struct {
	otherwise string
	file      file
	zones     map[string]string // what each TZID came out as; "" is unknown
	words     []string
	unsaid    int
	said      map[string]bool
}

func (r *reader) say(words string) {
	if r.said[words] {
		return
	}
	if len(r.words) >= mostSaid {
		r.unsaid++
		return
	}
	if r.said == nil {
		r.said = map[string]bool{}
	}
	r.said[words] = true
	r.words = append(r.words, words)
}

// file is what a calendar's text holds, sorted.
type file struct {
	calendar bool
	zone     string // X-WR-TIMEZONE
	events   [][]line
	more     int // events beyond the most
	zones    [][]line
}

// wanted are the properties of an event that are looked at; the rest is not kept.
var wanted = map[string]bool{
	"UID": true, "SUMMARY": true, "LOCATION": true, "DESCRIPTION": true, "DTSTART": true, "DTEND": true, "DURATION": true, "TRANSP": true,
	"X-MICROSOFT-CDO-BUSYSTATUS": true, "STATUS": true, "CLASS": true, "SEQUENCE": true, "RECURRENCE-ID": true, "RRULE": true, "RDATE": true,
	"EXDATE": true, "EXRULE": true, "LAST-MODIFIED": true, "X-WEDSYNC-ID": true, "X-WEDSYNC-REV": true,
}

// gather sorts lines into components. An event ends where its END is, or where the next begins; what is inside an event
// (alarms) or beside it (tasks) is passed over.
func gather(lines []string) file {
	var f file
	var event, zone []line
	var inside []string // open components, the outermost first
	within := func(name string) bool {
		for _, open := range inside {
			if open == name {
				return true
			}
		}
		return false
	}
	closeUpTo := func(name string) {
		for within(name) {
			last := inside[len(inside)-1]
			inside = inside[:len(inside)-1]
			switch {
			case last == "VEVENT" && len(f.events) >= mostRead:
				f.more++
			case last == "VEVENT":
				f.events = append(f.events, event)
			case last == "VTIMEZONE" && len(f.zones) < 500:
				f.zones = append(f.zones, zone)
			}
		}
	}
	for _, text := range lines {
		l, ok := parse(text)
		if !ok {
			continue
		}
		top := ""
		if len(inside) > 0 {
			top = inside[len(inside)-1]
		}
		switch name := strings.ToUpper(strings.TrimSpace(l.value)); {
		case l.name == "BEGIN":
			switch name {
			case "VCALENDAR":
				closeUpTo("VCALENDAR")
				f.calendar = true
			case "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE":
				for _, open := range []string{"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE"} {
					closeUpTo(open)
				}
				event, zone = nil, nil
			}
			if len(inside) < 16 {
				inside = append(inside, name)
			}
			if within("VTIMEZONE") {
				zone = append(zone, l)
			}
		case l.name == "END":
			closeUpTo(name)
		case top == "VEVENT" && wanted[l.name] && len(event) < 2000:
			event = append(event, l)
		case within("VTIMEZONE") && len(zone) < 500:
			zone = append(zone, l)
		case top == "VCALENDAR" && l.name == "X-WR-TIMEZONE" && f.zone == "":
			f.zone = strings.TrimSpace(l.value)
		}
	}
	closeUpTo("VEVENT")
	closeUpTo("VTIMEZONE")
	// Some servers' objects have lost their wrapping.
	f.calendar = f.calendar || len(f.events) > 0
	return f
}
