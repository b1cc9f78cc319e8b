package web

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

func (s *Server) weddings(c echo.Context) error {
	rows, err := s.q.Weddings(c.Request().Context(), visitorOf(c).OrgID)
	if err != nil {
		return err
	}
	return draw(c, http.StatusOK, views.Weddings(s.page(c, "Weddings", "weddings"), rows))
}

func (s *Server) clients(c echo.Context) error {
	search := searched(c)
	rows, err := s.q.Clients(c.Request().Context(), queries.ClientsParams{OrgID: visitorOf(c).OrgID, Search: search})
	if err != nil {
		return err
	}
	return draw(c, http.StatusOK, views.Clients(s.page(c, "Clients", "clients"), search, rows))
}

func (s *Server) payments(c echo.Context) error {
	rows, err := s.q.Payments(c.Request().Context(), visitorOf(c).OrgID)
	if err != nil {
		return err
	}
	return draw(c, http.StatusOK, views.Payments(s.page(c, "Payments", "payments"), rows))
}

// searched is what was typed into a search field, as Postgres can take it.
func searched(c echo.Context) string {
	q := strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(c.QueryParam("q"), "\x00", ""), ""))
	if utf8.RuneCountInString(q) > 100 {
		q = string([]rune(q)[:100])
	}
	return q
}
