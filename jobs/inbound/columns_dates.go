package inbound

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// DateOrder is what the dates of a sheet tell of themselves: 25/06 can only be a day and a month, 12/06 is either.
type DateOrder string

const (
	DatesClear   DateOrder = "clear" // none of them can be mistaken
	DatesDay     DateOrder = "day_first"
	DatesMonth   DateOrder = "month_first"
	DatesAsk     DateOrder = "ask"   // nothing tells: the supplier has to
	DatesDiffer  DateOrder = "mixed" // some are only days first, some only months first
	twoDigitYear           = 2000
)

// Decided is the order that the dates prove; nil where a person must say.
func (o DateOrder) Decided() *bool {
	yes, no := true, false
	switch o {
	case DatesDay, DatesClear:
		return &yes
	case DatesMonth:
		return &no
	}
	return nil
}

// Order asks all dates of a sheet at once: one program wrote them, so one date that can only be read one way settles the
// rest.
func (c Columns) Order(rows []SheetRow) DateOrder {
	var day, month, either bool
	for _, f := range []Field{FieldDate, FieldStart, FieldEnd, FieldPaidOn} {
		i, mapped := c.Of[f]
		if !mapped {
			continue
		}
		for _, r := range rows {
			if i >= len(r.Cells) {
				continue
			}
			if d, ok := readDay(r.Cells[i]); ok && d.unsure {
				day = day || d.first > 12
				month = month || d.second > 12
				either = either || d.first <= 12 && d.second <= 12 && d.first != d.second
			}
		}
	}
	switch {
	case day && month:
		return DatesDiffer
	case day:
		return DatesDay
	case month:
		return DatesMonth
	case either:
		return DatesAsk
	default:
		return DatesClear
	}
}

// dayRead is a date as it is written. Unsure: first and second are the day and the month, in an order that the text does
// not say; else first is the day.
type dayRead struct {
	year, first, second int
	unsure              bool
	rest                string // a time of day may follow
}

var (
	weekdayFirst = regexp.MustCompile(`^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+`)
	yearFirst    = regexp.MustCompile(`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:\D|$)`)
	twoNumbers   = regexp.MustCompile(`^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?:\D|$)`)
	dayAndName   = regexp.MustCompile(`^(\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?[\s-]*([a-z]{3,9})[.,]?[\s-]+(\d{4}|\d{2})(?:\D|$)`)
	nameAndDay   = regexp.MustCompile(`^([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?:\D|$)`)
)

// readDay takes the ways in which people and their programs write a date. A number alone is none: 46550 is a day to Excel
// and an amount to everybody else.
func readDay(text string) (dayRead, bool) {
	if len(text) < 6 || len(text) > 60 {
		return dayRead{}, false
	}
	text = weekdayFirst.ReplaceAllString(strings.ToLower(text), "")
	after := func(m []string, last string) string {
		at := strings.LastIndex(m[0], last) + len(last)
		return strings.TrimLeft(text[at:], " ,t")
	}
	if m := yearFirst.FindStringSubmatch(text); m != nil {
		return checked(dayRead{year: number(m[1]), first: number(m[3]), second: number(m[2]), rest: after(m, m[3])})
	}
	if m := twoNumbers.FindStringSubmatch(text); m != nil {
		return checked(dayRead{year: yearOf(m[3]), first: number(m[1]), second: number(m[2]), unsure: true, rest: after(m, m[3])})
	}
	if m := dayAndName.FindStringSubmatch(text); m != nil {
		return checked(dayRead{year: yearOf(m[3]), first: number(m[1]), second: monthNamed(m[2]), rest: after(m, m[3])})
	}
	if m := nameAndDay.FindStringSubmatch(text); m != nil {
		return checked(dayRead{year: number(m[3]), first: number(m[2]), second: monthNamed(m[1]), rest: after(m, m[3])})
	}
	return dayRead{}, false
}

func checked(d dayRead) (dayRead, bool) {
	_, asDay := d.day(true)
	_, asMonth := d.day(false)
	return d, asDay || d.unsure && asMonth
}

// day is midnight of the date in this order; ok is false for the 31st of June.
func (d dayRead) day(dayFirst bool) (time.Time, bool) {
	day, month := d.first, d.second
	if d.unsure && !dayFirst {
		day, month = month, day
	}
	at := time.Date(d.year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return at, month >= 1 && month <= 12 && day >= 1 && at.Day() == day && sane(at)
}

// BothDays are the two days that a date such as 12/06/2027 may be; either is false for one that can only be one of them.
func BothDays(text string) (dayFirst, monthFirst time.Time, either bool) {
	d, ok := readDay(text)
	if !ok || !d.unsure {
		return dayFirst, monthFirst, false
	}
	dayFirst, isDay := d.day(true)
	monthFirst, isMonth := d.day(false)
	return dayFirst, monthFirst, isDay && isMonth && !dayFirst.Equal(monthFirst)
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return -1
	}
	return n
}

func yearOf(digits string) int {
	if len(digits) == 2 {
		return twoDigitYear + number(digits)
	}
	return number(digits)
}

// monthNamed knows a month by its first three letters, and does not take "marquee" for March.
func monthNamed(name string) int {
	for m := time.January; m <= time.December; m++ {
		if full := strings.ToLower(m.String()); strings.HasPrefix(full, name) || name == "sept" && m == time.September {
			return int(m)
		}
	}
	return 0
}

var clockWritten = regexp.MustCompile(`^(?:at\s+)?(\d{1,2})(?:[:.](\d{2}))?(?::(\d{2})(?:\.\d+)?)?\s*(?:([ap])\.?m\.?)?$`)

// readTime is "14:00", "2pm", "2.30 pm".
func readTime(text string) (sinceMidnight time.Duration, ok bool) {
	m := clockWritten.FindStringSubmatch(strings.ToLower(strings.TrimSpace(text)))
	if m == nil || m[2] == "" && m[4] == "" {
		return 0, false
	}
	hour, minute := number(m[1]), 0
	if m[2] != "" {
		minute = number(m[2])
	}
	if m[4] != "" {
		if hour < 1 || hour > 12 {
			return 0, false
		}
		hour %= 12
		if m[4] == "p" {
			hour += 12
		}
	}
	if hour > 23 || minute > 59 {
		return 0, false
	}
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute, true
}
