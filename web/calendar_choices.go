package web

import (
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
)

// changeChoice says what one calendar does: what blocks, what receives, what it is about.
func (s *Server) changeChoice(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	row, err := s.choiceAsked(c)
	if err != nil {
		return err
	}
	asked := queries.ChooseCalendarParams{OrgID: v.OrgID, ID: row.ID, Blocks: c.FormValue("blocks") != "", Receives: c.FormValue("receives") != "" && row.Writable, TentativeBusy: c.FormValue("tentative") != ""}
	if asked.ResourceID, err = s.resourceAsked(c, row.ResourceID); err != nil {
		return err
	}
	err = s.audited(ctx, v, queries.AuditParams{Action: "calendars.choice", Subject: row.ID.String(), Detail: row.Name}, []string{"calendar", "calendars"}, func(q *queries.Queries) error {
		if changed, err := q.ChooseCalendar(ctx, asked); err != nil || changed == 0 {
			return orNotFound(err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.sync().Reconsider(ctx, v.OrgID, row.ID); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/calendars/"+row.ConnectionID.String()+"?done=choice")
}

func orNotFound(err error) error {
	if err == nil {
		return errNotFound
	}
	return err
}

// choiceAsked is the calendar in the address, if it is one of theirs and still there outside.
func (s *Server) choiceAsked(c echo.Context) (row queries.CalendarChoiceRow, err error) {
	id, err := idOf(c)
	if err != nil {
		return row, err
	}
	row, err = s.q.CalendarChoice(c.Request().Context(), queries.CalendarChoiceParams{OrgID: visitorOf(c).OrgID, ID: id})
	if err == nil && row.DeletedAt != nil {
		err = errNotFound
	}
	return row, err
}

// resourceAsked is one of the organisation's own; none means all of them. One that was retired since stays until it is changed.
func (s *Server) resourceAsked(c echo.Context, was *uuid.UUID) (*uuid.UUID, error) {
	asked := c.FormValue("resource")
	if asked == "" {
		return nil, nil
	}
	id, err := uuid.Parse(asked)
	if err != nil {
		return nil, echo.ErrBadRequest
	}
	if was != nil && *was == id {
		return was, nil
	}
	all, err := s.q.ResourcesToChoose(c.Request().Context(), visitorOf(c).OrgID)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(all, func(r queries.ResourcesToChooseRow) bool { return r.ID == id }) {
		return nil, errNotFound
	}
	return &id, nil
}

func (s *Server) createCalendarPull(c echo.Context) error {
	row, err := s.choiceAsked(c)
	if err != nil {
		return err
	}
	if err := s.tooMany(c, "pull "+row.ID.String()); err != nil {
		return err
	}
	if err := s.sync().PullNow(c.Request().Context(), visitorOf(c).OrgID, row.ID); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/calendars/"+row.ConnectionID.String()+"?done=pull")
}
