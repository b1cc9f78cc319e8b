package views

import (
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/wedsync/wedsync/views/ui"
)

// OutboxView is what WedSync sent in the demo, newest first.
type OutboxView struct {
	Channel, To string // what it is narrowed to; empty: everything
	Emails      int
	Texts       int
	Pushes      int
	Recipients  []string
	Days        []OutboxDay
	Older       int // how many more are kept than are shown
	Carriers    []OutboxCarrier
}

// OutboxDay is what was sent on one day.
type OutboxDay struct {
	Title string
	Items []OutboxItem
}

// OutboxItem is one e-mail, text message or push, as its recipient would see it.
type OutboxItem struct {
	ID                         uuid.UUID
	Channel, Carrier           string // email, sms or push; the carrier in words
	At                         time.Time
	From, To, ReplyTo          string
	Subject, Preheader, Text   string
	HTML                       bool
	Link, Terms, Fault, Status string
	Tone                       ui.Tone
	Told                       []OutboxTold
	Acts                       []OutboxAct
	Replies                    bool // the recipient can write back
}

// OutboxTold is what a carrier told WedSync of an item, and what it was answered.
type OutboxTold struct {
	At           time.Time
	What, Answer string
	Taken        bool
}

// OutboxAct is a button: what can happen to an item.
type OutboxAct struct{ Key, Label string }

// OutboxCarrier is how a carrier behaves, and how it can be made to.
type OutboxCarrier struct {
	Key, Name, Trouble, Alone string // Alone says whom it leaves alone by itself; empty: nobody
	Options                   []ui.Option
}

func (v OutboxView) empty() bool    { return len(v.Days) == 0 }
func (v OutboxView) narrowed() bool { return v.Channel != "" || v.To != "" }

func (i OutboxItem) icon() string {
	return map[string]string{"email": "mail", "sms": "bubble", "push": "bell"}[i.Channel]
}

func (i OutboxItem) path() string { return "/sandbox/outbox/" + i.ID.String() }

// title is what the item is called at the top of its own page.
func (i OutboxItem) title() string {
	switch {
	case i.Channel == "sms":
		return "Text message to " + i.To
	case i.Fault != "":
		return "A push that could not be opened"
	case i.Subject == "":
		return "(no subject)"
	default:
		return i.Subject
	}
}

// outboxURL is the outbox narrowed to a channel and a recipient.
func outboxURL(channel, to string) string {
	q := url.Values{}
	if channel != "" {
		q.Set("channel", channel)
	}
	if to != "" {
		q.Set("to", to)
	}
	if len(q) == 0 {
		return "/sandbox/outbox"
	}
	return "/sandbox/outbox?" + q.Encode()
}

var webAddress = regexp.MustCompile(`https?://[^\s<>"]+`)

// linked is a text in which the addresses can be followed. What closes a sentence is no part of one.
func linked(text string) string {
	var b strings.Builder
	from := 0
	for _, at := range webAddress.FindAllStringIndex(text, -1) {
		end := at[0] + len(strings.TrimRight(text[at[0]:at[1]], ".,;:!?)”’'"))
		href := templ.EscapeString(text[at[0]:end])
		b.WriteString(templ.EscapeString(text[from:at[0]]) + `<a href="` + href + `">` + href + `</a>`)
		from = end
	}
	b.WriteString(templ.EscapeString(text[from:]))
	return b.String()
}
