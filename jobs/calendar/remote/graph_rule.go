package remote

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
)

// graphRecurrence is how a series recurs, in Graph's words.
type graphRecurrence struct {
	Pattern struct {
		Type           string
		Interval       int
		Month          int
		DayOfMonth     int
		DaysOfWeek     []string
		FirstDayOfWeek string
		Index          string
	}
	Range struct {
		Type                string
		EndDate             string
		NumberOfOccurrences int
	}
}

var graphFrequency = map[string]string{"daily": "DAILY", "weekly": "WEEKLY", "absoluteMonthly": "MONTHLY", "relativeMonthly": "MONTHLY",
	"absoluteYearly": "YEARLY", "relativeYearly": "YEARLY"}

var graphIndex = map[string]string{"first": "1", "second": "2", "third": "3", "fourth": "4", "last": "-1"}

// rules says the same as RFC 5545 does. A pattern that it does not know is no rule: the first occurrence is all that is known.
func (r *graphRecurrence) rules(starts ical.Moment) []string {
	if r == nil || graphFrequency[r.Pattern.Type] == "" {
		return nil
	}
	rule := "RRULE:FREQ=" + graphFrequency[r.Pattern.Type]
	if r.Pattern.Interval > 1 {
		rule += ";INTERVAL=" + strconv.Itoa(r.Pattern.Interval)
	}
	if strings.HasSuffix(r.Pattern.Type, "Yearly") {
		rule += ";BYMONTH=" + strconv.Itoa(r.Pattern.Month)
	}
	if strings.HasPrefix(r.Pattern.Type, "absolute") {
		rule += ";BYMONTHDAY=" + strconv.Itoa(r.Pattern.DayOfMonth)
	}
	if days := r.days(); days != "" && r.Pattern.Type != "daily" && !strings.HasPrefix(r.Pattern.Type, "absolute") {
		rule += ";BYDAY=" + days
	}
	if r.Pattern.Type == "weekly" && len(r.Pattern.FirstDayOfWeek) > 1 {
		rule += ";WKST=" + strings.ToUpper(r.Pattern.FirstDayOfWeek[:2])
	}
	if strings.HasPrefix(r.Pattern.Type, "relative") {
		rule += ";BYSETPOS=" + cmp.Or(graphIndex[r.Pattern.Index], "1")
	}
	return []string{rule + r.end(starts)}
}

func (r *graphRecurrence) days() string {
	var days []string
	for _, d := range r.Pattern.DaysOfWeek {
		if len(d) > 1 {
			days = append(days, strings.ToUpper(d[:2]))
		}
	}
	return strings.Join(days, ",")
}

// end: the last day counts.
func (r *graphRecurrence) end(starts ical.Moment) string {
	switch last, err := time.Parse(time.DateOnly, r.Range.EndDate); {
	case r.Range.Type == "numbered":
		return ";COUNT=" + strconv.Itoa(max(r.Range.NumberOfOccurrences, 1))
	case r.Range.Type != "endDate" || err != nil:
		return ""
	case starts.Day:
		return ";UNTIL=" + last.Format("20060102")
	default:
		until := ical.Moment{Wall: last.Add(24*time.Hour - time.Second), Zone: starts.Zone}
		return ";UNTIL=" + until.Instant(time.UTC).Format("20060102T150405Z")
	}
}
