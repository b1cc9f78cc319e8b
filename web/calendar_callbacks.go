package web

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/calendar/remote"
)

// A delivery of Microsoft's gathers many notifications of a few hundred bytes; more than this is not from there.
const largestNotification = 256 << 10

// hearGoogle takes in that a calendar has changed. There is no body and no signature: the channel, its resource and the token
// that we gave to Google have to fit together (jobs/calendar compares them). It answers 204 to channels that we do not know,
// too: they are stopped ones whose last messages were on their way, Google does not stop sooner for hearing 404, and to
// strangers known and unknown look the same. Only while the database is away it hears 503 and tries again.
func (s *Server) hearGoogle(c echo.Context) error {
	if !s.sync().Settings.Google.Configured() {
		return errNoCarrier
	}
	h := c.Request().Header
	channel, resource, token := h.Get("X-Goog-Channel-ID"), h.Get("X-Goog-Resource-ID"), h.Get("X-Goog-Channel-Token")
	if _, err := uuid.Parse(channel); err != nil || token == "" || len(token) > 256 || len(resource) > 256 {
		return s.forged("google "+c.RealIP(), time.Now(), errUnreadable) // Google shows back what we gave it
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), doorPatience)
	defer cancel()
	if err := s.atMost(ctx); err != nil {
		return err
	}
	defer s.heard()
	if _, err := s.sync().HearGoogle(ctx, channel, resource, token); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// hearMicrosoft takes in that calendars have changed, or that a subscription needs something. Where Microsoft asks whether the
// address is ours, it waits within our own call for the answer: nothing of ours is asked before it is given.
func (s *Server) hearMicrosoft(c echo.Context) error {
	if !s.sync().Settings.Microsoft.Configured() {
		return errNoCarrier
	}
	if answer, asked := remote.MicrosoftValidation(c.QueryParams()); asked {
		if answer == "" {
			return errUnreadable
		}
		return c.Blob(http.StatusOK, "text/plain; charset=utf-8", []byte(answer)) // with nosniff: it is never a page
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, largestNotification))
	if err != nil {
		return bodyFault(err)
	}
	told, err := remote.ReadMicrosoft(body)
	if err != nil {
		return s.forged("microsoft "+c.RealIP(), time.Now(), errUnreadable)
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), doorPatience)
	defer cancel()
	if err := s.atMost(ctx); err != nil {
		return err
	}
	defer s.heard()
	if err := s.sync().HearMicrosoft(ctx, told); err != nil {
		return err
	}
	return c.NoContent(http.StatusAccepted)
}

// atMost lets few callbacks of calendars at the database at a time: anybody can send one, and each has to be looked up.
func (s *Server) atMost(ctx context.Context) error {
	select {
	case s.hearing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errAway
	}
}

func (s *Server) heard() { <-s.hearing }
