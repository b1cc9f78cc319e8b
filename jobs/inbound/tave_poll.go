package inbound

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

const (
	// PollEvery is how often Tave is asked for what no hook tells: moved dates, cancellations, refunds.
	PollEvery = 5 * time.Minute
	// overlap looks again a little behind the newest change that was followed: two records may bear the same stamp, and a
	// change that took long to save bears an older one than when it could be seen.
	overlap    = 3 * time.Minute
	pagesAGo   = 4   // then the rest goes on in a job of its own, which a restart does not lose
	mostPages  = 800 // forty thousand records: a studio with more of them than that is a mistake, or ours
	pollTime   = 4 * time.Minute
	firstTrial = 30 * time.Second
)

// TaveDueArgs is the clock's.
type TaveDueArgs struct{}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (TaveDueArgs) Kind() string { return "tave_due" }

// InsertOpts: a minute later the next one comes, so a failed one is not worth a retry.
func (TaveDueArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 1} }

// TaveDue gives each connection that is due its polling.
type TaveDue struct {
	river.WorkerDefaults[TaveDueArgs]
	Pool *pgxpool.Pool
}

// Work claims and inserts in one transaction: a connection is either still due or has its job.
func (w *TaveDue) Work(ctx context.Context, _ *river.Job[TaveDueArgs]) error {
	now := time.Now()
	return pgx.BeginFunc(ctx, w.Pool, func(tx pgx.Tx) error {
		due, err := queries.New(tx).AllOrgsDueReadbacks(ctx, queries.AllOrgsDueReadbacksParams{Now: now, Next: now.Add(PollEvery)})
		if err != nil || len(due) == 0 {
			return err
		}
		var jobs []river.InsertManyParams
		for _, d := range due {
			jobs = append(jobs, river.InsertManyParams{Args: TavePollArgs{OrgID: d.OrgID, ConnectionID: d.ConnectionID}})
		}
		_, err = river.ClientFromContext[pgx.Tx](ctx).InsertManyTx(ctx, tx, jobs) // the fast one cannot leave out what is there already
		return err
	})
}

// TavePollArgs name a connection and, for the rest of a long reading, how far it has come.
type TavePollArgs struct {
	OrgID        uuid.UUID `json:"org_id"`
	ConnectionID uuid.UUID `json:"connection_id"`
	Scan         *taveScan `json:"scan,omitempty"`
}

// taveScan walks a collection from the newest change back to those that were followed before. Times are Tave's.
type taveScan struct {
	Record string    `json:"record"`
	Page   int       `json:"page"`
	Total  int       `json:"total"`
	Until  time.Time `json:"until,omitzero"`  // zero: to the end
	Newest time.Time `json:"newest,omitzero"` // as it was when the walk began, or on the way
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (TavePollArgs) Kind() string { return "tave_poll" }

// InsertOpts: bells and the clock may ask at the same time; once is enough.
func (TavePollArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: OutsideQueue, MaxAttempts: 3, UniqueOpts: oneAtATime}
}

// TavePoll follows a studio's jobs and payments.
type TavePoll struct {
	river.WorkerDefaults[TavePollArgs]
	Tave *Tave
	Log  *slog.Logger
}

// Timeout bounds a go of pagesAGo pages, each with the contacts of fifty jobs.
func (*TavePoll) Timeout(*river.Job[TavePollArgs]) time.Duration { return pollTime }

// Work reads what has changed, or as much of it as is good for one go.
func (w *TavePoll) Work(ctx context.Context, job *river.Job[TavePollArgs]) error {
	rest, err := w.follow(ctx, job.Args)
	q, now := queries.New(w.Tave.Pool), time.Now()
	say := queries.PollInHandParams{OrgID: job.Args.OrgID, ConnectionID: job.Args.ConnectionID, Next: now.Add(PollEvery)}
	delay, words, later := notNow(err, firstTrial, now)
	switch {
	case err == nil && rest == nil:
		return q.PolledWell(ctx, queries.PolledWellParams{OrgID: say.OrgID, ConnectionID: say.ConnectionID, At: &now, Next: say.Next})
	case err == nil:
		return w.goOn(ctx, say, *rest)
	case errors.Is(err, ErrNoKey), errors.Is(err, ErrKeyRefused):
		return nil // the key was taken away meanwhile, or is not tried again
	case later && job.Args.Scan != nil: // keeps its place; the clock must not begin another from the start meanwhile
		say.Next, say.Trouble = now.Add(delay+PollEvery), words
		return errors.Join(q.PollInHand(ctx, say), river.JobSnooze(delay))
	case later:
		say.Next, say.Trouble = now.Add(delay), words
		return q.PollInHand(ctx, say)
	case isOurs(err):
		return err
	default:
		say.Trouble = sentence(err)
		return q.PollInHand(ctx, say)
	}
}

