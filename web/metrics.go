package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// counts is what this node tells Prometheus.
type counts struct{ set *metrics.Set }

func newCounts(s *Server) *counts {
	c := &counts{set: metrics.NewSet()}
	c.set.NewGauge("wedsync_live_streams", func() float64 { return float64(s.hub.Open()) })
	c.set.NewGauge("wedsync_database_connections", func() float64 { return float64(s.pool.Stat().TotalConns()) })
	return c
}

// request counts by route pattern: a path would make a series per token.
func (c *counts) request(method, route string, status int, took time.Duration) {
	if route == "/live" { // its duration is how long somebody kept a page open
		return
	}
	c.set.GetOrCreateSummary(fmt.Sprintf(`wedsync_request_seconds{method=%q,route=%q,status="%d"}`, known(method), route, status)).Update(took.Seconds())
}

// known keeps made-up methods from making series.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodHead:
		return method
	default:
		return "other"
	}
}

func (c *counts) delivery(outcome string) {
	c.set.GetOrCreateCounter(fmt.Sprintf(`wedsync_deliveries_total{outcome=%q}`, outcome)).Inc()
}

func (s *Server) metrics(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderContentType, "text/plain; version=0.0.4; charset=utf-8")
	c.Response().WriteHeader(http.StatusOK)
	s.writeLag(c)
	s.counts.set.WritePrometheus(c.Response())
	metrics.WriteProcessMetrics(c.Response())
	return nil
}

// writeLag asks the database at each scrape. While it is away the lines are missing, which an alert can see.
func (s *Server) writeLag(c echo.Context) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
	defer cancel()
	q, late := queries.New(s.pool), time.Now().Add(-views.LateLane)
	lag, err := q.AllOrgsLag(ctx)
	if err != nil {
		return
	}
	if all, err := q.AllOrgsWellness(ctx, &late); err == nil {
		fmt.Fprintf(c.Response(), "wedsync_lanes_late %d\nwedsync_dead_letters %d\nwedsync_connections_silent %d\nwedsync_breakers_open %d\n", all.LateLanes, all.Dead, all.Silent, all.Breakers)
	}
	if channels, err := tellingOf(ctx, q, time.Now()); err == nil {
		for _, r := range channels {
			fmt.Fprintf(c.Response(), "wedsync_notifications_waiting{channel=%q} %d\nwedsync_notifications_failed_last_hour{channel=%q} %d\nwedsync_notifications_unknown{channel=%q} %d\n",
				r.Channel, r.Waiting, r.Channel, r.Failed, r.Channel, r.Unknown)
		}
	}
	fmt.Fprintf(c.Response(), "wedsync_deliveries_waiting %d\nwedsync_delivery_lag_seconds %g\n", lag.Waiting, lag.Seconds)
}
