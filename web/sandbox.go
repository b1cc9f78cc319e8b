package web

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

func (s *Server) sandbox(c echo.Context) error { return s.drawSandbox(c, nil) }

func (s *Server) drawSandbox(c echo.Context, sent *views.SandboxSent) error {
	o := s.world.Outbox
	view := views.SandboxView{Sent: sent, Outbox: o.Count(sandbox.Email) + o.Count(sandbox.SMS) + o.Count(sandbox.Push)}
	for _, supplier := range sandbox.Suppliers {
		view.People = append(view.People, views.DemoPerson{Slug: supplier.Slug, Name: supplier.Person, As: "Owner of " + supplier.Org})
		org, err := s.sandboxOrg(c, supplier)
		if err != nil {
			return err
		}
		view.Orgs = append(view.Orgs, org)
	}
	view.People = append(view.People, views.DemoPerson{Slug: "sam", Name: sandbox.Colleague.Name, As: "Staff of " + sandbox.Suppliers[0].Org})
	for _, couple := range sandbox.Couples {
		view.People = append(view.People, views.DemoPerson{Slug: couple.Slug, Name: couple.Names, As: "A couple"})
	}
	return draw(c, http.StatusOK, views.Sandbox(views.Page{Title: "Sandbox"}, view))
}

func (s *Server) sandboxOrg(c echo.Context, supplier sandbox.Supplier) (views.SandboxOrg, error) {
	org := views.SandboxOrg{Name: supplier.Org}
	id, err := s.orgOf(c, supplier.Email)
	if err != nil {
		return org, err
	}
	org.ID = id
	for _, p := range supplier.Providers {
		sender := views.SandboxSender{Provider: p}
		for _, scenario := range sandbox.Scenarios() {
			if scenario.Provider == p {
				sender.Buttons = append(sender.Buttons, views.SandboxButton{Key: scenario.Key, Label: scenario.Label, Hint: scenario.Hint})
			}
		}
		if p == queries.ProviderTave {
			sender.Buttons = append(sender.Buttons, taveButtons...)
		}
		org.Senders = append(org.Senders, sender)
	}
	return org, nil
}

func (s *Server) orgOf(c echo.Context, email string) (uuid.UUID, error) {
	user, err := s.q.UserByEmail(c.Request().Context(), email)
	if err != nil {
		return uuid.Nil, err
	}
	home, err := s.q.HomeOf(c.Request().Context(), user.ID)
	if err != nil || home.OrgID == nil {
		return uuid.Nil, pgx.ErrNoRows
	}
	return *home.OrgID, nil
}

// sandboxSignIn signs in as somebody made up. It is a POST, like every sign-in.
func (s *Server) sandboxSignIn(c echo.Context) error {
	email := ""
	if c.FormValue("person") == "sam" {
		email = sandbox.Colleague.Email
	}
	for _, supplier := range sandbox.Suppliers {
		if supplier.Slug == c.FormValue("person") {
			email = supplier.Email
		}
	}
	for _, couple := range sandbox.Couples {
		if couple.Slug == c.FormValue("person") {
			email = couple.Email
		}
	}
	user, err := s.q.UserByEmail(c.Request().Context(), email)
	if err != nil {
		return err
	}
	home, err := s.signIn(c, user.ID)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, home)
}

// sandboxDeliver posts what the button says to the real door, over HTTP, signed with the connection's real secret.
func (s *Server) sandboxDeliver(c echo.Context) error {
	scenarios := sandbox.Scenarios()
	i := slices.IndexFunc(scenarios, func(sc sandbox.Scenario) bool { return sc.Key == c.FormValue("delivery") })
	org, err := uuid.Parse(c.FormValue("org"))
	if err == nil && strings.HasPrefix(c.FormValue("delivery"), "vsco_") {
		return s.sandboxTave(c, org)
	}
	if err != nil || i < 0 {
		return errNotFound
	}
	token, secret, err := s.sandboxConnection(c, org, scenarios[i].Provider)
	if err != nil {
		return err
	}
	now := time.Now()
	body := s.world.Body(scenarios[i], org.String(), now)
	status, answer, err := sandbox.Post(c.Request().Context(), s.config.URL.String(), scenarios[i].Provider, token, secret, body, now)
	if err != nil {
		return err
	}
	return s.drawSandbox(c, &views.SandboxSent{Label: scenarios[i].Label, Status: status, Answer: answerWords(status, answer), Body: string(body)})
}

// answerWords say what the door's answer means.
func answerWords(status int, answer string) string {
	switch status {
	case http.StatusAccepted:
		return "Accepted (202): it is durable now, and applied in a moment."
	case http.StatusOK:
		return "Known already (200): it was taken before, so nothing is done twice."
	default:
		return http.StatusText(status) + ": " + answer
	}
}

func (s *Server) sandboxConnection(c echo.Context, org uuid.UUID, p queries.Provider) (token, secret string, err error) {
	ctx := c.Request().Context()
	rows, err := s.q.Connections(ctx, org)
	if err != nil {
		return "", "", err
	}
	i := slices.IndexFunc(rows, func(r queries.ConnectionsRow) bool { return r.Provider == p })
	if i < 0 {
		return "", "", errNotFound
	}
	row, err := s.q.ConnectionByID(ctx, queries.ConnectionByIDParams{OrgID: org, ID: rows[i].ID})
	if err != nil {
		return "", "", err
	}
	if token, err = inbound.OpenToken(s.config.Box, org, row.ID, row.TokenSealed); err != nil {
		return "", "", err
	}
	at, err := s.addressOf(ctx, p, token, time.Now(), true)
	if err != nil || len(at.secrets) == 0 {
		return "", "", errNotFound
	}
	return token, at.secrets[0], nil
}

// sandboxSheet is a made-up list to download and import.
func (s *Server) sandboxSheet(c echo.Context) error {
	contentType, sheet := "text/csv; charset=utf-8", sandbox.SheetCSV
	if path.Ext(c.Path()) == ".html" {
		contentType, sheet = "text/html; charset=utf-8", sandbox.SheetHTML
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, "attachment; filename="+path.Base(c.Path()))
	return c.Blob(http.StatusOK, contentType, sheet)
}
