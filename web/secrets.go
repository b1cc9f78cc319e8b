package web

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/views"
)

// createSecret takes the secret that a sender made of its own accord, as Stripe does once it knows the address.
func (s *Server) createSecret(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	if _, err := s.q.ConnectionByID(ctx, queries.ConnectionByIDParams{OrgID: v.OrgID, ID: id}); err != nil {
		return err
	}
	secret := c.FormValue("secret")
	fault := SecretFault(secret)
	if secret == "" {
		fault = "Paste the secret that the sender shows; Stripe's begins with whsec_."
	}
	if fault != "" {
		return s.drawConnection(c, http.StatusUnprocessableEntity, fault)
	}
	if err := s.tooMany(c, "secret"); err != nil {
		return err
	}
	if err := inbound.AddSecret(ctx, s.pool, s.config.Box, v.OrgID, id, &v.UserID, secret); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/connections/"+id.String()+"?kept=secret")
}

// createRotation makes a new secret, shown once; the one before it is taken until the sender has changed over.
func (s *Server) createRotation(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	row, err := s.q.ConnectionByID(ctx, queries.ConnectionByIDParams{OrgID: v.OrgID, ID: id})
	if err != nil {
		return err
	}
	if row.Provider == queries.ProviderStripe {
		return s.drawConnection(c, http.StatusUnprocessableEntity, "Stripe makes its secrets itself. Roll the secret there, and paste the new one here.")
	}
	if err := s.tooMany(c, "rotation"); err != nil {
		return err
	}
	made := views.NewlyMade{ID: id, Provider: row.Provider, Proof: row.Proof, Secret: seal.NewSecret()}
	if err := inbound.AddSecret(ctx, s.pool, s.config.Box, v.OrgID, id, &v.UserID, made.Secret); err != nil {
		return err
	}
	p := s.page(c, "A new secret for "+views.ProviderName(row.Provider), "connections")
	p.Back = &views.Link{Label: views.ProviderName(row.Provider), Href: "/app/connections/" + id.String()}
	return draw(c, http.StatusCreated, views.SecretMade(p, made))
}

// createClosure ends an older secret at once. The newest is never closed, and neither is the last.
func (s *Server) createClosure(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	if _, err := s.q.ConnectionByID(ctx, queries.ConnectionByIDParams{OrgID: v.OrgID, ID: id}); err != nil {
		return err
	}
	secret, err := uuid.Parse(c.FormValue("secret"))
	if err != nil {
		return echo.ErrBadRequest
	}
	kept := "open"
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		closed, err := q.CloseSecret(ctx, queries.CloseSecretParams{OrgID: v.OrgID, ConnectionID: id, ID: secret})
		if err != nil || closed == 0 {
			return err
		}
		kept = "closed"
		return q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "connection.secret_closed", Subject: id.String(), Detail: "by hand"})
	})
	if err != nil {
		return err
	}
	s.addresses.forget()
	return c.Redirect(http.StatusSeeOther, "/app/connections/"+id.String()+"?kept="+kept)
}

// secretWords say what the last press did to the secrets.
func secretWords(kept string) string {
	switch kept {
	case "secret":
		return "The secret is kept. The one before is taken too, until the new one has vouched for 20 deliveries in a row."
	case "closed":
		return "The old secret is closed. What is still signed with it is turned away."
	case "open":
		return "Nothing was closed: that secret was closed already, or it is the newest, which stays."
	default:
		return ""
	}
}
