package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

func (s *Server) connections(c echo.Context) error {
	v := visitorOf(c)
	cards, err := cardsOf(c.Request().Context(), s.q, v.OrgID, nil, time.Now().In(v.Zone))
	if err != nil {
		return err
	}
	p := s.page(c, "Connections", "connections")
	p.Lead = "What your other systems tell WedSync."
	p.Tabs = gatewayTabs("/app/connections")
	if s.may(v, manager) {
		p.Actions = views.NewConnectionButton()
	}
	return draw(c, http.StatusOK, views.Connections(p, cards))
}

// gatewayTabs lead between what comes in, what of it needs a person, and what goes out.
func gatewayTabs(current string) []views.Link {
	tabs := []views.Link{{Label: "Connections", Href: "/app/connections"}, {Label: "Needs you", Href: "/app/repairs"},
		{Label: "Imports", Href: "/app/imports"}, {Label: "Sending", Href: "/app/endpoints"}}
	for i := range tabs {
		tabs[i].Current = tabs[i].Href == current
	}
	return tabs
}

func (s *Server) connectionForm(c echo.Context) error {
	return s.drawConnectionForm(c, http.StatusOK, views.NewConnectionForm{Provider: queries.ProviderStripe, Proof: queries.SenderProofSigned})
}

func (s *Server) drawConnectionForm(c echo.Context, status int, f views.NewConnectionForm) error {
	p := s.page(c, "New connection", "connections")
	p.Back = &views.Link{Label: "All connections", Href: "/app/connections"}
	return draw(c, status, views.NewConnection(p, f))
}

func (s *Server) createConnection(c echo.Context) error {
	v := visitorOf(c)
	f := views.NewConnectionForm{Provider: queries.Provider(c.FormValue("provider")), Proof: queries.SenderProof(c.FormValue("proof")), Faults: views.Faults{}}
	secret := c.FormValue("secret")
	if !f.Provider.Valid() {
		f.Faults["provider"] = "Choose a system from the list."
	}
	if f.Proof == "" || f.Provider == queries.ProviderStripe {
		f.Proof = queries.SenderProofSigned // Stripe always signs
	}
	if fault := SecretFault(secret); fault != "" {
		f.Faults["secret"] = fault
	}
	if f.Proof == queries.SenderProofDoorbell {
		f.Proof = queries.SenderProofSigned // a bell may ring only once there is a key to read back with
	}
	if len(f.Faults) > 0 || !f.Proof.Valid() {
		return s.drawConnectionForm(c, http.StatusUnprocessableEntity, f)
	}
	if err := s.tooMany(c, "connect"); err != nil {
		return err
	}
	made, err := inbound.Connect(c.Request().Context(), s.pool, s.config.Box, v.OrgID, &v.UserID, f.Provider, f.Proof, secret)
	if err != nil {
		return err
	}
	p := s.page(c, views.ProviderName(f.Provider)+" is ready to send", "connections")
	p.Back = &views.Link{Label: "All connections", Href: "/app/connections"}
	return draw(c, http.StatusCreated, views.ConnectionMade(p, views.NewlyMade{ID: made.ID, Provider: f.Provider, Proof: f.Proof,
		URL: s.connectionURL(f.Provider, made.Token), Secret: made.Secret}))
}

// SecretFault says what is wrong with a secret that somebody brings along; none is fine.
func SecretFault(secret string) string {
	switch {
	case secret == "":
		return ""
	case len(secret) < 16 || len(secret) > 255:
		return "A secret has between 16 and 255 characters. Copy it whole, or leave the field empty and WedSync makes one."
	default:
		return ""
	}
}

func (s *Server) connectionURL(p queries.Provider, token string) string {
	return s.config.URL.JoinPath(inbound.Path(p, token)).String()
}

// connection is one connection's page: its address and what came through it.
func (s *Server) connection(c echo.Context) error { return s.drawConnection(c, http.StatusOK, "") }

