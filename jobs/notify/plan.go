package notify

import (
	"time"

	"github.com/wedsync/wedsync/queries"
)

// Person is what Plan knows of somebody.
type Person struct {
	Zone     *time.Location
	PushZone *time.Location // where their device is; nil: as Zone
	Quiet    *Quiet         // nil: no quiet hours
	Open     []Window       // around weddings of theirs: no quiet hours in these
	// Chosen is what they said, by category and channel, where it differs from ours.
	Chosen map[string]map[queries.Channel]queries.Pace
	// Reach is where they can be reached at all: a proven address or number, a browser that takes pushes, and a plan that
	// has the channel. In-app needs no entry.
	Reach map[queries.Channel]bool
	// Rush says that much happened just now: what is not urgent is bundled.
	Rush bool
}

// Window is a stretch of time, its end not in it.
type Window struct{ From, Until time.Time }

// Happening is what Plan knows of a notice.
type Happening struct {
	Kind   string
	What   string
	Urgent bool
}

// Leg is one channel that a notice takes to a person.
type Leg struct {
	Channel queries.Channel
	From    *queries.Channel // it stands in for this one, where they cannot be reached
	After   time.Time        // not before; zero: now
	Bundle  string           // "daily", "weekly" or "rush"; empty: by itself
	Due     time.Time        // when the bundle goes
}

// ladder is where a message goes that cannot go where it should, from what wakes people to what waits for them.
var ladder = []queries.Channel{queries.ChannelSms, queries.ChannelPush, queries.ChannelEmail, queries.ChannelInApp}

// Plan says by which channels somebody hears of a notice, and when.
func Plan(h Happening, p Person, now time.Time) []Leg {
	var legs []Leg
	for _, ch := range ladder {
		pace := p.Pace(h, ch)
		if pace == queries.PaceOff {
			continue
		}
		leg := Leg{Channel: ch}
		for ch != queries.ChannelInApp && !p.Reach[ch] {
			from := leg.Channel
			next, ok := below(ch)
			if !ok || next == queries.ChannelInApp || p.Pace(h, next) == queries.PaceOff && !h.Urgent {
				leg.Channel = ""
				break
			}
			ch = next
			leg = Leg{Channel: ch, From: &from}
		}
		if leg.Channel != "" && !has(legs, leg.Channel) {
			legs = append(legs, p.when(leg, pace, h, now))
		}
	}
	return legs
}

// when puts a leg into a bundle or behind the quiet hours.
func (p Person) when(leg Leg, pace queries.Pace, h Happening, now time.Time) Leg {
	if h.Urgent || leg.Channel == queries.ChannelInApp {
		return leg
	}
	switch {
	case pace == queries.PaceDaily:
		leg.Bundle, leg.Due = "daily", nextDaily(now.In(p.Zone))
	case pace == queries.PaceWeekly:
		leg.Bundle, leg.Due = "weekly", nextWeekly(now.In(p.Zone))
	case p.Rush:
		leg.Bundle, leg.Due = "rush", now.Truncate(rushWindow).Add(rushWindow)
	}
	if leg.Bundle == "rush" {
		leg.Due = p.awake(leg.Channel, leg.Due)
	} else if leg.Bundle == "" {
		if after := p.awake(leg.Channel, now); after.After(now) {
			leg.After = after
		}
	}
	return leg
}

// Pace is how soon this person hears of this by that channel.
func (p Person) Pace(h Happening, ch queries.Channel) queries.Pace {
	category, ok := CategoryOf(h.Kind)
	if !ok {
		return queries.PaceOff
	}
	if ch == queries.ChannelSms && (h.Kind == "wedding_week" || h.Kind == "client_change") {
		return queries.PaceOff // too long to say, or nothing to be woken for
	}
	if chosen, ok := p.Chosen[category.Key][ch]; ok && !category.Fixed && ch != queries.ChannelInApp {
		return chosen
	}
	if h.Urgent {
		return queries.PaceAtOnce
	}
	return category.Paces[ch]
}

func below(ch queries.Channel) (queries.Channel, bool) {
	for i, c := range ladder[:len(ladder)-1] {
		if c == ch {
			return ladder[i+1], true
		}
	}
	return "", false
}

func has(legs []Leg, ch queries.Channel) bool {
	for _, l := range legs {
		if l.Channel == ch {
			return true
		}
	}
	return false
}
