// Package conflict settles what two sides that keep the same thing say of it, field by field, against what they last agreed on.
//
// It is a leaf: it imports the standard library alone and knows nothing of weddings, calendars or databases.
package conflict

// Strategy says who is right where both sides changed the same field.
type Strategy string

const (
	LocalWins  Strategy = "local_wins"
	RemoteWins Strategy = "remote_wins"
	Merge      Strategy = "merge"  // what only one side changed is taken over; what both changed is asked about
	Manual     Strategy = "manual" // whatever the other side changed is asked about
)

// Fields are values in a normal form: equal text is an equal value.
type Fields map[string]string

// Clash is a field that a person has to settle.
type Clash struct{ Field, Base, Local, Remote string }

// Settled is what comes of two sides: what both should hold now, and what is left to be asked about (there, Fields holds the
// local value for us and the other side keeps its own).
type Settled struct {
	Fields  Fields
	Clashes []Clash
	Ours    []string // fields in which the other side has to be written
	Theirs  []string // fields in which we have to be written
}
