package ical

import (
	"slices"
	"time"

	"github.com/teambition/rrule-go"
)

// step follows rules of hours, minutes and seconds. The library counts through them one by one from the start, and for ever where a
// step never meets what the rule asks for; here what lies before the window is leapt over, and so are days and hours that do not fit.
func step(o rrule.ROption, first time.Time, most int) ([]time.Time, bool) {
	if len(o.Bysetpos) > 0 || len(o.Byweekno) > 0 {
		return nil, true
	}
	unit := map[rrule.Frequency]int64{rrule.HOURLY: 3600, rrule.MINUTELY: 60, rrule.SECONDLY: 1}[o.Freq]
	every := unit * int64(o.Interval)
	start := o.Dtstart.Unix()
	base := start - start%unit
	if start < 0 && start%unit != 0 {
		base -= unit
	}
	left, counted := o.Count, o.Count > 0
	at := base
	if ahead := first.Unix() - base; ahead > every && (!counted || plainSteps(o)) {
		skipped := ahead / every
		if at += skipped * every; counted {
			if int64(left) <= skipped {
				return nil, false
			}
			left -= int(skipped)
		}
	}
	var walls []time.Time
	for range mostWork / 2 {
		now := time.Unix(at, 0).UTC()
		if now.After(o.Until) {
			return walls, false
		}
		if next := unfit(o, now); next > at {
			at += (next - at + every - 1) / every * every
			continue
		}
		for _, wall := range inside(o, now) {
			if wall.Before(o.Dtstart) || wall.After(o.Until) {
				continue
			}
			if !wall.Before(first) {
				if len(walls) == most {
					return walls, true
				}
				walls = append(walls, wall)
			}
			if left--; counted && left <= 0 {
				return walls, false
			}
		}
		at += every
	}
	return walls, true
}

func plainSteps(o rrule.ROption) bool {
	return len(o.Bymonth)+len(o.Bymonthday)+len(o.Byyearday)+len(o.Byweekday)+len(o.Byhour)+len(o.Byminute)+len(o.Bysecond) == 0
}

// unfit is the earliest second that may fit, when this one does not; or none.
func unfit(o rrule.ROption, now time.Time) int64 {
	if !fitsDay(o, now) {
		return midnight(now).AddDate(0, 0, 1).Unix()
	}
	if len(o.Byhour) > 0 && !slices.Contains(o.Byhour, now.Hour()) {
		return now.Truncate(time.Hour).Add(time.Hour).Unix()
	}
	if o.Freq >= rrule.MINUTELY && len(o.Byminute) > 0 && !slices.Contains(o.Byminute, now.Minute()) {
		return now.Truncate(time.Minute).Add(time.Minute).Unix()
	}
	if o.Freq == rrule.SECONDLY && len(o.Bysecond) > 0 && !slices.Contains(o.Bysecond, now.Second()) {
		return now.Unix() + 1
	}
	return 0
}

func fitsDay(o rrule.ROption, now time.Time) bool {
	has := func(wanted []int, n, length int) bool {
		return len(wanted) == 0 || slices.Contains(wanted, n) || slices.Contains(wanted, n-length-1)
	}
	y, m, _ := now.Date()
	month := time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
	year := time.Date(y, 12, 31, 0, 0, 0, 0, time.UTC).YearDay()
	weekday := len(o.Byweekday) == 0 || slices.ContainsFunc(o.Byweekday, func(w rrule.Weekday) bool { return w.Day() == (int(now.Weekday())+6)%7 })
	return weekday && (len(o.Bymonth) == 0 || slices.Contains(o.Bymonth, int(m))) && has(o.Bymonthday, now.Day(), month) && has(o.Byyearday, now.YearDay(), year)
}

// inside are the times within one hour or one minute that the rule names.
func inside(o rrule.ROption, now time.Time) []time.Time {
	minutes, seconds := []int{now.Minute()}, []int{now.Second()}
	if o.Freq == rrule.HOURLY {
		if minutes = o.Byminute; len(minutes) == 0 {
			minutes = []int{o.Dtstart.Minute()}
		}
	}
	if o.Freq <= rrule.MINUTELY {
		if seconds = o.Bysecond; len(seconds) == 0 {
			seconds = []int{o.Dtstart.Second()}
		}
	}
	var walls []time.Time
	for _, minute := range minutes {
		for _, second := range seconds {
			if minute < 60 && second < 60 && minute >= 0 && second >= 0 {
				walls = append(walls, now.Truncate(time.Hour).Add(time.Duration(minute)*time.Minute+time.Duration(second)*time.Second))
			}
		}
	}
	slices.SortFunc(walls, time.Time.Compare)
	return slices.Compact(walls)
}
