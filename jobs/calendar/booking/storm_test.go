package booking_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/queries"
)

// crm connects a system of the supplier's own.
func (s *season) crm(t *testing.T) (id uuid.UUID) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), `INSERT INTO connections (org_id, provider, token_sha256, token_sealed) VALUES ($1, 'custom', gen_random_uuid()::text::bytea, '') RETURNING id`, s.org.ID).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// says writes a booking as inbound does, and seats it.
func (s *season) says(t *testing.T, tx pgx.Tx, connection uuid.UUID, external, resource string, when booking.When, status queries.BookingStatus) ([]uuid.UUID, error) {
	from, until := when.Range()
	if err := queries.New(tx).SaveBooking(t.Context(), queries.SaveBookingParams{OrgID: s.org.ID, ConnectionID: &connection, ExternalID: &external, Title: external, StartsLocal: &when.Starts, EndsLocal: &when.Ends,
		Timezone: when.Zone, StartsAt: &from, EndsAt: &until, Resource: resource, Status: status, Stamps: queries.Stamps{}, CreatedAt: s.now}); err != nil {
		return nil, err
	}
	return booking.Seat(t.Context(), tx, s.river, s.org.ID, connection, []string{external}, s.now)
}

// whole says what must hold after anything at all.
func (s *season) whole(t *testing.T) {
	t.Helper()
	for what, sql := range map[string]string{
		"a claim twice":            `SELECT count(*) FROM booking_claims a JOIN booking_claims b ON b.org_id = a.org_id AND b.resource_id = a.resource_id AND b.slot = a.slot AND b.during && a.during AND b.booking_id <> a.booking_id WHERE a.org_id = $1`,
		"a slot that is not there": `SELECT count(*) FROM booking_claims c JOIN resources r ON r.org_id = c.org_id AND r.id = c.resource_id WHERE c.org_id = $1 AND (c.slot > r.capacity OR c.slot < 1)`,
		"a claim of who may have none": `SELECT count(*) FROM booking_claims c JOIN bookings b ON b.org_id = c.org_id AND b.id = c.booking_id
			WHERE c.org_id = $1 AND (b.status NOT IN ('held', 'confirmed') OR b.contested_at IS NOT NULL)`,
		"a booking without what it needs": `SELECT count(*) FROM bookings b JOIN booking_needs n ON n.org_id = b.org_id AND n.booking_id = b.id
			WHERE b.org_id = $1 AND b.status IN ('held', 'confirmed') AND b.contested_at IS NULL
			AND n.units <> (SELECT count(*) FROM booking_claims c WHERE c.org_id = b.org_id AND c.booking_id = b.id AND c.resource_id = n.resource_id)`,
		"a claim on what is not needed": `SELECT count(*) FROM booking_claims c WHERE c.org_id = $1 AND NOT EXISTS (SELECT 1 FROM booking_needs n WHERE n.org_id = c.org_id AND n.booking_id = c.booking_id AND n.resource_id = c.resource_id)`,
		"a claim at another time": `SELECT count(*) FROM booking_claims c JOIN bookings b ON b.org_id = c.org_id AND b.id = c.booking_id JOIN resources r ON r.org_id = c.org_id AND r.id = c.resource_id
			WHERE c.org_id = $1 AND c.during <> tstzrange(lower(b.during) - r.minutes_before * interval '1 minute', upper(b.during) + r.minutes_after * interval '1 minute')`,
		"a contest without a conflict, or the other way about": `SELECT count(*) FROM bookings b FULL JOIN (SELECT * FROM sync_conflicts WHERE kind = 'contested' AND resolved_at IS NULL) x ON x.org_id = b.org_id AND x.booking_id = b.id
			WHERE coalesce(b.org_id, x.org_id) = $1 AND (b.contested_at IS NULL) <> (x.id IS NULL)`,
		"somebody who is no enquiry in line, or a hold's end on what is no hold": `SELECT count(*) FROM bookings WHERE org_id = $1 AND (queued_at IS NOT NULL AND status <> 'enquiry' OR hold_until IS NOT NULL AND status <> 'held')`,
	} {
		if n := s.count(t, sql, s.org.ID); n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
}

// Everybody does everything at once to one organisation; whatever they come to, what is taken fits what there is.
func TestAStormOfChangesLeavesWhatIsTakenWhole(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	s.now = time.Now().UTC().Truncate(time.Microsecond)
	elsewhere := newSeason(t)
	if _, err := elsewhere.take(t.Context(), elsewhere.want("Elsewhere", on("2027-06-12", 1, 23), queries.BookingStatusConfirmed)); err != nil {
		t.Fatal(err)
	}
	vans, ladder := s.resource(t, "Van", 3, 30, 45), s.resource(t, "Ladder", 2, 0, 15)
	room := s.room
	connection := s.crm(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	var mu sync.Mutex
	var known []uuid.UUID
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			dice := rand.New(rand.NewPCG(seed, uint64(n)))
			for step := range 40 {
				mu.Lock()
				id := uuid.New()
				if len(known) > 0 {
					id = known[dice.IntN(len(known))]
				}
				mu.Unlock()
				when := on("2027-06-12", dice.IntN(60), 0)
				when.Ends = when.Starts.Add(time.Duration(1+dice.IntN(30)) * time.Hour)
				var needs []booking.Need
				for _, r := range []uuid.UUID{room, vans, ladder} {
					if dice.IntN(2) == 0 {
						needs = append(needs, booking.Need{ResourceID: r, Units: 1 + dice.IntN(2)*min(1, len(needs))})
					}
				}
				if len(needs) == 0 {
					needs = []booking.Need{{ResourceID: vans, Units: 1}, {ResourceID: vans, Units: 1}}
				}
				status := []queries.BookingStatus{queries.BookingStatusEnquiry, queries.BookingStatusHeld, queries.BookingStatusConfirmed}[dice.IntN(3)]
				err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) (err error) {
					now := s.now.Add(time.Duration(step) * time.Minute)
					switch dice.IntN(12) {
					case 0, 1, 2:
						w := booking.Want{OrgID: s.org.ID, Title: fmt.Sprint(n, "/", step), When: when, Needs: needs, Status: status, Line: dice.IntN(2) == 0, Key: []string{"", fmt.Sprint("k", dice.IntN(9))}[dice.IntN(2)]}
						if soon := now.Add(5 * time.Minute); dice.IntN(2) == 0 {
							w.HoldUntil = &soon
						}
						var taken booking.Taken
						if taken, err = booking.Take(t.Context(), tx, s.river, w, now); err == nil {
							mu.Lock()
							known = append(known, taken.ID)
							mu.Unlock()
						}
					case 3:
						_, err = booking.Take(t.Context(), tx, s.river, booking.Want{OrgID: s.org.ID, BookingID: id, When: when, Needs: needs, Status: status, Line: dice.IntN(2) == 0}, now)
					case 4, 5:
						_, err = booking.Confirm(t.Context(), tx, s.river, s.org.ID, id, nil, "", now)
					case 6:
						err = booking.Release(t.Context(), tx, s.river, s.org.ID, id, nil, now)
					case 7:
						err = booking.Cancel(t.Context(), tx, s.river, s.org.ID, id, nil, now)
					case 8, 9:
						_, err = booking.Move(t.Context(), tx, s.river, s.org.ID, id, when, []([]booking.Need){nil, needs}[dice.IntN(2)], nil, "", now)
					case 10:
						said := []queries.BookingStatus{queries.BookingStatusEnquiry, queries.BookingStatusHeld, queries.BookingStatusConfirmed, queries.BookingStatusCancelled}[dice.IntN(4)]
						_, err = s.says(t, tx, connection, fmt.Sprint("crm-", dice.IntN(6)), []string{"Barn", "van", "LADDER", "Barn, Van", ""}[dice.IntN(5)], when, said)
						if err == nil {
							mu.Lock()
							defer mu.Unlock()
							var theirs uuid.UUID
							if err = tx.QueryRow(t.Context(), "SELECT id FROM bookings WHERE org_id = $1 AND connection_id = $2 ORDER BY random() LIMIT 1", s.org.ID, connection).Scan(&theirs); err == nil {
								known = append(known, theirs)
							}
						}
					default:
						if dice.IntN(2) == 0 {
							err = booking.Revive(t.Context(), tx, s.river, s.org.ID, id, status, nil, now)
						} else {
							err = booking.Reshape(t.Context(), tx, s.river, s.org.ID, vans, 2+dice.IntN(3), dice.IntN(60), dice.IntN(60), now)
						}
					}
					return err
				})
				var refused *booking.Refused
				var wrong *booking.Wrong
				var fault *pgconn.PgError
				switch {
				case errors.As(err, &fault):
					t.Errorf("%s %s %s %s", fault.Code, fault.Message, fault.Detail, fault.Where)
				case err != nil && !errors.As(err, &refused) && !errors.As(err, &wrong) && !errors.Is(err, booking.ErrNoBooking) && !errors.Is(err, booking.ErrNotNow):
					t.Errorf("%v", err)
				case refused != nil && len(refused.Reasons) == 0:
					t.Errorf("refused for no reason")
				}
			}
		})
	}
	all.Wait()
	s.whole(t)
	s.work(t)
	s.whole(t)
	elsewhere.whole(t)
}
