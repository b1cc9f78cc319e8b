package notify

import (
	"slices"
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
	From    *queries.Channel // it also stands in for this one, which they want and where they cannot be reached
	After   time.Time        // not before; zero: now
	Bundle  string           // "daily", "weekly" or "rush"; empty: by itself
	Due     time.Time        // when the bundle goes
}

// ladder is where a message goes that cannot go where it should, from what wakes people to what waits for them.
var ladder = []queries.Channel{queries.ChannelSms, queries.ChannelPush, queries.ChannelEmail, queries.ChannelInApp}

// Plan says by which channels somebody hears of a notice, and when. What cannot go by a channel goes by the next one that
// they want, at the pace that they chose for that one: without a browser that takes pushes, letters that are wanted each
// morning must not begin to come at once.
func Plan(h Happening, p Person, now time.Time) []Leg {
	var legs []Leg
	for _, wanted := range ladder {
		if p.Pace(h, wanted) == queries.PaceOff {
			continue
		}
		ch, ok := p.rung(h, wanted)
		if !ok || has(legs, ch) {
			continue
		}
		leg := Leg{Channel: ch}
		if ch != wanted {
			leg.From = &wanted
		}
		legs = append(legs, p.when(leg, h, now))
	}
	return legs
}

// rung is the first channel from this one on that they want and where they can be reached. Nothing falls into the inbox: it
// is there anyway.
func (p Person) rung(h Happening, ch queries.Channel) (queries.Channel, bool) {
	if ch == queries.ChannelInApp {
		return ch, true
	}
	for ; ch != queries.ChannelInApp; ch, _ = below(ch) {
		if p.Reach[ch] && p.Pace(h, ch) != queries.PaceOff {
			return ch, true
		}
	}
	return "", false
}

// when puts a leg into a bundle or behind the quiet hours. What nobody can turn off waits for nothing: a link to a new
// password is wanted now.
func (p Person) when(leg Leg, h Happening, now time.Time) Leg {
	if c, _ := CategoryOf(h.Kind); h.Urgent || c.Fixed || leg.Channel == queries.ChannelInApp {
		return leg
	}
	switch pace := p.Pace(h, leg.Channel); {
	case h.Kind == "wedding_week": // the Monday's summary is a bundle itself; in another one it would come too late
	case pace == queries.PaceDaily:
		leg.Bundle, leg.Due = "daily", p.quietOver(nextDaily(now.In(p.Zone)))
	case pace == queries.PaceWeekly:
		leg.Bundle, leg.Due = "weekly", p.quietOver(nextWeekly(now.In(p.Zone)))
	case p.Rush:
		leg.Bundle, leg.Due = "rush", p.awake(leg.Channel, now.Truncate(rushWindow).Add(rushWindow))
	}
	if leg.Bundle == "" {
		if after := p.awake(leg.Channel, now); after.After(now) {
			leg.After = after
		}
	}
	return leg
}

// quietOver moves a bundle behind quiet hours that last into the morning. Weddings do not open them for it: they come and go
// in the calendar, and all notices of a day must name the same moment to meet in one bundle.
func (p Person) quietOver(due time.Time) time.Time {
	if p.Quiet == nil {
		return due
	}
	return p.Quiet.end(due)
}

// Pace is how soon this person hears of this by that channel. What is urgent asks nobody; what they chose holds where it is
// on offer.
func (p Person) Pace(h Happening, ch queries.Channel) queries.Pace {
	category, ok := CategoryOf(h.Kind)
	if !ok || ch == queries.ChannelSms && tooLong(h.Kind) {
		return queries.PaceOff
	}
	switch chosen, said := p.Chosen[category.Key][ch]; {
	case category.Fixed:
		return category.Paces[ch]
	case h.Urgent:
		return queries.PaceAtOnce
	case said && slices.Contains(category.Offers(ch), chosen):
		return chosen
	default:
		return category.Paces[ch]
	}
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
	return slices.ContainsFunc(legs, func(l Leg) bool { return l.Channel == ch })
}
