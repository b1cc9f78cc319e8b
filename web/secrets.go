package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
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
	if err := inbound.AddSecret(ctx, s.pool, s.config.Box, v.OrgID, id, &v.UserID, secret); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/connections/"+id.String()+"?kept=secret")
}
