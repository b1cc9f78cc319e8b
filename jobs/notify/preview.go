package notify

import (
	"time"

	"github.com/wedsync/wedsync/queries"
)

// Past is a notice of some time ago, as it looked then.
type Past struct {
	Happening
	At    time.Time
	Title string
}

// Told is a notice with the ways that it would have taken.
type Told struct {
	Past
	Legs []Leg
}

// Tally is what one channel would have brought.
type Tally struct {
	AtOnce  int
	Held    int // by itself, when the quiet hours were over
	Bundled int
	Bundles int // in which those went
}

// Notices are what they would have heard of, Messages how often for it.
func (t Tally) Notices() int  { return t.AtOnce + t.Held + t.Bundled }
func (t Tally) Messages() int { return t.AtOnce + t.Held + t.Bundles }

// Preview is what settings would have done.
type Preview struct {
	Notices       int
	Channels      map[queries.Channel]Tally
	Held, Bundled int    // of the notices, on some channel
	Latest        []Told // the newest, newest first
}

const latest = 20

// Review says what these settings would have done with what happened, newest first. Of each notice it asks what was asked when
// it came, but for what nobody knows any more: how much of the day's allowance was left.
func Review(past []Past, p Person) Preview {
	type bundle struct {
		ch  queries.Channel
		due int64
	}
	v, seen := Preview{Channels: map[queries.Channel]Tally{}}, map[bundle]bool{}
	for i, n := range past {
		p.Rush = rushed(past[i:])
		legs := Plan(n.Happening, p, n.At)
		if len(legs) == 0 {
			continue
		}
		held, bundled := 0, 0
		for _, l := range legs {
			t := v.Channels[l.Channel]
			switch {
			case l.Bundle != "":
				t.Bundled, bundled = t.Bundled+1, 1
				if b := (bundle{l.Channel, l.Due.Unix()}); !seen[b] {
					seen[b], t.Bundles = true, t.Bundles+1
				}
			case !l.After.IsZero():
				t.Held, held = t.Held+1, 1
			default:
				t.AtOnce++
			}
			v.Channels[l.Channel] = t
		}
		v.Notices, v.Held, v.Bundled = v.Notices+1, v.Held+held, v.Bundled+bundled
		if len(v.Latest) < latest {
			v.Latest = append(v.Latest, Told{n, legs})
		}
	}
	return v
}

// rushed says whether so much had happened just before the first of these that what is not urgent is bundled.
func rushed(past []Past) bool {
	n := 0
	for _, earlier := range past {
		if n > rushEnough || earlier.At.Before(past[0].At.Add(-rushSince)) {
			break
		}
		if !earlier.Urgent {
			n++
		}
	}
	return n > rushEnough
}
