package web

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
)

// openSandboxCalendars connects the first of the demo's suppliers with her calendar at the made-up Google. That one begins anew
// with every start, so what was connected to an earlier one is forgotten.
func (s *Server) openSandboxCalendars(ctx context.Context) error {
	user, err := s.q.UserByEmail(ctx, sandbox.Suppliers[0].Email)
	if err != nil {
		return err
	}
	home, err := s.q.HomeOf(ctx, user.ID)
	if err != nil || home.OrgID == nil {
		return err
	}
	sync := s.config.Jobs.Calendar
	stale, err := s.q.SandboxCalendars(ctx, *home.OrgID)
	for _, id := range stale {
		err = errors.Join(err, sync.Disconnect(ctx, *home.OrgID, id, nil))
	}
	if err != nil {
		return err
	}
	if err := s.sandboxLine(ctx, *home.OrgID); err != nil {
		return err
	}
	address := s.world.Google.Accounts()[0]
	access, refresh := s.world.Google.Grant(address)
	_, err = sync.Connect(ctx, calendar.Connecting{OrgID: *home.OrgID, Kind: queries.CalendarKindGoogle, Tokens: &remote.Tokens{Access: access, Refresh: refresh, Account: address, Until: time.Now().Add(time.Hour)}})
	return err
}

// sandboxLine holds a date and lets somebody stand in line for it, once.
func (s *Server) sandboxLine(ctx context.Context, org uuid.UUID) error {
	day := time.Now().UTC().AddDate(0, 0, 45).Truncate(24 * time.Hour)
	for day.Weekday() != time.Friday {
		day = day.AddDate(0, 0, 1)
	}
	when := booking.When{Starts: day.Add(12 * time.Hour), Ends: day.Add(22 * time.Hour), Zone: "Europe/London"}
	for _, title := range []string{"Rosa & Idris", "Beth & Callum"} {
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			_, err := booking.Take(ctx, tx, s.config.Jobs.River, booking.Want{OrgID: org, Key: "demo " + title, Title: title, Venue: "The Old Mill", When: when, Status: queries.BookingStatusHeld, Line: true}, time.Now())
			return err
		})
		var refused *booking.Refused
		if err != nil && !errors.As(err, &refused) {
			return err
		}
	}
	return nil
}
