package views

import (
	"strings"
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// SentView is the page of what was sent.
type SentView struct {
	Now        time.Time
	Zone       *time.Location
	Rows       []SentItem
	Older      string
	Search     string
	Channel    string
	Group      string
	Filtered   bool // something is searched for, or this is not the newest page
	Suppressed []queries.SuppressedInUseRow
	MayLift    bool
}

// SentItem is one notification in a list. Title is all of its words that others than its reader see.
type SentItem struct {
	Title string
	Row   queries.NotificationLog
}

// SentOneView is one notification, step by step.
type SentOneView struct {
	Now    time.Time
	Zone   *time.Location
	Title  string
	At     time.Time // when what it tells happened
	Row    queries.NotificationLog
	Steps  []queries.StepsOfRow
	Beside []queries.NotificationLog
}

// NotificationState is how a notification stands, in words that make one sentence: "Held back", "until 07:00", "quiet hours".
type NotificationState struct {
	Tone            ui.Tone
	Word, When, Why string
	Means           string // what follows from it for whoever wants to know whether somebody was told
}

// Sentence is all of it: "Held back until 07:00: quiet hours".
func (s NotificationState) Sentence() string { return s.Word + s.Rest() }

// Rest is what stands beside the badge that holds the word.
func (s NotificationState) Rest() string { return joined(" ", s.When) + joined(": ", s.Why) }

// SentGroup is how notifications stand as people ask for it.
type SentGroup struct {
	Key, Label string
	Statuses   []queries.NotificationStatus
}

// SentGroups are all of them; every status is in one. What is queued and waits for its hour is held back as well.
var SentGroups = []SentGroup{
	{"way", "On the way", []queries.NotificationStatus{queries.NotificationStatusQueued, queries.NotificationStatusSending, queries.NotificationStatusAccepted, queries.NotificationStatusUnknown}},
	{"arrived", "Arrived", []queries.NotificationStatus{queries.NotificationStatusDelivered, queries.NotificationStatusSeen, queries.NotificationStatusAcknowledged, queries.NotificationStatusComplained}},
	{"failed", "Did not arrive", []queries.NotificationStatus{queries.NotificationStatusBounced, queries.NotificationStatusFailed}},
	{"held", "Held back", []queries.NotificationStatus{queries.NotificationStatusBundled, queries.NotificationStatusSkipped}},
}

// standing is what is said of a status as long as nothing else is known of the row.
type standing struct {
	tone      ui.Tone
	word, why string
	means     string
	at        func(queries.NotificationLog) *time.Time
}

var standings = map[queries.NotificationStatus]standing{
	queries.NotificationStatusQueued:  {ui.Neutral, "On its way", "", "It goes out in a moment.", nil},
	queries.NotificationStatusBundled: {ui.Neutral, "Kept for the next summary", "", "It is told together with other news, as this person chose or because much happened at once.", nil},
	queries.NotificationStatusSending: {ui.Neutral, "Being handed over", "", "This takes seconds.", nil},
	queries.NotificationStatusAccepted: {ui.Neutral, "Handed over", "", "It was taken; whether it arrived is not known yet.",
		func(l queries.NotificationLog) *time.Time { return l.HandedAt }},
	queries.NotificationStatusUnknown: {ui.Warn, "We do not know", "the answer did not come in time",
		"It may have arrived. It is not sent a second time by itself, so that nobody gets it twice; as soon as we hear more, this page says so.", nil},
	queries.NotificationStatusDelivered: {ui.Good, "Delivered", "", "It is where this person reads it.",
		func(l queries.NotificationLog) *time.Time { return l.DeliveredAt }},
	queries.NotificationStatusSeen: {ui.Good, "Seen", "", "This person, or their mail program, has opened it.",
		func(l queries.NotificationLog) *time.Time { return l.SeenAt }},
	queries.NotificationStatusAcknowledged: {ui.Good, "Acknowledged", "", "This person has answered that they know.",
		func(l queries.NotificationLog) *time.Time { return l.AcknowledgedAt }},
	queries.NotificationStatusBounced: {ui.Bad, "Bounced", "the address takes nothing",
		"It did not arrive. Nothing more is sent to this address until somebody says that it works again. Ask for another one.", nil},
	queries.NotificationStatusComplained: {ui.Bad, "Marked as unwanted", "",
		"It arrived, and this person told their mail provider that they do not want it. Nothing more is sent to this address.", nil},
	queries.NotificationStatusFailed:  {ui.Bad, "Failed", "", "It did not arrive, and it is not tried again. Tell this person another way if it matters.", nil},
	queries.NotificationStatusSkipped: {ui.Warn, "Not sent", "", "It was not sent, and it will not be. What it told stands on your pages.", nil},
}

// NotificationWords say how a notification stands, and since when. now carries the reader's clock.
func NotificationWords(l queries.NotificationLog, now time.Time) NotificationState {
	of, ok := standings[l.Status]
	if !ok {
		return NotificationState{Tone: ui.Neutral, Word: string(l.Status), Why: l.Reason}
	}
	state := NotificationState{Tone: of.tone, Word: of.word, Why: orElse(of.why, because(l.Reason)), Means: of.means}
	if of.at != nil {
		if at := of.at(l); at != nil {
			state.When = moment(now, *at)
		}
	}
	switch {
	case l.Status == queries.NotificationStatusAccepted && l.Provider != "":
		state.Word = "Handed to " + CarrierName(l.Provider)
	case l.Status == queries.NotificationStatusBundled && l.HandedAt != nil:
		state.Word, state.When, state.Means = "Told in a summary", moment(now, *l.HandedAt), "It went together with other news. The summary has a line of its own here."
	case l.Status == queries.NotificationStatusQueued && l.NextTryAt != nil && l.NextTryAt.After(now) && l.Attempts == 0:
		state.Word, state.When, state.Means = "Held back", "until "+moment(now, *l.NextTryAt), "It goes out by itself then."
	case l.Status == queries.NotificationStatusQueued && l.NextTryAt != nil && l.Attempts > 0:
		state.Tone, state.Word, state.When, state.Means = ui.Warn, "To be tried again", "at "+moment(now, *l.NextTryAt), "It was certainly not taken the last time. It is tried again by itself."
	}
	return state
}

// moment is a time of day, with its date unless that is today. now carries the clock to write it by.
func moment(now, at time.Time) string {
	at = at.In(now.Location())
	switch {
	case now.Format(time.DateOnly) == at.Format(time.DateOnly):
		return ui.Clock(at)
	case now.Year() == at.Year():
		return at.Format("2 January, 15:04")
	default:
		return at.Format("2 January 2006, 15:04")
	}
}

// dayOf is a date, with its year unless it is this one.
func dayOf(now, at time.Time) string {
	at = at.In(now.Location())
	if now.Year() == at.Year() {
		return at.Format("2 January")
	}
	return at.Format("2 January 2006")
}

// ChannelName is a channel as people call it.
func ChannelName(ch queries.Channel) string {
	switch ch {
	case queries.ChannelEmail:
		return "E-mail"
	case queries.ChannelSms:
		return "SMS"
	case queries.ChannelPush:
		return "Push"
	default:
		return "Inbox"
	}
}

// CarrierName is who takes a message away; a push goes through the maker of the reader's browser.
func CarrierName(provider string) string {
	name, host, _ := strings.Cut(provider, ":")
	switch name {
	case "":
		return "WedSync"
	case "resend":
		return "Resend"
	case "smtp":
		return "the mail server"
	case "twilio":
		return "Twilio"
	case "push":
		return orElse("the browser's push service", host)
	default:
		return provider
	}
}

// told is what a step that is no status of ours is called: what an attempt came to, and what carriers report.
var told = map[string]struct {
	words string
	tone  ui.Tone
}{
	"attempt":                {"Tried", ui.Neutral},
	"refused":                {"Refused", ui.Bad},
	"misconfigured":          {"Could not go this way", ui.Warn},
	"later":                  {"Not taken this time", ui.Warn},
	"closed":                 {"Not tried: no answer from there at the moment", ui.Warn},
	"ambiguous":              {"It may have been taken", ui.Warn},
	"sent":                   {"Sent on", ui.Neutral},
	"undelivered":            {"Did not arrive", ui.Bad},
	"read":                   {"Read", ui.Good},
	"email.sent":             {"Sent on", ui.Neutral},
	"email.delivered":        {"Delivered", ui.Good},
	"email.delivery_delayed": {"Delayed", ui.Warn},
	"email.bounced":          {"Bounced", ui.Bad},
	"email.complained":       {"Marked as unwanted", ui.Bad},
	"email.opened":           {"Opened", ui.Good},
	"email.clicked":          {"A link in it was followed", ui.Good},
	"email.failed":           {"Failed", ui.Bad},
	"email.suppressed":       {"Left alone", ui.Bad},
}

// StepWords are a step of the timeline. What a carrier calls by a name that we do not know keeps that name.
func StepWords(step string) (string, ui.Tone) {
	if of, ok := standings[queries.NotificationStatus(step)]; ok {
		return of.word, of.tone
	}
	if known, ok := told[step]; ok {
		return known.words, known.tone
	}
	words := strings.NewReplacer("_", " ", ".", ": ").Replace(step)
	if words == "" {
		return "Something happened", ui.Neutral
	}
	return strings.ToUpper(words[:1]) + words[1:], ui.Neutral
}

// because makes the end of a sentence of a reason, which is one of its own: "It waited too long." → "it waited too long". Only
// words that are no names lose their capital.
func because(reason string) string {
	reason = strings.TrimSuffix(strings.TrimPrefix(reason, "Held back over "), ".")
	first, _, _ := strings.Cut(reason, " ")
	switch first {
	case "It", "The", "They", "This", "Today's", "Given", "There", "Their", "Nobody", "No", "Not", "Your", "A":
		return strings.ToLower(first[:1]) + reason[1:]
	default:
		return reason
	}
}

func groupOptions() []ui.Option {
	options := []ui.Option{{Label: "However they stand"}}
	for _, g := range SentGroups {
		options = append(options, ui.Option{Value: g.Key, Label: g.Label})
	}
	return options
}

func channelOptions() []ui.Option {
	options := []ui.Option{{Label: "Every channel"}}
	for _, ch := range queries.AllChannelValues() {
		options = append(options, ui.Option{Value: string(ch), Label: ChannelName(ch)})
	}
	return options
}
