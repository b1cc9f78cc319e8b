package web

import "github.com/labstack/echo/v4"

// sandboxMicrosoft is the made-up Microsoft: its consent page, its tokens and Graph's calendars.
func (s *Server) sandboxMicrosoft(c echo.Context) error {
	s.world.Graph.ServeHTTP(c.Response(), c.Request())
	return nil
}
