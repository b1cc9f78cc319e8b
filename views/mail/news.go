// Package mail writes what leaves the house.
package mail

import "time"

// Kind is a sort of letter.
type Kind string

// Security is what the house writes to one person about their account.
const Security Kind = "security"

// News is what a notice tells; it is kept as JSON.
type News struct {
	Kind Kind   `json:"kind"`
	What string `json:"what,omitempty"`

	Who    string `json:"who,omitempty"`
	Title  string `json:"title,omitempty"`
	Detail string `json:"detail,omitempty"`

	AmountMinor *int64 `json:"amount_minor,omitempty"`
	Currency    string `json:"currency,omitempty"`

	Starts *time.Time `json:"starts,omitempty"`
	Ends   *time.Time `json:"ends,omitempty"`
	Zone   string     `json:"zone,omitempty"`
	Venue  string     `json:"venue,omitempty"`

	At   time.Time `json:"at,omitzero"`
	Path string    `json:"path,omitempty"`

	Link string `json:"link,omitempty"`
	Code string `json:"code,omitempty"`

	Channel string `json:"channel,omitempty"`
	Used    int    `json:"used,omitempty"`
	Limit   int    `json:"limit,omitempty"`

	Items []News `json:"items,omitempty"`
}
