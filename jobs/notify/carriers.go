package notify

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
)

// Carriers are those that this installation has, nil where one is not configured. From is the sender of all mail.
type Carriers struct {
	Resend *carrier.Resend
	SMTP   *carrier.SMTP
	Twilio *carrier.Twilio
	Push   *Pushes
	From   string
}

// ways are the carriers of a channel, the preferred one first.
func (c *Carriers) ways(ch queries.Channel) (names []string) {
	switch {
	case ch == queries.ChannelEmail && c.Resend != nil:
		names = append(names, "resend")
		if c.SMTP != nil {
			names = append(names, "smtp")
		}
	case ch == queries.ChannelEmail && c.SMTP != nil:
		names = append(names, "smtp")
	case ch == queries.ChannelSms && c.Twilio != nil:
		names = append(names, "twilio")
	case ch == queries.ChannelPush && c.Push != nil:
		names = append(names, "push")
	}
	return names
}

// limit takes out of somebody's reach what no carrier goes to.
func (c *Carriers) limit(reach map[queries.Channel]bool) {
	for _, ch := range Counted {
		if len(c.ways(ch)) == 0 {
			delete(reach, ch)
		}
	}
}

// parcel is a notification, written and ready to hand over.
type parcel struct {
	mail    carrier.Mail
	text    carrier.Text
	note    carrier.Note
	devices []queries.PushDevicesRow
	user    uuid.UUID
}

// hand gives a parcel to one carrier.
func (c *Carriers) hand(ctx context.Context, q *queries.Queries, name string, p parcel) carrier.Outcome {
	switch name {
	case "resend":
		return c.Resend.Send(ctx, p.mail)
	case "smtp":
		return c.SMTP.Send(ctx, p.mail)
	case "twilio":
		return c.Twilio.Send(ctx, p.text)
	default:
		return c.push(ctx, q, p)
	}
}

// push goes to all of a person's browsers; one that takes it is enough. A browser that is gone is forgotten.
func (c *Carriers) push(ctx context.Context, q *queries.Queries, p parcel) carrier.Outcome {
	wire, err := c.Push.Wire(ctx)
	if err != nil {
		return carrier.Outcome{Fate: carrier.Later, Words: "WedSync could not sign it: the fault is its own", Err: err}
	}
	out := carrier.Outcome{Fate: carrier.Refused, Words: "No browser takes pushes any more."}
	for _, d := range p.devices {
		note := p.note
		note.Endpoint, note.P256dh, note.Auth = d.Endpoint, d.P256dh, d.Auth
		one := wire.Send(ctx, note)
		switch {
		case one.Suppress == carrier.Gone:
			err = q.PushDeviceGone(ctx, queries.PushDeviceGoneParams{UserID: p.user, ID: d.ID})
		case one.Fate == carrier.Refused, one.Fate == carrier.Misconfigured:
			err = q.PushDeviceFailed(ctx, queries.PushDeviceFailedParams{UserID: p.user, ID: d.ID, Failed: one.Words})
		case one.Fate == carrier.Accepted:
			err = q.PushDeviceUsed(ctx, queries.PushDeviceUsedParams{UserID: p.user, ID: d.ID})
		}
		if out = better(out, one); err != nil && out.Err == nil {
			out.Err = err
		}
	}
	out.Suppress = ""
	return out
}

// better is the outcome that says more for the person: taken by one browser is taken, perhaps taken is not to be sent again.
func better(a, b carrier.Outcome) carrier.Outcome {
	order := map[carrier.Fate]int{carrier.Refused: 0, carrier.Misconfigured: 1, carrier.Closed: 2, carrier.Later: 3, carrier.Ambiguous: 4, carrier.Accepted: 5}
	if order[b.Fate] > order[a.Fate] || a.Fate == b.Fate {
		return b
	}
	return a
}

// settles says what may be done after a hand-over that nobody knows the end of.
type settles int

const (
	sendAgain settles = iota // the carrier knows our id, and sends one mail however often it is asked
	lookUp                   // it can be asked whether it has it
	never                    // nothing tells but a report
)

func ambiguity(name string) settles {
	switch name {
	case "resend":
		return sendAgain
	case "twilio":
		return lookUp
	default:
		return never
	}
}

const (
	lease       = 40 * time.Second // longer than a job may take, and so than all the calls in it
	forgetAfter = 24 * time.Hour   // Resend knows an Idempotency-Key for so long
)
