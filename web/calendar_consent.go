package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

func (s *Server) provider(kind queries.CalendarKind) calendar.Provider {
	switch kind {
	case queries.CalendarKindGoogle:
		return s.sync().Settings.Google
	case queries.CalendarKindMicrosoft:
		return s.sync().Settings.Microsoft
	default:
		return calendar.Provider{}
	}
}

// mayLeadAway lets the page's forms be answered with a redirect to the consent pages: Chromium holds form-action against
// where a form's answer leads, too, and not only against where it is sent. Both providers are asked to show a page of theirs
// before they send anybody on (prompt=…), so no further address needs naming.
func (s *Server) mayLeadAway(c echo.Context) {
	var origins []string
	for _, kind := range []queries.CalendarKind{queries.CalendarKindGoogle, queries.CalendarKindMicrosoft} {
		p := s.provider(kind)
		if at, err := url.Parse(p.AuthURL); p.Configured() && err == nil && at.Host != "" && (at.Scheme == "https" || at.Scheme == "http") {
			origins = append(origins, at.Scheme+"://"+at.Host)
		}
	}
	if len(origins) > 0 {
		c.Response().Header().Set("Content-Security-Policy", strings.Replace(contentPolicy, "form-action 'self'", "form-action 'self' "+strings.Join(origins, " "), 1))
	}
}

func (s *Server) beginGoogle(c echo.Context) error {
	return s.beginConsent(c, queries.CalendarKindGoogle)
}

func (s *Server) beginMicrosoft(c echo.Context) error {
	return s.beginConsent(c, queries.CalendarKindMicrosoft)
}

// beginConsent sends a person to the provider's page. With `again` it is for an account that is there already.
func (s *Server) beginConsent(c echo.Context, kind queries.CalendarKind) error {
	v, ctx := visitorOf(c), c.Request().Context()
	if !s.provider(kind).Configured() {
		return s.drawCalendarAccounts(c, http.StatusUnprocessableEntity, views.CalendarAccountsView{Trouble: views.AccountKind(kind) + " is not configured on this installation."})
	}
	var again *uuid.UUID
	if asked := c.FormValue("again"); asked != "" {
		id, err := uuid.Parse(asked)
		if err != nil {
			return echo.ErrBadRequest
		}
		rows, err := s.q.CalendarAccounts(ctx, queries.CalendarAccountsParams{OrgID: v.OrgID, ConnectionID: &id})
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0].Kind != kind {
			return errNotFound
		}
		again = &id
	}
	if err := s.tooMany(c, "calendar"); err != nil {
		return err
	}
	consent, err := s.sync().Begin(ctx, v.OrgID, v.UserID, kind, again)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, consent)
}

// finishConsent is where the provider sends a person back to. It is a GET that changes something, as OAuth has it: what makes
// it safe is the state, which is good once, for ten minutes, and for the person who began.
func (s *Server) finishConsent(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	state, code := c.QueryParam("state"), c.QueryParam("code")
	if len(state) > 500 || len(code) > 4000 {
		return echo.ErrBadRequest
	}
	switch c.QueryParam("error") {
	case "":
	case "access_denied", "consent_required":
		return c.Redirect(http.StatusSeeOther, "/app/calendars?trouble=denied")
	default:
		s.log.WarnContext(ctx, "a provider sent a person back without a yes", "id", requestIDOf(ctx), "org_id", v.OrgID)
		return c.Redirect(http.StatusSeeOther, "/app/calendars?trouble=failed")
	}
	if state == "" || code == "" {
		return c.Redirect(http.StatusSeeOther, "/app/calendars?trouble=state")
	}
	_, connection, err := s.sync().Finish(ctx, v.UserID, state, code)
	return s.finished(c, connection, err)
}

func (s *Server) finished(c echo.Context, connection uuid.UUID, err error) error {
	var wrong *calendar.Wrong
	var again *remote.Reconnect
	switch {
	case err == nil:
		s.config.Waker.Wake(visitorOf(c).OrgID)
		return c.Redirect(http.StatusSeeOther, "/app/calendars/"+connection.String()+"?done=connected")
	case errors.Is(err, calendar.ErrState):
		return c.Redirect(http.StatusSeeOther, "/app/calendars?trouble=state")
	case errors.As(err, &wrong):
		return s.drawCalendarAccounts(c, http.StatusUnprocessableEntity, views.CalendarAccountsView{Trouble: wrong.Words})
	case errors.As(err, &again):
		return s.drawCalendarAccounts(c, http.StatusUnprocessableEntity, views.CalendarAccountsView{Trouble: again.Words})
	default:
		return err
	}
}
