package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/views"
)

func (s *Server) wedding(c echo.Context) error {
	row, err := s.q.CoupleHome(c.Request().Context(), visitorOf(c).CoupleID)
	if err != nil {
		return err
	}
	p := s.page(c, "Our wedding", "")
	p.Org = row.Names
	return draw(c, http.StatusOK, views.Wedding(p, time.Now(), row))
}
