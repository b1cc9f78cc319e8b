package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
	"riverqueue.com/riverui"

	"github.com/wedsync/wedsync/migrations"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// lagAlarm is how long the oldest delivery may wait, with nothing applied meanwhile, before a node that works jobs calls
// itself unready.
const lagAlarm = 30 * time.Second

// healthz says that the process answers, and nothing else: restarting it would not bring a database back.
func (s *Server) healthz(c echo.Context) error { return c.String(http.StatusOK, "alive\n") }

// readyz says whether this node should be sent work, with the reason in words.
func (s *Server) readyz(c echo.Context) error {
	findings := s.findings(c.Request().Context())
	status, words := http.StatusOK, "ready"
	var lines []string
	for _, f := range findings {
		if !f.Healthy {
			status, words = http.StatusServiceUnavailable, "not ready"
		}
		lines = append(lines, f.What+": "+f.Words)
	}
	select {
	case <-s.draining:
		status, words = http.StatusServiceUnavailable, "going down"
	default:
	}
	return c.String(status, words+"\n"+strings.Join(lines, "\n")+"\n")
}

// Examine looks at what every node needs: the database, its shape, and a queue that moves. doctor prints the same.
func Examine(ctx context.Context, pool *pgxpool.Pool, works bool) []views.Finding {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	q := queries.New(pool)
	began := time.Now()
	if _, err := q.Ping(ctx); err != nil {
		return []views.Finding{{What: "Database", Words: "does not answer; what was accepted is safe in it, and work goes on by itself once it is back"}}
	}
	findings := []views.Finding{{What: "Database", Healthy: true, Words: fmt.Sprintf("answers in %s", time.Since(began).Round(10*time.Microsecond))}}
	findings = append(findings, examineMigrations(ctx, pool), examineQueue(ctx, pool, works), examineTelling(ctx, q))
	return findings
}

func examineMigrations(ctx context.Context, pool *pgxpool.Pool) views.Finding {
	pending, err := migrations.Pending(ctx, pool)
	switch {
	case err != nil:
		return views.Finding{What: "Migrations", Words: "could not be looked up; run: wedsync migrate"}
	case len(pending) > 0:
		return views.Finding{What: "Migrations", Words: strings.Join(pending, ", ") + " not applied; run: wedsync migrate"}
	default:
		return views.Finding{What: "Migrations", Healthy: true, Words: "all applied"}
	}
}

func examineQueue(ctx context.Context, pool *pgxpool.Pool, works bool) views.Finding {
	lag, err := queries.New(pool).AllOrgsLag(ctx)
	moved := true
	if err == nil {
		moved, err = queries.AllOrgsDrainedSince(ctx, pool, time.Now().Add(-lagAlarm))
	}
	if err != nil {
		return views.Finding{What: "Deliveries", Words: "could not be counted"}
	}
	oldest := time.Duration(lag.Seconds * float64(time.Second)).Round(time.Second)
	words := fmt.Sprintf("%d wait, the oldest for %s", lag.Waiting, oldest)
	switch {
	case lag.Waiting == 0:
		return views.Finding{What: "Deliveries", Healthy: true, Words: "none waits"}
	case oldest > lagAlarm && !moved && works:
		return views.Finding{What: "Deliveries", Words: words + ", and none was applied meanwhile: see /ops/jobs"}
	default:
		return views.Finding{What: "Deliveries", Healthy: true, Words: words}
	}
}

func (s *Server) findings(ctx context.Context) []views.Finding {
	return Examine(ctx, s.pool, s.config.Works)
}

func (s *Server) operations(c echo.Context) error {
	ctx := c.Request().Context()
	view := views.OperationsView{Now: time.Now().UTC(), Findings: s.findings(ctx), Streams: s.hub.Open()}
	view.Findings = append(view.Findings, CalendarStates(ctx, s.q, s.sync().Settings)...)
	var err error
	if view.Telling, err = s.telling(ctx, view.Now); err != nil {
		return err
	}
	if view.Requests, err = s.q.AllOrgsTierRequests(ctx); err != nil {
		return err
	}
	p := s.page(c, "Operations", "ops")
	p.Lead, p.Actions = "How this node and its database are, as of "+view.Now.Format("15:04:05")+" UTC.", views.OperationsLinks()
	return draw(c, http.StatusOK, views.Operations(p, view))
}

// riverPolicy is looser than ours: River's pages style themselves from their script.
const riverPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

// mountRiver puts River's own pages under /ops/jobs, for operators.
func (s *Server) mountRiver() error {
	handler, err := riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints: riverui.NewEndpoints(s.config.Jobs.River, nil), Logger: s.log, Prefix: "/ops/jobs",
	})
	if err != nil {
		return fmt.Errorf("river's pages: %w", err)
	}
	s.river = handler
	serve := func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", riverPolicy)
		handler.ServeHTTP(c.Response(), c.Request())
		return nil
	}
	s.echo.Any("/ops/jobs", serve, s.only(operator))
	s.echo.Any("/ops/jobs/*", serve, s.only(operator))
	return nil
}

// Start does what requests need in the background: the live hub, the door's commits and River's page data, until ctx ends.
func (s *Server) Start(ctx context.Context) error {
	if !s.config.Serves {
		return nil
	}
	var all sync.WaitGroup
	all.Go(func() { s.hub.Run(ctx) })
	all.Go(func() { s.door.Run(ctx) })
	defer all.Wait()
	if err := s.river.Start(ctx); err != nil { // pages and deliveries do without it
		return fmt.Errorf("river's pages: %w", err)
	}
	return nil
}
