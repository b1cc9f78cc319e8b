package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/web/live"
)

var (
	errNotFound    = errors.New("there is nothing here")
	errNotYours    = errors.New("this is for somebody else")
	errSignIn      = errors.New("sign in first")
	errHomeless    = errors.New("a person without an organisation or a wedding")
	errForeign     = errors.New("another site sent this request")
	errNoAddress   = errors.New("no connection has this address; copy it again from the connection's page, and mind that it begins with the right system")
	errTooLarge    = errors.New("the body is larger than 1 MiB")
	errContentType = errors.New("the content type is not one that WedSync reads: send application/json, a form, or JSON as text/plain")
	errPacked      = errors.New("the body is compressed, and a small one may hold a very large one: send it as it is, without Content-Encoding")
	errTooOften    = errors.New("too many failed attempts in a minute")
	errPressed     = errors.New("a button was pressed too often in a minute")
	errLetters     = errors.New("too many letters were asked for in a minute")
	errNoLink      = errors.New("there is no such link")
	errUsed        = errors.New("the link was used in this very moment")
	errAway        = errors.New("the database is away")
	errLargeReport = errors.New("the report is larger than any that is sent to this address")
	errNoCarrier   = errors.New("this carrier is not configured here")
	errUnreadable  = errors.New("the report cannot be read")
	errBroken      = errors.New("something broke")
)

// kind is what an error means to the outside. Words say what happened, what was kept, what to do.
type kind struct {
	is                 error
	status             int
	code               string
	title              string
	happened, kept, do string
	retryAfter         int // seconds
}

// kinds is the one table from errors to answers; the first that fits.
var kinds = []kind{
	{is: pgx.ErrNoRows, status: 404, code: "not_found", title: "Not here", happened: "There is no such page, or it is not one of yours.", do: "Go back to where you came from."},
	{is: errNotFound, status: 404, code: "not_found", title: "Not here", happened: "There is no such page, or it is not one of yours.", do: "Go back to where you came from."},
	{is: errNotYours, status: 403, code: "forbidden", title: "Not with your role", happened: "Your role does not include this page.", kept: "Nothing was changed.", do: "Ask an owner of your organisation."},
	{is: errHomeless, status: 403, code: "forbidden", title: "No room of yours here", happened: "Your account belongs to no organisation any more.", kept: "The account itself is as it was.", do: "Ask an owner to add you again, or open an account for a business of your own under another address."},
	{is: errForeign, status: 403, code: "forbidden", title: "Sent from elsewhere", happened: "Another site sent this request in your name, so it was not done.", kept: "Nothing was changed.", do: "Open the page here and press the button again."},
	{is: errSignIn, status: 401, code: "unauthorised", title: "Sign in first", happened: "You are not signed in.", do: "Sign in and come back."},
	{is: inbound.ErrMissingSignature, status: 401, code: "missing_signature"},
	{is: inbound.ErrBadSignature, status: 401, code: "bad_signature"},
	{is: inbound.ErrStale, status: 401, code: "stale_timestamp"},
	{is: errNoAddress, status: 404, code: "not_found"},
	{is: errTooLarge, status: 413, code: "too_large"},
	{is: errLargeReport, status: 413, code: "too_large"},
	{is: errContentType, status: 415, code: "content_type"},
	{is: errPacked, status: 415, code: "content_encoding"},
	{is: errTooOften, status: 429, code: "too_many_failures", title: "A short pause", happened: "There were too many failed attempts in a minute.", kept: "Your account is as it was.", do: "Wait a minute and try again.", retryAfter: 60},
	{is: errPressed, status: 429, code: "too_often", title: "A short pause", happened: "That was pressed five times within a minute, so this time it did nothing.", kept: "What the presses before it began goes on.", do: "Wait a minute and press it once more.", retryAfter: 60},
	{is: errNoCarrier, status: 404, code: "not_configured"},
	{is: errUnreadable, status: 400, code: "unreadable"},
	{is: errLetters, status: 429, code: "too_often", title: "A short pause", happened: "Twenty letters were asked for from here within a minute, so this one was not sent.", kept: "Your account is as it was, and links that were sent before still work.", do: "Wait a minute and ask once more.", retryAfter: 60},
	{is: errNoLink, status: 404, code: "not_found", title: "No such link", happened: "No letter of ours holds this link; perhaps a part of it was left off.", kept: "Nothing was changed.", do: "Open it from the letter itself, or sign in and ask for another one."},
	{is: errUsed, status: 410, code: "gone", title: "This link was used", happened: "It was used in this very moment, in another window.", kept: "What was done there holds.", do: "Go on there."},
	{is: errAway, status: 503, code: "away", title: "One moment", happened: "The database does not answer at the moment.", kept: "Everything saved so far is safe; what you just sent was not taken.", do: "Try again in a few seconds.", retryAfter: 5},
	{is: live.ErrDraining, status: 503, code: "away", title: "One moment", happened: "This server is being replaced.", do: "Try again in a second.", retryAfter: 1},
}

