package booking_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/queries"
)

func (s *season) status(t *testing.T, id uuid.UUID) (status string) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), `SELECT status || CASE WHEN queued_at IS NULL THEN '' ELSE ' in line' END || CASE WHEN contested_at IS NULL THEN '' ELSE ' contested' END
		FROM bookings WHERE org_id = $1 AND id = $2`, s.org.ID, id).Scan(&status); err != nil {
		t.Fatal(err)
	}
	return status
}

func (s *season) seat(t *testing.T, connection uuid.UUID, external, resource string, when booking.When, status queries.BookingStatus) (id uuid.UUID) {
	t.Helper()
	if err := s.do(t, func(tx pgx.Tx) error {
		_, err := s.says(t, tx, connection, external, resource, when, status)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.pool.QueryRow(t.Context(), "SELECT id FROM bookings WHERE org_id = $1 AND connection_id = $2 AND external_id = $3", s.org.ID, connection, external).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestWhatCannotBeWanted(t *testing.T) {
	t.Parallel()
	s, other := newSeason(t), newSeason(t)
	good := s.want("Kay", on("2027-06-12", 12, 23), queries.BookingStatusConfirmed)
	for field, change := range map[string]func(*booking.Want){
		"status": func(w *booking.Want) { w.Status = queries.BookingStatusCancelled },
		"units":  func(w *booking.Want) { w.Needs = []booking.Need{{ResourceID: s.room}} },
		"units ": func(w *booking.Want) {
			w.Needs = []booking.Need{{ResourceID: s.room, Units: 400}, {ResourceID: s.room, Units: 400}}
		},
		"units  ":    func(w *booking.Want) { w.Needs = []booking.Need{{ResourceID: s.room, Units: -1}} },
		"key":        func(w *booking.Want) { w.Key = strings.Repeat("k", 201) },
		"notes":      func(w *booking.Want) { w.Notes = strings.Repeat("n", 4001) },
		"title":      func(w *booking.Want) { w.Title = "a\x00b" },
		"ends":       func(w *booking.Want) { w.When.Ends = w.When.Starts },
		"ends ":      func(w *booking.Want) { w.When.Ends = w.When.Starts.Add(-time.Hour) },
		"timezone":   func(w *booking.Want) { w.When.Zone = "Mars/Olympus" },
		"hold_until": func(w *booking.Want) { w.Status, w.HoldUntil = queries.BookingStatusHeld, &s.now },
	} {
		w := good
		change(&w)
		var wrong *booking.Wrong
		if _, err := s.take(t.Context(), w); !errors.As(err, &wrong) || wrong.Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	w := good
	w.Needs = []booking.Need{{ResourceID: other.room, Units: 1}}
	if _, err := s.take(t.Context(), w); !errors.Is(err, booking.ErrNoResource) {
		t.Errorf("another organisation's barn: %v", err)
	}
	w.Needs = []booking.Need{{ResourceID: s.room, Units: 1}, {ResourceID: s.room, Units: 1}}
	var refused *booking.Refused
	if _, err := s.take(t.Context(), w); !errors.As(err, &refused) || refused.Reasons[0].Why != booking.TooMany {
		t.Errorf("one barn twice: %v", err)
	}
	if n := s.count(t, "SELECT count(*) FROM bookings WHERE org_id = $1", s.org.ID); n != 0 {
		t.Errorf("%d were made", n)
	}
}

// What is seated by another system is not unseated by the line, and who is confirmed there does not wait here.
func TestWhoIsConfirmedElsewhereLeavesTheLine(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	s.now = time.Now().UTC().Truncate(time.Microsecond)
	connection, day := s.crm(t), s.now.AddDate(0, 3, 0).Format(time.DateOnly)
	first, err := s.take(t.Context(), s.want("First", on(day, 12, 23), queries.BookingStatusHeld))
	if err != nil {
		t.Fatal(err)
	}
	asks := s.seat(t, connection, "b-1", "Barn", on(day, 12, 23), queries.BookingStatusEnquiry)
	w := s.want("", on(day, 12, 23), queries.BookingStatusHeld)
	w.BookingID, w.Line = asks, true
	if taken, err := s.take(t.Context(), w); err != nil || taken.Place != 1 {
		t.Fatalf("%+v %v", taken, err)
	}
	s.seat(t, connection, "b-1", "Barn", on(day, 12, 23), queries.BookingStatusConfirmed)
	if got := s.status(t, asks); got != "confirmed contested" {
		t.Errorf("beside the hold: %s", got)
	}
	s.whole(t)
	if err := s.do(t, func(tx pgx.Tx) error {
		return booking.Release(t.Context(), tx, s.river, s.org.ID, first.ID, nil, s.now)
	}); err != nil {
		t.Fatal(err)
	}
	s.work(t)
	if got := s.status(t, asks); got != "confirmed" {
		t.Errorf("after the hold was given back: %s", got)
	}
	s.whole(t)
}

func TestConfirmingAnEnquiryOfAnotherSystemTakesWhatItNames(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	if _, err := s.pool.Exec(t.Context(), "UPDATE resources SET usual = true WHERE org_id = $1", s.org.ID); err != nil {
		t.Fatal(err)
	}
	id := s.seat(t, s.crm(t), "b-1", "Orangery", on("2027-06-12", 12, 23), queries.BookingStatusEnquiry)
	if err := s.do(t, func(tx pgx.Tx) error {
		_, err := booking.Confirm(t.Context(), tx, s.river, s.org.ID, id, nil, "", s.now)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if n := s.count(t, "SELECT count(*) FROM booking_claims c JOIN resources r ON r.org_id = c.org_id AND r.id = c.resource_id WHERE c.org_id = $1 AND r.name = 'Orangery'", s.org.ID); n != 1 {
		t.Errorf("%d claims on the orangery", n)
	}
}

// A set that a person gave a booking stays a set when its own system speaks of something else.
func TestASetOutlivesWhatTheOtherSystemSays(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	connection, vans := s.crm(t), s.resource(t, "Van", 3, 0, 0)
	when := on("2027-06-12", 12, 23)
	id := s.seat(t, connection, "b-1", "Barn", when, queries.BookingStatusHeld)
	if err := s.do(t, func(tx pgx.Tx) error {
		_, err := booking.Move(t.Context(), tx, s.river, s.org.ID, id, when, []booking.Need{{ResourceID: s.room, Units: 1}, {ResourceID: vans, Units: 2}}, nil, "", s.now)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	s.seat(t, connection, "b-1", "Barn, Van", when, queries.BookingStatusConfirmed)
	if n := s.count(t, "SELECT count(*) FROM booking_claims WHERE org_id = $1 AND booking_id = $2", s.org.ID, id); n != 3 {
		t.Errorf("%d claims, want the barn and two vans", n)
	}
	if n := s.count(t, "SELECT count(*) FROM resources WHERE org_id = $1", s.org.ID); n != 2 {
		t.Errorf("%d resources: a list of names was taken for a name", n)
	}
	s.whole(t)
}

func TestReshape(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	vans := s.resource(t, "Van", 2, 0, 0)
	s.room = vans
	for _, w := range []booking.When{on("2027-06-12", 8, 10), on("2027-06-12", 9, 12), on("2027-06-12", 13, 15), on("2026-06-12", 8, 9)} {
		if _, err := s.take(t.Context(), s.want("Kay & Fry", w, queries.BookingStatusConfirmed)); err != nil {
			t.Fatal(err)
		}
	}
	shape := func(id uuid.UUID, capacity, before, after int) error {
		return s.do(t, func(tx pgx.Tx) error {
			return booking.Reshape(t.Context(), tx, s.river, s.org.ID, id, capacity, before, after, s.now)
		})
	}
	var refused *booking.Refused
	if err := shape(vans, 1, 0, 0); !errors.As(err, &refused) || len(refused.Reasons) != 1 || !strings.Contains(refused.NoRoom(), "Kay & Fry") {
		t.Errorf("one van for two: %v", err)
	}
	if err := shape(vans, 2, 240, 240); !errors.As(err, &refused) {
		t.Errorf("three at once: %v", err)
	}
	s.whole(t)
	if err := shape(vans, 2, 30, 45); err != nil {
		t.Fatal(err)
	}
	if n := s.count(t, `SELECT count(*) FROM booking_claims c JOIN bookings b ON b.org_id = c.org_id AND b.id = c.booking_id
		WHERE c.org_id = $1 AND lower(b.during) - lower(c.during) = interval '30 minutes' AND upper(c.during) - upper(b.during) = interval '45 minutes'`, s.org.ID); n != 3 {
		t.Errorf("%d of 3 are taken with the new times", n)
	}
	if err := shape(newSeason(t).room, 2, 0, 0); !errors.Is(err, booking.ErrNoResource) {
		t.Errorf("another organisation's: %v", err)
	}
	for _, c := range [][3]int{{0, 0, 0}, {501, 0, 0}, {1, -1, 0}, {1, 0, 2881}} {
		var wrong *booking.Wrong
		if err := shape(vans, c[0], c[1], c[2]); !errors.As(err, &wrong) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

// Case 4 of failures.md: what the clocks on the wall say stays what it is, whatever the clocks do.
func TestCase04WallTimesStay(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	for _, c := range []struct{ zone, from, until, starts, ends string }{
		{"Europe/London", "2027-03-27T12:00", "2027-03-28T12:00", "2027-03-27T12:00Z", "2027-03-28T11:00Z"},       // the night is an hour shorter
		{"Europe/London", "2027-10-30T12:00", "2027-10-31T12:00", "2027-10-30T11:00Z", "2027-10-31T12:00Z"},       // and longer
		{"Europe/London", "2027-03-28T01:30", "2027-03-28T05:00", "2027-03-28T01:30Z", "2027-03-28T04:00Z"},       // 01:30 is skipped: it becomes 02:30
		{"Europe/London", "2027-10-31T01:30", "2027-10-31T05:00", "2027-10-31T00:30Z", "2027-10-31T05:00Z"},       // 01:30 comes twice: the first
		{"Asia/Kathmandu", "2027-06-12T12:00", "2027-06-12T23:00", "2027-06-12T06:15Z", "2027-06-12T17:15Z"},      // 45 minutes
		{"Australia/Lord_Howe", "2027-04-03T12:00", "2027-04-04T12:00", "2027-04-03T01:00Z", "2027-04-04T01:30Z"}, // clocks change by 30
		{"Asia/Kolkata", "2027-06-12T00:00", "2027-06-13T00:00", "2027-06-11T18:30Z", "2027-06-12T18:30Z"},
	} {
		at := func(layout, text string) time.Time {
			moment, err := time.Parse(layout, text)
			if err != nil {
				t.Fatal(err)
			}
			return moment
		}
		s.room = s.resource(t, c.zone+c.from, 1, 15, 30)
		w := s.want(c.zone, booking.When{Starts: at("2006-01-02T15:04", c.from), Ends: at("2006-01-02T15:04", c.until), Zone: c.zone}, queries.BookingStatusConfirmed)
		taken, err := s.take(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		if n := s.count(t, `SELECT count(*) FROM bookings b JOIN booking_claims c ON c.org_id = b.org_id AND c.booking_id = b.id WHERE b.org_id = $1 AND b.id = $2 AND b.during = tstzrange($3, $4)
			AND c.during = tstzrange($3::timestamptz - interval '15 minutes', $4::timestamptz + interval '30 minutes') AND starts_local = $5 AND ends_local = $6`,
			s.org.ID, taken.ID, at("2006-01-02T15:04Z", c.starts), at("2006-01-02T15:04Z", c.ends), w.When.Starts, w.When.Ends); n != 1 {
			t.Errorf("%s %s is not %s", c.zone, c.from, c.starts)
		}
	}
}

// Case 4, new rules of the clocks: instants that were right when they were written are worked out anew.
func TestCase04NewRulesOfTheClocks(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	var made []uuid.UUID
	for n, w := range []booking.When{on("2027-06-12", 8, 10), on("2027-06-12", 10, 12), on("2027-06-13", 8, 10), on("2026-06-13", 8, 10)} {
		taken, err := s.take(t.Context(), s.want(string(rune('A'+n)), w, queries.BookingStatusConfirmed))
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, taken.ID)
	}
	shift := func(id uuid.UUID, by string) {
		t.Helper()
		for _, table := range []string{"bookings SET during = tstzrange(lower(during) + $3::interval, upper(during) + $3::interval) WHERE org_id = $1 AND id = $2",
			"booking_claims SET during = tstzrange(lower(during) + $3::interval, upper(during) + $3::interval) WHERE org_id = $1 AND booking_id = $2"} {
			if _, err := s.pool.Exec(t.Context(), "UPDATE "+table, s.org.ID, id, by); err != nil {
				t.Fatal(err)
			}
		}
	}
	shift(made[0], "-1 hour")
	shift(made[2], "3 hours")
	shift(made[3], "3 hours") // is over: nobody cares any more
	again := func() int {
		t.Helper()
		log := slog.New(slog.DiscardHandler)
		n, err := booking.Rematerialise(t.Context(), s.pool, s.river, queries.NewWaker(queries.New(s.pool), log), s.now)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := again(); n != 2 {
		t.Errorf("%d were put right", n)
	}
	s.whole(t)
	if n := again(); n != 0 {
		t.Errorf("%d were put right twice", n)
	}
	// Another one took the hour that the old rules left free.
	shift(made[0], "-1 hour")
	w := s.want("Between", on("2027-06-12", 9, 10), queries.BookingStatusConfirmed)
	if _, err := s.take(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if again(); s.status(t, made[0]) != "confirmed contested" {
		t.Errorf("two at once: %s", s.status(t, made[0]))
	}
	if n := s.count(t, "SELECT count(*) FROM notices WHERE org_id = $1 AND facts->>'what' = 'double_booked'", s.org.ID); n != 1 {
		t.Errorf("%d were told", n)
	}
	s.whole(t)
}

func TestARevivedBookingDoesNotWantItsKeyBack(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	w := s.want("First", on("2027-06-12", 8, 10), queries.BookingStatusConfirmed)
	w.Key = "form-7"
	first, err := s.take(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	cancel := func() error {
		return s.do(t, func(tx pgx.Tx) error { return booking.Cancel(t.Context(), tx, s.river, s.org.ID, first.ID, nil, s.now) })
	}
	w.When = on("2027-06-13", 8, 10)
	if err := cancel(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.take(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if err := s.do(t, func(tx pgx.Tx) error {
		return booking.Revive(t.Context(), tx, s.river, s.org.ID, first.ID, queries.BookingStatusConfirmed, nil, s.now)
	}); err != nil || s.status(t, first.ID) != "confirmed" {
		t.Errorf("%v", err)
	}
	s.whole(t)
}
