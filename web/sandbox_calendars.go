package web

import (
	"github.com/labstack/echo/v4"
)

// sandboxGoogle is the made-up Google: its consent page, its tokens and its calendars.
func (s *Server) sandboxGoogle(c echo.Context) error {
	s.world.Google.ServeHTTP(c.Response(), c.Request())
	return nil
}
