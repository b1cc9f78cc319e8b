package notify

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// wednesday is a quiet noon in London.
var wednesday = time.Date(2027, 6, 9, 11, 0, 0, 0, time.UTC)

func reachable(channels ...queries.Channel) map[queries.Channel]bool {
	reach := map[queries.Channel]bool{}
	for _, ch := range channels {
		reach[ch] = true
	}
	return reach
}

// somebody in London, whom every channel reaches.
func somebody(t *testing.T) Person {
	t.Helper()
	return Person{Zone: zoneNamed(t, "Europe/London"), Reach: reachable(byEmail, bySMS, byPush), Chosen: map[string]map[queries.Channel]queries.Pace{}}
}

// drawn writes legs as people would read them: "push 07:00<sms" is a push at seven that also stands in for an SMS.
func drawn(legs []Leg, zone *time.Location) string {
	var all []string
	for _, l := range legs {
		text := string(l.Channel)
		if l.Bundle != "" {
			text += " " + l.Bundle + "@" + l.Due.In(zone).Format("Mon 15:04")
		}
		if !l.After.IsZero() {
			text += " " + l.After.In(zone).Format("Mon 15:04")
		}
		if l.From != nil {
			text += "<" + string(*l.From)
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// paceCases says for every category and channel what becomes of each pace that somebody may have chosen. A pace that is not on
// offer is as if nothing had been said.
var paceCases = everyPace()

func everyPace() map[string]map[queries.Pace]string {
	all := map[string]map[queries.Pace]string{}
	say := func(what string, notAtAll, now, eachDay, eachWeek string) {
		all[what] = map[queries.Pace]string{off: notAtAll, atOnce: now, daily: eachDay, queries.PaceWeekly: eachWeek}
	}
	for _, key := range []string{"bookings", "payments", "calendar", "invites"} {
		say(key+" email", "", "now", "daily", "weekly")
		say(key+" push", "", "now", "now", "now")
		say(key+" sms", "", "now", "", "")
		say(key+" in_app", "now", "now", "now", "now")
	}
	for _, key := range []string{"connections", "account", "clients"} {
		say(key+" email", "", "now", "daily", "weekly")
		say(key+" push", "", "now", "", "")
		say(key+" sms", "", "now", "", "")
		say(key+" in_app", "now", "now", "now", "now")
	}
	say("clients sms", "", "", "", "")
	say("wedding email", "", "now", "daily", "now")
	say("wedding push", "", "now", "now", "now")
	say("wedding sms", "", "now", "now", "now")
	say("wedding in_app", "now", "now", "now", "now")
	for _, ch := range []string{"email", "sms", "push", "in_app"} {
		say("emergency "+ch, "now", "now", "now", "now")
	}
	say("security email", "now", "now", "now", "now")
	say("security push", "", "", "", "")
	say("security sms", "", "", "", "")
	say("security in_app", "now", "now", "now", "now")
	return all
}

func TestEveryCategoryChannelAndPaceHasACase(t *testing.T) {
	t.Parallel()
	for _, c := range Categories {
		for _, ch := range queries.AllChannelValues() {
			for _, pace := range queries.AllPaceValues() {
				want, there := paceCases[c.Key+" "+string(ch)][pace]
				if !there {
					t.Errorf("%s by %s, %s: no case", c.Key, ch, pace)
					continue
				}
				p := somebody(t)
				p.choose(c.Key, ch, pace)
				got := ""
				for _, l := range Plan(Happening{Kind: c.Kinds[0]}, p, wednesday) {
					if l.Channel == ch && l.Bundle == "" {
						got = "now"
					} else if l.Channel == ch {
						got = l.Bundle
					}
				}
				if got != want {
					t.Errorf("%s by %s, %s: %q, want %q", c.Key, ch, pace, got, want)
				}
			}
		}
	}
}

func TestEveryKindOfLetterHasACategory(t *testing.T) {
	t.Parallel()
	for _, kind := range mail.Kinds {
		if _, ok := CategoryOf(string(kind)); ok == (kind == mail.Digest) {
			t.Errorf("%s: has a category: %t", kind, ok)
		}
	}
	for _, c := range Categories {
		for _, kind := range c.Kinds {
			if other, _ := CategoryOf(kind); other.Key != c.Key || !slices.Contains(mail.Kinds, mail.Kind(kind)) {
				t.Errorf("%s of %s: also of %s, or no kind of letter", kind, c.Key, other.Key)
			}
		}
	}
}

func TestWhatIsOnOfferIsWhatHappens(t *testing.T) {
	t.Parallel()
	for _, c := range Categories {
		for _, ch := range queries.AllChannelValues() {
			for _, pace := range c.Offers(ch) {
				p := somebody(t)
				p.choose(c.Key, ch, pace)
				if got := p.Pace(Happening{Kind: c.Kinds[0]}, ch); got != pace {
					t.Errorf("%s by %s: %s is offered, and is %s", c.Key, ch, pace, got)
				}
			}
			if !slices.Contains(c.Offers(ch), c.Paces[ch]) {
				t.Errorf("%s by %s: our own is not on offer", c.Key, ch)
			}
		}
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	booking, change, call := Happening{Kind: "booking"}, Happening{Kind: "wedding_day_change"}, Happening{Kind: "emergency", Urgent: true}
	night := time.Date(2027, 6, 9, 22, 30, 0, 0, time.UTC) // 23:30 in London
	sleeper := func(p *Person) { p.Quiet = &Quiet{22 * 60, 7 * 60} }
	choose := func(category string, ch queries.Channel, pace queries.Pace) func(*Person) {
		return func(p *Person) { p.choose(category, ch, pace) }
	}
	by := func(channels ...queries.Channel) func(*Person) {
		return func(p *Person) { p.Reach = reachable(channels...) }
	}
	rush := func(p *Person) { p.Rush = true }
	tests := []struct {
		name string
		h    Happening
		now  time.Time
		who  []func(*Person)
		want string
	}{
		{"ours", booking, wednesday, nil, "push, email, in_app"},
		{"ours, near a wedding", change, wednesday, nil, "sms, push, email, in_app"},
		{"ours, a client", Happening{Kind: "client_change"}, wednesday, nil, "email daily@Thu 08:00, in_app"},
		{"nobody knows this kind", Happening{Kind: "gossip"}, wednesday, nil, ""},
		{"a bundle is nobody's category", Happening{Kind: "digest"}, wednesday, nil, ""},

		// Each rung that cannot be reached.
		{"no number", change, wednesday, []func(*Person){by(byPush, byEmail)}, "push<sms, email, in_app"},
		{"no number, no browser", change, wednesday, []func(*Person){by(byEmail)}, "email<sms, in_app"},
		{"nothing but the inbox", change, wednesday, []func(*Person){by()}, "in_app"},
		{"no browser", booking, wednesday, []func(*Person){by(bySMS, byEmail)}, "email<push, in_app"},
		{"no address", booking, wednesday, []func(*Person){by(bySMS, byPush)}, "push, in_app"},
		{"no number, and pushes are off", change, wednesday, []func(*Person){by(byPush, byEmail), choose("wedding", byPush, off)}, "email<sms, in_app"},
		{"no number, and all else is off", change, wednesday, []func(*Person){by(byPush, byEmail), choose("wedding", byPush, off), choose("wedding", byEmail, off)}, "in_app"},
		{"no browser: letters keep their morning", booking, wednesday, []func(*Person){by(byEmail), choose("bookings", byEmail, daily)}, "email daily@Thu 08:00<push, in_app"},
		{"it falls down, never up", booking, wednesday, []func(*Person){by(bySMS), choose("bookings", bySMS, atOnce)}, "sms, in_app"},

		// Quiet hours and bundles.
		{"at night", booking, night, []func(*Person){sleeper}, "push Thu 07:00, email Thu 07:00, in_app"},
		{"at night, pushes elsewhere", booking, night, []func(*Person){sleeper, func(p *Person) { p.PushZone = time.FixedZone("far", -8*3600) }}, "push, email Thu 07:00, in_app"},
		{"at night, around a wedding", booking, night, []func(*Person){sleeper, func(p *Person) { p.Open = []Window{Around(night, night)} }}, "push, email, in_app"},
		{"each morning, quiet until nine", booking, night, []func(*Person){func(p *Person) { p.Quiet = &Quiet{22 * 60, 9 * 60} }, choose("bookings", byEmail, daily)},
			"push Thu 09:00, email daily@Thu 09:00, in_app"},
		{"a wedding that morning parts no bundle", booking, night, []func(*Person){func(p *Person) {
			p.Quiet, p.Open = &Quiet{22 * 60, 9 * 60}, []Window{{night.Add(9 * time.Hour), night.Add(20 * time.Hour)}}
		},
			choose("bookings", byEmail, daily), choose("bookings", byPush, off)}, "email daily@Thu 09:00, in_app"},
		{"each Monday", booking, wednesday, []func(*Person){choose("bookings", byEmail, queries.PaceWeekly)}, "push, email weekly@Mon 08:00, in_app"},
		{"the Monday's summary waits for no bundle", Happening{Kind: "wedding_week"}, wednesday, []func(*Person){choose("wedding", byEmail, daily), rush}, "push, email, in_app"},
		{"much at once", booking, wednesday, []func(*Person){rush}, "push rush@Wed 12:15, email rush@Wed 12:15, in_app"},
		{"much at once at night", booking, night, []func(*Person){rush, sleeper}, "push rush@Thu 07:00, email rush@Thu 07:00, in_app"},
		{"much at once, letters each morning", booking, wednesday, []func(*Person){rush, choose("bookings", byEmail, daily)}, "push rush@Wed 12:15, email daily@Thu 08:00, in_app"},

		// What is urgent, or fixed.
		{"an emergency at night", call, night, []func(*Person){sleeper, rush}, "sms, push, email, in_app"},
		{"an emergency that nobody called urgent", Happening{Kind: "emergency"}, night, []func(*Person){sleeper, rush}, "sms, push, email, in_app"},
		{"an emergency turned off", call, night, []func(*Person){sleeper, choose("emergency", bySMS, off), choose("emergency", byPush, daily)}, "sms, push, email, in_app"},
		{"an emergency without a number", call, night, []func(*Person){sleeper, by(byPush, byEmail)}, "push<sms, email, in_app"},
		{"an emergency without anything but an address", call, night, []func(*Person){sleeper, by(byEmail)}, "email<sms, in_app"},
		{"an emergency without anything", call, night, []func(*Person){by()}, "in_app"},
		{"urgent, though all is off", Happening{Kind: "wedding_day_change", Urgent: true}, night,
			[]func(*Person){sleeper, rush, choose("wedding", bySMS, off), choose("wedding", byPush, off), choose("wedding", byEmail, daily)}, "sms, push, email, in_app"},
		{"urgent, of a kind that is quiet by itself", Happening{Kind: "connection", Urgent: true}, night, []func(*Person){sleeper}, "sms, push, email, in_app"},
		{"urgent, but too long for an SMS", Happening{Kind: "wedding_week", Urgent: true}, night, nil, "push, email, in_app"},
		{"a link to a new password at night", Happening{Kind: "security"}, night, []func(*Person){sleeper, rush, choose("security", byEmail, off)}, "email, in_app"},
		{"a link goes by no other way", Happening{Kind: "security", Urgent: true}, night, []func(*Person){by(bySMS, byPush)}, "in_app"},
	}
	for _, tt := range tests {
		p := somebody(t)
		for _, change := range tt.who {
			change(&p)
		}
		if got := drawn(Plan(tt.h, p, tt.now), p.Zone); got != tt.want {
			t.Errorf("%s:\n%s, want\n%s", tt.name, got, tt.want)
		}
	}
}

// TestNobodyHearsTwiceOnAChannel: whatever is chosen and reached, a channel is one leg, none before now.
func TestNobodyHearsTwiceOnAChannel(t *testing.T) {
	t.Parallel()
	for _, c := range Categories {
		for _, kind := range c.Kinds {
			for mask := range 64 {
				p := somebody(t)
				p.Quiet, p.Rush = &Quiet{10 * 60, 13 * 60}, mask&8 > 0
				for i, ch := range Counted {
					p.Reach[ch] = mask>>i&1 > 0
				}
				p.choose(c.Key, byEmail, queries.AllPaceValues()[mask>>4])
				seen := map[queries.Channel]bool{}
				for _, l := range Plan(Happening{Kind: kind, Urgent: mask%3 == 0}, p, wednesday) {
					if seen[l.Channel] || !p.Reach[l.Channel] && l.Channel != inInbox || !l.After.IsZero() && l.After.Before(wednesday) || l.Bundle != "" && !l.Due.After(wednesday) {
						t.Errorf("%s, %06b: %+v", kind, mask, l)
					}
					seen[l.Channel] = true
				}
				if !seen[inInbox] {
					t.Errorf("%s, %06b: not even the inbox", kind, mask)
				}
			}
		}
	}
}
