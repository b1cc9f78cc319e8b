package ical

import (
	"os"
	"strings"
	"testing"
	"time"
)

// everyZone is IANA's list, as the Go that we build with carries it.
func everyZone(t *testing.T) []string {
	t.Helper()
	list, err := os.ReadFile("testdata/zones.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(list))
	if len(names) < 590 {
		t.Fatalf("only %d zones", len(names))
	}
	return names
}

func changesBetween(zone *time.Location, from, until time.Time) []time.Time {
	var changes []time.Time
	for at := from.In(zone); ; {
		_, end := at.ZoneBounds()
		if end.IsZero() || !end.Before(until) {
			return changes
		}
		changes = append(changes, end)
		at = end
	}
}

// Case 4: wall time stays. What must hold is reckoned anew here, from nothing but what clocks show at given instants.
func TestEveryZoneKeepsWallTimeAcrossEveryTransitionFrom2024To2032(t *testing.T) {
	t.Parallel()
	from, until := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2033, 1, 1, 0, 0, 0, 0, time.UTC)
	transitions, gaps, overlaps := 0, 0, 0
	for _, name := range everyZone(t) {
		if name == "Factory" {
			continue
		}
		zone, iana, ok := Zone(name)
		if !ok || iana != name && iana != "UTC" {
			t.Errorf("Zone(%q) = %q, %v", name, iana, ok)
			continue
		}
		changes := changesBetween(zone, from, until)
		transitions += len(changes)
		for _, change := range append(changes, from) {
			offsets := map[time.Duration]bool{}
			for h := -48; h <= 48; h++ {
				offsets[offset(change.Add(time.Duration(h)*time.Hour).In(zone))] = true
			}
			before, after := offset(change.Add(-time.Second).In(zone)), offset(change.In(zone))
			for _, away := range walls(before, after) {
				wall := change.UTC().Add(before + away)
				var want time.Time
				for o := range offsets {
					if at := wall.Add(-o); digits(at.In(zone)).Equal(wall) && (want.IsZero() || at.Before(want)) {
						want = at
					}
				}
				got := Instant(wall, zone)
				if shown := digits(got.In(zone)); want.IsZero() {
					gaps++
					want = wall.Add(-before)
					if moved := shown.Sub(wall); moved != after-before {
						t.Errorf("%s %s is skipped, and went on by %s instead of %s", name, wall, moved, after-before)
					}
				} else if !shown.Equal(wall) {
					t.Errorf("%s %s became %s", name, wall, shown)
				}
				if wall.Before(change.UTC().Add(before)) && !wall.Before(change.UTC().Add(after)) {
					overlaps++
				}
				if !got.Equal(want) || got.Location() != time.UTC {
					t.Errorf("%s %s: %s, want %s", name, wall, got, want)
				}
			}
		}
	}
	if transitions < 2000 || gaps < 1000 || overlaps < 1000 {
		t.Errorf("%d transitions with %d skipped and %d repeated times are too few to prove anything", transitions, gaps, overlaps)
	}
}

// walls are times around a change, from the last second before it: before, in and after the hour that is skipped or repeated.
func walls(before, after time.Duration) []time.Duration {
	by := after - before
	list := []time.Duration{-36 * time.Hour, -25 * time.Hour, -3 * time.Hour, -time.Second, 0, time.Second, 3 * time.Hour, 25 * time.Hour}
	for _, part := range []time.Duration{0, 1, 2, 3, 4} {
		list = append(list, by*part/4, by*part/4-time.Second, by*part/4+time.Second)
	}
	return list
}

func TestInstantOfClocksThatSkipRepeatAndAreOddlySet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, wall, want string }{
		{"Europe/London", "2027-03-28T01:30:00", "2027-03-28T01:30:00Z"},       // skipped: shown as 02:30
		{"Europe/London", "2027-03-28T00:59:59", "2027-03-28T00:59:59Z"},       // the last before
		{"Europe/London", "2027-03-28T02:00:00", "2027-03-28T01:00:00Z"},       // the first after
		{"Europe/London", "2027-10-31T01:30:00", "2027-10-31T00:30:00Z"},       // twice: the first
		{"Europe/London", "2027-10-31T02:00:00", "2027-10-31T02:00:00Z"},       //
		{"Europe/Berlin", "2027-03-28T02:30:00", "2027-03-28T01:30:00Z"},       // becomes 03:30
		{"America/New_York", "2027-03-14T02:30:00", "2027-03-14T07:30:00Z"},    // the offset from before
		{"Australia/Lord_Howe", "2027-04-04T01:45:00", "2027-04-03T14:45:00Z"}, // half an hour is repeated
		{"Australia/Lord_Howe", "2027-10-03T02:15:00", "2027-10-02T15:45:00Z"}, // half an hour is skipped: 02:45
		{"Asia/Kathmandu", "2027-06-12T12:00:00", "2027-06-12T06:15:00Z"},
		{"Asia/Kolkata", "2027-06-12T12:00:00", "2027-06-12T06:30:00Z"},
		{"Australia/Adelaide", "2027-04-04T02:30:00", "2027-04-03T16:00:00Z"},
		{"Pacific/Chatham", "2027-04-04T03:00:00", "2027-04-03T13:15:00Z"},
		{"Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00Z"}, // a whole day was skipped
		{"America/St_Johns", "2027-06-12T12:00:00", "2027-06-12T14:30:00Z"},
	} {
		zone, _, _ := Zone(c.zone)
		wall, _ := time.Parse("2006-01-02T15:04:05", c.wall)
		if got := Instant(wall, zone).Format(time.RFC3339); got != c.want {
			t.Errorf("%s in %s is %s, want %s", c.wall, c.zone, got, c.want)
		}
	}
}
