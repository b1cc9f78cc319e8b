package views

import (
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// PreferencesView is what reaches one person, how and when.
type PreferencesView struct {
	Rows        []PreferenceRow
	Zone        string
	Zones       []ui.Option
	OrgZone     string
	From, Until string // of the quiet hours, "22:00"
	Faults      Faults
	Wrong       []ui.Fault
	Preview     PreviewOfWishes

	Email       string
	EmailProven bool
	EmailWhy    string // why it is left alone; empty: it is not
	Phone       PhoneView
	Pushes      bool // some browser of theirs takes pushes
	Tier        queries.Tier
	Lacks       map[queries.Channel]bool // what the plan does not have

	Devices templ.Component // the browsers that take pushes; nil: the section is left out
}

// PreferenceRow is a category with a cell for each channel to choose for.
type PreferenceRow struct {
	Key, Title, Words string
	Fixed             bool
	Cells             []PreferenceCell
}

// PreferenceCell is how soon one category comes by one channel, and what else is on offer.
type PreferenceCell struct {
	Channel  queries.Channel
	Name, ID string
	Pace     queries.Pace
	Offers   []queries.Pace
	Error    string
}

// choice: one alone is none.
func (c PreferenceCell) choice() bool { return len(c.Offers) > 1 }

func (c PreferenceCell) options() []ui.Option {
	all := make([]ui.Option, len(c.Offers))
	for i, p := range c.Offers {
		all[i] = ui.Option{Value: string(p), Label: paceWords(p)}
	}
	return all
}

// PhoneView is a person's number and how it stands.
type PhoneView struct {
	Number  string // as kept
	Typed   string
	Proven  bool
	Waits   bool   // a code is out
	Why     string // why it is left alone; empty: it is not
	Country string // how a number without a country code is read
}

// PreviewOfWishes is what would have come in the last thirty days.
type PreviewOfWishes struct {
	Notices, Held, Bundled int
	Full                   bool // there was more than was looked at
	Kept                   bool // it is about what is kept: the form cannot be read as it stands
	Channels               []ChannelCount
	Lines                  []PreviewLine
}

// ChannelCount is what one channel would have brought.
type ChannelCount struct {
	Channel                                  queries.Channel
	Messages, AtOnce, Held, Bundled, Bundles int
}

// PreviewLine is one notice and the ways that it would have taken.
type PreviewLine struct {
	At           time.Time
	Title, Words string
}

func paceWords(p queries.Pace) string {
	switch p {
	case queries.PaceAtOnce:
		return "At once"
	case queries.PaceDaily:
		return "Each morning"
	case queries.PaceWeekly:
		return "Each Monday"
	default:
		return "Never"
	}
}

// channelName is a channel as people call it.
func channelName(ch queries.Channel) string {
	switch ch {
	case queries.ChannelEmail:
		return "E-mail"
	case queries.ChannelSms:
		return "Text message"
	case queries.ChannelPush:
		return "Push"
	default:
		return "In WedSync"
	}
}

// ChannelBy is a channel as the way that something takes.
func ChannelBy(ch queries.Channel) string {
	switch ch {
	case queries.ChannelEmail:
		return "by e-mail"
	case queries.ChannelSms:
		return "by text message"
	case queries.ChannelPush:
		return "by push"
	default:
		return "in WedSync"
	}
}

// aloneWords say why an address hears nothing from us.
func aloneWords(why string) string {
	switch why {
	case "bounced":
		return "what we sent came back"
	case "complained":
		return "our letters were marked as unwanted"
	case "stopped":
		return "it answered STOP"
	case "unsubscribed":
		return "it unsubscribed"
	default:
		return "nobody has it"
	}
}

// gaps are the channels that are chosen somewhere and reach nobody, with what to do about each.
func (v PreferencesView) gaps() []string {
	var all []string
	say := func(ch queries.Channel, hindered bool, words string) {
		if hindered && v.wants(ch) {
			all = append(all, words)
		}
	}
	say(queries.ChannelEmail, v.EmailWhy != "", "E-mail does not reach you: "+aloneWords(v.EmailWhy)+" ("+v.Email+").")
	say(queries.ChannelEmail, v.EmailWhy == "" && !v.EmailProven, "E-mail waits until your address is proven: open the letter that we sent to "+v.Email+" and follow its link.")
	say(queries.ChannelPush, !v.Pushes, "No browser of yours takes pushes yet. Turn them on in each one that should.")
	switch {
	case v.Lacks[queries.ChannelSms]:
		say(queries.ChannelSms, true, "Your plan, "+tierName(v.Tier)+", has no text messages. The larger plans have them.")
	case v.Phone.Why != "":
		say(queries.ChannelSms, true, "Text messages do not reach "+v.Phone.Number+": "+aloneWords(v.Phone.Why)+".")
	case !v.Phone.Proven:
		say(queries.ChannelSms, true, "Text messages wait until your number is proven, further down on this page.")
	}
	return all
}

func (v PreferencesView) wants(ch queries.Channel) bool {
	return slices.ContainsFunc(v.Rows, func(r PreferenceRow) bool {
		return slices.ContainsFunc(r.Cells, func(c PreferenceCell) bool { return c.Channel == ch && c.Pace != queries.PaceOff })
	})
}

// how says how the messages of a channel would have come.
func (c ChannelCount) how() string {
	var parts []string
	say := func(n int, words string) {
		if n > 0 {
			parts = append(parts, ui.Count(int64(n))+" "+words)
		}
	}
	say(c.AtOnce, "at once")
	say(c.Held, "after quiet hours")
	if c.Bundled > 0 {
		parts = append(parts, ui.Plural(int64(c.Bundled), "notice", "notices")+" gathered in "+ui.Plural(int64(c.Bundles), "letter", "letters"))
	}
	if len(parts) == 0 {
		return "Nothing"
	}
	return strings.Join(parts, ", ")
}

// total is the preview in a sentence.
func (v PreviewOfWishes) total() string {
	if v.Notices == 0 {
		return "Nothing worth telling happened in the last thirty days, so there is nothing to show yet. What comes from now on will stand here."
	}
	words := "Of the last thirty days, " + ui.Plural(int64(v.Notices), "notice", "notices") + " would have reached you"
	if v.Full {
		words = "The newest " + ui.Plural(int64(v.Notices), "notice", "notices") + " of the last thirty days would have reached you"
	}
	if v.Held > 0 {
		words += "; " + ui.Count(int64(v.Held)) + " would have waited until your quiet hours were over"
	}
	if v.Bundled > 0 {
		words += "; " + ui.Count(int64(v.Bundled)) + " would have come gathered with others"
	}
	return words + "."
}
