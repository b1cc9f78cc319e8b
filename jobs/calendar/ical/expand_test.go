package ical

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func timed(start, end, zone string, rules ...string) Event {
	return Event{UID: "a", Title: "x", Starts: Moment{Wall: wallAt(start), Zone: zone}, Ends: Moment{Wall: wallAt(end), Zone: zone}, Busy: Blocks, Rules: rules}
}

func whole(start, end string, rules ...string) Event {
	return Event{UID: "a", Title: "x", Starts: Moment{Wall: wallAt(start), Day: true}, Ends: Moment{Wall: wallAt(end), Day: true}, Busy: Blocks, Rules: rules}
}

func instead(of Moment, e Event) Event {
	e.Replaces = &of
	return e
}

func cancelled(e Event) Event {
	e.Cancelled = true
	return e
}

// shown are the starts and ends as UTC, for one year unless the case says otherwise.
func shown(t *testing.T, zone string, from, until string, parts ...Event) string {
	t.Helper()
	otherwise, _, _ := Zone(zone)
	found, capped := Expand(parts, otherwise, wallAt(from), wallAt(until), 1000)
	if capped {
		t.Error("capped")
	}
	var out []string
	for _, o := range found {
		text := o.Starts.Format("0102T15:04") + "-" + o.Ends.Format("0102T15:04")
		if o.Busy != Blocks {
			text += " " + string(o.Busy)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestSeries(t *testing.T) {
	t.Parallel()
	london := func(text string) Moment { return Moment{Wall: wallAt(text), Zone: "Europe/London"} }
	utc := func(text string) Moment { return Moment{Wall: wallAt(text), Zone: "UTC"} }
	day := func(text string) Moment { return Moment{Wall: wallAt(text), Day: true} }
	weekly := timed("2027-03-20T10:00", "2027-03-20T11:00", "Europe/London", "RRULE:FREQ=WEEKLY;COUNT=3")
	for name, c := range map[string]struct {
		parts []Event
		zone  string
		want  string
	}{
		"single":                            {[]Event{timed("2027-06-12T12:00", "2027-06-12T23:00", "Europe/London")}, "", "0612T11:00-0612T22:00"},
		"floating":                          {[]Event{timed("2027-06-12T12:00", "2027-06-12T23:00", "")}, "America/New_York", "0612T16:00-0613T03:00"},
		"a day":                             {[]Event{whole("2027-06-12", "2027-06-13")}, "Europe/London", "0611T23:00-0612T23:00"},
		"a day of 23 hours":                 {[]Event{whole("2027-03-28", "2027-03-29")}, "Europe/London", "0328T00:00-0328T23:00"},
		"weekly across the change":          {[]Event{weekly}, "", "0320T10:00-0320T11:00, 0327T10:00-0327T11:00, 0403T09:00-0403T10:00"},
		"days across the change":            {[]Event{whole("2027-03-27", "2027-03-28", "RRULE:FREQ=DAILY;COUNT=3")}, "Europe/London", "0327T00:00-0328T00:00, 0328T00:00-0328T23:00, 0328T23:00-0329T23:00"},
		"cancelled":                         {[]Event{cancelled(weekly)}, "", ""},
		"one cancelled":                     {[]Event{weekly, cancelled(instead(london("2027-03-27T10:00"), timed("2027-03-27T10:00", "2027-03-27T11:00", "Europe/London")))}, "", "0320T10:00-0320T11:00, 0403T09:00-0403T10:00"},
		"one moved":                         {[]Event{weekly, instead(london("2027-04-03T10:00"), timed("2027-04-05T14:00", "2027-04-05T15:00", "Europe/London"))}, "", "0320T10:00-0320T11:00, 0327T10:00-0327T11:00, 0405T13:00-0405T14:00"},
		"one moved, named in UTC":           {[]Event{weekly, instead(utc("2027-04-03T09:00"), timed("2027-04-05T14:00", "2027-04-05T15:00", "Europe/London"))}, "", "0320T10:00-0320T11:00, 0327T10:00-0327T11:00, 0405T13:00-0405T14:00"},
		"one moved, named by its date":      {[]Event{weekly, instead(day("2027-04-03"), timed("2027-04-05T14:00", "2027-04-05T15:00", "Europe/London"))}, "", "0320T10:00-0320T11:00, 0327T10:00-0327T11:00, 0405T13:00-0405T14:00"},
		"the first moved":                   {[]Event{weekly, instead(london("2027-03-20T10:00"), timed("2027-03-21T10:00", "2027-03-21T11:00", "Europe/London"))}, "", "0321T10:00-0321T11:00, 0327T10:00-0327T11:00, 0403T09:00-0403T10:00"},
		"another series' exception":         {[]Event{weekly, func() Event { x := cancelled(instead(london("2027-03-27T10:00"), weekly)); x.UID = "b"; return x }()}, "", "0320T10:00-0320T11:00, 0327T10:00-0327T11:00, 0403T09:00-0403T10:00"},
		"exceptions alone":                  {[]Event{instead(london("2027-03-27T10:00"), timed("2027-03-27T12:00", "2027-03-27T13:00", "UTC")), timed("2027-03-28T12:00", "2027-03-28T13:00", "UTC")}, "", "0327T12:00-0327T13:00, 0328T12:00-0328T13:00"},
		"EXDATE":                            {[]Event{timed("2027-03-20T10:00", "2027-03-20T11:00", "Europe/London", "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/London:20270327T100000,20270403T100000")}, "", "0320T10:00-0320T11:00, 0410T09:00-0410T10:00"},
		"EXDATE in another zone":            {[]Event{timed("2027-03-20T10:00", "2027-03-20T11:00", "Europe/London", "RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE;TZID=Romance Standard Time:20270327T110000")}, "", "0320T10:00-0320T11:00"},
		"EXDATE of a date":                  {[]Event{timed("2027-03-20T10:00", "2027-03-20T11:00", "Europe/London", "RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE;VALUE=DATE:20270327")}, "", "0320T10:00-0320T11:00"},
		"EXDATE by the clock of the series": {[]Event{timed("2027-03-20T10:00", "2027-03-20T11:00", "Europe/London", "RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE:20270320T100000")}, "America/New_York", "0327T10:00-0327T11:00"},
		"RDATE":                             {[]Event{timed("2027-03-20T10:00", "2027-03-20T11:00", "Europe/London", "RDATE;TZID=Europe/London:20270412T100000,20270320T100000", "RDATE:20270413T100000Z")}, "", "0320T10:00-0320T11:00, 0412T09:00-0412T10:00, 0413T10:00-0413T11:00"},
		"RDATE of periods":                  {[]Event{timed("2027-03-20T10:00", "2027-03-20T11:00", "Europe/London", "RDATE;VALUE=PERIOD:20270412T100000Z/PT3H,20270413T100000Z/20270413T120000Z")}, "", "0320T10:00-0320T11:00, 0412T10:00-0412T13:00, 0413T10:00-0413T12:00"},
		"UNTIL in UTC":                      {[]Event{timed("2027-03-20T10:00", "2027-03-20T11:00", "America/New_York", "RRULE:FREQ=DAILY;UNTIL=20270322T140000Z")}, "", "0320T14:00-0320T15:00, 0321T14:00-0321T15:00, 0322T14:00-0322T15:00"},
		"UNTIL as a date":                   {[]Event{timed("2027-03-20T22:00", "2027-03-20T23:00", "America/New_York", "RRULE:FREQ=DAILY;UNTIL=20270321")}, "", "0321T02:00-0321T03:00, 0322T02:00-0322T03:00"},
		"UNTIL by the clock":                {[]Event{timed("2027-03-20T22:00", "2027-03-20T23:00", "America/New_York", "RRULE:FREQ=DAILY;UNTIL=20270321T215959")}, "", "0321T02:00-0321T03:00"},
		"days, UNTIL in UTC":                {[]Event{whole("2027-06-12", "2027-06-13", "RRULE:FREQ=DAILY;UNTIL=20270612T220000Z")}, "Europe/Berlin", "0611T22:00-0612T22:00, 0612T22:00-0613T22:00"},
		"days, UNTIL midnight in UTC":       {[]Event{whole("2027-06-12", "2027-06-13", "RRULE:FREQ=DAILY;UNTIL=20270613T000000Z")}, "America/New_York", "0612T04:00-0613T04:00, 0613T04:00-0614T04:00"},
		"by the clock, not by length":       {[]Event{timed("2027-10-23T22:00", "2027-10-24T04:00", "Europe/London", "RRULE:FREQ=WEEKLY;COUNT=2")}, "", "1023T21:00-1024T03:00, 1030T21:00-1031T04:00"},
		"in the hour that is skipped":       {[]Event{timed("2027-03-27T01:45", "2027-03-27T02:15", "Europe/London", "RRULE:FREQ=DAILY;COUNT=2")}, "", "0327T01:45-0327T02:15, 0328T01:45-0328T02:15"},
		"ends in another zone":              {[]Event{{UID: "a", Busy: Blocks, Starts: london("2027-03-27T10:00"), Ends: Moment{Wall: wallAt("2027-03-27T13:00"), Zone: "Europe/Paris"}, Rules: []string{"RRULE:FREQ=WEEKLY;COUNT=2"}}}, "", "0327T10:00-0327T12:00, 0403T09:00-0403T11:00"},
		"no time at all":                    {[]Event{timed("2027-06-12T12:00", "2027-06-12T12:00", "UTC")}, "", "0612T12:00-0612T12:00 free"},
		"the same twice":                    {[]Event{timed("2027-06-12T12:00", "2027-06-12T13:00", "UTC"), timed("2027-06-12T12:00", "2027-06-12T13:00", "UTC")}, "", "0612T12:00-0612T13:00"},
		"not in its own rule":               {[]Event{timed("2027-06-10T12:00", "2027-06-10T13:00", "UTC", "RRULE:FREQ=WEEKLY;BYDAY=SA;COUNT=2")}, "", "0610T12:00-0610T13:00, 0612T12:00-0612T13:00, 0619T12:00-0619T13:00"},
		"the last Friday":                   {[]Event{timed("2027-01-29T12:00", "2027-01-29T13:00", "UTC", "RRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=3")}, "", "0129T12:00-0129T13:00, 0226T12:00-0226T13:00, 0326T12:00-0326T13:00"},
		"the last working day":              {[]Event{timed("2027-01-29T12:00", "2027-01-29T13:00", "UTC", "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2")}, "", "0129T12:00-0129T13:00, 0226T12:00-0226T13:00"},
		"unknown words in a rule":           {[]Event{timed("2027-01-29T12:00", "2027-01-29T13:00", "UTC", "RRULE:FREQ=DAILY;COUNT=2;X-ODD=1;SKIP=OMIT;RSCALE=GREGORIAN")}, "", "0129T12:00-0129T13:00, 0130T12:00-0130T13:00"},
		"every six hours":                   {[]Event{timed("2027-01-01T03:00", "2027-01-01T04:00", "UTC", "RRULE:FREQ=HOURLY;INTERVAL=6;COUNT=3")}, "", "0101T03:00-0101T04:00, 0101T09:00-0101T10:00, 0101T15:00-0101T16:00"},
		"each half hour of the morning":     {[]Event{timed("2027-01-01T09:00", "2027-01-01T09:10", "UTC", "RRULE:FREQ=MINUTELY;INTERVAL=30;BYHOUR=9;COUNT=3")}, "", "0101T09:00-0101T09:10, 0101T09:30-0101T09:40, 0102T09:00-0102T09:10"},
		"hours that name minutes":           {[]Event{timed("2027-01-01T09:15", "2027-01-01T09:20", "UTC", "RRULE:FREQ=HOURLY;BYMINUTE=15,45;BYDAY=FR;COUNT=3")}, "", "0101T09:15-0101T09:20, 0101T09:45-0101T09:50, 0101T10:15-0101T10:20"},
	} {
		if got := shown(t, c.zone, "2027-01-01", "2028-01-01", c.parts...); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// Case 5: whole days, moved and cancelled instances of a series, across zones.
func TestCase5AllDaySeriesMovedAndCancelledAcrossZonesHitTheRightDate(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Pacific/Auckland", "Asia/Kolkata", "Europe/Berlin", "Europe/London", "America/New_York", "Pacific/Honolulu", "Pacific/Kiritimati", "Australia/Lord_Howe"} {
		clock, _, _ := Zone(zone)
		series := whole("2027-06-10", "2027-06-11", "RRULE:FREQ=DAILY;COUNT=5")
		midnight := Moment{Wall: Instant(wallAt("2027-06-11"), clock), Zone: "UTC"} // as servers write it that know instants alone
		for name, removed := range map[string]Moment{
			"its date": {Wall: wallAt("2027-06-11"), Day: true}, "midnight there": {Wall: wallAt("2027-06-11"), Zone: zone}, "floating midnight": {Wall: wallAt("2027-06-11")},
			"midnight in UTC": {Wall: wallAt("2027-06-11"), Zone: "UTC"}, "midnight there, in UTC": midnight,
		} {
			moved := instead(Moment{Wall: wallAt("2027-06-13"), Day: true}, whole("2027-06-20", "2027-06-21"))
			found, capped := Expand([]Event{series, cancelled(instead(removed, whole("2027-06-11", "2027-06-12"))), moved}, clock, wallAt("2027-06-01"), wallAt("2027-07-01"), 100)
			var days []string
			for _, o := range found {
				start, end := o.Starts.In(clock), o.Ends.In(clock)
				if !o.Day || start.Hour() != 0 || end.Sub(start) != 24*time.Hour {
					t.Errorf("%s, %s: %s to %s is no day", zone, name, start, end)
				}
				days = append(days, start.Format("02"))
			}
			if got := strings.Join(days, " "); got != "10 12 14 20" || capped {
				t.Errorf("%s, %s: %s", zone, name, got)
			}
		}
	}
}

// Case 4: a series that crosses every change keeps its place on the clock, in zones of odd offsets as well.
func TestCase4SeriesKeepsWallTimeOnChangeDaysAndInOddZones(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Europe/London", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kathmandu", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Gaza"} {
		clock, _, _ := Zone(zone)
		found, capped := Expand([]Event{timed("2024-01-01T18:00", "2024-01-02T06:00", zone, "RRULE:FREQ=DAILY")}, time.UTC, wallAt("2024-01-01"), wallAt("2033-01-01"), 5000)
		if capped || len(found) < 3288 {
			t.Fatalf("%s: %d, %v", zone, len(found), capped)
		}
		for _, o := range found {
			if start, end := o.Starts.In(clock), o.Ends.In(clock); start.Format("15:04") != "18:00" || end.Format("15:04") != "06:00" {
				t.Errorf("%s: %s to %s", zone, start, end)
			}
		}
	}
}

func TestTheWindow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, until string
		e           Event
		want        string
	}{
		"began before it":            {"2027-06-12T12:00", "2027-06-12T13:00", timed("2027-06-12T11:00", "2027-06-12T12:30", "UTC"), "0612T11:00-0612T12:30"},
		"over when it begins":        {"2027-06-12T12:00", "2027-06-12T13:00", timed("2027-06-12T11:00", "2027-06-12T12:00", "UTC"), ""},
		"begins when it is over":     {"2027-06-12T12:00", "2027-06-12T13:00", timed("2027-06-12T13:00", "2027-06-12T14:00", "UTC"), ""},
		"a series that began before": {"2027-06-12T12:00", "2027-06-13T12:00", timed("2019-01-05T22:00", "2019-01-06T14:00", "UTC", "RRULE:FREQ=DAILY"), "0611T22:00-0612T14:00, 0612T22:00-0613T14:00"},
		"a very old series":          {"2027-06-12", "2027-06-13", timed("1604-06-12T10:00", "1604-06-12T11:00", "UTC", "RRULE:FREQ=YEARLY"), "0612T10:00-0612T11:00"},
		"a leap day":                 {"2027-06-12", "2029-01-01", whole("1604-02-29", "1604-03-01", "RRULE:FREQ=YEARLY"), "0229T00:00-0301T00:00"},
		"of a long one":              {"2027-06-12", "2027-06-13", whole("2027-01-01", "2028-01-01", "RRULE:FREQ=YEARLY;INTERVAL=2"), "0101T00:00-0101T00:00"},
		"a series that is over":      {"2027-06-12", "2027-06-13", timed("2019-01-05T22:00", "2019-01-06T14:00", "UTC", "RRULE:FREQ=DAILY;COUNT=30"), ""},
	} {
		if got := shown(t, "UTC", c.from, c.until, c.e); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// A hostile or foolish rule may not hold us up, nor take more room than it was given.
func TestExpandIsBounded(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.TrimSuffix(strings.Repeat("1,", n), ",") }
	numbers := func(until int) string {
		var out []string
		for i := range until {
			out = append(out, fmt.Sprint(i))
		}
		return strings.Join(out, ",")
	}
	for rule, c := range map[string]struct {
		capped bool
		found  int // at most; the first is always there
	}{
		"FREQ=SECONDLY": {true, 50}, "FREQ=MINUTELY": {true, 50}, "FREQ=HOURLY": {true, 50}, "FREQ=DAILY": {true, 50},
		"FREQ=SECONDLY;BYHOUR=5;BYMINUTE=7;BYSECOND=3": {true, 50}, "FREQ=SECONDLY;COUNT=1000000000;BYHOUR=5": {true, 50},
		"FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30": {false, 0}, "FREQ=HOURLY;INTERVAL=24;BYHOUR=7": {false, 0}, "FREQ=MINUTELY;INTERVAL=1440;BYMINUTE=8": {false, 0},
		"FREQ=SECONDLY;INTERVAL=86400;BYSECOND=7": {false, 0}, "FREQ=SECONDLY;COUNT=10": {false, 0}, "FREQ=SECONDLY;COUNT=100000000000000000000": {true, 0},
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30": {false, 0}, "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31": {false, 0}, "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30": {false, 0}, "FREQ=WEEKLY;BYMONTH=13": {true, 0},
		"FREQ=YEARLY;INTERVAL=9223372036854775807": {true, 0}, "FREQ=YEARLY;INTERVAL=10000000": {false, 0}, "FREQ=MONTHLY;INTERVAL=10000000": {false, 0}, "FREQ=WEEKLY;INTERVAL=10000000": {false, 0}, "FREQ=DAILY;INTERVAL=0": {true, 50},
		"FREQ=DAILY;INTERVAL=-1": {true, 0}, "FREQ=DAILY;COUNT=-1": {true, 0}, "FREQ=FORTNIGHTLY": {true, 0}, "": {true, 0}, "nonsense": {true, 0}, "FREQ=DAILY;BYMONTHDAY=0": {true, 0},
		"FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=" + numbers(24) + ";BYMINUTE=" + numbers(60) + ";BYSECOND=" + numbers(60): {true, 0},
		"FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=" + numbers(24) + ";BYMINUTE=" + numbers(10):                              {true, 50},
		"FREQ=DAILY;BYSETPOS=" + long(240): {true, 50}, "FREQ=DAILY;BYMONTHDAY=" + long(100_000): {true, 0}, "FREQ=YEARLY;BYWEEKNO=53;BYDAY=53MO": {true, 50}, "FREQ=YEARLY;BYYEARDAY=-366": {false, 1},
		"RSCALE=CHINESE;FREQ=YEARLY": {true, 0}, "FREQ=DAILY;UNTIL=never": {true, 50},
	} {
		began := time.Now()
		found, capped := Expand([]Event{timed("1970-01-01T05:07:03", "1970-01-01T05:07:04", "Europe/London", "RRULE:"+rule)}, time.UTC, wallAt("2027-01-01"), wallAt("2029-01-01"), 50)
		if took := time.Since(began); took > 2*time.Second { // milliseconds, on a machine that has nothing else to do
			t.Errorf("%.60s took %s", rule, took)
		}
		if len(found) > c.found || len(found) > 50 {
			t.Errorf("%.60s: %d, %v; want %+v", rule, len(found), capped, c)
		}
		if capped != c.capped && len(found) != 0 {
			t.Errorf("%.60s: capped %v with %d", rule, capped, len(found))
		}
	}
}

// What the library gives and what we step through ourselves is the same, where the library comes to an end.
func TestStepsAgreeWithTheLibrary(t *testing.T) {
	t.Parallel()
	for daily, stepped := range map[string]string{
		"FREQ=DAILY;COUNT=40":                               "FREQ=HOURLY;INTERVAL=24;COUNT=40",
		"FREQ=DAILY;BYHOUR=9,17;COUNT=40":                   "FREQ=HOURLY;BYHOUR=9,17;COUNT=40",
		"FREQ=DAILY;BYDAY=SA,SU;BYHOUR=9;BYMINUTE=5,35":     "FREQ=MINUTELY;BYDAY=SA,SU;BYHOUR=9;BYMINUTE=5,35",
		"FREQ=DAILY;BYMONTHDAY=-1,1;BYHOUR=0;BYMINUTE=5":    "FREQ=HOURLY;BYMONTHDAY=-1,1;BYHOUR=0;BYMINUTE=5",
		"FREQ=DAILY;BYMONTH=6;BYHOUR=7;BYMINUTE=5":          "FREQ=MINUTELY;BYMONTH=6;BYHOUR=7;BYMINUTE=5",
		"FREQ=DAILY;BYHOUR=7;BYMINUTE=5;BYSECOND=0,30":      "FREQ=SECONDLY;BYHOUR=7;BYMINUTE=5;BYSECOND=0,30",
		"FREQ=YEARLY;BYYEARDAY=40,-200;BYHOUR=7;BYMINUTE=5": "FREQ=MINUTELY;BYYEARDAY=40,-200;BYHOUR=7;BYMINUTE=5",
		"FREQ=DAILY;UNTIL=20270301T090500Z;BYHOUR=9":        "FREQ=HOURLY;UNTIL=20270301T090500Z;BYHOUR=9",
	} {
		list := func(rule string) string {
			return shown(t, "UTC", "2027-01-20", "2027-07-01", timed("2027-01-01T09:05", "2027-01-01T09:06", "UTC", "RRULE:"+rule))
		}
		if a, b := list(daily), list(stepped); a != b || a == "" {
			t.Errorf("%s:\n%s\n%s:\n%s", daily, a, stepped, b)
		}
	}
}
