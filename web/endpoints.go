package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/outbound"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

func (s *Server) outbound() outbound.Endpoints {
	return outbound.Endpoints{Pool: s.pool, River: s.config.Jobs.River, Box: s.config.Box}
}

func (s *Server) endpoints(c echo.Context) error {
	rows, err := s.q.Endpoints(c.Request().Context(), visitorOf(c).OrgID)
	if err != nil {
		return err
	}
	p := s.page(c, "Sending out", "connections")
	p.Lead = "Who hears from WedSync what happened."
	p.Tabs = gatewayTabs("/app/endpoints")
	if s.may(visitorOf(c), manager) && len(rows) > 0 {
		p.Actions = views.NewEndpointButton()
	}
	return draw(c, http.StatusOK, views.Endpoints(p, time.Now(), rows))
}

var allEndpoints = &views.Link{Label: "All addresses", Href: "/app/endpoints"}

func (s *Server) endpointForm(c echo.Context) error {
	return s.drawEndpointForm(c, http.StatusOK, views.NewEndpointForm{})
}

func (s *Server) drawEndpointForm(c echo.Context, status int, f views.NewEndpointForm) error {
	f.All = outbound.Types
	p := s.page(c, "Send what happens to…", "connections")
	p.Back = allEndpoints
	return draw(c, status, views.NewEndpoint(p, f))
}

func (s *Server) createEndpoint(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	form, err := c.FormParams()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	f := s.endpointAsked(form)
	if len(f.Faults) > 0 {
		return s.drawEndpointForm(c, http.StatusUnprocessableEntity, f)
	}
	by := outbound.Asked{OrgID: v.OrgID, UserID: v.UserID, ID: uuid.Must(uuid.NewV7())}
	secret, err := s.outbound().Make(ctx, by, f.Name, f.URL, f.Wanted)
	if err != nil {
		return err
	}
	return s.drawSecret(c, http.StatusCreated, f.Name+" hears from now on", views.EndpointSecret{ID: by.ID, Secret: secret})
}

// endpointAsked reads the form and says what is wrong with it.
func (s *Server) endpointAsked(form url.Values) views.NewEndpointForm {
	f := views.NewEndpointForm{Name: strings.TrimSpace(form.Get("name")), URL: strings.TrimSpace(form.Get("url")), Wanted: form["type"], Faults: views.Faults{}}
	if !named(f.Name) {
		f.Faults["name"] = "Give it a name, up to 120 characters."
	}
	at, err := outside.CheckURL(f.URL, s.config.AllowPrivate)
	switch {
	case errors.Is(err, outside.ErrPrivate):
		f.Faults["url"] = "This address leads into a private network, which WedSync cannot reach. Use one that can be reached from the internet."
	case err != nil:
		f.Faults["url"] = err.Error()
	case strings.EqualFold(at.Host, s.config.URL.Host):
		f.Faults["url"] = "This address is WedSync's own: it would tell itself what it knows. Use the other side's."
	}
	for _, t := range f.Wanted {
		if !slices.Contains(outbound.Types, t) {
			f.Faults["type"] = "Choose from the list."
		}
	}
	return f
}

func (s *Server) drawSecret(c echo.Context, status int, title string, m views.EndpointSecret) error {
	p := s.page(c, title, "connections")
	p.Back = allEndpoints
	c.Response().Header().Set("Cache-Control", "no-store")
	return draw(c, status, views.EndpointMade(p, m))
}

func (s *Server) endpoint(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	row, err := s.q.EndpointByID(ctx, queries.EndpointByIDParams{OrgID: v.OrgID, ID: id})
	if err != nil {
		return err
	}
	view := views.EndpointView{Now: time.Now(), Zone: v.Zone, Row: row, MayChange: s.may(v, manager), Status: c.QueryParam("status")}
	if !view.MayChange {
		view.Row.URL = ""
	}
	if view.Rows, view.Older, err = s.messagePage(c, v.OrgID, id, view.Status); err != nil {
		return err
	}
	p := s.page(c, row.Name, "connections")
	p.Back, p.Flash = allEndpoints, endpointDone[c.QueryParam("done")]
	return draw(c, http.StatusOK, views.Endpoint(p, view))
}

// endpointDone is what a page says after its own button.
var endpointDone = map[string]string{
	"pause":      "Paused. What happens meanwhile is held here.",
	"resumption": "Turned on again. What was held goes out now.",
}

func (s *Server) messagePage(c echo.Context, org, endpoint uuid.UUID, status string) (rows []queries.MessagesRow, older string, err error) {
	filter := queries.MessagesParams{OrgID: org, EndpointID: endpoint}
	if wanted := queries.MessageStatus(status); wanted.Valid() {
		filter.Status = &wanted
	}
	if before, err := uuid.Parse(c.QueryParam("before")); err == nil {
		filter.Before = &before
	}
	rows, err = s.q.Messages(c.Request().Context(), filter)
	if len(rows) > perPage {
		rows = rows[:perPage]
		params := url.Values{"before": {rows[perPage-1].ID.String()}}
		if filter.Status != nil {
			params.Set("status", status)
		}
		older = "?" + params.Encode()
	}
	return rows, older, err
}

// endpointAsks is who asks for a change of which endpoint.
func endpointAsks(c echo.Context) (outbound.Asked, error) {
	v := visitorOf(c)
	id, err := idOf(c)
	return outbound.Asked{OrgID: v.OrgID, UserID: v.UserID, ID: id}, err
}

func (s *Server) pauseEndpoint(c echo.Context) error {
	by, err := endpointAsks(c)
	if err != nil {
		return err
	}
	if err := s.outbound().Pause(c.Request().Context(), by); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/endpoints/"+by.ID.String()+"?done=pause")
}

func (s *Server) resumeEndpoint(c echo.Context) error {
	by, err := endpointAsks(c)
	if err != nil {
		return err
	}
	if err := s.outbound().Resume(c.Request().Context(), by); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/endpoints/"+by.ID.String()+"?done=resumption")
}

func (s *Server) removeEndpoint(c echo.Context) error {
	by, err := endpointAsks(c)
	if err != nil {
		return err
	}
	if err := s.outbound().Remove(c.Request().Context(), by); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/endpoints")
}

// testEndpoint leads to the test's own page, which tells how it goes.
func (s *Server) testEndpoint(c echo.Context) error {
	by, err := endpointAsks(c)
	if err != nil {
		return err
	}
	if err := s.tooMany(c, "test"); err != nil {
		return err
	}
	message, err := s.outbound().Test(c.Request().Context(), by, time.Now())
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/messages/"+message.String())
}

// renewEndpoint makes a new secret. It answers with a page and not a redirect, because the secret is shown only once.
func (s *Server) renewEndpoint(c echo.Context) error {
	by, err := endpointAsks(c)
	if err != nil {
		return err
	}
	secret, err := s.outbound().NewSecret(c.Request().Context(), by, time.Now())
	if err != nil {
		return err
	}
	return s.drawSecret(c, http.StatusCreated, "A new signing secret", views.EndpointSecret{ID: by.ID, Secret: secret, Renewed: true})
}
