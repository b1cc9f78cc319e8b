package calendar

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
)

// PullArgs asks a calendar what has changed.
type PullArgs struct {
	OrgID      uuid.UUID `json:"org_id"`
	CalendarID uuid.UUID `json:"calendar_id"`
	Pushed     bool      `json:"pushed,omitempty"` // the provider told us
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (PullArgs) Kind() string { return "pull_calendar" }

// InsertOpts: a pull that fails is due again by the clock.
func (PullArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueName, MaxAttempts: 3}
}

// Pull works it.
type Pull struct {
	river.WorkerDefaults[PullArgs]
	Sync *Sync
}

const (
	pullTime  = 4 * time.Minute
	leaseTime = pullTime + time.Minute
)

// Timeout is as long as the first reading of a large calendar may take.
func (p *Pull) Timeout(*river.Job[PullArgs]) time.Duration { return pullTime }

// Work pulls.
func (p *Pull) Work(ctx context.Context, job *river.Job[PullArgs]) error {
	return p.Sync.Pull(ctx, job.Args.OrgID, job.Args.CalendarID, job.Args.Pushed)
}

// pulling is one calendar while we hold its lease.
type pulling struct {
	queries.LeaseCalendarRow
	org, id uuid.UUID
	until   time.Time
	pushed  bool
	asked   time.Time // the mirror will hold what was so at this moment
}

// errImpatient is why a pull was given up by somebody who could not wait.
var errImpatient = errors.New("whoever asked could not wait any longer")

// Pull brings the mirror up to date. Somebody else at it: they go round once more.
func (s *Sync) Pull(ctx context.Context, org, calendar uuid.UUID, pushed bool) error {
	q := queries.New(s.Pool)
	for again := true; again; {
		now := time.Now()
		p := &pulling{org: org, id: calendar, until: now.Add(leaseTime).Truncate(time.Microsecond), pushed: pushed, asked: now}
		var err error
		p.LeaseCalendarRow, err = q.LeaseCalendar(ctx, queries.LeaseCalendarParams{OrgID: org, ID: calendar, Now: now, Until: p.until})
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !p.Ours {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lease: %w", err)
		}
		err = s.pull(ctx, p)
		again, err = s.release(ctx, p, err)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Sync) release(ctx context.Context, p *pulling, err error) (again bool, _ error) {
	// Who asked has gone, or would not wait: that is no fault of the calendar's.
	impatient := errors.Is(context.Cause(ctx), errImpatient) || errors.Is(ctx.Err(), context.Canceled)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	q := queries.New(s.Pool)
	if err != nil && !impatient {
		err = s.failed(ctx, q, p, err)
	}
	again, released := q.ReleaseCalendar(ctx, queries.ReleaseCalendarParams{OrgID: p.org, ID: p.id, Until: &p.until})
	if errors.Is(released, pgx.ErrNoRows) {
		released = nil
	}
	s.Waker.Wake(p.org)
	return again && err == nil, errors.Join(err, released)
}

func (s *Sync) pull(ctx context.Context, p *pulling) error {
	account, _, err := s.account(ctx, p.org, p.ConnectionID)
	if err != nil {
		return err
	}
	token := p.Token
	stale := p.WindowUntil == nil || window(p.asked).Until.Sub(*p.WindowUntil) > windowDrift // series reach further now than when they were last worked out
	if stale || p.Failures >= tokenDoubted {                                                 // some servers answer 500 to a token that they have forgotten
		token = ""
	}
	read, err := s.read(ctx, account, p, token)
	if errors.Is(err, remote.ErrTokenGone) {
		read, err = s.read(ctx, account, p, "") // the mirror stays as it is until the new one is whole
	}
	if err != nil {
		return err
	}
	if err := s.apply(ctx, account, p, read); err != nil {
		return err
	}
	return s.Overlaps(ctx, p.org)
}

// tokenDoubted is after how many failures in a row everything is read again.
const tokenDoubted = 3

// reading is all that a calendar answered: of each object the last word.
type reading struct {
	remote.Pull
	objects map[string]remote.Object
	order   []string
	capped  string
}

func (s *Sync) read(ctx context.Context, account remote.Account, p *pulling, token string) (*reading, error) {
	r := &reading{objects: map[string]remote.Object{}}
	var err error
	p.asked = time.Now()
	r.Pull, err = account.Changes(ctx, p.RemoteID, token, window(p.asked), func(page []remote.Object) error {
		for _, o := range page {
			if o.ID == "" || strings.ContainsRune(o.ID, 0) {
				continue // such an id cannot be kept
			}
			if _, again := r.objects[o.ID]; !again {
				if len(r.order) >= mostRead {
					r.capped = fmt.Sprintf("Only the first %d events were read; the calendar has more.", mostRead)
					continue
				}
				r.order = append(r.order, o.ID)
			}
			r.objects[o.ID] = o
		}
		return s.progress(ctx, p, token, len(r.order))
	})
	return r, err
}

// progress shows how far a first reading is.
func (s *Sync) progress(ctx context.Context, p *pulling, token string, n int) error {
	if token != "" || p.FirstAt != nil {
		return nil
	}
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if err := q.ReadSoFar(ctx, queries.ReadSoFarParams{OrgID: p.org, ID: p.id, N: int32(n)}); err != nil {
			return err
		}
		return touch(ctx, q, p.org, "calendar")
	})
	s.Waker.Wake(p.org)
	return err
}

