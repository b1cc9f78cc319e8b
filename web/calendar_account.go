package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

func (s *Server) calendarAccount(c echo.Context) error {
	return s.drawCalendarAccount(c, http.StatusOK, nil, consentTrouble[c.QueryParam("trouble")])
}

func (s *Server) drawCalendarAccount(c echo.Context, status int, faults views.Faults, trouble string) error {
	v, ctx, now := visitorOf(c), c.Request().Context(), time.Now()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	view := views.CalendarAccountView{Now: now.In(v.Zone), MayChange: s.may(v, manager), Faults: faults, Trouble: trouble}
	err = s.snapshot(ctx, func(q *queries.Queries) error { return fillAccount(ctx, q, v.OrgID, id, now, &view) })
	if err != nil {
		return err
	}
	view.Connects = s.provider(view.Account.Kind).Configured()
	p := s.page(c, view.Account.Account, "calendar")
	if p.Title == "" {
		p.Title = views.AccountKind(view.Account.Kind)
	}
	p.Lead = views.AccountKind(view.Account.Kind)
	p.Back, p.Flash = allAccounts, calendarDone[c.QueryParam("done")]
	s.mayLeadAway(c)
	return draw(c, status, views.CalendarAccount(p, view))
}

func fillAccount(ctx context.Context, q *queries.Queries, org, id uuid.UUID, now time.Time, view *views.CalendarAccountView) error {
	cards, err := accountCards(ctx, q, org, &id, now)
	if err != nil {
		return err
	}
	if len(cards) == 0 {
		return pgx.ErrNoRows
	}
	view.Account, view.Strategy = cards[0], cards[0].Strategy
	if err := json.Unmarshal(view.Account.Strategies, &view.ByField); err != nil {
		return err
	}
	rules, err := q.CalendarRules(ctx, org)
	if err != nil {
		return err
	}
	view.Within = time.Duration(rules.FreshWithinMinutes) * time.Minute
	view.Resources, err = q.ResourcesToChoose(ctx, org)
	return err
}

func (s *Server) pauseCalendarAccount(c echo.Context) error {
	return s.changeAccount(c, "pause", func(ctx context.Context, v visitor, id uuid.UUID) error {
		return s.sync().Pause(ctx, v.OrgID, id, true)
	})
}

func (s *Server) resumeCalendarAccount(c echo.Context) error {
	return s.changeAccount(c, "resumption", func(ctx context.Context, v visitor, id uuid.UUID) error {
		return s.sync().Pause(ctx, v.OrgID, id, false)
	})
}

// changeAccount does one change to an account that is the visitor's organisation's, and leads back to its page.
func (s *Server) changeAccount(c echo.Context, done string, change func(ctx context.Context, v visitor, id uuid.UUID) error) error {
	v, ctx := visitorOf(c), c.Request().Context()
	account, err := s.accountAsked(c)
	if err != nil {
		return err
	}
	if err := change(ctx, v, account.ID); err != nil {
		return err
	}
	s.config.Waker.Wake(v.OrgID)
	return c.Redirect(http.StatusSeeOther, "/app/calendars/"+account.ID.String()+"?done="+done)
}

// accountAsked is the account in the address, if it is one of theirs.
func (s *Server) accountAsked(c echo.Context) (account queries.CalendarAccountsRow, err error) {
	id, err := idOf(c)
	if err != nil {
		return account, err
	}
	rows, err := s.q.CalendarAccounts(c.Request().Context(), queries.CalendarAccountsParams{OrgID: visitorOf(c).OrgID, ConnectionID: &id})
	if err == nil && len(rows) == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return account, err
	}
	return rows[0], nil
}

func (s *Server) removeCalendarAccount(c echo.Context) error {
	v := visitorOf(c)
	account, err := s.accountAsked(c)
	if err != nil {
		return err
	}
	if err := s.sync().Disconnect(c.Request().Context(), v.OrgID, account.ID, &v.UserID); err != nil {
		return err
	}
	s.config.Waker.Wake(v.OrgID)
	return c.Redirect(http.StatusSeeOther, "/app/calendars?done=disconnected")
}

// renewCalendarPassword tries the new password before it is kept; the address and the user stay.
func (s *Server) renewCalendarPassword(c echo.Context) error {
	v := visitorOf(c)
	account, err := s.accountAsked(c)
	if err != nil {
		return err
	}
	if account.Kind != queries.CalendarKindCaldav {
		return errNotFound
	}
	if err := s.tooMany(c, "calendar"); err != nil {
		return err
	}
	asked := calendar.Connecting{OrgID: v.OrgID, By: &v.UserID, Kind: account.Kind, URL: account.URL, User: account.Username, Password: c.FormValue("password"), Again: &account.ID}
	faults := views.Faults{}
	faults.Say(asked.Password == "" || len(asked.Password) > 1000, "password", "Give the app password.")
	if len(faults) == 0 {
		_, err := s.sync().Connect(c.Request().Context(), asked)
		if err == nil {
			return c.Redirect(http.StatusSeeOther, "/app/calendars/"+account.ID.String()+"?done=password")
		}
		known, err := connectFaults(asked, err)
		if err != nil {
			return err
		}
		for _, words := range known {
			faults["password"] = words // there is no other field here
		}
	}
	return s.drawCalendarAccount(c, http.StatusUnprocessableEntity, faults, "")
}

// changeStrategy is who is right where both sides were edited, for the whole account and by field.
func (s *Server) changeStrategy(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	account, err := s.accountAsked(c)
	if err != nil {
		return err
	}
	strategy, byField := queries.ConflictStrategy(c.FormValue("strategy")), map[string]string{}
	wrong := !strategy.Valid()
	for _, f := range views.StrategyFields {
		of := c.FormValue("strategy." + f.Value)
		if of != "" && of != string(strategy) {
			byField[f.Value] = of
		}
		wrong = wrong || of != "" && !queries.ConflictStrategy(of).Valid()
	}
	if wrong {
		return s.drawCalendarAccount(c, http.StatusUnprocessableEntity, views.Faults{"strategy": "Choose from the list."}, "")
	}
	fields, err := json.Marshal(byField)
	if err != nil {
		return err
	}
	err = s.audited(ctx, v, queries.AuditParams{Action: "calendars.strategy", Subject: account.ID.String(), Detail: string(strategy)}, nil, func(q *queries.Queries) error {
		_, err := q.ChooseStrategies(ctx, queries.ChooseStrategiesParams{OrgID: v.OrgID, ID: account.ID, Strategy: strategy, Strategies: fields})
		return err
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/calendars/"+account.ID.String()+"?done=strategy")
}

// audited does a change with its line in the audit log, and last touches the regions that show it.
func (s *Server) audited(ctx context.Context, v visitor, line queries.AuditParams, regions []string, change func(*queries.Queries) error) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if err := change(q); err != nil {
			return err
		}
		line.OrgID, line.UserID = v.OrgID, &v.UserID
		if err := q.Audit(ctx, line); err != nil || len(regions) == 0 {
			return err
		}
		return q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{v.OrgID}, Regions: regions})
	})
	if err == nil && len(regions) > 0 {
		s.config.Waker.Wake(v.OrgID)
	}
	return err
}
