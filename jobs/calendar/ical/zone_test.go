package ical

import (
	"testing"
	"time"
)

func TestEveryWindowsZoneIsAZoneOfIANAs(t *testing.T) {
	t.Parallel()
	if len(windows) < 140 {
		t.Errorf("only %d names", len(windows))
	}
	for name, iana := range windows {
		zone, got, ok := Zone(name)
		if !ok || zone == nil || got != iana {
			t.Errorf("%s: %q, %v; want %s", name, got, ok, iana)
		}
		if _, err := time.LoadLocation(iana); err != nil {
			t.Errorf("%s: %v", iana, err)
		}
	}
}

func TestZonesUnderTheNamesThatCalendarsGiveThem(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Europe/London": "Europe/London", "EUROPE/LONDON": "Europe/London", " Europe/Paris ": "Europe/Paris", `"Europe/Paris"`: "Europe/Paris",
		"GMT Standard Time": "Europe/London", "gmt daylight time": "Europe/London", "W. Europe Standard Time": "Europe/Berlin", "Central European Summer Time": "Europe/Warsaw",
		"/freeassociation.sourceforge.net/Europe/London": "Europe/London", "/freeassociation.sourceforge.net/Tzfile/Europe/London": "Europe/London",
		"/mozilla.org/20070129_1/America/Argentina/Salta": "America/Argentina/Salta", "/citadel.org/20210210_1/Europe/Berlin": "Europe/Berlin", "tzone://Microsoft/Utc": "UTC",
		"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna":  "Europe/Amsterdam",
		"(UTC) Dublin, Edinburgh, Lisbon, London":                       "Europe/Dublin",
		"(UTC+00:00) Dublin, Edinburgh, Lisbon, London":                 "Europe/Dublin",
		"(GMT) Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London": "Europe/Dublin",
		"(UTC-05:00) Eastern Time (US & Canada)":                        "America/New_York",
		"(GMT-08.00) Pacific Time (US & Canada)":                        "America/Los_Angeles",
		"(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi":               "Asia/Kolkata",
		"(UTC+10:00) Canberra, Melbourne, Sydney":                       "Australia/Sydney",
		"(UTC) Coordinated Universal Time":                              "UTC",
		"UTC":                                                           "UTC", "Z": "UTC", "Etc/UTC": "UTC", "GMT+0100": "Etc/GMT-1", "UTC+1": "Etc/GMT-1", "UTC-05:00": "Etc/GMT+5", "+0530": "Asia/Kolkata", "GMT+05:45": "Asia/Kathmandu",
		"UTC+12": "Etc/GMT-12", "UTC-11": "Etc/GMT+11", "GMT+00:00": "UTC", "Etc/GMT+5": "Etc/GMT+5", "US/Eastern": "US/Eastern",
	} {
		zone, got, ok := Zone(name)
		if !ok || zone == nil || got != want {
			t.Errorf("Zone(%q) = %q, %v; want %q", name, got, ok, want)
		}
	}
	zone, _, _ := Zone("GMT+0100")
	if got := Instant(time.Date(2027, 7, 1, 12, 0, 0, 0, time.UTC), zone); got.Hour() != 11 {
		t.Errorf("an hour ahead is an hour behind: %s", got)
	}
}

func TestWhatIsNoZone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", " ", "Local", "localtime", "posixrules", "Factory", "right/Europe/London", "posix/Europe/London", "../../etc/passwd", "/etc/localtime", "Customized Time Zone",
		"tzone://Microsoft/Custom", "(UTC+01:00) Nowhere", "(UTC+05:00) London", "Mars/Olympus", "UTC+15", "UTC+1:99", "+", "Europe/", "\x00", "zone.tab", "Europe/London/Europe"} {
		if _, got, ok := Zone(name); ok {
			t.Errorf("Zone(%q) = %q", name, got)
		}
	}
}