// failed notes why a calendar could not be read. What has to be mended by a person is no error any more: it is said on the page.
func (s *Sync) failed(ctx context.Context, q *queries.Queries, p *pulling, err error) error {
	var reconnect *remote.Reconnect
	now := time.Now()
	noted := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		var note error
		switch {
		case errors.Is(err, remote.ErrNoCalendar):
			note = s.gone(ctx, q, p, now)
		case errors.As(err, &reconnect):
			note = s.needReconnect(ctx, tx, p.org, p.ConnectionID, reconnect.Words, now)
		default:
			note = q.CalendarFailed(ctx, queries.CalendarFailedParams{OrgID: p.org, ID: p.id, Now: now, Failure: failureWords(err), NextPullAt: now.Add(retryIn(err, int(p.Failures)))})
		}
		if note != nil {
			return note
		}
		return touch(ctx, q, p.org, "calendar")
	})
	if noted != nil {
		return errors.Join(err, noted)
	}
	s.Log.WarnContext(ctx, "a calendar could not be read", "org_id", p.org, "calendar_id", p.id, "error", err)
	if errors.Is(err, remote.ErrNoCalendar) {
		return s.Overlaps(ctx, p.org) // what lay over bookings in it does not any more
	}
	return nil
}

// gone is a calendar that was deleted outside: what it blocked is free, and nobody goes on asking.
func (s *Sync) gone(ctx context.Context, q *queries.Queries, p *pulling, now time.Time) error {
	if err := q.CalendarGone(ctx, queries.CalendarGoneParams{OrgID: p.org, ID: p.id, Now: &now, Failure: "It was deleted there."}); err != nil {
		return err
	}
	if err := q.CloseConflictsIn(ctx, queries.CloseConflictsInParams{OrgID: p.org, CalendarID: &p.id, Now: &now}); err != nil {
		return err
	}
	if err := q.DropCopiesIn(ctx, queries.DropCopiesInParams{OrgID: p.org, CalendarID: p.id}); err != nil {
		return err
	}
	return q.DropBusyOf(ctx, queries.DropBusyOfParams{OrgID: p.org, CalendarID: p.id})
}

func failureWords(err error) string {
	words := []rune(err.Error())
	return string(words[:min(len(words), 300)])
}

// retryIn waits as the provider asks, or longer with each failure.
func retryIn(err error, failures int) time.Duration {
	var later *outside.Later
	wait := min(time.Duration(1<<min(max(failures, 0), 5))*30*time.Second, 15*time.Minute)
	if errors.As(err, &later) {
		wait = max(wait, min(later.After, 6*time.Hour))
	}
	return wait
}

// pollEvery is how long a calendar may go unasked: where nobody calls us it is all we have, and a proof of freshness must not
// be older than the organisation allows.
func pollEvery(kind queries.CalendarKind, pushDead bool, freshWithin time.Duration) time.Duration {
	every := 10 * time.Minute
	switch {
	case kind == queries.CalendarKindCaldav:
		every = time.Minute
	case pushDead, kind == queries.CalendarKindIcs:
		every = 5 * time.Minute
	}
	return max(min(every, freshWithin/2), time.Minute)
}
