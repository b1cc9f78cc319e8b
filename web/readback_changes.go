package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// done leads back to the page, which says so.
func done(c echo.Context, row queries.ConnectionByIDRow, what string) error {
	return c.Redirect(http.StatusSeeOther, "/app/connections/"+row.ID.String()+"/readback?done="+what)
}

// createReadback tries a key before it keeps it; what Tave refuses is kept nowhere.
func (s *Server) createReadback(c echo.Context) error {
	row, err := s.taveConnection(c)
	if err != nil {
		return err
	}
	v, ctx, tave := visitorOf(c), c.Request().Context(), s.config.Jobs.Tave
	if c.FormValue("remove") == "yes" {
		if err := tave.DropKey(ctx, v.OrgID, row.ID, &v.UserID); err != nil {
			return err
		}
		return done(c, row, "gone")
	}
	key := strings.TrimSpace(c.FormValue("key"))
	fault := ""
	if key == "" || len(key) > 255 || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		fault = "Paste the whole key as Tave shows it; it has no spaces."
	} else if _, err := tave.TryKey(ctx, v.OrgID, row.ID, key); err != nil {
		if err := silence(err, &fault); err != nil {
			return err
		}
	}
	if fault != "" {
		return s.drawReadback(c, http.StatusUnprocessableEntity, row, views.ReadbackView{KeyFault: fault})
	}
	if err := tave.KeepKey(ctx, s.config.Jobs.River, v.OrgID, row.ID, &v.UserID, key); err != nil {
		return err
	}
	return done(c, row, "key")
}

func (s *Server) createUnit(c echo.Context) error {
	row, err := s.taveConnection(c)
	if err != nil {
		return err
	}
	unit := queries.MoneyUnit(c.FormValue("unit"))
	if !unit.Valid() {
		return s.drawReadback(c, http.StatusUnprocessableEntity, row, views.ReadbackView{Fault: "Choose one of the two amounts."})
	}
	v := visitorOf(c)
	if err := s.config.Jobs.Tave.SetUnit(c.Request().Context(), s.config.Jobs.River, v.OrgID, row.ID, &v.UserID, unit); err != nil {
		return err
	}
	return done(c, row, "unit")
}

const keyFirst = "There is no API key yet. Paste one first: without it WedSync could not read what a bell is about."

func (s *Server) createBell(c echo.Context) error {
	row, err := s.taveConnection(c)
	if err != nil {
		return err
	}
	v, may := visitorOf(c), c.FormValue("may") == "yes"
	err = s.config.Jobs.Tave.LetRing(c.Request().Context(), v.OrgID, row.ID, &v.UserID, may)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return s.drawReadback(c, http.StatusUnprocessableEntity, row, views.ReadbackView{Fault: keyFirst})
	case err != nil:
		return err
	case may:
		return done(c, row, "bell")
	}
	return done(c, row, "quiet")
}

// createPoll is "read everything now".
func (s *Server) createPoll(c echo.Context) error {
	row, err := s.taveConnection(c)
	if err != nil {
		return err
	}
	v := visitorOf(c)
	err = s.config.Jobs.Tave.ReadAll(c.Request().Context(), s.config.Jobs.River, v.OrgID, row.ID, &v.UserID)
	if errors.Is(err, pgx.ErrNoRows) {
		return s.drawReadback(c, http.StatusUnprocessableEntity, row, views.ReadbackView{Fault: keyFirst})
	}
	if err != nil {
		return err
	}
	return done(c, row, "polls")
}

// changeHooks subscribes all four events, or removes one. Both are Tave's to keep; nothing of it is stored here.
func (s *Server) changeHooks(c echo.Context) error {
	row, err := s.taveConnection(c)
	if err != nil {
		return err
	}
	v, ctx := visitorOf(c), c.Request().Context()
	_, api, err := s.config.Jobs.Tave.Open(ctx, v.OrgID, row.ID)
	if errors.Is(err, inbound.ErrNoKey) || err == nil && row.Proof != queries.SenderProofDoorbell {
		return s.drawReadback(c, http.StatusUnprocessableEntity, row, views.ReadbackView{Fault: "Paste an API key and let the bare hook ring first; until then WedSync would turn the hooks away."})
	}
	address, addressErr := s.bellAddress(v.OrgID, row)
	if err = errors.Join(err, addressErr); err != nil {
		return err
	}
	what := "hooks"
	if c.FormValue("do") == "remove" {
		what, err = "unhooked", api.Unsubscribe(ctx, address, c.FormValue("hook"))
	} else {
		err = api.Subscribe(ctx, address)
	}
	var fault string
	if err != nil {
		if err := silence(err, &fault); err != nil {
			return err
		}
		return s.drawReadback(c, http.StatusUnprocessableEntity, row, views.ReadbackView{Fault: fault})
	}
	err = s.q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "connection." + what, Subject: row.ID.String(), Detail: c.FormValue("hook")})
	if err != nil {
		return err
	}
	return done(c, row, what)
}
