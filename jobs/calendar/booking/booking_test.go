package booking_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// season is an organisation with a room, on a database of its own, and River to insert into.
type season struct {
	pool  *pgxpool.Pool
	river *river.Client[pgx.Tx]
	org   testdb.Supplier
	room  uuid.UUID
	now   time.Time
}

func newSeason(t *testing.T) *season {
	t.Helper()
	s := &season{pool: testdb.New(t), now: time.Date(2027, 1, 5, 10, 0, 0, 0, time.UTC)}
	s.org = testdb.Org(t, s.pool)
	s.room = s.resource(t, "Barn", 1, 0, 0)
	var err error
	if s.river, err = river.NewClient(riverpgxv5.New(s.pool), &river.Config{Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *season) resource(t *testing.T, name string, capacity, before, after int) (id uuid.UUID) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), "INSERT INTO resources (org_id, name, capacity, minutes_before, minutes_after) VALUES ($1, $2, $3, $4, $5) RETURNING id",
		s.org.ID, name, capacity, before, after).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func on(day string, from, until int) booking.When {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return booking.When{Starts: d.Add(time.Duration(from) * time.Hour), Ends: d.Add(time.Duration(until) * time.Hour), Zone: "Europe/London"}
}

func (s *season) want(title string, when booking.When, status queries.BookingStatus) booking.Want {
	return booking.Want{OrgID: s.org.ID, Title: title, When: when, Needs: []booking.Need{{ResourceID: s.room, Units: 1}}, Status: status}
}

func (s *season) take(ctx context.Context, w booking.Want) (taken booking.Taken, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) (err error) {
		taken, err = booking.Take(ctx, tx, s.river, w, s.now)
		return err
	})
	return taken, err
}

func (s *season) do(t *testing.T, f func(tx pgx.Tx) error) error {
	t.Helper()
	return pgx.BeginFunc(t.Context(), s.pool, f)
}

func (s *season) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Case 1 of failures.md: a hundred at once, half of them new bookings and half of them enquiries that are confirmed.
func TestCase01AHundredConfirmsOfOneSlot(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	when := on("2027-06-12", 12, 23)
	var enquiries []uuid.UUID
	for n := range 50 {
		made, err := s.take(t.Context(), s.want(fmt.Sprint("Enquiry ", n), when, queries.BookingStatusEnquiry))
		if err != nil {
			t.Fatal(err)
		}
		enquiries = append(enquiries, made.ID)
	}
	var all sync.WaitGroup
	results := make(chan error, 100)
	for n := range 50 {
		all.Go(func() {
			_, err := s.take(t.Context(), s.want(fmt.Sprint("Couple ", n), when, queries.BookingStatusConfirmed))
			results <- err
		})
		all.Go(func() {
			results <- pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
				_, err := booking.Confirm(t.Context(), tx, s.river, s.org.ID, enquiries[n], nil, "", s.now)
				return err
			})
		})
	}
	all.Wait()
	close(results)
	won := 0
	for err := range results {
		var refused *booking.Refused
		switch {
		case err == nil:
			won++
		case !errors.As(err, &refused):
			t.Errorf("lost without being told why: %v", err)
		case len(refused.Reasons) != 1 || refused.Reasons[0].Why != booking.Booked || refused.Reasons[0].Title == "" || refused.Reasons[0].Resource != "Barn":
			t.Errorf("told %+v", refused.Reasons)
		}
	}
	if confirmed := s.count(t, "SELECT count(*) FROM bookings WHERE org_id = $1 AND status = 'confirmed'", s.org.ID); won != 1 || confirmed != 1 {
		t.Errorf("%d won, %d are confirmed", won, confirmed)
	}
	if n := s.count(t, "SELECT count(*) FROM booking_claims WHERE org_id = $1", s.org.ID); n != 1 {
		t.Errorf("%d claims", n)
	}
}

// Case 2: what is dead blocks nothing.
func TestCase02ADeadBookingsKeyIsFree(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	w := s.want("Kay & Fry", on("2027-06-12", 12, 23), queries.BookingStatusConfirmed)
	w.Key = "form-7"
	first, err := s.take(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.take(t.Context(), w); err != nil || again.ID != first.ID || again.Status != queries.BookingStatusConfirmed {
		t.Errorf("asked twice: %+v %v", again, err)
	}
	if err := s.do(t, func(tx pgx.Tx) error { return booking.Cancel(t.Context(), tx, s.river, s.org.ID, first.ID, nil, s.now) }); err != nil {
		t.Fatal(err)
	}
	if second, err := s.take(t.Context(), w); err != nil || second.ID == first.ID || second.Status != queries.BookingStatusConfirmed {
		t.Errorf("after it was cancelled: %+v %v", second, err)
	}
}

func TestWhatComesBeforeAndAfterIsTakenToo(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	s.room = s.resource(t, "Marquee", 1, 60, 90)
	if _, err := s.take(t.Context(), s.want("First", on("2027-06-12", 12, 16), queries.BookingStatusConfirmed)); err != nil {
		t.Fatal(err)
	}
	var refused *booking.Refused
	if _, err := s.take(t.Context(), s.want("Too near", on("2027-06-12", 18, 20), queries.BookingStatusConfirmed)); !errors.As(err, &refused) || refused.Reasons[0].MinutesAfter != 90 || refused.Reasons[0].MinutesBefore != 60 {
		t.Errorf("%v", err)
	}
	if _, err := s.take(t.Context(), s.want("Later", on("2027-06-12", 19, 20), queries.BookingStatusConfirmed)); err != nil {
		t.Errorf("16:00 and 90 minutes and 60 before 19:00: %v", err)
	}
}

func TestUnitsAreDealtAnewWhereRoomIsScattered(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	s.room = s.resource(t, "Van", 2, 0, 0)
	for _, w := range []booking.When{on("2027-06-12", 8, 10), on("2027-06-12", 9, 12), on("2027-06-12", 13, 15), on("2027-06-12", 14, 18)} {
		if _, err := s.take(t.Context(), s.want("One", w, queries.BookingStatusConfirmed)); err != nil {
			t.Fatal(err)
		}
	}
	// Van 1 has 8–10 and 13–15, van 2 has 9–12 and 14–18: 10–14 is free of one van at every moment, and of neither throughout…
	if _, err := s.take(t.Context(), s.want("Between", on("2027-06-12", 10, 14), queries.BookingStatusConfirmed)); err != nil {
		t.Errorf("%v", err)
	}
	if _, err := s.take(t.Context(), s.want("Too many", on("2027-06-12", 11, 13), queries.BookingStatusConfirmed)); err == nil {
		t.Error("a third van")
	}
}

func TestASetIsTakenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	van := s.resource(t, "Van", 1, 0, 0)
	if _, err := s.take(t.Context(), s.want("Has the barn", on("2027-06-12", 8, 10), queries.BookingStatusHeld)); err != nil {
		t.Fatal(err)
	}
	w := s.want("Both", on("2027-06-12", 9, 12), queries.BookingStatusConfirmed)
	w.Needs = append(w.Needs, booking.Need{ResourceID: van, Units: 1})
	var refused *booking.Refused
	if _, err := s.take(t.Context(), w); !errors.As(err, &refused) || refused.Reasons[0].Why != booking.Held || refused.Reasons[0].HoldUntil == nil {
		t.Errorf("%v", err)
	}
	if n := s.count(t, "SELECT count(*) FROM booking_claims WHERE org_id = $1 AND resource_id = $2", s.org.ID, van); n != 0 {
		t.Error("the van is taken by nobody's booking")
	}
}

