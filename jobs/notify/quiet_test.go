package notify

import (
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries"
)

func zoneNamed(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// moment reads "2027-06-12 23:00 BST"-like text; the offset says which of two equal hours is meant.
func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04 -0700", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestQuietHoursEndByTheClock(t *testing.T) {
	t.Parallel()
	night, evening, lunch := Quiet{22 * 60, 7 * 60}, Quiet{22 * 60, 90}, Quiet{12 * 60, 13*60 + 30}
	tests := []struct {
		name, zone string
		quiet      Quiet
		at, want   string
	}{
		{"before the night", "Europe/London", night, "2027-06-12 21:59 +0100", "2027-06-12 21:59 +0100"},
		{"as it begins", "Europe/London", night, "2027-06-12 22:00 +0100", "2027-06-13 07:00 +0100"},
		{"before midnight", "Europe/London", night, "2027-06-12 23:59 +0100", "2027-06-13 07:00 +0100"},
		{"at midnight", "Europe/London", night, "2027-06-13 00:00 +0100", "2027-06-13 07:00 +0100"},
		{"its last minute", "Europe/London", night, "2027-06-13 06:59 +0100", "2027-06-13 07:00 +0100"},
		{"when it is over", "Europe/London", night, "2027-06-13 07:00 +0100", "2027-06-13 07:00 +0100"},
		{"the last night of a year", "Europe/London", night, "2027-12-31 23:30 +0000", "2028-01-01 07:00 +0000"},
		{"until midnight", "Europe/London", Quiet{20 * 60, 0}, "2027-06-12 20:00 +0100", "2027-06-13 00:00 +0100"},
		{"until midnight, at midnight", "Europe/London", Quiet{20 * 60, 0}, "2027-06-13 00:00 +0100", "2027-06-13 00:00 +0100"},
		{"from midnight", "Europe/London", Quiet{0, 7 * 60}, "2027-06-13 00:00 +0100", "2027-06-13 07:00 +0100"},
		{"within a day", "Europe/London", lunch, "2027-06-12 12:10 +0100", "2027-06-12 13:30 +0100"},
		{"within a day, after it", "Europe/London", lunch, "2027-06-12 13:30 +0100", "2027-06-12 13:30 +0100"},
		{"the whole day, in the morning", "Europe/London", Quiet{420, 420}, "2027-06-12 06:59 +0100", "2027-06-12 07:00 +0100"},
		{"the whole day, in its minute", "Europe/London", Quiet{420, 420}, "2027-06-12 07:00 +0100", "2027-06-12 07:00 +0100"},
		{"the whole day, after it", "Europe/London", Quiet{420, 420}, "2027-06-12 07:01 +0100", "2027-06-13 07:00 +0100"},

		{"a night that is an hour short", "Europe/London", night, "2027-03-27 23:00 +0000", "2027-03-28 07:00 +0100"},
		{"a night that is an hour long", "Europe/London", night, "2027-10-30 23:00 +0100", "2027-10-31 07:00 +0000"},
		{"until an hour that is left out", "Europe/London", evening, "2027-03-28 00:30 +0000", "2027-03-28 02:00 +0100"},
		{"the evening before such an hour", "Europe/London", evening, "2027-03-27 22:30 +0000", "2027-03-28 02:00 +0100"},
		{"once that hour was left out", "Europe/London", evening, "2027-03-28 02:00 +0100", "2027-03-28 02:00 +0100"},
		{"until an hour that comes twice", "Europe/London", evening, "2027-10-31 00:30 +0100", "2027-10-31 01:30 +0100"},
		{"between the two of it", "Europe/London", evening, "2027-10-31 01:45 +0100", "2027-10-31 01:45 +0100"},
		{"when it is quiet once more", "Europe/London", evening, "2027-10-31 01:10 +0000", "2027-10-31 01:30 +0000"},
		{"in America, left out", "America/New_York", Quiet{22 * 60, 150}, "2027-03-14 01:15 -0500", "2027-03-14 03:00 -0400"},
		{"in America, twice", "America/New_York", evening, "2027-11-06 23:00 -0400", "2027-11-07 01:30 -0400"},
		{"in America, the second time", "America/New_York", evening, "2027-11-07 01:05 -0500", "2027-11-07 01:30 -0500"},
		{"half an hour left out", "Australia/Lord_Howe", Quiet{22 * 60, 135}, "2027-10-03 01:00 +1030", "2027-10-03 02:30 +1100"},
		{"a midnight that is left out", "America/Santiago", Quiet{20 * 60, 0}, "2027-09-04 21:00 -0400", "2027-09-05 01:00 -0300"},
		{"odd offsets", "Asia/Kathmandu", night, "2027-06-12 23:00 +0545", "2027-06-13 07:00 +0545"},
	}
	for _, tt := range tests {
		at, want := moment(t, tt.at), moment(t, tt.want)
		p := Person{Zone: zoneNamed(t, tt.zone), Quiet: &tt.quiet}
		if got := p.awake(queries.ChannelEmail, at); !got.Equal(want) {
			t.Errorf("%s: at %s until %s, want %s", tt.name, tt.at, got.Format("2006-01-02 15:04 -0700"), tt.want)
		}
	}
}

