package web

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// guide is how a connection's other side is set up.
func (s *Server) guide(c echo.Context) error { return s.drawGuide(c, http.StatusOK, "", "") }

// drawGuide shows an account that could not be kept as it was typed.
func (s *Server) drawGuide(c echo.Context, status int, typed, fault string) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	row, err := s.q.ConnectionByID(ctx, queries.ConnectionByIDParams{OrgID: v.OrgID, ID: id})
	if err != nil {
		return err
	}
	view := views.GuideView{ID: id, Provider: row.Provider, Proof: row.Proof, Label: guideLabel(row.Provider), Trouble: c.QueryParam("test"), Account: typed, AccountFault: fault}
	if view.URL, _, err = s.wayIn(c, row); err != nil {
		return err
	}
	if fault == "" {
		if view.Account, err = s.q.ConnectionAccount(ctx, queries.ConnectionAccountParams{OrgID: v.OrgID, ID: id}); err != nil {
			return err
		}
	}
	p := s.page(c, "How to connect "+views.ProviderName(row.Provider), "connections")
	p.Lead = views.GuideLead(row.Provider)
	p.Back = &views.Link{Label: views.ProviderName(row.Provider), Href: "/app/connections/" + id.String()}
	if c.QueryParam("kept") == "account" {
		p.Flash = "The account is kept. It counts from the next delivery on."
	}
	return draw(c, status, views.Guide(p, view))
}

// guideLabel is empty where nothing is left to confirm: Stripe publishes its fields, and our own shape is ours.
func guideLabel(p queries.Provider) string {
	if p == queries.ProviderStripe || p == queries.ProviderCustom {
		return ""
	}
	return inbound.TemplateOf(p).Label
}

// stripeAccount is what Stripe calls an account, whatever it may append to it one day.
var stripeAccount = regexp.MustCompile(`^acct_[A-Za-z0-9_]{1,250}$`)

// setAccount names the one Stripe account whose events count, or none.
func (s *Server) setAccount(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	account := c.FormValue("account")
	if account != "" && !stripeAccount.MatchString(account) {
		if _, err := s.q.ConnectionByID(ctx, queries.ConnectionByIDParams{OrgID: v.OrgID, ID: id}); err != nil {
			return err
		}
		return s.drawGuide(c, http.StatusUnprocessableEntity, account, "A Stripe account begins with acct_ and has letters and digits after it. Copy it whole from Stripe, or leave the field empty.")
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		set, err := q.SetConnectionAccount(ctx, queries.SetConnectionAccountParams{OrgID: v.OrgID, ID: id, Account: account})
		if err != nil {
			return err
		}
		if set == 0 {
			return errNotFound
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "connection.account", Subject: id.String(), Detail: account})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/connections/"+id.String()+"/guide?kept=account")
}

// createTest sends a delivery to our own public address, the whole way round.
func (s *Server) createTest(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	row, err := s.q.ConnectionByID(ctx, queries.ConnectionByIDParams{OrgID: v.OrgID, ID: id})
	if err != nil {
		return err
	}
	if err := s.tooMany(c, "test"); err != nil {
		return err
	}
	token, err := inbound.OpenToken(s.config.Box, v.OrgID, id, row.TokenSealed)
	if err != nil {
		return err
	}
	secret, err := s.newestSecret(ctx, v.OrgID, id)
	if err != nil {
		return err
	}
	page := "/app/connections/" + id.String()
	result := inbound.SendTest(ctx, s.connectionURL(row.Provider, token), row.Provider, row.Proof, secret, time.Now())
	if result != inbound.TestTaken {
		s.log.Warn("a test delivery did not arrive", "org_id", v.OrgID, "connection_id", id, "result", result)
		page += "/guide"
	}
	return c.Redirect(http.StatusSeeOther, page+"?test="+string(result))
}

func (s *Server) newestSecret(ctx context.Context, org, connection uuid.UUID) (string, error) {
	sealed, err := s.q.NewestSecret(ctx, queries.NewestSecretParams{OrgID: org, ConnectionID: connection})
	if err != nil {
		return "", err
	}
	secrets, err := inbound.OpenSecrets(s.config.Box, org, connection, [][]byte{sealed})
	if err != nil {
		return "", err
	}
	return secrets[0], nil
}
