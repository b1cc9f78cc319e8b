// Package mail writes what leaves the house, and the lines of the inbox.
package mail

import "time"

// Kind is what a notice is about.
type Kind string

const (
	Booking   Kind = "booking"
	Payment   Kind = "payment"
	Emergency Kind = "emergency"
)

// News is what a notice tells; it is kept as JSON.
type News struct {
	Kind        Kind       `json:"kind"`
	What        string     `json:"what,omitempty"`
	Who         string     `json:"who,omitempty"`
	Title       string     `json:"title,omitempty"`
	Detail      string     `json:"detail,omitempty"`
	AmountMinor *int64     `json:"amount_minor,omitempty"`
	Currency    string     `json:"currency,omitempty"`
	Starts      *time.Time `json:"starts,omitempty"`
	Ends        *time.Time `json:"ends,omitempty"`
	Zone        string     `json:"zone,omitempty"`
	Venue       string     `json:"venue,omitempty"`
	At          time.Time  `json:"at,omitzero"`
	Path        string     `json:"path,omitempty"`
}

// Line is a notice in the inbox.
func Line(n News) (title, body string) { return n.Title, n.Detail }
