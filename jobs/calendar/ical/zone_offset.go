package ical

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

var (
	// "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "(GMT) Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London"
	display = regexp.MustCompile(`^\((?:UTC|GMT)\s*([+\-−]?[\d:.]*)\)\s*(.*)$`)
	// GMT+0100, UTC+1, UTC-05:00, +01:00
	plain = regexp.MustCompile(`^(?i:UTC|GMT)?\s*([+\-−])(\d{1,2})(?:[:.]?(\d{2}))?$`)
)

// areas are where a city of a display name may lie.
var areas = []string{"Europe/", "America/", "Asia/", "Australia/", "Africa/", "Pacific/", "Atlantic/", "Indian/"}

// regions are the display names that name no city of IANA's.
var regions = map[string]string{
	"eastern time (us & canada)": "America/New_York", "central time (us & canada)": "America/Chicago",
	"mountain time (us & canada)": "America/Denver", "pacific time (us & canada)": "America/Los_Angeles",
	"eastern time": "America/New_York", "central time": "America/Chicago", "mountain time": "America/Denver", "pacific time": "America/Los_Angeles",
	"atlantic time (canada)": "America/Halifax", "arizona": "America/Phoenix", "alaska": "America/Anchorage", "hawaii": "Pacific/Honolulu",
	"newfoundland": "America/St_Johns", "indiana (east)": "America/Indiana/Indianapolis", "saskatchewan": "America/Regina",
	"central america": "America/Guatemala", "brasilia": "America/Sao_Paulo", "greenland": "America/Nuuk", "azores": "Atlantic/Azores",
	"cabo verde is.": "Atlantic/Cape_Verde", "cape verde is.": "Atlantic/Cape_Verde", "edinburgh": "Europe/London",
	"abu dhabi": "Asia/Dubai", "islamabad": "Asia/Karachi", "chennai": "Asia/Kolkata", "new delhi": "Asia/Kolkata",
	"beijing": "Asia/Shanghai", "osaka": "Asia/Tokyo", "canberra": "Australia/Sydney", "wellington": "Pacific/Auckland", "auckland": "Pacific/Auckland",
	"west central africa": "Africa/Lagos", "pretoria": "Africa/Johannesburg", "hanoi": "Asia/Bangkok", "kuala lumpur": "Asia/Singapore",
	"guadalajara": "America/Mexico_City", "st. petersburg": "Europe/Moscow", "jerusalem": "Asia/Jerusalem", "kyiv": "Europe/Kiev",
	"coordinated universal time": "UTC",
}

// displayed finds the first city of a display name that IANA knows and that has the offset shown, in winter or in summer.
func displayed(name string) (*time.Location, string, bool) {
	parts := display.FindStringSubmatch(name)
	if parts == nil {
		return nil, "", false
	}
	_, cities, found := strings.Cut(parts[2], " : ")
	if !found {
		cities = parts[2]
	}
	shown, ok := signed(parts[1])
	if !ok {
		return nil, "", false
	}
	for _, city := range append([]string{cities}, strings.Split(cities, ",")...) {
		city = strings.TrimSpace(city)
		candidates := []string{}
		if iana, ok := regions[strings.ToLower(city)]; ok {
			candidates = append(candidates, iana)
		}
		for _, area := range areas {
			candidates = append(candidates, area+strings.ReplaceAll(city, " ", "_"))
		}
		for _, candidate := range candidates {
			zone, iana, ok := load(candidate)
			if ok && city != "" && (offset(midwinter.In(zone)) == shown || offset(midsummer.In(zone)) == shown) {
				return zone, iana, true
			}
		}
	}
	return nil, "", false
}

var (
	midwinter = time.Date(2026, time.January, 10, 12, 0, 0, 0, time.UTC)
	midsummer = time.Date(2026, time.July, 10, 12, 0, 0, 0, time.UTC)
)

// steady are the places whose clocks keep an offset of broken hours all year.
var steady = map[time.Duration]string{
	3*time.Hour + 30*time.Minute: "Asia/Tehran", 4*time.Hour + 30*time.Minute: "Asia/Kabul", 5*time.Hour + 30*time.Minute: "Asia/Kolkata",
	5*time.Hour + 45*time.Minute: "Asia/Kathmandu", 6*time.Hour + 30*time.Minute: "Asia/Yangon", 8*time.Hour + 45*time.Minute: "Australia/Eucla",
	9*time.Hour + 30*time.Minute: "Australia/Darwin", -(9*time.Hour + 30*time.Minute): "Pacific/Marquesas",
}

// shifted are names that are only an offset. Etc/GMT-1 is an hour ahead: its sign is the wrong way round for historical reasons.
func shifted(name string) (*time.Location, string, bool) {
	name = strings.TrimSpace(name)
	if parts := display.FindStringSubmatch(name); parts != nil && (parts[2] == "" || strings.HasPrefix(parts[2], "Coordinated")) {
		name = "UTC" + parts[1]
	}
	if strings.EqualFold(name, "UTC") || strings.EqualFold(name, "GMT") {
		return time.UTC, "UTC", true
	}
	parts := plain.FindString(name)
	if parts == "" {
		return nil, "", false
	}
	by, ok := signed(strings.TrimLeft(strings.ToUpper(parts), "UTCGM "))
	if !ok {
		return nil, "", false
	}
	hours := int(by / time.Hour)
	switch {
	case by == 0:
		return time.UTC, "UTC", true
	case by%time.Hour == 0 && hours >= -12 && hours <= 14:
		return load(fmt.Sprintf("Etc/GMT%+d", -hours))
	case steady[by] != "":
		return load(steady[by])
	}
	return nil, "", false
}

// signed reads +01:00, -5, +0530; nothing at all is none.
func signed(text string) (time.Duration, bool) {
	if text == "" {
		return 0, true
	}
	parts := plain.FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	by := time.Duration(number(parts[2]))*time.Hour + time.Duration(number(parts[3]))*time.Minute
	if by > 14*time.Hour {
		return 0, false
	}
	if parts[1] != "+" {
		by = -by
	}
	return by, true
}
