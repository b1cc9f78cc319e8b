package sandbox

import "time"

// Side is a provider's calendars as somebody sees and changes them there, whoever the provider is.
type Side struct {
	Key, Name string
	Accounts  func() []SideAccount
	// Events are a calendar's between two moments, series as their occurrences, in the order of time.
	Events func(calendar string, from, until time.Time) []SideEvent
	Add    func(calendar string, e SideEvent) error
	Change func(calendar string, e SideEvent) error // its title and its time, by its ID
	Remove func(calendar, id string) error

	Troubles []Trouble // that it can have
	Trouble  func() Trouble
	Be       func(Trouble) bool // false: it cannot
	Acts     []Act              // what can happen once
	Happen   func(act string, a SideAccount) bool
}

// SideAccount is somebody with calendars there.
type SideAccount struct {
	Address, Name string
	Calendars     []SideCalendar
}

// SideCalendar is one of them.
type SideCalendar struct {
	ID, Name string
	Zone     *time.Location
	Writable bool
}

// SideEvent is an event there, or one occurrence of a series. Its times are by the calendar's clock.
type SideEvent struct {
	ID, Title, Venue string
	Starts, Ends     time.Time
	Day              bool // whole days: midnights, the end exclusive
	Tentative, Free  bool
	Series           bool
	Ours             bool // a copy that WedSync made
}

// Later is the event so many hours and days later, as a clock on the wall counts them.
func (e SideEvent) Later(hours, days int) SideEvent {
	e.Starts = e.Starts.AddDate(0, 0, days).Add(time.Duration(hours) * time.Hour)
	e.Ends = e.Ends.AddDate(0, 0, days).Add(time.Duration(hours) * time.Hour)
	return e
}

// On is the event on another day, at the same time of day.
func (e SideEvent) On(day time.Time) SideEvent {
	at, z := e.Starts, e.Starts.Location()
	midnight := time.Date(at.Year(), at.Month(), at.Day(), 12, 0, 0, 0, z)
	wanted := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, z)
	return e.Later(0, int(wanted.Sub(midnight).Round(24*time.Hour).Hours()/24))
}

// Sides are all of them.
func (w *World) Sides() []Side { return []Side{w.Google.Side(), w.Graph.Side()} }
