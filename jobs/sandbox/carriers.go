package sandbox

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify"
)

// The demo's keys at the stand-ins. They are no secrets: they open nothing outside the demo.
const (
	resendKey    = "re_sandbox_8fK2mQxWz4Rt7vYb"
	resendSecret = "whsec_c2FuZGJveCBvZiB3ZWRzeW5jLCAyNCBieXRlcw=="
	twilioSID    = "AC5a6e64626f78206f66207765647379ff"
	twilioToken  = "5a6e64626f7820746f6b656e206f6620"
	twilioFrom   = "+15005550006"
	mailFrom     = "WedSync <hello@wedsync.example>"
)

// carriers are the stand-ins of those who take notifications away, and of those who keep calendars.
type carriers struct {
	Outbox *Outbox
	Resend *Resend
	Twilio *Twilio
	Push   *PushService
	SMTP   *SMTP
	Google *Google
	Graph  *Graph

	courier *courier
}

func newCarriers(now time.Time) carriers {
	o, c := newOutbox(), newCourier()
	return carriers{Outbox: o, Resend: newResend(resendKey, resendSecret, o, c), Twilio: newTwilio(twilioSID, twilioToken, twilioFrom, o, c),
		Push: newPushService(o), SMTP: newSMTP(o), Google: newGoogle(c, now), Graph: newGraph(c, now), courier: c}
}

// Carriers are the settings of a WedSync at that public address, so that all of its carriers are the stand-ins. There is a
// mail server once Open was called.
func (w *World) Carriers(base *url.URL) notify.Settings {
	at := func(path string) string { return base.JoinPath("/sandbox", path).String() }
	return notify.Settings{ResendKey: w.Resend.Key, ResendURL: at("resend"), ResendSecret: w.Resend.Secret,
		TwilioSID: w.Twilio.SID, TwilioToken: w.Twilio.Token, TwilioFrom: w.Twilio.From, TwilioURL: at("twilio"), SMTPURL: w.SMTP.URL(), MailFrom: mailFrom}
}

// Open lets the stand-ins know where WedSync is, and the mail server listen. Call it before anything is sent.
func (w *World) Open(base *url.URL) error {
	w.Resend.Base, w.Twilio.Base, w.Push.Base, w.Google.Base, w.Graph.Base = base, base, base, base, base
	return w.SMTP.Open()
}

// Run posts the carriers' callbacks until ctx ends.
func (w *World) Run(ctx context.Context) {
	w.courier.run(ctx)
	_ = w.SMTP.Close() // nobody is left who could be told
}

// SetTrouble makes a carrier misbehave, or behave again.
func (w *World) SetTrouble(carrier string, t Trouble) error {
	if t != Fine && !slices.Contains(Troubles[carrier], t) {
		return errors.New("sandbox: there is no such trouble")
	}
	switch carrier {
	case "resend":
		w.Resend.be(t)
	case "twilio":
		w.Twilio.be(t)
	case "push":
		w.Push.be(t)
	case "smtp":
		return w.SMTP.Be(t)
	default:
		return errors.New("sandbox: there is no such carrier")
	}
	return nil
}

// TroubleOf is how a carrier behaves.
func (w *World) TroubleOf(carrier string) Trouble {
	switch carrier {
	case "resend":
		return w.Resend.is()
	case "twilio":
		return w.Twilio.is()
	case "push":
		return w.Push.is()
	}
	return w.SMTP.is()
}

// Forget empties a carrier's own list of those to leave alone: bounced addresses, numbers that said STOP, devices that have gone.
func (w *World) Forget(carrier string) {
	switch carrier {
	case "resend":
		w.Resend.Forget()
	case "twilio":
		w.Twilio.Forget()
	case "push":
		w.Push.Forget()
	}
}

// LeavesAlone is how many are on that list.
func (w *World) LeavesAlone(carrier string) int {
	switch carrier {
	case "resend":
		return w.Resend.LeavesAlone()
	case "twilio":
		return w.Twilio.Stopped()
	case "push":
		return w.Push.Missing()
	}
	return 0
}

// Act is something that can happen to a message once a carrier has taken it.
type Act struct{ Key, Label string }

// Acts are all of them, by carrier. SMTP tells nothing after it has taken a mail.
var Acts = map[string][]Act{
	"resend": {{"delivered", "Deliver"}, {"opened", "Open"}, {"bounced", "Bounce: no such address"}, {"mailbox_full", "Bounce: mailbox full"}, {"complained", "Mark as spam"},
		{"delivery_delayed", "Delay"}, {"failed", "Fail"}, {"suppressed", "Suppress"}},
	"twilio": {{"delivered", "Deliver"}, {"unreachable", "Phone is off"}, {"unknown_handset", "No such phone"}, {"filtered", "Filter as spam"}, {"failed", "Fail"},
		{"stop", "Reply STOP"}, {"start", "Reply START"}},
	"push": {{"gone", "This device is gone"}, {"back", "The device is back"}},
}

// ErrNoSuch is about a message that is not kept, or something that cannot happen to it.
var ErrNoSuch = errors.New("sandbox: no such message, or no such thing can happen to it")

// Happen lets something happen to a message: the carrier posts its signed callback now, and the outbox says what it was
// answered. A reply's words are text.
func (w *World) Happen(ctx context.Context, id uuid.UUID, act, text string) error {
	s, there := w.Outbox.Get(id)
	known := slices.ContainsFunc(Acts[s.Carrier], func(a Act) bool { return a.Key == act }) || act == "reply" && s.Carrier == "twilio" && text != ""
	switch {
	case !there || !known:
		return ErrNoSuch
	case act == "reply":
		w.Twilio.reply(ctx, s, text)
	case act == "stop" || act == "start":
		w.Twilio.reply(ctx, s, map[string]string{"stop": "STOP", "start": "START"}[act])
	case s.Carrier == "resend":
		w.Resend.act(ctx, s, act)
	case s.Carrier == "twilio":
		w.Twilio.act(ctx, s, act)
	default:
		w.Push.Gone(s.To[0], act == "gone")
		w.Outbox.becomes(id, func(s *Sent) { s.Status = act })
	}
	return nil
}
