package booking

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/wedsync/wedsync/queries"
)

// Add is a booking typed as a command: a resource by its name, which is there from then on, and instants, which the clocks of
// the organisation tell. It fails with *Refused.
func Add(ctx context.Context, pool *pgxpool.Pool, org uuid.UUID, resource, title string, from, until time.Time, status queries.BookingStatus, now time.Time) (taken Taken, err error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return taken, err
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		timezone, err := q.OrgTimezone(ctx, org)
		if err != nil {
			return fmt.Errorf("the organisation's clock: %w", err)
		}
		zone, known := location(timezone)
		if !known {
			return fmt.Errorf("the organisation's clock: %q is no zone", timezone)
		}
		need, err := Named(ctx, q, org, resource)
		if err != nil {
			return err
		}
		taken, err = Take(ctx, tx, client, Want{OrgID: org, Title: title, When: At(from, until, zone), Needs: []Need{need}, Status: status}, now)
		return err
	})
	if err == nil {
		err = queries.New(pool).Wake(ctx, org.String())
	}
	return taken, err
}

// Known is what a name stands for now; nothing where nobody named it before.
func Known(ctx context.Context, q *queries.Queries, org uuid.UUID, name string) ([]Need, error) {
	found, err := q.ResourcesNamed(ctx, queries.ResourcesNamedParams{OrgID: org, Names: []string{strings.ToLower(resourceName(name))}})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return []Need{{found[0].ID, 1}}, nil
}

// Named is one unit of what goes by a name; what nobody named before is there from now on.
func Named(ctx context.Context, q *queries.Queries, org uuid.UUID, name string) (Need, error) {
	name = resourceName(name)
	if name == "" {
		return Need{}, &Wrong{"resource", "takes a name, such as Barn"}
	}
	p := queries.ResourcesNamedParams{OrgID: org, Names: []string{strings.ToLower(name)}}
	found, err := q.ResourcesNamed(ctx, p)
	if err == nil && len(found) == 0 {
		if err := q.AddResourcesNamed(ctx, queries.AddResourcesNamedParams{OrgID: org, Names: []string{name}}); err != nil {
			return Need{}, fmt.Errorf("add a resource: %w", err)
		}
		found, err = q.ResourcesNamed(ctx, p)
	}
	if err != nil || len(found) == 0 {
		return Need{}, fmt.Errorf("resource %q: %w", name, err)
	}
	return Need{found[0].ID, 1}, nil
}

// Told is a refusal as machines read it: the first reason, and all of them.
type Told struct {
	Why       string     `json:"why"`
	Words     string     `json:"words"`
	Resource  string     `json:"resource,omitempty"`
	BookingID *uuid.UUID `json:"booking_id,omitempty"`
	Title     string     `json:"title,omitempty"`
	Calendar  string     `json:"calendar,omitempty"`
	From      *time.Time `json:"from,omitempty"`
	Until     *time.Time `json:"until,omitempty"`
	HoldUntil *time.Time `json:"hold_until,omitempty"`
	AsOf      *time.Time `json:"as_of,omitempty"`
	Reasons   []Told     `json:"reasons,omitempty"`
}

// Tell makes a refusal readable to machines.
func (r *Refused) Tell() Told {
	var all []Told
	for _, reason := range r.Reasons {
		t := Told{Why: reason.Why, Words: reason.Words(), Resource: reason.Resource, Title: reason.Title, Calendar: reason.Calendar, HoldUntil: reason.HoldUntil, AsOf: reason.AsOf}
		if reason.BookingID != uuid.Nil {
			t.BookingID = &reason.BookingID
		}
		if !reason.From.IsZero() {
			t.From, t.Until = &reason.From, &reason.Until
		}
		all = append(all, t)
	}
	if len(all) == 0 {
		return Told{Why: Booked, Words: "it was taken a moment ago"}
	}
	first := all[0]
	first.Reasons = all
	return first
}
