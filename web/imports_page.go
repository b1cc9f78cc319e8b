package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

// firstRows are how many rows the preview shows.
const firstRows = 10

// importPage is one import: before its start how it would be read, afterwards how far it has come.
func (s *Server) importPage(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	row, err := s.importOf(c)
	if err != nil {
		return err
	}
	p := s.page(c, row.Filename, "connections")
	p.Back = &views.Link{Label: "All imports", Href: "/app/imports"}
	if row.Status == queries.ImportStatusUploaded || row.Status == queries.ImportStatusMapped {
		view, err := s.importView(ctx, v, row)
		if err != nil {
			return err
		}
		return draw(c, http.StatusOK, views.Import(p, view))
	}
	var view views.ImportProgressView
	region := inbound.ImportRegion(row.ID)
	err = s.snapshot(ctx, func(q *queries.Queries) error {
		stands, err := standsOf(ctx, q, v.OrgID, region)
		if err != nil {
			return err
		}
		view, err = importProgressOf(ctx, q, v.OrgID, row.ID, stands[region])
		return err
	})
	if err != nil {
		return err
	}
	p.LiveURL = liveURL(map[string]views.Stand{inbound.ImportRegion(row.ID): view.Stand})
	return draw(c, http.StatusOK, views.ImportUnderWay(p, view))
}

// importProgressOf is the region; one that is not there is drawn as that, for everybody alike.
func importProgressOf(ctx context.Context, q *queries.Queries, org, id uuid.UUID, stand views.Stand) (views.ImportProgressView, error) {
	view := views.ImportProgressView{Stand: stand}
	row, err := q.ImportByID(ctx, queries.ImportByIDParams{OrgID: org, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return view, nil
	}
	if err != nil {
		return view, err
	}
	view.Row = row
	if row.Status != queries.ImportStatusRunning { // while it runs, a growing list would only jump under the reader's eye
		view.Faults, err = q.ImportFaults(ctx, queries.ImportFaultsParams{OrgID: org, ImportID: id})
	}
	return view, err
}

func (s *Server) importView(ctx context.Context, v visitor, row queries.ImportByIDRow) (views.ImportView, error) {
	view := views.ImportView{Row: row, May: s.may(v, manager)}
	columns, rows, err := inbound.SampleRows(ctx, s.q, v.OrgID, row, firstRows)
	if err != nil {
		return view, err
	}
	view.Preview = previewOf(columns, rows, sheetDefaults(v))
	view.Fields, view.Assume = columnSelects(columns, rows), string(columns.Assume)
	view.Dates, view.Order = dateChoices(inbound.DateOrder(row.Dates), columns, rows), orderWord(row.DayFirst)
	view.Missing = neededWords(columns, len(view.Dates) > 0 && row.DayFirst == nil)
	if row.Status == queries.ImportStatusUploaded && len(view.Missing) == 0 {
		view.Missing = []string{"Check which column is what below, and save it."}
	}
	view.Faults, err = s.q.ImportFaults(ctx, queries.ImportFaultsParams{OrgID: v.OrgID, ImportID: row.ID})
	return view, err
}

// mapImport saves which column is what, after trying it on every row. Another kind of list begins with a fresh guess.
func (s *Server) mapImport(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	row, err := s.importOf(c)
	if err != nil {
		return err
	}
	if row.Status != queries.ImportStatusUploaded && row.Status != queries.ImportStatusMapped || !row.Kept {
		return c.Redirect(http.StatusSeeOther, importPath(row.ID)) // it has begun, or is forgotten; its page says so
	}
	reading, err := s.readingOf(c, v, row)
	if err != nil {
		return err
	}
	if err := inbound.MapSheet(ctx, s.pool, v.OrgID, row.ID, reading, sheetDefaults(v)); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, importPath(row.ID))
}

func (s *Server) readingOf(c echo.Context, v visitor, row queries.ImportByIDRow) (inbound.Reading, error) {
	reading := inbound.Reading{Again: c.FormValue("again") != "", Looked: true}
	kind := queries.SheetKind(c.FormValue("kind"))
	if kind.Valid() && kind != row.Kind {
		_, rows, err := inbound.SampleRows(c.Request().Context(), s.q, v.OrgID, row, firstRows)
		reading.Columns, reading.Looked = inbound.GuessAs(kind, row.Header, rows), false
		return reading, err
	}
	reading.Columns = inbound.Choose(row.Kind, row.Header, func(f inbound.Field) (int, bool) { return columnPicked(c.FormValue("column." + string(f))) })
	if assume := queries.BookingStatus(c.FormValue("assume")); assume.Valid() {
		reading.Assume = assume
	}
	switch c.FormValue("dates") {
	case string(inbound.DatesDay), string(inbound.DatesMonth):
		dayFirst := c.FormValue("dates") == string(inbound.DatesDay)
		reading.DayFirst = &dayFirst
	}
	return reading, nil
}

func orderWord(dayFirst *bool) string {
	switch {
	case dayFirst == nil:
		return ""
	case *dayFirst:
		return string(inbound.DatesDay)
	default:
		return string(inbound.DatesMonth)
	}
}

// dateChoices show one date of the list both ways, with month and weekday in words.
func dateChoices(order inbound.DateOrder, c inbound.Columns, rows []inbound.SheetRow) []ui.Option {
	if order.Decided() != nil {
		return nil
	}
	days, months := ui.Option{Value: string(inbound.DatesDay), Label: "The day first"}, ui.Option{Value: string(inbound.DatesMonth), Label: "The month first"}
	for _, r := range rows {
		for _, f := range inbound.FieldsOf(c.Kind) {
			i, mapped := c.Of[f]
			if !mapped {
				continue
			}
			if asDay, asMonth, either := inbound.BothDays(r.Cells[i]); either {
				days.Hint, months.Hint = r.Cells[i]+" is "+ui.Day(asDay), r.Cells[i]+" is "+ui.Day(asMonth)
				return []ui.Option{days, months}
			}
		}
	}
	return []ui.Option{days, months}
}
