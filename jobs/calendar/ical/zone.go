package ical

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a bare machine has no zone files, and must still know when it is noon in London
)

// loaded keeps zones by their IANA names: reading one costs more than all else that is done with it. Only names that exist come
// in, so it cannot grow without end.
var loaded sync.Map

// Zone finds a zone under any name that calendars give it: IANA's, Windows', one with somebody's prefix, a display name, or an
// offset. It gives the IANA name too.
func Zone(name string) (*time.Location, string, bool) {
	if zone, iana, ok := named(name); ok {
		return zone, iana, true
	}
	return shifted(name)
}

// named are the names that stand for a place, which knows its summer time. Copies of the zones (right/, posix/) are known to nobody else.
func named(name string) (*time.Location, string, bool) {
	name = strings.Trim(strings.TrimSpace(name), `"' `)
	if name == "" || len(name) > 120 || strings.HasPrefix(name, "right/") || strings.HasPrefix(name, "posix/") {
		return nil, "", false
	}
	if zone, iana, ok := load(name); ok {
		return zone, iana, true
	}
	lower := strings.ToLower(name)
	for _, from := range []string{" daylight time", " summer time"} {
		lower = strings.Replace(lower, from, " standard time", 1)
	}
	if iana, ok := windows[lower]; ok {
		return load(iana)
	}
	if zone, iana, ok := displayed(name); ok {
		return zone, iana, true
	}
	// /freeassociation.sourceforge.net/Tzfile/Europe/London, /mozilla.org/20070129_1/America/Argentina/Salta, tzone://Microsoft/Utc
	for rest := name; ; {
		_, after, more := strings.Cut(rest, "/")
		if !more {
			break
		}
		if rest = after; strings.Contains(rest, "/") || strings.EqualFold(rest, "utc") {
			if zone, iana, ok := load(rest); ok {
				return zone, iana, true
			}
		}
	}
	return nil, "", false
}

// load takes IANA's names alone: Go would also load Local and files that stand beside the zones.
func load(name string) (*time.Location, string, bool) {
	switch strings.ToLower(name) {
	case "utc", "z", "etc/utc", "zulu", "uct", "universal", "coordinated universal time":
		return time.UTC, "UTC", true
	case "", "local", "localtime", "posixrules", "factory":
		return nil, "", false
	}
	for _, name := range []string{name, capitals(name)} {
		if zone, ok := loaded.Load(name); ok {
			return zone.(*time.Location), name, true
		}
		if zone, err := time.LoadLocation(name); err == nil {
			loaded.Store(name, zone)
			return zone, name, true
		}
	}
	return nil, "", false
}

// capitals writes EUROPE/LONDON as IANA does.
func capitals(name string) string {
	out, up := []byte(strings.ToLower(name)), true
	for i, c := range out {
		if up && c >= 'a' && c <= 'z' {
			out[i] = c - 'a' + 'A'
		}
		up = c == '/' || c == '_' || c == '-'
	}
	return string(out)
}
