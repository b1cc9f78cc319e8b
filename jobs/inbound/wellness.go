package inbound

import (
	"cmp"
	"slices"
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

// Facts are what is known of a connection. Times that never were are zero.
type Facts struct {
	Provider    queries.Provider
	Habit       Habit
	Last        time.Time // the newest delivery
	SilentSince time.Time // as the sweep has marked it

	Lag             time.Duration // of the newest hundred, 19 in 20 were applied within it
	Measured        int64
	Settled, Unused int64 // of the newest hundred: read, and of no use to us

	Waiting                int64
	Oldest                 time.Time // of those that wait
	Retrying               int64
	NextTry                time.Time
	Failed, Dead, SetAside int64 // for a person

	Readback *Readback
	Secrets  []queries.SecretsInUseRow // that verify, the newest first
	Breaker  *Breaker
}

// Breaker is what keeps us from knocking at the door of somebody who does not answer.
type Breaker struct {
	Peer      string
	OpenUntil *time.Time
	Failures  int
	Since     time.Time
}

// Readback is the reading of records from the provider's own API.
type Readback struct {
	Polled  time.Time // the last that ended well
	Next    time.Time
	Trouble string
}

// HabitSince is from when days are worth reading: a habit's twelve weeks, and a silence of as many before now.
func HabitSince(now time.Time) time.Time { return now.AddDate(0, 0, -2*7*habitWeeks) }

// FactsOf sorts what the queries found. now carries the supplier's clock, here and in Health.
func FactsOf(row queries.WellnessRow, days []queries.ArrivedDaysRow, secrets []queries.SecretsInUseRow, now time.Time) Facts {
	f := Facts{
		Provider: row.Provider, Last: notEver(row.LastAt), Lag: time.Duration(row.LagSeconds * float64(time.Second)), Measured: row.Measured,
		Settled: row.Settled, Unused: row.Unused, Waiting: row.Waiting, Oldest: notEver(row.OldestAt), Retrying: row.Retrying, NextTry: notEver(row.NextTryAt),
		Failed: row.Failed, Dead: row.Dead, SetAside: row.Quarantined,
	}
	if row.SilentSince != nil {
		f.SilentSince = *row.SilentSince
	}
	if row.NextPollAt != nil {
		f.Readback = &Readback{Next: *row.NextPollAt}
		if row.PolledAt != nil {
			f.Readback.Polled = *row.PolledAt
		}
		if row.Trouble != nil {
			f.Readback.Trouble = *row.Trouble
		}
	}
	var came []Day
	for _, d := range days {
		if d.ConnectionID == row.ID {
			came = append(came, Day{d.Day, int(d.Arrived)})
		}
	}
	f.Habit = Usual(came, row.FirstDay, now)
	for _, s := range secrets {
		if s.ConnectionID == row.ID {
			f.Secrets = append(f.Secrets, s)
		}
	}
	return f
}

// notEver reads the epoch, by which the queries say that something never was.
func notEver(t time.Time) time.Time {
	if t.Unix() <= 0 {
		return time.Time{}
	}
	return t
}

// gravity is the order in which lines are told, and which of them speaks for all.
var gravity = map[ui.Tone]int{ui.Bad: 0, ui.Warn: 1, ui.Neutral: 2, ui.Good: 3}

// Health says how a connection is: the gravest line is the sentence for all of it.
func Health(f Facts, now time.Time) views.Health {
	var h views.Health
	for _, look := range looks {
		if line := look.at(f, now); line.Words != "" {
			line.About = look.about
			h.Lines = append(h.Lines, line)
		}
	}
	slices.SortStableFunc(h.Lines, func(a, b views.HealthLine) int { return cmp.Compare(gravity[a.Tone], gravity[b.Tone]) })
	gravest := h.Lines[0] // there is always the line about the last delivery
	switch {
	case gravity[gravest.Tone] <= gravity[ui.Warn]:
		h.Tone, h.Sentence = gravest.Tone, gravest.Words+"."
	case f.Last.IsZero():
		h.Tone, h.Sentence = ui.Neutral, "Nothing has arrived yet."
	default:
		h.Tone, h.Sentence = ui.Good, "All is as usual: the last delivery came "+ui.Ago(now, f.Last)+"."
	}
	return h
}
