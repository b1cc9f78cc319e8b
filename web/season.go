package web

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

func (s *Server) weddings(c echo.Context) error {
	v, now, past := visitorOf(c), time.Now(), c.QueryParam("when") == "past"
	rows, err := s.q.Weddings(c.Request().Context(), queries.WeddingsParams{OrgID: v.OrgID, Now: &now, Past: past})
	if err != nil {
		return err
	}
	p := s.page(c, "Weddings", "weddings")
	p.Tabs = []views.Link{{Label: "Ahead", Href: "/app/weddings", Current: !past}, {Label: "Past", Href: "/app/weddings?when=past", Current: past}}
	return draw(c, http.StatusOK, views.Weddings(p, views.WeddingList{Past: past, Zone: v.Zone.String(), Rows: rows}))
}

func (s *Server) clients(c echo.Context) error {
	v, search := visitorOf(c), searched(c)
	rows, err := s.q.Clients(c.Request().Context(), queries.ClientsParams{OrgID: v.OrgID, Search: search, Owners: suppressors(v.OrgID)})
	if err != nil {
		return err
	}
	return draw(c, http.StatusOK, views.Clients(s.page(c, "Clients", "clients"), search, time.Now().In(v.Zone), rows))
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