var broken = kind{is: errBroken, status: 500, code: "broken", title: "Something is wrong on our side", happened: "This page could not be made.", kept: "What you had saved before is safe.", do: "Try again. If it stays, tell us the reference below."}

func kindOf(err error) kind {
	for _, k := range kinds {
		if errors.Is(err, k.is) {
			return k
		}
	}
	var http *echo.HTTPError
	if errors.As(err, &http) {
		return kindOfStatus(http.Code)
	}
	if databaseAway(err) {
		return kindOf(errAway)
	}
	return broken
}

// kindOfStatus is for what the router itself says: no such route, no such method.
func kindOfStatus(status int) kind {
	switch status {
	case http.StatusNotFound:
		return kindOf(errNotFound)
	case http.StatusMethodNotAllowed:
		return kind{status: 405, code: "method_not_allowed", title: "Not like that", happened: "This address does not take that kind of request.", do: "Go back to where you came from."}
	case http.StatusBadRequest:
		return kind{status: 400, code: "bad_request", title: "Not understood", happened: "The request could not be read.", kept: "Nothing was changed.", do: "Go back and try again."}
	default:
		return broken
	}
}

// databaseAway tells a database that cannot be reached or is going down from one that answered "no".
func databaseAway(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return strings.HasPrefix(refused.Code, "57P") || strings.HasPrefix(refused.Code, "53") || strings.HasPrefix(refused.Code, "08")
	}
	var network *net.OpError
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connect) || pgconn.SafeToRetry(err) || errors.Is(err, context.DeadlineExceeded)
}

// answerError turns an error into what its reader can use: JSON for machines, a page for people.
func (s *Server) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	if c.Request().Context().Err() != nil {
		return // nobody reads the answer any more
	}
	k := kindOf(err)
	id := requestIDOf(c.Request().Context())
	if k.status >= 500 {
		s.log.Error("a request failed", "id", id, "route", c.Path(), "status", k.status, "error", err)
	}
	if k.retryAfter > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(k.retryAfter))
	}
	path := c.Request().URL.Path
	var sendErr error
	switch {
	case strings.HasPrefix(path, "/webhooks/"):
		sendErr = c.JSON(k.status, errorBody(k, id))
	case path == "/live":
		sendErr = c.NoContent(k.status)
	default:
		sendErr = s.errorPage(c, k, id)
	}
	if sendErr != nil {
		s.log.Warn("an error could not be told", "id", id, "error", sendErr)
	}
}

func errorBody(k kind, requestID string) map[string]any {
	message := k.happened + " " + k.do
	switch {
	case k.status == http.StatusMethodNotAllowed:
		message = "Deliveries are posted: this address takes POST."
	case k.status == http.StatusNotFound && k.happened != "": // what the router itself says is about pages
		message = errNoAddress.Error()
	case k.status >= 500:
		message = "WedSync could not take this delivery just now, so it was not kept. Send it again; the request's id is " + requestID + "."
	case k.happened == "":
		message = k.is.Error()
	}
	return map[string]any{"error": map[string]string{"code": k.code, "message": message}}
}

func (s *Server) errorPage(c echo.Context, k kind, id string) error {
	trouble := views.Trouble{Happened: k.happened, Kept: k.kept, Do: k.do, Href: "/", Label: "To the start"}
	if k.status >= 500 {
		trouble.Reference = id
	}
	if v, err := s.who(c); err == nil && k.status < 500 && v.Role != "" {
		trouble.Href, trouble.Label = "/app", "To today"
	}
	if k.is != nil && errors.Is(k.is, errSignIn) {
		trouble.Href, trouble.Label = "/login", "Sign in"
	}
	return draw(c, k.status, views.Error(views.Page{Title: k.title, Demo: s.config.Demo}, trouble))
}
