package inbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
)

// TaveReadArgs name the record that a bell was about. Record is its kind; empty: the bell did not say.
type TaveReadArgs struct {
	OrgID        uuid.UUID `json:"org_id"`
	ConnectionID uuid.UUID `json:"connection_id"`
	DeliveryID   uuid.UUID `json:"delivery_id"`
	Record       string    `json:"record"`
	ID           string    `json:"id"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (TaveReadArgs) Kind() string { return "tave_read" }

// InsertOpts: one at a time for a bell, however often it is run again.
func (TaveReadArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: OutsideQueue, MaxAttempts: MaxAttempts, UniqueOpts: oneAtATime}
}

// oneAtATime leaves out what is over: the same may be asked for again then.
var oneAtATime = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending,
	rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled}}

// TaveRead reads a record back and settles the bell that asked for it.
type TaveRead struct {
	river.WorkerDefaults[TaveReadArgs]
	Tave  *Tave
	Waker *queries.Waker
	Log   *slog.Logger
}

// Timeout leaves time for a record of unknown kind: four questions, and its job's contacts.
func (*TaveRead) Timeout(*river.Job[TaveReadArgs]) time.Duration { return 2 * time.Minute }

// Work stores the record as a delivery of its own, so that a bell by itself never changes anything.
func (w *TaveRead) Work(ctx context.Context, job *river.Job[TaveReadArgs]) error {
	err := w.read(ctx, job.Args)
	now := time.Now()
	f, known := bellFate(job.Args, err, now.Sub(job.CreatedAt), now)
	if !known {
		return err // our own trouble: River tries again
	}
	if err := w.settle(ctx, job.Args, f, now); err != nil {
		return err
	}
	w.Waker.Wake(job.Args.OrgID)
	if f.next != nil {
		return river.JobSnooze(f.next.Sub(now))
	}
	return nil
}

func (w *TaveRead) read(ctx context.Context, a TaveReadArgs) error {
	client := river.ClientFromContext[pgx.Tx](ctx)
	return w.Tave.read(ctx, client, a.OrgID, a.ConnectionID, queries.DeliverySourceReadback, func(_ queries.ReadbackRow, r reading) error {
		deliveries, err := r.one(ctx, a.Record, a.ID)
		if err != nil {
			return err
		}
		_, err = r.door.Accept(ctx, deliveries) // one that the clock has read already is a double, and as good
		return err
	})
}

type fateOfBell struct {
	status queries.DeliveryStatus
	words  string
	next   *time.Time
}

// ringingFor is how long a bell waits for Tave. Whatever it was about is found by the clock as well.
const ringingFor = 24 * time.Hour

// bellFate says how a bell stands after a try; not known: the error is our own, such as a database that is away.
func bellFate(a TaveReadArgs, err error, age time.Duration, now time.Time) (fateOfBell, bool) {
	delay, words, later := notNow(err, age, now)
	switch {
	case err == nil:
		return fateOfBell{status: queries.DeliveryStatusApplied}, true
	case later && age > ringingFor:
		return fateOfBell{status: queries.DeliveryStatusDead, words: "Tave did not answer for a day. Nothing is lost: what changed is read as soon as it answers again."}, true
	case later:
		next := now.Add(delay)
		return fateOfBell{queries.DeliveryStatusFailed, words + " WedSync tries again by itself.", &next}, true
	case errors.Is(err, errNoRecord):
		return fateOfBell{status: queries.DeliveryStatusFailed, words: fmt.Sprintf(
			"Tave has no %s for this connection's API key: it is another studio's, or was deleted since. Nothing was changed.", recordWords(a.Record, a.ID))}, true
	case isOurs(err):
		return fateOfBell{}, false
	default:
		return fateOfBell{status: queries.DeliveryStatusFailed, words: sentence(err)}, true
	}
}

// notNow says of a server that does not answer when to ask again: when it says so itself, when its breaker closes, or after
// half as long again as it has been silent.
func notNow(err error, silent time.Duration, now time.Time) (delay time.Duration, words string, later bool) {
	if open, is := errors.AsType[*outside.Open](err); is {
		return max(open.Until.Sub(now), time.Second), "Tave does not answer at the moment.", true
	}
	if l, is := errors.AsType[*outside.Later](err); is {
		words = "Tave does not answer at the moment."
		if l.Status == 429 {
			words = "Tave asks WedSync to slow down."
		}
		return min(max(l.After, min(silent/2, 15*time.Minute), 5*time.Second), ringingFor), words, true
	}
	return 0, "", false
}

// isOurs: what is none of Tave's words is the database's or the keyset's.
func isOurs(err error) bool {
	var refused *outside.Refused
	var unreadable taveError
	return !errors.As(err, &refused) && !errors.As(err, &unreadable) && !errors.Is(err, ErrKeyRefused) && !errors.Is(err, ErrNoKey) && !errors.Is(err, outside.ErrPrivate) && !errors.Is(err, outside.ErrTooLarge)
}

// sentence is an error as a person reads it.
func sentence(err error) string {
	text := err.Error()
	if refused, is := errors.AsType[*outside.Refused](err); is {
		text = fmt.Sprintf("Tave refused the question (status %d). WedSync or Tave has changed; tell support", refused.Status)
	}
	return words(strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + ".")
}

func (w *TaveRead) settle(ctx context.Context, a TaveReadArgs, f fateOfBell, now time.Time) error {
	return pgx.BeginFunc(ctx, w.Tave.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		cause := strings.ReplaceAll(f.words, a.ID, "…") // what groups bells that failed alike
		p := queries.SettleBellParams{OrgID: a.OrgID, ID: a.DeliveryID, Status: f.status, Error: f.words, Cause: cause, NextTryAt: f.next}
		if f.status == queries.DeliveryStatusApplied {
			p.AppliedAt = &now
		}
		attempt, err := q.SettleBell(ctx, p)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // its connection was removed meanwhile
		}
		if err != nil {
			return err
		}
		err = q.AddAttempt(ctx, queries.AddAttemptParams{OrgID: a.OrgID, DeliveryID: a.DeliveryID, Attempt: attempt, At: now, Outcome: f.status, Error: f.words})
		if err != nil {
			return err
		}
		return q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{a.OrgID}, Regions: []string{"kpis", DeliveriesRegion(a.ConnectionID)}})
	})
}

// never is when a key that was refused is tried again: once it is replaced.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Stopped says whether a connection is not polled any more, rather than later.
func Stopped(next time.Time) bool { return !next.Before(never) }

// TaveSays is what a page says of an answer of Tave's, or of none; not known: the error is our own.
func TaveSays(err error) (words string, known bool) {
	if _, words, later := notNow(err, 0, time.Now()); later {
		return words + " Nothing was changed; try again in a minute.", true
	}
	if isOurs(err) {
		return "", false
	}
	return sentence(err), true
}
