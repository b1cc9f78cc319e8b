package notify

import (
	"time"

	"github.com/wedsync/wedsync/queries"
)

// Quiet is the hours in which nobody wants to be woken, in minutes after midnight of a person's wall clock. From 1320 until
// 420 goes over midnight. The same number twice is the whole day but for that minute, in which goes out what has waited.
type Quiet struct{ From, Until int }

const (
	rushWindow  = 15 * time.Minute
	digestHour  = 8
	weekday     = time.Monday
	beforeSetup = 2 * time.Hour // people are up before load-in
	afterStrike = 2 * time.Hour
)

// Around is the time in which quiet hours do not hold: from two hours before load-in until two hours after breakdown.
func Around(start, end time.Time) Window {
	return Window{start.Add(-beforeSetup), end.Add(afterStrike)}
}

// awake is the first moment from at on at which this person may be disturbed by that channel.
func (p Person) awake(ch queries.Channel, at time.Time) time.Time {
	zone := p.Zone
	if ch == queries.ChannelPush && p.PushZone != nil {
		zone = p.PushZone
	}
	if p.Quiet == nil || p.open(at) {
		return at
	}
	until := p.Quiet.end(at.In(zone))
	if until.Equal(at) {
		return at
	}
	for _, w := range p.Open { // a wedding may begin while it is still quiet
		if w.From.After(at) && w.From.Before(until) {
			until = w.From
		}
	}
	return until
}

func (p Person) open(at time.Time) bool {
	for _, w := range p.Open {
		if !at.Before(w.From) && at.Before(w.Until) {
			return true
		}
	}
	return false
}

// holds says whether the quiet hours hold at this minute of the wall clock.
func (q Quiet) holds(minute int) bool {
	switch {
	case q.From == q.Until:
		return minute != q.Until
	case q.From < q.Until:
		return minute >= q.From && minute < q.Until
	default:
		return minute >= q.From || minute < q.Until
	}
}

// end is when the quiet hours that hold at this moment are over; the moment itself where none hold. Wall times are read
// anew on the day they fall on, so a night on which the clocks change ends when the clock says so.
func (q Quiet) end(at time.Time) time.Time {
	minute := at.Hour()*60 + at.Minute()
	if !q.holds(minute) {
		return at
	}
	days := 0
	if minute >= q.Until {
		days = 1
	}
	return clockShows(at, days, q.Until)
}

// clockShows is the first moment after at when the wall clock shows this minute, so many days on. time.Date would choose for
// itself on the two days that matter: an hour that comes twice may lie behind us the first time, and one that is left out is
// over when the clocks are put forward.
func clockShows(at time.Time, days, minute int) time.Time {
	wall := time.Date(at.Year(), at.Month(), at.Day()+days, 0, minute, 0, 0, time.UTC)
	_, before := wall.Add(-24 * time.Hour).In(at.Location()).Zone()
	_, after := wall.Add(24 * time.Hour).In(at.Location()).Zone()
	for _, offset := range []int{max(before, after), min(before, after)} {
		t := wall.Add(-time.Duration(offset) * time.Second).In(at.Location())
		if _, there := t.Zone(); there == offset && t.After(at) {
			return t
		}
	}
	t := wall.Add(-time.Duration(before) * time.Second).In(at.Location())
	if forward, _ := t.ZoneBounds(); forward.After(at) {
		return forward
	}
	return t
}

// nextDaily is the next eight o'clock of a wall clock, nextWeekly the next Monday's.
func nextDaily(now time.Time) time.Time {
	at := time.Date(now.Year(), now.Month(), now.Day(), digestHour, 0, 0, 0, now.Location())
	if !at.After(now) {
		at = time.Date(now.Year(), now.Month(), now.Day()+1, digestHour, 0, 0, 0, now.Location())
	}
	return at
}

func nextWeekly(now time.Time) time.Time {
	days := (int(weekday) - int(now.Weekday()) + 7) % 7
	at := time.Date(now.Year(), now.Month(), now.Day()+days, digestHour, 0, 0, 0, now.Location())
	if !at.After(now) {
		at = time.Date(now.Year(), now.Month(), now.Day()+days+7, digestHour, 0, 0, 0, now.Location())
	}
	return at
}