func TestWhoStandsInLineIsNext(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	s.now = time.Now().UTC().Truncate(time.Microsecond)
	day := s.now.AddDate(0, 3, 0).Format(time.DateOnly)
	first, err := s.take(t.Context(), s.want("First", on(day, 12, 23), queries.BookingStatusHeld))
	if err != nil {
		t.Fatal(err)
	}
	var waiting []uuid.UUID
	for n := 2; n <= 3; n++ {
		w := s.want(fmt.Sprint("In line ", n), on(day, 14, 20), queries.BookingStatusHeld)
		w.Line = true
		s.now = s.now.Add(time.Millisecond)
		taken, err := s.take(t.Context(), w)
		if err != nil || taken.Place != n-1 || taken.Status != queries.BookingStatusEnquiry {
			t.Fatalf("%+v %v", taken, err)
		}
		waiting = append(waiting, taken.ID)
	}
	if err := s.do(t, func(tx pgx.Tx) error {
		return booking.Release(t.Context(), tx, s.river, s.org.ID, first.ID, nil, s.now)
	}); err != nil {
		t.Fatal(err)
	}
	s.work(t)
	status := func(id uuid.UUID) (status string) {
		if err := s.pool.QueryRow(t.Context(), "SELECT status || CASE WHEN queued_at IS NULL THEN '' ELSE ' in line' END FROM bookings WHERE org_id = $1 AND id = $2", s.org.ID, id).Scan(&status); err != nil {
			t.Fatal(err)
		}
		return status
	}
	if a, b, c := status(first.ID), status(waiting[0]), status(waiting[1]); a != "enquiry" || b != "held" || c != "enquiry in line" {
		t.Errorf("%s, %s, %s", a, b, c)
	}
	if n := s.count(t, "SELECT count(*) FROM notices WHERE org_id = $1 AND facts->>'what' = 'hold_promoted'", s.org.ID); n != 1 {
		t.Errorf("%d were told", n)
	}
}

// work runs the line's jobs until none is left.
func (s *season) work(t *testing.T) {
	t.Helper()
	workers := river.NewWorkers()
	log := slog.New(slog.DiscardHandler)
	waker := queries.NewWaker(queries.New(s.pool), log)
	river.AddWorker(workers, &booking.Line{Pool: s.pool, Waker: waker, Log: log})
	river.AddWorker(workers, &booking.Lapse{Pool: s.pool, Waker: waker})
	client, err := river.NewClient(riverpgxv5.New(s.pool), &river.Config{Logger: log, Workers: workers, SkipUnknownJobCheck: true, Queues: map[string]river.QueueConfig{booking.QueueName: {MaxWorkers: 2}},
		FetchCooldown: time.Millisecond, FetchPollInterval: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	done, stop := client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed)
	defer stop()
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for s.count(t, "SELECT count(*) FROM river_job WHERE kind IN ('booking_line', 'lapse_hold') AND state IN ('available', 'running', 'retryable')") > 0 {
		select {
		case e := <-done:
			if e.Kind == river.EventKindJobFailed {
				t.Fatalf("%s failed: %v", e.Job.Kind, e.Job.Errors)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the line's job does not end")
		}
	}
	if err := client.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func TestAHoldThatHasRunOutHoldsNothing(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	held, err := s.take(t.Context(), s.want("Held", on("2027-06-12", 12, 23), queries.BookingStatusHeld))
	if err != nil {
		t.Fatal(err)
	}
	s.now = s.now.AddDate(0, 0, 8) // no worker came by
	if _, err := s.take(t.Context(), s.want("Other", on("2027-06-12", 12, 23), queries.BookingStatusConfirmed)); err != nil {
		t.Fatal(err)
	}
	if n := s.count(t, "SELECT count(*) FROM bookings WHERE org_id = $1 AND id = $2 AND status = 'enquiry'", s.org.ID, held.ID); n != 1 {
		t.Error("the hold is not over")
	}
}
