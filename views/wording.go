package views

import (
	"strings"
	"time"

	"github.com/wedsync/wedsync/views/mail"
	"github.com/wedsync/wedsync/views/ui"
)

// WordingsView is all letters that a supplier may put into their own words, and how their letters look.
type WordingsView struct {
	Now     time.Time
	Changed map[string]time.Time // by letter: when it was put into words of their own
	Couples []string             // the kinds that go to their couples
	Colour  string
	ReplyTo string
	Faults  Faults
}

// WordingView is one letter, its fields as they were typed, and how it reads.
type WordingView struct {
	Kind     mail.Kind
	Audience mail.Audience
	Wording  mail.Wording
	Ours     mail.Letter // in our words, for who leaves a field empty
	Changed  bool        // there is a wording of their own
	Faults   Faults
	Preview  WordingPreview
	Couples  bool // it goes to their couples
	Test     WordingTest
}

// WordingTest is a letter that somebody sends to themselves.
type WordingTest struct {
	To      string
	Refused string // why it cannot go
	Asked   bool   // and was asked for all the same
}

// WordingPreview is a letter as it would go out.
type WordingPreview struct {
	Letter  mail.Letter
	Wedding string // whose facts it shows; empty: made up
	Colour  string
	Wrong   []ui.Fault // why some of it is shown in our words
}

// HouseColour is that of who has chosen none: a colour field cannot be empty.
const HouseColour = "#811d35"

func (v WordingView) key() string { return mail.Key(v.Kind, v.Audience) }

func (v WordingView) wrong() []ui.Fault { return faultsOf(v.Faults, "subject", "opening", "closing") }

// faultsOf are a form's faults in the order of its fields.
func faultsOf(f Faults, fields ...string) (all []ui.Fault) {
	for _, field := range fields {
		if f[field] != "" {
			all = append(all, ui.Fault{Field: field, Message: f[field]})
		}
	}
	return all
}

// WordingFaults are a wording's faults in the order of its fields.
func WordingFaults(f Faults) []ui.Fault { return faultsOf(f, "subject", "opening", "closing") }

// LetterName is a letter as people read it: "Payment received, to couples".
func LetterName(k mail.Kind, a mail.Audience) string { return k.Title() + ", " + a.Words() }

// lettersFor are the letters to an audience that may be reworded.
func lettersFor(a mail.Audience) (kinds []mail.Kind) {
	for _, k := range mail.Kinds {
		if _, _, ok := mail.ReadKey(mail.Key(k, a)); ok {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// letterColumns: whether a letter goes out at all is asked for couples only; what the team gets each chooses for themselves.
func letterColumns(a mail.Audience) []ui.Column {
	all := []ui.Column{{Label: "Letter"}, {Label: "When it goes out"}, {Label: "Words"}}
	if a == mail.Couple {
		all = append(all, ui.Column{Label: "To couples"}, ui.Column{Label: "Turn on or off", Hidden: true})
	}
	return all
}

func turn(on bool) string {
	if on {
		return "Turn off"
	}
	return "Turn on"
}

func wordingURL(k mail.Kind, a mail.Audience) string { return "/app/wording?letter=" + mail.Key(k, a) }

func closingLines(l mail.Letter) []string { return strings.Split(l.Closing, "\n") }
