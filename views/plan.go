package views

import (
	"fmt"
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// PlanView is what a plan includes, what of it is used, and the way to a larger one.
type PlanView struct {
	Now     time.Time // by the organisation's clock, whose midnight begins a new day
	Tier    queries.Tier
	Plans   []PlanOffer // all of them, from the least to the most
	Uses    []ChannelUse
	Request *queries.LatestTierRequestRow // the newest; nil: nobody ever asked
	Owner   bool
}

// PlanOffer is a plan and what it includes for each day.
type PlanOffer struct {
	Tier             queries.Tier
	Email, SMS, Push int
}

// ChannelUse is a channel's allowance and what of it is used.
type ChannelUse struct {
	Channel       queries.Channel
	Allowance     int   // for each day; 0: the plan lacks the channel
	Used, Refused int64 // today
	Days          []DayUse
}

// DayUse is a day of the last thirty, oldest first; days without a row are there too.
type DayUse struct {
	Day           time.Time
	Used, Refused int64
}

// next is the plan above the current one, if there is one.
func (v PlanView) next() (queries.Tier, bool) {
	for i, offer := range v.Plans[:max(len(v.Plans)-1, 0)] {
		if offer.Tier == v.Tier {
			return v.Plans[i+1].Tier, true
		}
	}
	return "", false
}

// larger says whether a plan may be asked for.
func (v PlanView) larger(tier queries.Tier) bool {
	past := false
	for _, offer := range v.Plans {
		if past && offer.Tier == tier {
			return true
		}
		past = past || offer.Tier == v.Tier
	}
	return false
}

func (v PlanView) asked() bool { return v.Request != nil && v.Request.SettledAt == nil }

// answered are the words for a request that was settled in the last month.
func (v PlanView) answered() (string, ui.Tone) {
	r := v.Request
	if r == nil || r.SettledAt == nil || v.Now.Sub(*r.SettledAt) > 30*24*time.Hour {
		return "", ui.Neutral
	}
	if r.Granted != nil && *r.Granted {
		return fmt.Sprintf("%s was granted on %s.", tierName(r.Tier), dayOf(v.Now, *r.SettledAt)), ui.Good
	}
	return fmt.Sprintf("%s was declined on %s. Your plan is as it was, and you may ask again.", tierName(r.Tier), dayOf(v.Now, *r.SettledAt)), ui.Neutral
}

// things are what a channel's messages are called.
func things(ch queries.Channel, n int64) string {
	switch ch {
	case queries.ChannelEmail:
		return ui.Plural(n, "e-mail", "e-mails")
	case queries.ChannelSms:
		return ui.Count(n) + " SMS"
	case queries.ChannelPush:
		return ui.Plural(n, "push", "pushes")
	default:
		return ui.Plural(n, "line in the inbox", "lines in the inbox")
	}
}

// today is the allowance, and what of it is used.
func (u ChannelUse) today() ui.Chart {
	summary := fmt.Sprintf("%s of %s used.", ui.Count(u.Used), ui.Count(int64(u.Allowance)))
	if u.Refused > 0 {
		summary = fmt.Sprintf("%s of %s used; %s not sent.", ui.Count(u.Used), ui.Count(int64(u.Allowance)), things(u.Channel, u.Refused))
	}
	return ui.Chart{ID: "today-" + string(u.Channel), Title: "Today", Summary: summary, LabelHead: "What", ValueHead: "Messages",
		Points: []ui.Point{{Label: "Included each day", Value: int64(u.Allowance)}, {Label: "Used today", Value: u.Used, Now: true}}}
}

// still says that nothing went out, and nothing was held back, in all these days.
func (u ChannelUse) still() bool {
	for _, d := range u.Days {
		if d.Used+d.Refused > 0 {
			return false
		}
	}
	return true
}

// month is the last thirty days.
func (u ChannelUse) month() ui.Chart {
	c := ui.Chart{ID: "month-" + string(u.Channel), Title: "Last 30 days", LabelHead: "Day", ValueHead: "Sent"}
	var sent, refused int64
	for i, d := range u.Days {
		below := "\u00a0" // thirty dates are more than fit
		if (len(u.Days)-1-i)%5 == 0 {
			below = d.Day.Format("2")
		}
		p := ui.Point{Label: ui.Day(d.Day), Below: below, Value: d.Used, Now: i == len(u.Days)-1}
		if d.Refused > 0 {
			p.Label += fmt.Sprintf(" (%s not sent)", ui.Count(d.Refused))
		}
		c.Points, sent, refused = append(c.Points, p), sent+d.Used, refused+d.Refused
	}
	c.Summary = things(u.Channel, sent) + " sent."
	if refused > 0 {
		c.Summary = fmt.Sprintf("%s sent; %s not sent, because a day's allowance was used.", things(u.Channel, sent), ui.Count(refused))
	}
	return c
}

// AllowanceLine is a channel whose day is used, or nearly.
type AllowanceLine struct {
	Channel              queries.Channel
	Used, Limit, Refused int64
}

// words say how much is left of the day.
func (a AllowanceLine) words() string {
	switch {
	case a.Used >= a.Limit && a.Refused > 0:
		return fmt.Sprintf("Today's %s are used, and %s not sent.", things(a.Channel, a.Limit), wereNot(a.Refused))
	case a.Used >= a.Limit:
		return fmt.Sprintf("Today's %s are used. Nothing was held back by that so far.", things(a.Channel, a.Limit))
	default:
		return fmt.Sprintf("%s of today's %s are used.", ui.Count(a.Used), things(a.Channel, a.Limit))
	}
}

func wereNot(n int64) string {
	if n == 1 {
		return "1 was"
	}
	return ui.Count(n) + " were"
}

func allowanceTone(lines []AllowanceLine) ui.Tone {
	for _, a := range lines {
		if a.Used >= a.Limit {
			return ui.Warn
		}
	}
	return ui.Neutral
}
