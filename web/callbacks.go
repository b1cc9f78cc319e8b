package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/notify/carrier"
)

// What carriers call back is small; more than this is not from one of them.
const largestCallback = 64 << 10

// hearResend takes in what became of a mail. Resend signs with Svix, which is Standard Webhooks under its older names, and
// sends again under the same id until it hears 2xx (resend.com/docs/webhooks).
func (s *Server) hearResend(c echo.Context) error {
	now, caller := time.Now(), "resend "+c.RealIP()
	body, err := callbackBody(c)
	if err != nil {
		return err
	}
	if s.config.Carriers.ResendSecret == "" {
		return errNoCarrier
	}
	id, err := inbound.VerifySvix(c.Request().Header, body, []string{s.config.Carriers.ResendSecret}, now)
	if err != nil {
		return s.forged(caller, now, err)
	}
	report, err := carrier.ReadResendReport(id, body)
	if err != nil {
		return errUnreadable
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), doorPatience)
	defer cancel()
	if err := s.ear.Heard(ctx, "resend", report, now); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// hearTwilio takes in what became of a text message.
func (s *Server) hearTwilio(c echo.Context) error {
	form, err := s.fromTwilio(c)
	if err != nil {
		return err
	}
	report, err := carrier.ReadTwilioReport(form, c.QueryParams())
	if err != nil {
		return errUnreadable
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), doorPatience)
	defer cancel()
	if err := s.ear.Heard(ctx, "twilio", report, time.Now()); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// hearReply takes in a text message that somebody sent us. The answer is empty TwiML: Twilio itself answers STOP and HELP.
func (s *Server) hearReply(c echo.Context) error {
	form, err := s.fromTwilio(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), doorPatience)
	defer cancel()
	if err := s.ear.Replied(ctx, carrier.ReadReply(form), time.Now()); err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "text/xml", []byte("<Response/>"))
}

// fromTwilio verifies a form over the public address that Twilio called and all its parameters.
func (s *Server) fromTwilio(c echo.Context) (url.Values, error) {
	twilio := s.ear.Carriers.Twilio
	if twilio == nil {
		return nil, errNoCarrier
	}
	body, err := callbackBody(c)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errUnreadable
	}
	at := *s.config.URL
	at.Path, at.RawPath, at.RawQuery = s.config.URL.JoinPath(c.Request().URL.Path).Path, "", c.Request().URL.RawQuery
	if !twilio.Verify(at.String(), form, c.Request().Header.Get("X-Twilio-Signature")) {
		return nil, s.forged("twilio "+c.RealIP(), time.Now(), inbound.ErrBadSignature)
	}
	return form, nil
}

func callbackBody(c echo.Context) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, largestCallback))
	if err != nil {
		return nil, bodyFault(err)
	}
	return body, nil
}

func bodyFault(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errLargeReport
	}
	return echo.ErrBadRequest
}

// forged refuses what is not from whom it says. Verifying came first, so a true report is never counted.
func (s *Server) forged(caller string, now time.Time, err error) error {
	if s.badProofs.strike(caller, now) {
		return errTooOften
	}
	return err
}
