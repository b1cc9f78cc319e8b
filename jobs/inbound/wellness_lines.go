package inbound

import (
	"fmt"
	"strings"
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

// looks are all things that are looked at, the most telling first among those of one gravity. A test insists on a case for each.
var looks = []struct {
	about string
	at    func(Facts, time.Time) views.HealthLine
}{
	{"breaker", lookBreaker}, {"failed", lookFailed}, {"dead", lookDead}, {"quarantined", lookSetAside}, {"waiting", lookWaiting},
	{"usual", lookUsual}, {"readback", lookReadback}, {"secrets", lookSecrets}, {"reading", lookReading}, {"retrying", lookRetrying},
	{"last", lookLast}, {"lag", lookLag},
}

const (
	slow      = time.Minute      // a delivery that waits longer is not applied "in a moment"
	verySlow  = 10 * time.Minute // and one that waits longer than this waits for somebody
	overdue   = 15 * time.Minute // a poll that is later than this was missed
	tellsMuch = 10               // this many deliveries without one of use are no chance
)

func lookBreaker(f Facts, now time.Time) views.HealthLine {
	b := f.Breaker
	if b == nil || b.OpenUntil == nil {
		return views.HealthLine{}
	}
	words := views.ProviderName(f.Provider) + " has not answered for " + ui.Span(now.Sub(b.Since))
	if n := f.Waiting + f.Retrying; n > 0 {
		words += "; " + ui.Plural(n, "update waits", "updates wait")
	}
	return views.HealthLine{Tone: ui.Bad, Words: words + "; next try " + clock(*b.OpenUntil, now),
		Do: "Nothing to do: everything is kept, and WedSync knocks again by itself. If it lasts longer than an hour, look whether " + views.ProviderName(f.Provider) + " reports trouble."}
}

func lookFailed(f Facts, _ time.Time) views.HealthLine {
	return forAPerson(f.Failed, ui.Plural(f.Failed, "delivery could", "deliveries could")+" not be read", "failed",
		"Each is kept and says what is missing. Mend it at the sender or in how its fields are read, then run it again.")
}

func lookDead(f Facts, _ time.Time) views.HealthLine {
	return forAPerson(f.Dead, ui.Plural(f.Dead, "delivery was", "deliveries were")+" given up after many tries", "dead",
		"Each is kept. Run it again; if it is given up again, write to us with the reference on its page.")
}

func lookSetAside(f Facts, _ time.Time) views.HealthLine {
	return forAPerson(f.SetAside, ui.Plural(f.SetAside, "delivery is", "deliveries are")+" set aside", "quarantined",
		"Each is kept and waits for your word. Look at the reason on its page; if you trust it, run it again.")
}

func forAPerson(n int64, words, status, do string) views.HealthLine {
	if n == 0 {
		return views.HealthLine{}
	}
	return views.HealthLine{Tone: ui.Bad, Words: words, Do: do, Href: "?status=" + status, Link: "Show " + them(n)}
}

func lookWaiting(f Facts, now time.Time) views.HealthLine {
	if f.Waiting == 0 {
		return views.HealthLine{}
	}
	line := views.HealthLine{Tone: ui.Neutral, Words: ui.Plural(f.Waiting, "delivery waits", "deliveries wait") + " to be applied"}
	waited := now.Sub(f.Oldest)
	if f.Oldest.IsZero() || waited <= slow {
		return line
	}
	line.Words += ", the oldest for " + ui.Span(waited)
	line.Tone, line.Do = ui.Warn, "Nothing to do: everything is kept and applied in order, as fast as it can be."
	if waited > verySlow {
		line.Tone, line.Do = ui.Bad, "Everything is kept, and nothing has to be sent again. If it still waits in an hour, write to us: our side is at fault."
	}
	return line
}

// lookUsual is what usually comes, and whether it has stopped. What came after the silence was marked has ended it already,
// though the sweep may not have been by.
func lookUsual(f Facts, now time.Time) views.HealthLine {
	name := views.ProviderName(f.Provider)
	silent := !f.SilentSince.IsZero() && !f.Last.After(f.SilentSince)
	switch {
	case silent && f.Habit.Known:
		return views.HealthLine{Tone: ui.Warn, Words: name + " usually sends " + f.Habit.Words() + "; nothing for " + Length(now.Sub(f.SilentSince)), Do: askSender(name)}
	case silent:
		return views.HealthLine{Tone: ui.Warn, Words: name + " has sent nothing for " + Length(now.Sub(f.SilentSince)), Do: askSender(name)}
	case f.Habit.Known:
		return views.HealthLine{Tone: ui.Good, Words: name + " usually sends " + f.Habit.Words()}
	case f.Last.IsZero():
		return views.HealthLine{}
	default:
		return views.HealthLine{Tone: ui.Neutral, Words: "Too little has come to tell what is usual; WedSync watches for silence once it knows"}
	}
}

func askSender(name string) string {
	return "Look in " + name + " whether its webhook or Zap is still switched on, and send a test. If there was simply nothing to send, nothing has to be done."
}

func readbackAdvice(next time.Time, name string) string {
	if Stopped(next) {
		return "What " + name + " sends is still kept. Make a new key in " + name + " and give it to this connection."
	}
	return "Nothing to do: WedSync asks again by itself, and reads on from where it was."
}

func lookReadback(f Facts, now time.Time) views.HealthLine {
	r, name := f.Readback, views.ProviderName(f.Provider)
	switch {
	case r == nil:
		return views.HealthLine{}
	case r.Trouble != "":
		return views.HealthLine{Tone: ui.Bad, Words: "WedSync cannot read " + name + "'s records: " + strings.TrimSuffix(r.Trouble, "."), At: whenever(r.Polled),
			Do: readbackAdvice(r.Next, name)}
	case now.Sub(r.Next) > overdue:
		return views.HealthLine{Tone: ui.Warn, Words: name + "'s records should have been read again " + ui.Ago(now, r.Next), At: whenever(r.Polled),
			Do: "Nothing to do: they are read from where the last reading ended. If this stays, write to us."}
	case r.Polled.IsZero():
		return views.HealthLine{Tone: ui.Neutral, Words: name + "'s records are about to be read for the first time"}
	default:
		return views.HealthLine{Tone: ui.Good, Words: name + "'s records were last read", At: whenever(r.Polled)}
	}
}

// lookSecrets speaks only while a secret is being replaced.
func lookSecrets(f Facts, now time.Time) views.HealthLine {
	if len(f.Secrets) < 2 {
		return views.HealthLine{}
	}
	name, fresh, before := views.ProviderName(f.Provider), f.Secrets[0], f.Secrets[1]
	until := ""
	if before.ExpiresAt != nil {
		until = ", which is taken until " + ui.DayTime(before.ExpiresAt.In(now.Location()))
	}
	switch {
	case fresh.LastUsedAt == nil && usedSince(f.Secrets[1:], fresh.CreatedAt):
		return views.HealthLine{Tone: ui.Warn, Words: name + " still signs with the old secret" + until,
			Do: "Put the new secret into " + name + ". Until then its deliveries are taken by the old one."}
	case fresh.LastUsedAt == nil:
		return views.HealthLine{Tone: ui.Neutral, Words: "A new secret waits for its first delivery, beside the old one" + until}
	default:
		return views.HealthLine{Tone: ui.Good, Words: "The new secret is in use (" + ui.Plural(int64(fresh.Clean), "delivery", "deliveries") + " in a row), beside the old one" + until}
	}
}

func usedSince(old []queries.SecretsInUseRow, t time.Time) bool {
	for _, s := range old {
		if s.LastUsedAt != nil && s.LastUsedAt.After(t) {
			return true
		}
	}
	return false
}

// lookReading speaks when much comes and nothing of it is of use: its fields are most likely called something else.
func lookReading(f Facts, _ time.Time) views.HealthLine {
	if f.Settled < tellsMuch || f.Unused < f.Settled {
		return views.HealthLine{}
	}
	return views.HealthLine{Tone: ui.Warn, Words: fmt.Sprintf("WedSync found nothing to use in the last %d deliveries", f.Settled), Href: "?status=ignored", Link: "Show them",
		Do: "Open one of them and see why. Either another event has to be chosen in " + views.ProviderName(f.Provider) + ", or WedSync has to be told which field is which."}
}

func lookRetrying(f Facts, now time.Time) views.HealthLine {
	if f.Retrying == 0 {
		return views.HealthLine{}
	}
	words := ui.Plural(f.Retrying, "delivery is", "deliveries are") + " tried again by itself"
	if f.Retrying > 1 {
		words = ui.Plural(f.Retrying, "delivery is", "deliveries are") + " tried again by themselves"
	}
	return views.HealthLine{Tone: ui.Neutral, Words: words + ", next " + clock(f.NextTry, now)}
}

func lookLast(f Facts, _ time.Time) views.HealthLine {
	if f.Last.IsZero() {
		return views.HealthLine{Tone: ui.Neutral, Words: "Nothing has arrived yet", Do: "Send a test from " + views.ProviderName(f.Provider) + ". It shows up below within a second."}
	}
	return views.HealthLine{Tone: ui.Good, Words: "Last delivery", At: &f.Last}
}

// lookLag says how long it takes to apply what comes. Without a dozen to go by it says nothing.
func lookLag(f Facts, _ time.Time) views.HealthLine {
	if f.Measured < 12 {
		return views.HealthLine{}
	}
	line := views.HealthLine{Tone: ui.Good, Words: "What arrives is typically on your pages within " + seconds(f.Lag)}
	if f.Lag > slow {
		line.Tone, line.Do = ui.Warn, "Nothing to do: nothing is lost, only late. If it stays, write to us."
	}
	return line
}

func whenever(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func them(n int64) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// clock is a time soon to come, on the supplier's clock; another day is named.
func clock(t, now time.Time) string {
	t = t.In(now.Location())
	switch {
	case !t.After(now):
		return "now"
	case t.YearDay() == now.YearDay() && t.Year() == now.Year():
		return ui.Clock(t)
	default:
		return ui.DayTime(t)
	}
}

// Length is a span that people compare with a pace per day: hours up to two days and a half, where ui.Span says "1 day".
func Length(d time.Duration) string {
	if d >= time.Hour && d < 60*time.Hour {
		return ui.Plural(int64(d/time.Hour), "hour", "hours")
	}
	return ui.Span(d)
}

// seconds rounds up, so that "within" stays true.
func seconds(d time.Duration) string {
	switch {
	case d <= 100*time.Millisecond:
		return "0.1 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", float64((d+99*time.Millisecond)/(100*time.Millisecond))/10)
	case d < time.Minute:
		return ui.Span(d + time.Second - 1)
	default:
		return ui.Span(d + time.Minute - 1)
	}
}
