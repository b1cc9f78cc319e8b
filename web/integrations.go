package web

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// integrations is the operators' view of every connection of every organisation.
func (s *Server) integrations(c echo.Context) error {
	view := views.IntegrationsView{Now: time.Now().UTC()}
	err := s.snapshot(c.Request().Context(), func(q *queries.Queries) error {
		return fillIntegrations(c.Request().Context(), q, &view)
	})
	if err != nil {
		return err
	}
	p := s.page(c, "Integrations", "ops")
	p.Lead, p.Actions = "How the connections of all organisations are, as of "+view.Now.Format("15:04:05")+" UTC.", views.IntegrationsLinks()
	return draw(c, http.StatusOK, views.Integrations(p, view))
}

func fillIntegrations(ctx context.Context, q *queries.Queries, view *views.IntegrationsView) (err error) {
	late := view.Now.Add(-views.LateLane)
	if view.Totals, err = q.AllOrgsWellness(ctx, &late); err != nil {
		return err
	}
	if view.Rows, err = q.AllOrgsIntegrations(ctx, &late); err != nil {
		return err
	}
	open, err := q.AllOrgsOpenBreakers(ctx)
	if err != nil {
		return err
	}
	for _, b := range open {
		view.Breakers = append(view.Breakers, views.OpenBreaker{Org: b.Org, Peer: b.Peer, Failures: int(b.Failures), Since: firstOf(b.FailingSince, b.OpenedAt),
			Until: nextTry(b.OpenedAt, b.ProbingUntil, view.Now)})
	}
	view.DeadLetters, err = q.AllOrgsDeadLetters(ctx)
	return err
}