// TestQuietHoursNeverEndBehindUs walks through both nights on which clocks change, with every hour as an end.
func TestQuietHoursNeverEndBehindUs(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Pacific/Chatham"} {
		for _, year := range []string{"2027-03-07 00:00 +0000", "2027-09-01 00:00 +0000"} {
			from := moment(t, year)
			for until := 0; until < 1440; until += 30 {
				p := Person{Zone: zoneNamed(t, zone), Quiet: &Quiet{22 * 60, until}}
				for at := from; at.Before(from.AddDate(0, 2, 10)); at = at.Add(95 * time.Minute) {
					end := p.awake(queries.ChannelSms, at)
					if end.Before(at) || end.After(at.Add(25*time.Hour)) {
						t.Fatalf("%s until %d: at %s until %s", zone, until, at.In(p.Zone), end)
					}
					if again := p.awake(queries.ChannelSms, end); !again.Equal(end) {
						t.Fatalf("%s until %d: at %s awake at %s, and there quiet until %s", zone, until, at.In(p.Zone), end, again)
					}
				}
			}
		}
	}
}

func TestWeddingsOpenTheNight(t *testing.T) {
	t.Parallel()
	// A wedding in New York, 10:00 to 23:00 there, of somebody in London: open from 13:00 until 06:00 by their clock.
	there := zoneNamed(t, "America/New_York")
	wedding := Around(time.Date(2027, 6, 12, 10, 0, 0, 0, there), time.Date(2027, 6, 12, 23, 0, 0, 0, there))
	early := Around(time.Date(2027, 6, 14, 7, 30, 0, 0, zoneNamed(t, "Europe/London")), time.Date(2027, 6, 14, 18, 0, 0, 0, zoneNamed(t, "Europe/London")))
	p := Person{Zone: zoneNamed(t, "Europe/London"), Quiet: &Quiet{22 * 60, 7 * 60}, Open: []Window{early, wedding}}
	for _, tt := range []struct{ name, at, want string }{
		{"the night before it", "2027-06-12 01:00 +0100", "2027-06-12 07:00 +0100"},
		{"in its evening", "2027-06-12 22:30 +0100", "2027-06-12 22:30 +0100"},
		{"in its night", "2027-06-13 05:59 +0100", "2027-06-13 05:59 +0100"},
		{"two hours after breakdown", "2027-06-13 06:00 +0100", "2027-06-13 07:00 +0100"},
		{"before one that begins while it is quiet", "2027-06-14 03:00 +0100", "2027-06-14 05:30 +0100"},
		{"two hours before load-in", "2027-06-14 05:30 +0100", "2027-06-14 05:30 +0100"},
		{"far from any", "2027-06-16 23:00 +0100", "2027-06-17 07:00 +0100"},
	} {
		if got := p.awake(queries.ChannelSms, moment(t, tt.at)); !got.Equal(moment(t, tt.want)) {
			t.Errorf("%s: until %s, want %s", tt.name, got.Format("2006-01-02 15:04 -0700"), tt.want)
		}
	}
}

func TestAPushSleepsWhereItsDeviceIs(t *testing.T) {
	t.Parallel()
	p := Person{Zone: zoneNamed(t, "Europe/London"), PushZone: zoneNamed(t, "Asia/Tokyo"), Quiet: &Quiet{22 * 60, 7 * 60}}
	at := moment(t, "2027-06-12 14:00 +0100") // 22:00 in Tokyo
	if got := p.awake(queries.ChannelPush, at); !got.Equal(moment(t, "2027-06-13 07:00 +0900")) {
		t.Errorf("a push: %s", got)
	}
	if got := p.awake(queries.ChannelEmail, at); !got.Equal(at) {
		t.Errorf("a letter: %s", got)
	}
	p.PushZone = nil
	if got := p.awake(queries.ChannelPush, at); !got.Equal(at) {
		t.Errorf("without a zone of its own: %s", got)
	}
}

func TestBundlesGoInTheMorning(t *testing.T) {
	t.Parallel()
	zone := zoneNamed(t, "Europe/London")
	for _, tt := range []struct{ at, daily, weekly string }{
		{"2027-06-14 07:59 +0100", "2027-06-14 08:00 +0100", "2027-06-14 08:00 +0100"}, // a Monday
		{"2027-06-14 08:00 +0100", "2027-06-15 08:00 +0100", "2027-06-21 08:00 +0100"},
		{"2027-06-20 23:59 +0100", "2027-06-21 08:00 +0100", "2027-06-21 08:00 +0100"},
		{"2027-03-27 09:00 +0000", "2027-03-28 08:00 +0100", "2027-03-29 08:00 +0100"}, // the clocks go forward
		{"2027-10-30 09:00 +0100", "2027-10-31 08:00 +0000", "2027-11-01 08:00 +0000"}, // and back
		{"2027-06-13 23:30 -0400", "2027-06-14 08:00 +0100", "2027-06-14 08:00 +0100"}, // Monday already, where they are
	} {
		at := moment(t, tt.at).In(zone)
		if d, w := nextDaily(at), nextWeekly(at); !d.Equal(moment(t, tt.daily)) || !w.Equal(moment(t, tt.weekly)) {
			t.Errorf("%s: %s, %s", tt.at, d, w)
		}
	}
}
