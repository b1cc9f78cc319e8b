package calendar

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/queries"
)

// DueArgs is the look, every half minute, at what is to be asked without anybody having told us.
type DueArgs struct{}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (DueArgs) Kind() string { return "calendars_due" }

// InsertOpts: the next one comes soon.
func (DueArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: booking.QueueName, MaxAttempts: 1}
}

// Due works it.
type Due struct {
	river.WorkerDefaults[DueArgs]
	Sync *Sync
}

// Work polls what is due, renews channels before they end, sends canaries and misses those that did not come back, and ends
// holds whose job was lost.
func (d *Due) Work(ctx context.Context, _ *river.Job[DueArgs]) error {
	return d.Sync.Due(ctx, time.Now())
}

// Due is one look.
func (s *Sync) Due(ctx context.Context, now time.Time) error {
	q := queries.New(s.Pool)
	var jobs []river.InsertManyParams
	polls, err := q.AllOrgsDueCalendars(ctx, queries.AllOrgsDueCalendarsParams{Now: now, Later: now.Add(5 * time.Minute)})
	for _, c := range polls {
		jobs = append(jobs, river.InsertManyParams{Args: PullArgs{OrgID: c.OrgID, CalendarID: c.ID}})
	}
	watch, e := q.AllOrgsToWatch(ctx, queries.AllOrgsToWatchParams{Now: now, JustNow: now.Add(-watchAgain)})
	err = errors.Join(err, e)
	for _, c := range watch {
		jobs = append(jobs, river.InsertManyParams{Args: WatchArgs{OrgID: c.OrgID, CalendarID: c.ID}})
	}
	lost, e := q.AllOrgsCanariesLost(ctx, queries.AllOrgsCanariesLostParams{Now: &now, Before: now.Add(-lostAfter)})
	err = errors.Join(err, e)
	for _, c := range lost { // the channel is opened anew, and the calendar asked meanwhile
		jobs = append(jobs, river.InsertManyParams{Args: WatchArgs{OrgID: c.OrgID, CalendarID: c.ID}}, river.InsertManyParams{Args: PullArgs{OrgID: c.OrgID, CalendarID: c.ID}})
		err = errors.Join(err, touch(ctx, q, c.OrgID, "calendar"))
		s.Waker.Wake(c.OrgID)
	}
	sing, e := q.AllOrgsToSing(ctx, queries.AllOrgsToSingParams{Now: now, Before: now.Add(-singEvery), Sooner: now.Add(-singSooner)})
	err = errors.Join(err, e, q.AllOrgsPruneOAuthStates(ctx, now), q.AllOrgsPruneChannels(ctx, ptr(now.Add(-7*24*time.Hour))), booking.Sweep(ctx, s.Pool, s.River, now))
	for _, c := range sing {
		jobs = append(jobs, river.InsertManyParams{Args: SingArgs{OrgID: c.OrgID, CalendarID: c.ID}})
	}
	if len(jobs) > 0 {
		_, e := s.River.InsertManyFast(ctx, jobs)
		err = errors.Join(err, e)
	}
	return err
}

// freshEnough is how old a proof may be, right before something is confirmed, not to be asked for again.
const freshEnough = 10 * time.Second

// Freshen asks the calendars that block these resources, unless they were asked a moment ago, and waits for their answers a
// little: a day is promised on what they say now. What does not answer in time is left to the freshness rule.
func (s *Sync) Freshen(ctx context.Context, org uuid.UUID, needs []booking.Need) error {
	var resources []uuid.UUID
	for _, n := range needs {
		resources = append(resources, n.ResourceID)
	}
	all, err := queries.New(s.Pool).BlockingCalendars(ctx, queries.BlockingCalendarsParams{OrgID: org, ResourceIds: resources})
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeoutCause(ctx, 4*time.Second, errImpatient)
	defer cancel()
	done := make(chan error, len(all))
	asked := 0
	for _, c := range all {
		if c.FreshAt != nil && time.Since(*c.FreshAt) < freshEnough {
			continue
		}
		asked++
		go func() { done <- s.Pull(within, org, c.ID, false) }()
	}
	for range asked {
		select {
		case err := <-done:
			if err != nil && within.Err() == nil {
				s.Log.WarnContext(ctx, "a calendar did not answer before a confirmation", "org_id", org, "error", err)
			}
		case <-within.Done():
			return nil
		}
	}
	return nil
}

// PullNow asks a calendar because a person wants it.
func (s *Sync) PullNow(ctx context.Context, org, calendar uuid.UUID) error {
	_, err := s.River.Insert(ctx, PullArgs{OrgID: org, CalendarID: calendar}, nil)
	return err
}
