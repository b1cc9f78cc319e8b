package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/views"
)

// unsubscribeForm asks; a mail scanner that follows the link changes nothing.
func (s *Server) unsubscribeForm(c echo.Context) error {
	u, err := s.letterOf(c)
	if err != nil {
		return err
	}
	return draw(c, http.StatusOK, views.Unsubscribe(s.open("Stop these letters", ""), stopping(u, c.Param("token"))))
}

// unsubscribe stops them: by the page's button, or by a mail program's own (RFC 8058), which sends no cookies and no origin.
func (s *Server) unsubscribe(c echo.Context) error {
	u, err := s.letterOf(c)
	if err != nil {
		return err
	}
	view := stopping(u, c.Param("token"))
	if c.FormValue("again") != "" {
		if err := u.Undo(c.Request().Context(), s.q); err != nil {
			return err
		}
		view.Again = true
		return draw(c, http.StatusOK, views.Unsubscribe(s.open("They come again", ""), view))
	}
	if err := u.Do(c.Request().Context(), s.q, time.Now()); err != nil {
		return err
	}
	view.Done = true
	return draw(c, http.StatusOK, views.Unsubscribe(s.open("Stopped", ""), view))
}

func (s *Server) letterOf(c echo.Context) (notify.Unsubscription, error) {
	u, err := notify.OpenUnsubscribe(c.Request().Context(), s.q, s.config.Box, c.Param("token"))
	if errors.Is(err, notify.ErrNoSuchLetter) {
		return u, errNotFound
	}
	return u, err
}

func stopping(u notify.Unsubscription, token string) views.UnsubscribeView {
	view := views.UnsubscribeView{Token: token, Org: u.OrgName, Address: u.Address}
	if u.Audience == "team" {
		view.Category = u.Category.Title
	}
	return view
}
