package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// bodyPatience is how long a request may take to send its body.
const bodyPatience = 20 * time.Second

// contentPolicy lets a page load nothing but our own files, and run nothing that stands in the page itself.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

type contextKey int

const requestIDKey contextKey = iota

func (s *Server) requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := rand.Text()[:12]
		c.Response().Header().Set("X-Request-Id", id)
		c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), requestIDKey, id)))
		return next(c)
	}
}

func requestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

// logged writes one line per request: the route's pattern, never the path, which may hold a token.
func (s *Server) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		err := next(c)
		if err != nil {
			c.Error(err) // the answer is written here, so that its status is known
		}
		s.counts.request(c.Request().Method, c.Path(), c.Response().Status, time.Since(began))
		level := slog.LevelInfo
		if quietRoute(c.Path()) {
			level = slog.LevelDebug
		}
		s.log.Log(c.Request().Context(), level, "request", "id", requestIDOf(c.Request().Context()),
			"method", c.Request().Method, "route", c.Path(), "status", c.Response().Status, "ms", time.Since(began).Milliseconds())
		return nil
	}
}

// quietRoute: what monitors and browsers fetch all day says nothing.
func quietRoute(path string) bool {
	return path == "/healthz" || path == "/readyz" || path == "/metrics" || path == "/sw.js" || strings.HasPrefix(path, "/static/") || strings.HasPrefix(path, "/webhooks/")
}

func (s *Server) recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			cause := recover()
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			if cause != nil {
				s.log.Error("a handler panicked", "id", requestIDOf(c.Request().Context()), "route", c.Path(), "cause", cause, "stack", string(debug.Stack()))
				err = errBroken
			}
		}()
		return next(c)
	}
}

func (s *Server) headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		if s.config.URL.Scheme == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		return next(c)
	}
}

// readDeadline bounds a slow body. The server has no limit of its own for it, because that limit would also cut streams.
func (s *Server) readDeadline(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().ContentLength == 0 {
			return next(c)
		}
		control := http.NewResponseController(c.Response())
		if err := control.SetReadDeadline(time.Now().Add(bodyPatience)); err != nil {
			return next(c) // a test's recorder has no deadlines
		}
		return next(c)
	}
}
