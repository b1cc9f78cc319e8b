// Package mail writes what leaves the house. This file is what the pages need of it.
package mail

import "time"

// Kind is a sort of letter.
type Kind string

// News is what a notice tells; it is kept as JSON.
type News struct {
	Kind   Kind      `json:"kind"`
	What   string    `json:"what,omitempty"`
	Who    string    `json:"who,omitempty"`
	Title  string    `json:"title,omitempty"`
	Detail string    `json:"detail,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

// Line is the news in the inbox. It never holds a secret.
func Line(n News) (title, body string) {
	title = string(n.Kind)
	for _, s := range []string{n.Who, n.Title} {
		if s != "" {
			title += ": " + s
			break
		}
	}
	return title, n.Detail
}
