// Package web answers requests: the pages of suppliers, couples and operators, the door for deliveries, and the live stream.
//
// routes.go is the whole site map. The package hides HTTP, sessions, forms and the kinds of errors. Only main imports it.
package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"riverqueue.com/riverui"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/web/live"
)

// Config is what main decides.
type Config struct {
	Pool      *pgxpool.Pool
	Jobs      *jobs.Jobs
	Box       *seal.Box
	Waker     *queries.Waker
	Log       *slog.Logger
	URL       *url.URL // public address; links and signatures are built from it, never from Host
	Operators []string // e-mail addresses that may enter /ops
	Demo      bool
	Works     bool // this node also works jobs, so it is not ready while they wait
	Gather    int  // most deliveries that one commit makes durable; 0: as many as the door sees fit
	Serves    bool // false on a node that only works jobs: it answers health checks and nothing else

	Carriers     notify.Settings
	Calendars    calendar.Settings
	TaveURL      string         // where Tave's API is; empty: at VSCO's
	World        *sandbox.World // the demo's stand-ins; nil: they are made, and mail has nowhere to go
	AllowPrivate bool           // addresses that suppliers type may lead to this machine and this network: the demo and tests
}

// Server is the site. It is an http.Handler.
type Server struct {
	config    Config
	pool      *pgxpool.Pool
	q         *queries.Queries
	log       *slog.Logger
	hub       *live.Hub
	door      *inbound.Door
	ear       *notify.Ear
	waiting   *waitingWatch
	addresses addresses
	badProofs *strikes
	badLogins *strikes
	pressed   *strikes
	letters   *strikes
	hearing   chan struct{} // one for each callback of a calendar that is at the database
	counts    *counts
	draining  chan struct{}
	world     *sandbox.World
	vsco      *sandbox.VSCO
	river     *riverui.Handler
	echo      *echo.Echo
}

// New builds the site. Its hub runs once main calls Hub().Run.
func New(c Config) (*Server, error) {
	if c.World == nil {
		c.World = sandbox.NewWorld(time.Now())
	}
	s := &Server{
		config: c, pool: c.Pool, q: queries.New(c.Pool), log: c.Log,
		door: inbound.NewDoor(c.Pool, c.Jobs.River), ear: c.Jobs.Ear,
		badProofs: newStrikes(5), badLogins: newStrikes(10), pressed: newStrikes(5), letters: newStrikes(20),
		hearing: make(chan struct{}, 8), draining: make(chan struct{}), world: c.World, vsco: sandbox.NewVSCO(sandbox.VSCOKey, time.Now()), echo: echo.New(),
	}
	if c.Gather > 0 {
		s.door.AtOnce = c.Gather
	}
	s.hub = live.New(live.Config{Pool: c.Pool, Log: c.Log, Draw: s.drawRegion, Stand: s.sessionsStand, Pace: pace})
	s.waiting = newWaitingWatch(s.q, c.Waker, c.Log)
	s.counts = newCounts(s)
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = s.answerError
	s.echo.IPExtractor = echo.ExtractIPFromXFFHeader() // believed only from loopback and private addresses: a proxy of ours
	s.echo.Use(s.requestID, s.logged, s.recovered, s.headers, s.sameOrigin(), s.readDeadline, compressed())
	return s, s.mount()
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Hub is the live pages of this node.
func (s *Server) Hub() *live.Hub { return s.hub }

// Drain makes the node unready and sends its live pages elsewhere; requests under way go on.
func (s *Server) Drain() {
	close(s.draining)
	s.hub.Drain()
}

func compressed() echo.MiddlewareFunc {
	return middleware.GzipWithConfig(middleware.GzipConfig{
		Level: 5, MinLength: 1024,
		Skipper: func(c echo.Context) bool {
			p := c.Request().URL.Path // streams must not be held back; static files and River's pages come packed or pack themselves
			return p == "/live" || p == "/sw.js" || strings.HasPrefix(p, "/static/") || strings.HasPrefix(p, "/webhooks/") || strings.HasPrefix(p, "/ops/jobs")
		},
	})
}

// sameOrigin refuses what another site makes a signed-in browser send. Deliveries come from servers and prove themselves.
func (s *Server) sameOrigin() echo.MiddlewareFunc {
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(s.config.URL.Scheme + "://" + s.config.URL.Host); err != nil {
		s.log.Error("WEDSYNC_URL is not usable as an origin", "error", err)
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if strings.HasPrefix(c.Request().URL.Path, "/webhooks/") {
				return next(c)
			}
			if err := protection.Check(c.Request()); err != nil {
				return errForeign
			}
			return next(c)
		}
	}
}
