// Package mail writes what leaves the house: letters in HTML and text, SMS, pushes, and the lines of the inbox.
//
// It gets the facts of one notice and answers with words; it knows no database, no channel's rules beyond how much fits, and
// nobody's preferences. All that people of other systems wrote passes through clean on its way in, so that a name can be
// neither markup nor a header nor a second line.
//
// It imports ui for money and dates. views draws its kinds on pages; notify and web import it.
package mail

import "time"

// News is what a notice tells; it is kept as JSON.
type News struct {
	Kind Kind   `json:"kind"`
	What string `json:"what,omitempty"` // what exactly: one of Whats[Kind]; another one still makes a letter

	Who    string `json:"who,omitempty"`    // the couple's names, or whoever paid
	Title  string `json:"title,omitempty"`  // the booking's; the system's for a connection
	Detail string `json:"detail,omitempty"` // what it is for, what changed, why it failed; of a new device what and where it is

	AmountMinor *int64 `json:"amount_minor,omitempty"`
	Currency    string `json:"currency,omitempty"`

	// Wall times at the venue, whatever zone they carry.
	Starts *time.Time `json:"starts,omitempty"`
	Ends   *time.Time `json:"ends,omitempty"` // of a link or a code: the instant at which it stops working
	Zone   string     `json:"zone,omitempty"`
	Venue  string     `json:"venue,omitempty"`

	At   time.Time `json:"at,omitzero"`    // when it happened: an instant
	Path string    `json:"path,omitempty"` // the page in the product that shows it: "/app/weddings"

	Link string `json:"-"` // security: absolute, and a secret: it is never kept with the facts
	Code string `json:"-"` // security: six digits, and as secret

	Channel string `json:"channel,omitempty"` // allowance: email, sms or push
	Used    int    `json:"used,omitempty"`
	Limit   int    `json:"limit,omitempty"`

	Test Audience `json:"test,omitempty"` // a test of the letter to them: it goes to who asked for it, and to nobody else

	Items []News `json:"items,omitempty"` // of a digest, or the weddings of a week
}

// Brand is the supplier whose letter it is.
type Brand struct {
	Name   string
	Colour string // "#rrggbb", or empty: the house's
}

// Reader is who opens it.
type Reader struct {
	Name     string
	Audience Audience
	Zone     *time.Location // nil: UTC
}

// Links are the addresses that a letter needs.
type Links struct {
	Base        string // our public address, without a slash at its end
	Unsubscribe string // absolute; empty: it cannot be turned off
	Acknowledge string // absolute; of an emergency
}
