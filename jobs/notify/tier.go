package notify

import "github.com/wedsync/wedsync/queries"

// allowances are what a plan includes for each calendar day in the organisation's zone. In-app costs nobody anything.
var allowances = map[queries.Tier]map[queries.Channel]int{
	queries.TierFree:         {queries.ChannelEmail: 10, queries.ChannelSms: 0, queries.ChannelPush: 5},
	queries.TierStarter:      {queries.ChannelEmail: 100, queries.ChannelSms: 20, queries.ChannelPush: 50},
	queries.TierProfessional: {queries.ChannelEmail: 500, queries.ChannelSms: 100, queries.ChannelPush: 200},
	queries.TierScale:        {queries.ChannelEmail: 2000, queries.ChannelSms: 500, queries.ChannelPush: 1000},
	queries.TierEnterprise:   {queries.ChannelEmail: 10000, queries.ChannelSms: 2000, queries.ChannelPush: 5000},
}

// Counted are the channels that a plan limits.
var Counted = []queries.Channel{queries.ChannelEmail, queries.ChannelSms, queries.ChannelPush}

// Allowance is how many a plan includes for a day; 0: it lacks the channel.
func Allowance(tier queries.Tier, ch queries.Channel) int { return allowances[tier][ch] }

// Verdict is what a plan says to one more.
type Verdict int

const (
	Within Verdict = iota // it goes
	Nearly                // it goes, and with it 80 % of the day are used: say so
	UsedUp                // it does not go: the day's are used
	Lacks                 // it does not go: the plan has no such channel
)

// Goes says whether one more may go out.
func (v Verdict) Goes() bool { return v == Within || v == Nearly }

// Allow judges one more after `used` today. What is urgent goes however much is used, and counts; but not even that goes by
// a channel that the plan lacks.
func Allow(tier queries.Tier, ch queries.Channel, used int, urgent bool) Verdict {
	limit := Allowance(tier, ch)
	switch {
	case ch == queries.ChannelInApp:
		return Within
	case limit == 0:
		return Lacks
	case used+1 == warnAt(limit): // also by what is urgent: this use is passed once, and nobody else would say so
		return Nearly
	case used >= limit && !urgent:
		return UsedUp
	default:
		return Within
	}
}

// warnAt is the use at which 80 % are reached.
func warnAt(limit int) int { return (limit*4 + 4) / 5 }
