package mail

import (
	"cmp"
	"time"

	"github.com/wedsync/wedsync/views/ui"
)

// scene is what a letter is written from: clean facts, and whom it is for.
type scene struct {
	News
	supplier string
	reader   Reader
	links    Links
}

// words are what one letter says; the rest follows from the facts.
type words struct {
	subject, heading string
	opening          string   // what happened
	more             []string // what it means, what to do next
	button           string   // empty: nowhere to go
	closing          string
}

func setting(n News, b Brand, r Reader, l Links) scene {
	if r.Zone == nil {
		r.Zone = time.UTC
	}
	if n.Test != "" {
		r.Audience = n.Test
	}
	r.Name = clean(r.Name, maxName)
	l.Base, l.Unsubscribe, l.Acknowledge = address(l.Base), address(l.Unsubscribe), address(l.Acknowledge)
	return scene{News: n.tidy(), supplier: clean(b.Name, maxName), reader: r, links: l}
}

// ours is the supplier's name; a supplier without one is spoken of, not to.
func (s scene) ours() string { return cmp.Or(s.supplier, "Your supplier") }

func (s scene) who(otherwise string) string { return cmp.Or(s.Who, otherwise) }

// booking is what the booking is called.
func (s scene) booking(otherwise string) string { return cmp.Or(s.Title, s.Who, otherwise) }

// money is the amount, or otherwise.
func (s scene) money(otherwise string) string {
	if s.AmountMinor == nil {
		return otherwise
	}
	return ui.Money(*s.AmountMinor, s.Currency)
}

// sum is "a payment of £500.00" as far as we know the amount.
func (s scene) sum(thing string) string { return thing + before(" of ", s.money("")) }

// day is the date alone; empty where none is set.
func (s scene) day() string {
	if s.Starts == nil {
		return ""
	}
	return ui.Day(*s.Starts)
}

// begin is the date and, unless it fills the day, the time.
func (s scene) begin() string {
	if s.Starts == nil || s.wholeDay() {
		return s.day()
	}
	return ui.DayTime(*s.Starts)
}

// when is from when until when.
func (s scene) when() string {
	if s.Starts == nil || s.Ends == nil || !s.Ends.After(*s.Starts) {
		return s.begin()
	}
	long := s.Ends.Sub(*s.Starts)
	switch {
	case s.wholeDay() && long <= 24*time.Hour:
		return s.day()
	case s.wholeDay():
		return s.day() + " to " + ui.Day(s.Ends.AddDate(0, 0, -1))
	case long < 24*time.Hour:
		return s.begin() + " to " + ui.Clock(*s.Ends)
	}
	return s.begin() + " to " + ui.DayTime(*s.Ends)
}

func (s scene) wholeDay() bool {
	return midnight(*s.Starts) && (s.Ends == nil || midnight(*s.Ends))
}

func midnight(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 }

// place is "Sat 12 June 2027, 14:00 at Holm House", as far as both are known.
func (s scene) place() string {
	if s.begin() == "" {
		return s.Venue
	}
	return s.begin() + before(" at ", s.Venue)
}

// moment is when it happened, on the reader's own clock.
func (s scene) moment() string {
	if s.At.IsZero() || s.At.Year() > 9999 {
		return ""
	}
	at := s.At.In(s.reader.Zone)
	return ui.DayTime(at) + at.Format(" MST")
}

// lasts is how long a link or a code works: "30 minutes".
func (s scene) lasts() string {
	if s.Ends == nil || s.At.IsZero() || !s.Ends.After(s.At) {
		return ""
	}
	return ui.Span(s.Ends.Sub(s.At).Round(time.Minute))
}

// before puts a word before something that is there.
func before(word, s string) string {
	if s == "" {
		return ""
	}
	return word + s
}

// after puts a word behind something that is there.
func after(s, word string) string {
	if s == "" {
		return ""
	}
	return s + word
}

// sentence ends what others wrote with a full stop, if it has no end of its own.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	switch s[len(s)-1] {
	case '.', '!', '?':
		return s
	}
	return s + "."
}

// some leaves out what is empty.
func some(all ...string) (kept []string) {
	for _, s := range all {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}
