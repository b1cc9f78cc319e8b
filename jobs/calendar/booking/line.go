package booking

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// QueueName is the queue of what bookings cause here at home: holds that run out, and who is next.
const QueueName = "bookings"

// LapseArgs ends a hold at its time.
type LapseArgs struct {
	OrgID     uuid.UUID `json:"org_id"`
	BookingID uuid.UUID `json:"booking_id"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (LapseArgs) Kind() string { return "lapse_hold" }

// InsertOpts says where it waits.
func (LapseArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: QueueName} }

// LineArgs looks who waits in an organisation's line, now that something became free.
type LineArgs struct {
	OrgID uuid.UUID `json:"org_id"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (LineArgs) Kind() string { return "booking_line" }

// InsertOpts says where it waits.
func (LineArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: QueueName} }

// CopiesArgs brings the outside copies of a booking up to date. jobs/calendar works it.
type CopiesArgs struct {
	OrgID     uuid.UUID `json:"org_id"`
	BookingID uuid.UUID `json:"booking_id"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (CopiesArgs) Kind() string { return "booking_copies" }

// InsertOpts says where it waits: behind the readings, on which confirmations depend.
func (CopiesArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: "calendar", Priority: 2}
}

// finish writes what happened, queues what follows from it, and shows it: the last statements before the commit.
func (t *taking) finish(ctx context.Context, bookings ...uuid.UUID) error {
	if len(t.steps.Ids) > 0 {
		t.steps.OrgID, t.steps.At, t.steps.UserID = t.org, t.now, t.by
		if err := t.q.AddBookingSteps(ctx, t.steps); err != nil {
			return fmt.Errorf("steps: %w", err)
		}
		t.steps = queries.AddBookingStepsParams{}
	}
	todo, err := t.q.WhoFollows(ctx, t.org) // a supplier without calendars and without a line causes no job
	if err != nil {
		return fmt.Errorf("what follows: %w", err)
	}
	var follow []river.InsertManyParams
	if todo.Receives {
		for _, id := range append(bookings, t.ended...) {
			follow = append(follow, river.InsertManyParams{Args: CopiesArgs{t.org, id}})
		}
	}
	t.ended = nil
	if t.line && todo.Waits {
		follow = append(follow, river.InsertManyParams{Args: LineArgs{t.org}})
	}
	if len(follow) > 0 {
		if _, err := t.client.InsertManyFastTx(ctx, t.tx, follow); err != nil {
			return fmt.Errorf("what follows: %w", err)
		}
	}
	return t.q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{t.org}, Regions: []string{"calendar", "conflicts", "kpis", "weddings"}})
}

func (t *taking) queueLapse(ctx context.Context, id uuid.UUID, until time.Time) error {
	_, err := t.client.InsertTx(ctx, t.tx, LapseArgs{t.org, id}, &river.InsertOpts{ScheduledAt: until})
	return err
}

// endOnTheWay ends holds that have run out and stand in somebody's way, before a worker comes by. One that somebody is just
// confirming, or whose other resources are in somebody's hands, is left alone: then it is the exclusion that refuses.
func (t *taking) endOnTheWay(ctx context.Context, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	over, err := t.q.LapsedOf(ctx, queries.LapsedOfParams{OrgID: t.org, Ids: ids, Now: &t.now})
	if err != nil || len(over) == 0 {
		return err
	}
	resources, err := t.q.ClaimedResources(ctx, queries.ClaimedResourcesParams{OrgID: t.org, BookingIds: over})
	if err != nil {
		return err
	}
	if held, err := t.tryHold(ctx, resources); err != nil || !held {
		return err
	}
	return t.end(ctx, over)
}

// end turns holds that have run out, and are locked, into enquiries.
func (t *taking) end(ctx context.Context, over []uuid.UUID) error {
	if _, err := t.q.DropClaims(ctx, queries.DropClaimsParams{OrgID: t.org, BookingIds: over}); err != nil {
		return err
	}
	if err := t.q.LapseBookings(ctx, queries.LapseBookingsParams{OrgID: t.org, Ids: over}); err != nil {
		return err
	}
	t.line = true
	for _, id := range over {
		t.step(id, "lapsed", "")
	}
	t.ended = append(t.ended, over...)
	return nil
}

// lapse ends one hold whose time is over.
func (t *taking) lapse(ctx context.Context, id uuid.UUID) error {
	over, err := t.q.LapsedOf(ctx, queries.LapsedOfParams{OrgID: t.org, Ids: []uuid.UUID{id}, Now: &t.now})
	if err != nil || len(over) == 0 {
		return err
	}
	if err := t.holdClaimed(ctx, over); err != nil {
		return err
	}
	if err := t.end(ctx, over); err != nil {
		return err
	}
	return t.finish(ctx)
}

// Lapse ends holds at their time.
type Lapse struct {
	river.WorkerDefaults[LapseArgs]
	Pool  *pgxpool.Pool
	Waker *queries.Waker
}

// Work does nothing for a hold that was confirmed, released or made longer.
func (l *Lapse) Work(ctx context.Context, job *river.Job[LapseArgs]) error {
	err := pgx.BeginFunc(ctx, l.Pool, func(tx pgx.Tx) error {
		return begin(tx, river.ClientFromContext[pgx.Tx](ctx), job.Args.OrgID, nil, time.Now()).lapse(ctx, job.Args.BookingID)
	})
	l.Waker.Wake(job.Args.OrgID)
	return err
}

// Sweep ends the holds whose job was lost, across organisations.
func Sweep(ctx context.Context, pool *pgxpool.Pool, client *river.Client[pgx.Tx], now time.Time) error {
	over, err := queries.New(pool).AllOrgsLapsed(ctx, &now)
	for _, hold := range over {
		err = errors.Join(err, pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			return begin(tx, client, hold.OrgID, nil, now).lapse(ctx, hold.ID)
		}))
	}
	return err
}

// Line gives what became free to whoever is next.
type Line struct {
	river.WorkerDefaults[LineArgs]
	Pool  *pgxpool.Pool
	Waker *queries.Waker
	Log   *slog.Logger
}

// Work tries everybody in line, each in a transaction of their own: what the first takes, the second finds taken.
func (l *Line) Work(ctx context.Context, job *river.Job[LineArgs]) error {
	now := time.Now()
	waiting, err := queries.New(l.Pool).InLine(ctx, queries.InLineParams{OrgID: job.Args.OrgID, Now: now})
	if err != nil {
		return err
	}
	for _, w := range waiting {
		promoted, err := l.promote(ctx, job.Args.OrgID, w.ID, now)
		if err != nil {
			return err
		}
		if promoted {
			l.Log.InfoContext(ctx, "next in line", "org_id", job.Args.OrgID, "booking_id", w.ID)
			l.Waker.Wake(job.Args.OrgID)
		}
	}
	return nil
}

// promote seats one that waits. What it finds taken still waits.
func (l *Line) promote(ctx context.Context, org, id uuid.UUID, now time.Time) (promoted bool, err error) {
	err = pgx.BeginFunc(ctx, l.Pool, func(tx pgx.Tx) error {
		t, b, err := change(ctx, tx, river.ClientFromContext[pgx.Tx](ctx), org, id, nil, now)
		waits := b.QueuedAt != nil && b.Status == queries.BookingStatusEnquiry || b.ContestedAt != nil && b.Status != queries.BookingStatusCancelled
		if err != nil || b.StartsLocal == nil || b.EndsLocal == nil || !waits { // somebody was faster
			return err
		}
		needs, err := t.needsOf(ctx, id)
		if err != nil {
			return err
		}
		if b.ContestedAt != nil {
			promoted = true
			return t.seatContested(ctx, b, needs)
		}
		w := Want{OrgID: org, When: whenOf(b), Needs: needs, Status: queries.BookingStatusHeld}
		if _, err := t.take(ctx, b, w); err != nil {
			return err
		}
		promoted = true
		t.step(id, "promoted", "")
		if err := t.tellPromoted(ctx, b); err != nil {
			return err
		}
		return t.finish(ctx)
	})
	var refused *Refused
	if errors.As(err, &refused) || errors.Is(err, ErrNoBooking) {
		return false, nil
	}
	return promoted && err == nil, err
}

// seatContested gives another system's booking the place that it lacked: outside calendars were not asked before either.
func (t *taking) seatContested(ctx context.Context, b queries.BookingToChangeRow, needs []Need) error {
	l, err := t.lookLocked(ctx, whenOf(b).span(), needs, nil)
	if err != nil {
		return err
	}
	if err := l.read(ctx, b.ID, t.now); err != nil {
		return err
	}
	if reasons := l.against(); len(reasons) > 0 {
		return &Refused{reasons}
	}
	if err := t.claim(ctx, l, b.ID); err != nil {
		return err
	}
	if err := t.settle(ctx, []uuid.UUID{b.ID}); err != nil {
		return err
	}
	t.step(b.ID, "seated", "")
	return t.finish(ctx, b.ID)
}

// settle closes the conflict of bookings that have their place.
func (t *taking) settle(ctx context.Context, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = contested(id)
	}
	return errors.Join(t.q.SettleBookings(ctx, queries.SettleBookingsParams{OrgID: t.org, Ids: ids}),
		t.q.CloseContests(ctx, queries.CloseContestsParams{OrgID: t.org, At: &t.now, Fingerprints: names}))
}

func (t *taking) tellPromoted(ctx context.Context, b queries.BookingToChangeRow) error {
	return notify.Announce(ctx, t.tx, t.client, notify.Notice{OrgID: t.org, At: t.now, Only: queries.AudienceTeam, News: mail.News{Kind: mail.Booking, What: "hold_promoted",
		Title: b.Title, Starts: b.StartsLocal, Ends: b.EndsLocal, Zone: b.Timezone, Venue: b.Venue, At: t.now, Path: "/app/bookings/" + b.ID.String()}})
}
