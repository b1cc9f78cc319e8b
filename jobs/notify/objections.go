package notify

import (
	"context"
	"strconv"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// objection is why something that was queued does not go after all: people change their minds, and addresses die. What guards
// an account goes even to an address that is left alone.
func objection(h held, now time.Time) string {
	category, known := CategoryOf(h.Kind)
	switch {
	case late(h.Kind, h.Urgent, now.Sub(h.CreatedAt)):
		return "It waited too long to be of use."
	case h.Audience == queries.AudienceTeam && !h.Member:
		return "They are not in the team any more."
	case h.Suppressed != "" && h.OrgID != queries.House:
		return Suppressed(h.Suppressed, h.Channel)
	case h.Audience == queries.AudienceTeam && !h.Urgent && known && !category.Fixed && h.Pace != nil && *h.Pace == queries.PaceOff:
		return "They turned this off meanwhile."
	default:
		return ""
	}
}

// Suppressed says why an address is left alone.
func Suppressed(why string, ch queries.Channel) string {
	it := "The address"
	if ch == queries.ChannelSms {
		it = "The number"
	}
	switch why {
	case "bounced":
		return it + " does not exist any more: earlier messages came back."
	case "complained":
		return "They marked an earlier message as unwanted, so nothing more is sent there."
	case "stopped":
		return "They replied STOP, so no text messages go there until they reply START."
	case "unsubscribed":
		return "They asked not to be written to."
	default:
		return it + " cannot take messages."
	}
}

// refuse: there is none left for the day, or none at all, so it falls to the next channel.
func (w *wave) refuse(ctx context.Context, h held, day time.Time, allowance int) error {
	if err := w.q.CountRefused(ctx, queries.CountRefusedParams{OrgID: h.OrgID, Channel: h.Channel, Day: day}); err != nil {
		return err
	}
	if Allow(h.Tier, h.Channel, allowance, false) == Lacks {
		return w.fall(ctx, h, queries.NotificationStatusSkipped, "Your plan has no "+channelWords(h.Channel)+".")
	}
	w.tellAllowance(h, day, "used_up", allowance, allowance)
	return w.fall(ctx, h, queries.NotificationStatusSkipped, "Today's "+strconv.Itoa(allowance)+" "+channelWords(h.Channel)+" are used.")
}

func channelWords(ch queries.Channel) string {
	switch ch {
	case queries.ChannelSms:
		return "text messages"
	case queries.ChannelPush:
		return "pushes"
	case queries.ChannelInApp:
		return "notes in the app"
	default:
		return "e-mails"
	}
}

// dayIn is the calendar day of a zone, as the date column takes it.
func dayIn(now time.Time, zone string) time.Time {
	if z, err := time.LoadLocation(zone); err == nil {
		now = now.In(z)
	}
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
}
