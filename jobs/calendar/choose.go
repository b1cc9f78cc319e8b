package calendar

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/queries"
)

// Pause stops or resumes a connection. What it blocks does not count meanwhile: a person said so.
func (s *Sync) Pause(ctx context.Context, org, connection uuid.UUID, paused bool) error {
	var at *time.Time
	if paused {
		at = ptr(time.Now())
	}
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if err := q.PauseCalendars(ctx, queries.PauseCalendarsParams{OrgID: org, ID: connection, PausedAt: at}); err != nil {
			return err
		}
		if paused {
			return touch(ctx, q, org, "calendar")
		}
		return s.readAll(ctx, tx, org, connection)
	})
	s.Waker.Wake(org)
	if err != nil {
		return err
	}
	return s.Overlaps(ctx, org)
}

// Disconnect forgets an account and all that was read of it. What we wrote outside stays there.
func (s *Sync) Disconnect(ctx context.Context, org, connection uuid.UUID, by *uuid.UUID) error {
	s.unwatchAll(ctx, org, connection)
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if err := q.DropCopiesOfConnection(ctx, queries.DropCopiesOfConnectionParams{OrgID: org, ConnectionID: connection}); err != nil {
			return err
		}
		if _, err := q.DropCalendarConnection(ctx, queries.DropCalendarConnectionParams{OrgID: org, ID: connection}); err != nil {
			return err
		}
		if err := q.Audit(ctx, queries.AuditParams{OrgID: org, UserID: by, Action: "calendar.disconnected", Subject: connection.String()}); err != nil {
			return err
		}
		return touch(ctx, q, org, "calendar", "conflicts", "kpis")
	})
	s.Waker.Wake(org)
	return err
}

// unwatchAll tells the provider that nobody listens any more. It may not answer: its channels end by themselves.
func (s *Sync) unwatchAll(ctx context.Context, org, connection uuid.UUID) {
	q := queries.New(s.Pool)
	all, err := q.CalendarsOf(ctx, queries.CalendarsOfParams{OrgID: org, ConnectionID: connection})
	if err != nil {
		return
	}
	account, _, err := s.account(ctx, org, connection)
	watcher, can := account.(remote.Watcher)
	if err != nil || !can {
		return
	}
	for _, c := range all {
		open, err := q.ChannelsOf(ctx, queries.ChannelsOfParams{OrgID: org, CalendarID: c.ID})
		if err != nil {
			return
		}
		for _, h := range open {
			_ = watcher.Unwatch(ctx, remote.Channel{ID: h.ID.String(), Remote: h.RemoteID, Calendar: c.RemoteID})
		}
	}
}

// Reconsider follows a change of what a calendar is for: it is read if it counts now, and bookings are written where they
// belong.
func (s *Sync) Reconsider(ctx context.Context, org, calendar uuid.UUID) error {
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := s.River.InsertTx(ctx, tx, PullArgs{OrgID: org, CalendarID: calendar}, nil); err != nil {
			return err
		}
		if err := s.copyAll(ctx, tx, org); err != nil {
			return err
		}
		return touch(ctx, queries.New(tx), org, "calendar", "conflicts", "kpis")
	})
	s.Waker.Wake(org)
	if err != nil {
		return err
	}
	return s.Overlaps(ctx, org)
}
