package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

const (
	formAround     = 64 << 10        // what a form has beside its file
	uploadPatience = 2 * time.Minute // twenty megabytes over a line in the country
)

func (s *Server) imports(c echo.Context) error {
	return s.drawImports(c, http.StatusOK, c.QueryParam("connection"), nil)
}

func (s *Server) drawImports(c echo.Context, status int, connection string, faults views.Faults) error {
	v, ctx := visitorOf(c), c.Request().Context()
	rows, err := s.q.Imports(ctx, v.OrgID)
	if err != nil {
		return err
	}
	connections, err := s.q.Connections(ctx, v.OrgID)
	if err != nil {
		return err
	}
	// Stripe sends everything itself; a list beside it would count money twice.
	connections = slices.DeleteFunc(connections, func(c queries.ConnectionsRow) bool { return c.Provider == queries.ProviderStripe })
	p := s.page(c, "Imports", "connections")
	p.Lead = "Bring a list that you saved or exported yourself."
	p.Tabs = gatewayTabs("/app/imports")
	return draw(c, status, views.Imports(p, views.ImportsView{Now: time.Now(), Rows: rows, Connections: connections, Connection: connection, May: s.may(v, manager), Faults: faults}))
}

// createImport takes a file and reads it; nothing of it is applied before somebody has looked.
func (s *Server) createImport(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	name, contentType, raw, err := uploaded(c)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return s.drawImports(c, http.StatusRequestEntityTooLarge, "", views.Faults{"file": "This file is larger than 20 MB, so it was not taken. Export fewer columns or a shorter time at once."})
	case err != nil:
		return s.drawImports(c, http.StatusUnprocessableEntity, c.FormValue("connection"), views.Faults{"file": "Choose a file: a CSV that you exported, or a page that you saved."})
	}
	connection, err := s.importsTo(ctx, v.OrgID, c.FormValue("connection"))
	if err != nil {
		return err
	}
	if connection == uuid.Nil {
		return s.drawImports(c, http.StatusUnprocessableEntity, "", views.Faults{"connection": "Choose one of your connections. Stripe sends its payments itself and takes no lists."})
	}
	if err := s.tooMany(c, "import"); err != nil {
		return err
	}
	sheet, err := inbound.ReadSheet(name, contentType, raw)
	if err != nil {
		return s.drawImports(c, http.StatusUnprocessableEntity, connection.String(), views.Faults{"file": err.Error()})
	}
	id, err := inbound.KeepSheet(ctx, s.pool, inbound.Upload{OrgID: v.OrgID, ConnectionID: connection, By: &v.UserID, Filename: name, Raw: raw}, sheet, sheetDefaults(v))
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, importPath(id))
}

func uploaded(c echo.Context) (name, contentType string, raw []byte, err error) {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, inbound.MostSheetBytes+formAround)
	if deadline := http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(uploadPatience)); deadline != nil && !errors.Is(deadline, http.ErrNotSupported) {
		return "", "", nil, deadline
	}
	header, err := c.FormFile("file")
	if err != nil {
		return "", "", nil, err
	}
	file, err := header.Open()
	if err != nil {
		return "", "", nil, err
	}
	raw, err = io.ReadAll(file)
	return header.Filename, header.Header.Get("Content-Type"), raw, errors.Join(err, file.Close())
}

// importsTo is the connection that rows may belong to; none of ours, or Stripe, is nobody's.
func (s *Server) importsTo(ctx context.Context, org uuid.UUID, chosen string) (uuid.UUID, error) {
	id, err := uuid.Parse(chosen)
	if err != nil {
		return uuid.Nil, nil
	}
	row, err := s.q.ConnectionByID(ctx, queries.ConnectionByIDParams{OrgID: org, ID: id})
	if errors.Is(err, pgx.ErrNoRows) || err == nil && row.Provider == queries.ProviderStripe {
		return uuid.Nil, nil
	}
	return id, err
}

func sheetDefaults(v visitor) inbound.Defaults {
	return inbound.Defaults{Zone: v.Zone, Currency: v.Currency}
}

func importPath(id uuid.UUID) string { return "/app/imports/" + id.String() }

// importOf is the import in the address, if it is the visitor's.
func (s *Server) importOf(c echo.Context) (queries.ImportByIDRow, error) {
	id, err := idOf(c)
	if err != nil {
		return queries.ImportByIDRow{}, err
	}
	return s.q.ImportByID(c.Request().Context(), queries.ImportByIDParams{OrgID: visitorOf(c).OrgID, ID: id})
}

func (s *Server) startImport(c echo.Context) error  { return s.beginImport(c, false) }
func (s *Server) resumeImport(c echo.Context) error { return s.beginImport(c, true) }

func (s *Server) beginImport(c echo.Context, resume bool) error {
	v := visitorOf(c)
	row, err := s.importOf(c)
	if err != nil {
		return err
	}
	err = inbound.BeginImport(c.Request().Context(), s.pool, s.config.Jobs.River, s.config.Waker, v.OrgID, row.ID, &v.UserID, resume, time.Now())
	if err != nil && !errors.Is(err, pgx.ErrNoRows) { // a second press finds it begun, and the page says so
		return err
	}
	return c.Redirect(http.StatusSeeOther, importPath(row.ID))
}

func (s *Server) cancelImport(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	row, err := s.importOf(c)
	if err != nil {
		return err
	}
	if err := inbound.StopImport(ctx, s.pool, s.config.Waker, v.OrgID, row.ID, queries.ImportStatusCancelled, "", time.Now()); err != nil {
		return err
	}
	if row.Status == queries.ImportStatusRunning {
		if err := s.q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "import.cancelled", Subject: row.ID.String(), Detail: row.Filename}); err != nil {
			return err
		}
	}
	return c.Redirect(http.StatusSeeOther, importPath(row.ID))
}
