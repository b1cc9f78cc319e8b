// Package calendar keeps outside calendars and our bookings in agreement: what is busy there blocks here, what is booked here
// stands there, and what both sides changed is settled or asked about, never overwritten in silence.
//
// It hides pulling and pushing, leases, grants, channels and canaries, and how an edit from outside becomes a change of a
// booking. The truth about what is taken is booking's; wires are remote's. jobs, web and main import it.
package calendar

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// QueueName is the queue of what waits for calendars' servers.
const QueueName = "calendar"

// Sync is everything that reaches outside calendars.
type Sync struct {
	Pool         *pgxpool.Pool
	Box          *seal.Box
	Door         *outside.Door
	Settings     Settings
	Base         *url.URL // our public address: where providers call, and come back from consent
	Log          *slog.Logger
	Waker        *queries.Waker
	River        *river.Client[pgx.Tx]
	AllowPrivate bool

	refreshing sync.Map // connection → *sync.Mutex: whoever waits for a grant does so without a database connection in hand
}

const (
	lookBack  = 92 * 24 * time.Hour
	lookAhead = 3 * 366 * 24 * time.Hour
	mostBusy  = 5000 // occurrences of one series in the time that we look ahead
	mostRead  = 50_000
	// windowDrift is how far the window may move before everything is read again.
	windowDrift = 30 * 24 * time.Hour
)

func window(now time.Time) remote.Window {
	day := now.UTC().Truncate(24 * time.Hour)
	return remote.Window{From: day.Add(-lookBack), Until: day.Add(lookAhead)}
}

// account opens a connection's account.
func (s *Sync) account(ctx context.Context, org, connection uuid.UUID) (remote.Account, queries.CalendarConnectionRow, error) {
	c, err := queries.New(s.Pool).CalendarConnection(ctx, queries.CalendarConnectionParams{OrgID: org, ID: connection})
	if err != nil {
		return nil, c, err
	}
	if c.ReconnectSince != nil {
		return nil, c, &remote.Reconnect{Words: c.Failure}
	}
	box := connection.String()
	switch c.Kind {
	case queries.CalendarKindGoogle:
		return &remote.Google{Door: s.Door, OrgID: org, URL: s.Settings.Google.URL, Grant: s.grant(org, connection), Box: box}, c, nil
	case queries.CalendarKindMicrosoft:
		return &remote.Graph{Door: s.Door, OrgID: org, URL: s.Settings.Microsoft.URL, Grant: s.grant(org, connection), Box: box}, c, nil
	}
	secret, err := s.open(c.Secret, org, connection)
	if err != nil {
		return nil, c, err
	}
	if c.Kind == queries.CalendarKindIcs {
		return &remote.Feed{Door: s.Door, OrgID: org, URL: string(secret), Box: box}, c, nil
	}
	return &remote.CalDAV{Door: s.Door, OrgID: org, URL: c.URL, User: c.Username, Password: string(secret), Box: box}, c, nil
}

// AddWorkers lists what works in the queue of calendars.
func (s *Sync) AddWorkers(workers *river.Workers) {
	river.AddWorker(workers, &Pull{Sync: s})
	river.AddWorker(workers, &Copies{Sync: s})
	river.AddWorker(workers, &Watch{Sync: s})
	river.AddWorker(workers, &Sing{Sync: s})
	river.AddWorker(workers, &Due{Sync: s})
}

// touch shows what changed. It is the last statement before the commit.
func touch(ctx context.Context, q *queries.Queries, org uuid.UUID, regions ...string) error {
	if slices.Contains(regions, "calendar") {
		regions = append(regions, "calendars") // the page of the accounts is a region of its own
	}
	return q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{org}, Regions: regions})
}
