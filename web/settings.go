package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/mail"
	"github.com/wedsync/wedsync/views/ui"
)

func (s *Server) settings(c echo.Context) error {
	return s.drawSettings(c, http.StatusOK, views.SettingsView{}, nil)
}

// drawSettings puts what was typed back into the form that it came from.
func (s *Server) drawSettings(c echo.Context, status int, view views.SettingsView, person *views.PersonForm) error {
	v, ctx := visitorOf(c), c.Request().Context()
	org, err := s.q.OrgByID(ctx, v.OrgID)
	if err != nil {
		return err
	}
	team, err := s.q.Team(ctx, v.OrgID)
	if err != nil {
		return err
	}
	view.Now, view.Org, view.Me, view.Owner, view.Team, view.Regions = time.Now(), org, v.UserID, v.Role == queries.RoleOwner, team, regions()
	view.Form.Role = cmp.Or(view.Form.Role, "staff")
	if view.Person, err = s.account(c, v, person); err != nil {
		return err
	}
	if s.may(v, manager) {
		if view.Audit, err = s.q.LatestAudit(ctx, v.OrgID); err != nil {
			return err
		}
	}
	p := s.page(c, "Settings", "settings")
	p.Tabs, p.Flash = settingsTabs("/app/settings"), personDone[c.QueryParam("done")]
	return draw(c, status, views.Settings(p, view))
}

// changeRegion says how numbers without a country code are read from now on. Numbers kept before stay as they are.
func (s *Server) changeRegion(c echo.Context) error {
	v, ctx, region := visitorOf(c), c.Request().Context(), c.FormValue("region")
	if !slices.ContainsFunc(regions(), func(o ui.Option) bool { return o.Value == region }) {
		return s.drawSettings(c, http.StatusUnprocessableEntity, views.SettingsView{Faults: views.Faults{"region": "Choose a country from the list."}}, nil)
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if err := q.ChangeRegion(ctx, queries.ChangeRegionParams{OrgID: v.OrgID, Region: region}); err != nil {
			return err
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "org.region", Detail: regionName(region)})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/settings")
}

// settingsTabs are the pages behind Settings.
func settingsTabs(current string) []views.Link {
	tabs := []views.Link{{Label: "Your business", Href: "/app/settings"}, {Label: "What reaches you", Href: "/app/preferences"},
		{Label: "Letters", Href: "/app/wording"}, {Label: "Sent", Href: "/app/notifications"}, {Label: "Plan", Href: "/app/plan"}}
	for i := range tabs {
		tabs[i].Current = tabs[i].Href == current
	}
	return tabs
}

func (s *Server) createMember(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	form := views.NewMember{Name: c.FormValue("person"), Email: strings.TrimSpace(c.FormValue("email")), Role: c.FormValue("role")}
	password := c.FormValue("password")
	if password == "" || s.operates(form.Email) { // whoever chose an operator's password could enter /ops after them
		password = rand.Text()
	}
	faults := views.Faults{}
	faults.Say(!named(form.Name), "person", "Give their name, up to 120 characters.")
	faults.Say(!queries.Role(form.Role).Valid(), "role", "Choose a role from the list.")
	checkSignIn(faults.Say, form.Email, password)
	if len(faults) > 0 {
		return s.drawSettings(c, http.StatusUnprocessableEntity, views.SettingsView{Form: form, Faults: faults}, nil)
	}
	if err := s.tooManyLetters(c); err != nil {
		return err
	}
	err := s.addMember(ctx, v, form, seal.HashPassword(password))
	if isTaken(err) {
		faults.Say(true, "email", "This address has an account already. Use another address.")
		return s.drawSettings(c, http.StatusUnprocessableEntity, views.SettingsView{Form: form, Faults: faults}, nil)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/settings?done=invited")
}

// addMember adds somebody and invites them to choose a password of their own.
func (s *Server) addMember(ctx context.Context, v visitor, form views.NewMember, hash string) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		user, err := q.AddMember(ctx, queries.AddMemberParams{OrgID: v.OrgID, Email: form.Email, Name: strings.TrimSpace(form.Name), PasswordHash: hash, Role: queries.Role(form.Role)})
		if err != nil {
			return err
		}
		if err := q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "member.added", Subject: user.String(), Detail: form.Name}); err != nil {
			return err
		}
		_, err = s.mailLink(ctx, tx, jobs.Link{UserID: user, Purpose: queries.TokenPurposeReset, Life: jobs.InviteLife, News: mail.News{What: "invited", Who: v.Person, Title: v.OrgName}})
		return err
	})
}

// changeRole holds from the next click, and closes the person's live pages at once.
func (s *Server) changeRole(c echo.Context) error {
	role := queries.Role(c.FormValue("role"))
	if !role.Valid() {
		return echo.ErrBadRequest
	}
	return s.changeMember(c, "member.role", string(role), func(q *queries.Queries, v visitor, member [16]byte) (int64, error) {
		return q.ChangeRole(c.Request().Context(), queries.ChangeRoleParams{OrgID: v.OrgID, UserID: member, Role: role})
	})
}

func (s *Server) removeMember(c echo.Context) error {
	return s.changeMember(c, "member.removed", "", func(q *queries.Queries, v visitor, member [16]byte) (int64, error) {
		return q.RemoveMember(c.Request().Context(), queries.RemoveMemberParams{OrgID: v.OrgID, UserID: member})
	})
}

// changeMember does one change to a member. Changing nobody is a 404: another organisation's member, or the last owner.
func (s *Server) changeMember(c echo.Context, action, detail string, change func(*queries.Queries, visitor, [16]byte) (int64, error)) error {
	v, ctx := visitorOf(c), c.Request().Context()
	member, err := idOf(c)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if err := q.LockTeam(ctx, v.OrgID); err != nil {
			return err
		}
		changed, err := change(q, v, member)
		if err != nil {
			return err
		}
		if changed == 0 {
			return errNotFound
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: action, Subject: member.String(), Detail: detail})
	})
	if err != nil {
		return err
	}
	s.config.Waker.Wake(member)
	return c.Redirect(http.StatusSeeOther, "/app/settings")
}