func (s *Server) drawConnection(c echo.Context, status int, secretFault string) error {
	v, now := visitorOf(c), time.Now()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	row, err := s.q.ConnectionByID(c.Request().Context(), queries.ConnectionByIDParams{OrgID: v.OrgID, ID: id})
	if err != nil {
		return err
	}
	view := views.ConnectionView{ID: id, Provider: row.Provider, Proof: row.Proof, Search: searched(c), Status: c.QueryParam("status"), SecretFault: secretFault, Enough: inbound.CleanEnough}
	if s.may(v, manager) {
		if view.URL, view.Secrets, err = s.wayIn(c, row); err != nil {
			return err
		}
	}
	filter := deliveryFilter(c, v.OrgID, id, view.Search)
	if view.List, view.Older, err = s.deliveryPage(c, filter, now); err != nil {
		return err
	}
	if view.Health, view.Days, err = s.healthPart(c.Request().Context(), v, id, now); err != nil {
		return err
	}
	p := s.page(c, views.ProviderName(row.Provider), "connections")
	p.Back = &views.Link{Label: "All connections", Href: "/app/connections"}
	p.LiveURL = liveURL(map[string]views.Stand{inbound.HealthRegion(id): view.Health.Stand})
	if !view.List.Filtered && filter.Before == nil {
		p.LiveURL = liveURL(map[string]views.Stand{inbound.DeliveriesRegion(id): view.List.Stand, inbound.HealthRegion(id): view.Health.Stand})
	}
	p.Flash = secretWords(c.QueryParam("kept"))
	if c.QueryParam("test") == string(inbound.TestTaken) {
		p.Flash = "Your test arrived, and WedSync took it. It stands below as “Kept, not used”, as a test should."
	}
	return draw(c, status, views.Connection(p, view))
}

// wayIn is what only managers see: the address, and the secrets that verify what comes to it.
func (s *Server) wayIn(c echo.Context, row queries.ConnectionByIDRow) (string, []queries.LiveSecretsRow, error) {
	org := visitorOf(c).OrgID
	token, err := inbound.OpenToken(s.config.Box, org, row.ID, row.TokenSealed)
	if err != nil {
		return "", nil, err
	}
	secrets, err := s.q.LiveSecrets(c.Request().Context(), queries.LiveSecretsParams{OrgID: org, ConnectionID: row.ID})
	return s.connectionURL(row.Provider, token), secrets, err
}

// perPage is one less than the query asks for: the one more says that there are older ones.
const perPage = 50

func deliveryFilter(c echo.Context, org, connection uuid.UUID, search string) queries.DeliveriesParams {
	filter := queries.DeliveriesParams{OrgID: org, ConnectionID: connection, Search: search}
	if status := queries.DeliveryStatus(c.QueryParam("status")); status.Valid() {
		filter.Status = &status
	}
	if before, err := uuid.Parse(c.QueryParam("before")); err == nil {
		filter.Before = &before
	}
	return filter
}

func (s *Server) deliveryPage(c echo.Context, filter queries.DeliveriesParams, now time.Time) (view views.DeliveriesView, older string, err error) {
	err = s.snapshot(c.Request().Context(), func(q *queries.Queries) error {
		region := inbound.DeliveriesRegion(filter.ConnectionID)
		stands, err := standsOf(c.Request().Context(), q, filter.OrgID, region)
		if err != nil {
			return err
		}
		rows, err := q.Deliveries(c.Request().Context(), filter)
		view = views.DeliveriesView{Stand: stands[region], Now: now, Rows: rows, Filtered: filter.Search != "" || filter.Status != nil}
		return err
	})
	if len(view.Rows) > perPage {
		view.Rows = view.Rows[:perPage]
		params := url.Values{"before": {view.Rows[perPage-1].ID.String()}}
		for _, keep := range []string{"q", "status"} {
			if value := c.QueryParam(keep); value != "" {
				params.Set(keep, value)
			}
		}
		older = "?" + params.Encode()
	}
	return view, older, err
}

func deliveriesOf(ctx context.Context, q *queries.Queries, org, connection uuid.UUID, stand views.Stand, now time.Time) (views.DeliveriesView, error) {
	rows, err := q.Deliveries(ctx, queries.DeliveriesParams{OrgID: org, ConnectionID: connection})
	if len(rows) > perPage {
		rows = rows[:perPage]
	}
	return views.DeliveriesView{Stand: stand, Now: now, Rows: rows}, err
}

// idOf is the id in the address. What is not one cannot be anybody's.
func idOf(c echo.Context) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return id, errNotFound
	}
	return id, nil
}
