package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/outbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// message is one message that goes out.
func (s *Server) message(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	row, err := s.q.MessageByID(ctx, queries.MessageByIDParams{OrgID: v.OrgID, ID: id})
	if err != nil {
		return err
	}
	attempts, err := s.q.MessageAttempts(ctx, queries.MessageAttemptsParams{OrgID: v.OrgID, MessageID: id})
	if err != nil {
		return err
	}
	body, err := outbound.Body(row.ID, row.EventType, row.HappenedAt, row.Data)
	if err != nil {
		return err
	}
	view := views.MessageView{Now: time.Now(), Zone: v.Zone, Row: row, Attempts: attempts, Body: indented(body), MayRun: s.may(v, manager)}
	p := s.page(c, views.EventWords(row.EventType), "connections")
	p.Back = &views.Link{Label: row.Endpoint, Href: "/app/endpoints/" + row.EndpointID.String()}
	switch c.QueryParam("done") {
	case "run":
		p.Flash = "It goes out again now."
	case "held":
		p.Flash = "It goes out when its address is turned on again."
	}
	return draw(c, http.StatusOK, views.Message(p, view))
}

// createMessageRun is "send again".
func (s *Server) createMessageRun(c echo.Context) error {
	by, err := endpointAsks(c)
	if err != nil {
		return err
	}
	isHeld, err := s.outbound().SendAgain(c.Request().Context(), by)
	if err != nil {
		return err
	}
	done := "run"
	if isHeld {
		done = "held"
	}
	return c.Redirect(http.StatusSeeOther, "/app/messages/"+by.ID.String()+"?done="+done)
}
