package calendar

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/queries"
)

// The canary is a private, free event of ours far ahead. It is changed now and then, and the way of that change back to us is
// timed: a channel that looks open and tells nothing is found so, and by nothing else.

const (
	singEvery  = 6 * time.Hour
	singSooner = 15 * time.Minute // where pushes are thought to be dead: a new channel may bring them back
	lostAfter  = 3 * time.Minute
	watchAgain = 10 * time.Minute // a provider that opened no channel is not asked with every look
	canaryDays = 200              // ahead
)

// SingArgs changes a calendar's canary.
type SingArgs struct {
	OrgID      uuid.UUID `json:"org_id"`
	CalendarID uuid.UUID `json:"calendar_id"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (SingArgs) Kind() string { return "calendar_canary" }

// InsertOpts: the clock looks again.
func (SingArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueName, MaxAttempts: 1}
}

// Sing works it.
type Sing struct {
	river.WorkerDefaults[SingArgs]
	Sync *Sync
}

// Work changes the canary. What stands in the way of that is found by pulling, and told there.
func (w *Sing) Work(ctx context.Context, job *river.Job[SingArgs]) error {
	if err := w.Sync.Sing(ctx, job.Args.OrgID, job.Args.CalendarID); err != nil {
		w.Sync.Log.WarnContext(ctx, "the canary could not be sent", "org_id", job.Args.OrgID, "calendar_id", job.Args.CalendarID, "error", err)
	}
	return nil
}

// Sing notes that the canary flies before it does: its push may be back before the answer.
func (s *Sync) Sing(ctx context.Context, org, calendar uuid.UUID) error {
	q := queries.New(s.Pool)
	c, err := q.CanaryOf(ctx, queries.CanaryOfParams{OrgID: org, ID: calendar})
	if err != nil {
		return err
	}
	account, _, err := s.account(ctx, org, c.ConnectionID)
	if err != nil {
		return err
	}
	now := time.Now()
	rev := strings.ReplaceAll(uuid.NewString(), "-", "") // also the key of a new one: Graph's changes tell nothing else of it
	sent := queries.CanarySentParams{OrgID: org, ID: calendar, CanaryID: c.CanaryID, CanaryRev: rev, SentAt: &now}
	if err := q.CanarySent(ctx, sent); err != nil {
		return err
	}
	d := remote.Draft{ID: c.CanaryID, Key: strings.ReplaceAll(calendar.String(), "-", ""), Event: canary(calendar, rev, now)}
	wrote, err := account.Put(ctx, c.RemoteID, d)
	if errors.Is(err, remote.ErrGone) || errors.Is(err, remote.ErrChanged) { // a person tidied up: a new one
		d.ID, d.Key = "", rev
		wrote, err = account.Put(ctx, c.RemoteID, d)
	}
	if err != nil {
		return errors.Join(err, q.CanaryStayed(context.WithoutCancel(ctx), queries.CanaryStayedParams{OrgID: org, ID: calendar, CanaryRev: rev, Now: ptr(time.Now())}))
	}
	if wrote.ID == c.CanaryID {
		return nil
	}
	return q.CanaryNamed(ctx, queries.CanaryNamedParams{OrgID: org, ID: calendar, CanaryID: wrote.ID})
}

func canary(calendar uuid.UUID, rev string, now time.Time) ical.Event {
	day := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, canaryDays)
	return ical.Event{Title: "WedSync checks this calendar", Private: true, Busy: ical.Free, Ours: canaryPrefix + calendar.String(), OursRev: rev,
		Description: "WedSync changes this entry now and then, to see how quickly changes in this calendar reach it. It blocks nothing. Latest: " + now.UTC().Format(time.RFC3339),
		Starts:      ical.Moment{Wall: day, Day: true}, Ends: ical.Moment{Wall: day.AddDate(0, 0, 1), Day: true}}
}
