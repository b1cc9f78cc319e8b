// Package remote speaks to outside calendars: Google, Microsoft Graph, CalDAV servers, and feeds that are only read.
//
// It hides four wires behind one set of words, and each provider's way to say "changed since", "not any more" and "not now".
// It knows nothing of bookings or of our tables; every call goes through jobs/outside. jobs/calendar imports it, and main and
// web where they connect a calendar.
package remote

import (
	"context"
	"errors"
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
)

// Calendar is one that an account offers.
type Calendar struct {
	ID, Name string
	Zone     string // IANA; empty: not told
	Writable bool
	Primary  bool
}

// Object is what a calendar keeps under one id: an event, a series with those of its exceptions that live in it, or (Series
// set) an exception that is an object of its own.
type Object struct {
	ID, ETag string
	Series   string
	Gone     bool         // deleted as a whole; nothing else is known then
	Events   []ical.Event // of a series the master comes first
}

// Window is the time that is mirrored, for providers that want to be told.
type Window struct{ From, Until time.Time }

// Pull is an answer to "what has changed since".
type Pull struct {
	Token string // for the next time
	// Everything there is was given: what was not, is not there. False: only changes were.
	Whole bool
}

// Draft is what we want an outside calendar to hold.
type Draft struct {
	ID, ETag string // empty: it is not there yet
	Key      string // of a new one: follows from what it is, so that writing it twice makes one; 32 hexadecimal digits
	Event    ical.Event
}

// Written is where it now stands there.
type Written struct{ ID, ETag string }

// Channel is how a provider tells us that something changed.
type Channel struct {
	ID       string    // ours
	Remote   string    // theirs
	Token    string    // the caller shows it
	Address  string    // where they call
	Until    time.Time // asked for, and then what was granted
	Calendar string
}

// Account is one account's calendars. An error is one of those below, or says with outside's types what stood in the way.
type Account interface {
	Calendars(ctx context.Context) ([]Calendar, error)
	// Changes gives pages as they come. With an empty token everything in the window.
	Changes(ctx context.Context, calendar, token string, w Window, page func([]Object) error) (Pull, error)
	Get(ctx context.Context, calendar, id string) (Object, error)
	// Put creates or replaces. With an ETag it fails with ErrChanged where somebody else wrote meanwhile. Creating what is there
	// already under the same key gives that (and writes nothing if it differs: the ETag is then empty).
	Put(ctx context.Context, calendar string, d Draft) (Written, error)
	// Delete is done also where it was gone already.
	Delete(ctx context.Context, calendar, id, etag string) error
}

// Watcher is an account whose provider calls us.
type Watcher interface {
	Watch(ctx context.Context, c Channel) (Channel, error)
	Unwatch(ctx context.Context, c Channel) error
}

var (
	ErrTokenGone  = errors.New("the provider has forgotten since when: everything is read again")
	ErrChanged    = errors.New("somebody else changed it meanwhile")
	ErrGone       = errors.New("it is not there any more")
	ErrNoCalendar = errors.New("the calendar is not there any more")
	ErrReadOnly   = errors.New("this calendar may only be read")
)

// Reconnect is an account that gives us nothing until a person signs in there anew.
type Reconnect struct{ Words string }

func (r *Reconnect) Error() string { return r.Words }
