package web

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// cardsOf are the connections of an organisation, or the one that is asked for, each with how it is. now carries the
// supplier's clock.
func cardsOf(ctx context.Context, q *queries.Queries, org uuid.UUID, connection *uuid.UUID, now time.Time) ([]views.ConnectionCard, error) {
	rows, err := q.Wellness(ctx, queries.WellnessParams{OrgID: org, ConnectionID: connection})
	if err != nil {
		return nil, err
	}
	days, err := q.ArrivedDays(ctx, queries.ArrivedDaysParams{OrgID: org, ConnectionID: connection, Since: inbound.HabitSince(now)})
	if err != nil {
		return nil, err
	}
	secrets, err := q.SecretsInUse(ctx, queries.SecretsInUseParams{OrgID: org, ConnectionID: connection})
	if err != nil {
		return nil, err
	}
	breakers, err := breakersOf(ctx, q, org, now)
	if err != nil {
		return nil, err
	}
	cards := make([]views.ConnectionCard, len(rows))
	for i, row := range rows {
		facts := inbound.FactsOf(row, days, secrets, now)
		facts.Breaker = breakers[string(row.Provider)+":"+row.ID.String()]
		cards[i] = views.ConnectionCard{ID: row.ID, Provider: row.Provider, Proof: row.Proof, ForYou: facts.Failed + facts.Dead + facts.SetAside, Health: inbound.Health(facts, now)}
	}
	return cards, nil
}

// breakersOf are the open ones of an organisation, by peer.
func breakersOf(ctx context.Context, q *queries.Queries, org uuid.UUID, now time.Time) (map[string]*inbound.Breaker, error) {
	rows, err := q.Breakers(ctx, org)
	if err != nil {
		return nil, err
	}
	open := map[string]*inbound.Breaker{}
	for _, b := range rows {
		if b.OpenedAt == nil {
			continue
		}
		// On a wedding day the door tries sooner than this says: the page may promise too late, never too early.
		until := nextTry(b.OpenedAt, b.ProbingUntil, now)
		open[b.Peer] = &inbound.Breaker{Peer: b.Peer, OpenUntil: &until, Failures: int(b.Failures), Since: firstOf(b.FailingSince, b.OpenedAt)}
	}
	return open, nil
}

// nextTry is when an open breaker lets somebody try again.
func nextTry(opened, probing *time.Time, now time.Time) time.Time {
	wait := outside.State{OpenedAt: firstOf(opened), ProbingUntil: firstOf(probing)}.Wait(now, nil)
	if wait.IsZero() {
		return now
	}
	return wait
}

func firstOf(times ...*time.Time) time.Time {
	for _, t := range times {
		if t != nil {
			return *t
		}
	}
	return time.Time{}
}

// healthOf draws the region for what an organisation does not have as well: it says nothing of whose it is.
func healthOf(ctx context.Context, q *queries.Queries, org, connection uuid.UUID, stand views.Stand, now time.Time) (views.HealthView, error) {
	view := views.HealthView{Stand: stand, ID: connection, Now: now}
	cards, err := cardsOf(ctx, q, org, &connection, now)
	if len(cards) == 1 {
		view.Health = cards[0].Health
	}
	return view, err
}

// healthPart is what the connection's page shows of its health: the live region, and the last four weeks.
func (s *Server) healthPart(ctx context.Context, v visitor, connection uuid.UUID, now time.Time) (view views.HealthView, days []queries.ArrivedDaysRow, err error) {
	err = s.snapshot(ctx, func(q *queries.Queries) error {
		region := inbound.HealthRegion(connection)
		stands, err := standsOf(ctx, q, v.OrgID, region)
		if err != nil {
			return err
		}
		if view, err = healthOf(ctx, q, v.OrgID, connection, stands[region], now.In(v.Zone)); err != nil {
			return err
		}
		days, err = q.ArrivedDays(ctx, queries.ArrivedDaysParams{OrgID: v.OrgID, ConnectionID: &connection, Since: now.AddDate(0, 0, -28)})
		return err
	})
	return view, days, err
}