// goOn leaves the rest to a job that says where to begin.
func (w *TavePoll) goOn(ctx context.Context, say queries.PollInHandParams, rest taveScan) error {
	return pgx.BeginFunc(ctx, w.Tave.Pool, func(tx pgx.Tx) error {
		_, err := river.ClientFromContext[pgx.Tx](ctx).InsertTx(ctx, tx, TavePollArgs{OrgID: say.OrgID, ConnectionID: say.ConnectionID, Scan: &rest}, nil)
		if err != nil {
			return err
		}
		return queries.New(tx).PollInHand(ctx, say)
	})
}

// follow gives what is left to do.
func (w *TavePoll) follow(ctx context.Context, a TavePollArgs) (rest *taveScan, err error) {
	client := river.ClientFromContext[pgx.Tx](ctx)
	err = w.Tave.read(ctx, client, a.OrgID, a.ConnectionID, queries.DeliverySourcePoll, func(row queries.ReadbackRow, r reading) (err error) {
		rest, err = w.walk(ctx, a, row, r)
		return err
	})
	return rest, err
}

func (w *TavePoll) walk(ctx context.Context, a TavePollArgs, row queries.ReadbackRow, r reading) (*taveScan, error) {
	scan := a.Scan
	if scan == nil {
		scan = &taveScan{Record: "job", Page: 1, Until: sinceOf(row.JobsSeen)}
	}
	for {
		done, err := r.someOf(ctx, scan)
		if err != nil || !done {
			return scan, err
		}
		if err := w.followed(ctx, a, *scan); err != nil || scan.Record == "payment" {
			return nil, err
		}
		scan = &taveScan{Record: "payment", Page: 1, Until: sinceOf(row.PaymentsSeen)}
	}
}

func sinceOf(seen *time.Time) time.Time {
	if seen == nil {
		return time.Time{}
	}
	return seen.Add(-overlap)
}

// followed moves the mark on: only now, when everything up to it is durable.
func (w *TavePoll) followed(ctx context.Context, a TavePollArgs, s taveScan) error {
	q := queries.New(w.Tave.Pool)
	switch {
	case s.Newest.IsZero():
		return nil
	case s.Record == "job":
		return q.FollowedJobs(ctx, queries.FollowedJobsParams{OrgID: a.OrgID, ConnectionID: a.ConnectionID, Seen: s.Newest})
	default:
		return q.FollowedPayments(ctx, queries.FollowedPaymentsParams{OrgID: a.OrgID, ConnectionID: a.ConnectionID, Seen: s.Newest})
	}
}

// someOf a walk is one go of it: some pages are looked at, and what they hold is stored from the oldest on.
func (r reading) someOf(ctx context.Context, s *taveScan) (done bool, err error) {
	var changed []taveRecord
	next := *s
	for range pagesAGo {
		l, err := r.api.page(ctx, s.Record, next.Page)
		if err != nil {
			return false, err
		}
		changed = append(changed, next.take(l)...)
		if done = next.turn(l); done {
			break
		}
	}
	slices.SortStableFunc(changed, func(a, b taveRecord) int { return a.modified().Compare(b.modified()) })
	if err := r.store(ctx, s.Record, changed); err != nil {
		return false, err
	}
	*s = next
	return done, nil
}

// take gives what is news on a page. A record without a stamp that can be read is always worth a look.
func (s *taveScan) take(l taveList) (news []taveRecord) {
	for _, record := range l.Items {
		at := record.modified()
		if at.After(s.Newest) {
			s.Newest = at
		}
		if at.IsZero() || !at.Before(s.Until) {
			news = append(news, record)
		}
	}
	return news
}

// turn goes to the next page and says whether there is none. Where something was deleted since the page before, everything
// behind it has moved forward, some of it onto that page: it is looked at again.
func (s *taveScan) turn(l taveList) (done bool) {
	before := s.Total
	s.Total = l.Meta.TotalItems
	if s.Page > 1 && s.Total < before {
		s.Page--
		return false
	}
	if len(l.Items) == 0 || s.Page >= l.Meta.TotalPages || s.Page >= mostPages || s.past(l) {
		return true
	}
	s.Page++
	return false
}

// past: everything behind this page was followed before. Only believed of a page that is in order.
func (s *taveScan) past(l taveList) bool {
	inOrder := slices.IsSortedFunc(l.Items, func(a, b taveRecord) int { return b.modified().Compare(a.modified()) })
	return inOrder && !s.Until.IsZero() && l.Items[len(l.Items)-1].modified().Before(s.Until)
}
