package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/calendar"
	bookings "github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

var conflictDone = map[string]string{
	"settled": "Settled. What it changed is on its way to both sides.",
	"undone":  "Undone. It waits for your word again.",
	"before":  "Somebody settled this a moment before you. Nothing was done twice.",
	"open":    "It is open again already. Nothing was done twice.",
}

// conflicts are the open ones, or with ?show=settled those that were.
func (s *Server) conflicts(c echo.Context) error {
	v, ctx, now := visitorOf(c), c.Request().Context(), time.Now()
	view, before := views.ConflictsView{Settled: c.QueryParam("show") == "settled"}, theEnd
	if t, err := time.Parse(time.RFC3339Nano, c.QueryParam("before")); err == nil {
		before = t
	}
	var open int64
	err := s.snapshot(ctx, func(q *queries.Queries) (err error) {
		stands, err := standsOf(ctx, q, v.OrgID, "conflicts")
		if err != nil {
			return err
		}
		if open, err = q.CountOpenConflicts(ctx, v.OrgID); err != nil {
			return err
		}
		view.Live, view.Older, err = conflictsOf(ctx, q, v.OrgID, stands["conflicts"], now.In(v.Zone), view.Settled, before)
		return err
	})
	if err != nil {
		return err
	}
	p := s.page(c, "Conflicts", "calendar")
	p.Lead = "Where two sides say different things, and somebody has to decide."
	p.Flash = conflictDone[c.QueryParam("done")]
	p.Tabs = countedTabs("/app/conflicts", open)
	if !view.Settled && before == theEnd {
		p.LiveURL = liveURL(map[string]views.Stand{"conflicts": view.Live.Stand})
	}
	return draw(c, http.StatusOK, views.Conflicts(p, view))
}

// conflictsOf is one page of them; older leads to the next.
func conflictsOf(ctx context.Context, q *queries.Queries, org uuid.UUID, stand views.Stand, now time.Time, settled bool, before time.Time) (view views.ConflictsLiveView, older string, err error) {
	view = views.ConflictsLiveView{Stand: stand, Now: now}
	view.Rows, err = q.ConflictsShown(ctx, queries.ConflictsShownParams{OrgID: org, Settled: settled, Before: before})
	if len(view.Rows) > perPage {
		view.Rows = view.Rows[:perPage]
		params := url.Values{"before": {view.Rows[perPage-1].CreatedAt.UTC().Format(time.RFC3339Nano)}}
		if settled {
			params.Set("show", "settled")
		}
		older = "?" + params.Encode()
	}
	return view, older, err
}

func (s *Server) conflict(c echo.Context) error { return s.drawConflict(c, http.StatusOK, "") }

func (s *Server) drawConflict(c echo.Context, status int, trouble string) error {
	v, ctx := visitorOf(c), c.Request().Context()
	row, err := s.conflictAsked(c)
	if err != nil {
		return err
	}
	view := views.ConflictView{Now: time.Now().In(v.Zone), Row: row, MayChange: s.may(v, manager), Trouble: trouble}
	if row.BookingID != nil {
		if view.Needs, err = s.q.NeedsInConflict(ctx, queries.NeedsInConflictParams{OrgID: v.OrgID, BookingID: *row.BookingID}); err != nil {
			return err
		}
	}
	p := s.page(c, view.Title(), "calendar")
	p.Back, p.Flash = &views.Link{Label: "All conflicts", Href: "/app/conflicts"}, conflictDone[c.QueryParam("done")]
	return draw(c, status, views.Conflict(p, view))
}

func (s *Server) conflictAsked(c echo.Context) (row queries.ConflictShownRow, err error) {
	id, err := idOf(c)
	if err != nil {
		return row, err
	}
	return s.q.ConflictShown(c.Request().Context(), queries.ConflictShownParams{OrgID: visitorOf(c).OrgID, ID: id})
}

// createResolution settles one with an answer that its kind has.
func (s *Server) createResolution(c echo.Context) error {
	v, ctx, resolution := visitorOf(c), c.Request().Context(), c.FormValue("resolution")
	row, err := s.conflictAsked(c)
	if err != nil {
		return err
	}
	if !slices.Contains(views.ClashResolutions(row.Kind), resolution) {
		return echo.ErrBadRequest
	}
	at := "/app/conflicts/" + row.ID.String()
	if row.ResolvedAt != nil {
		return c.Redirect(http.StatusSeeOther, at+"?done=before")
	}
	return s.settled(c, at+"?done=settled", s.sync().Resolve(ctx, v.OrgID, row.ID, resolution, v.UserID))
}

// createUndo puts back what settling it changed.
func (s *Server) createUndo(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	row, err := s.conflictAsked(c)
	if err != nil {
		return err
	}
	at := "/app/conflicts/" + row.ID.String()
	if row.ResolvedAt == nil || row.UndoneAt != nil {
		return c.Redirect(http.StatusSeeOther, at+"?done=open")
	}
	return s.settled(c, "/app/conflicts?done=undone", s.sync().Undo(ctx, v.OrgID, row.ID, v.UserID))
}

// refusedWords say everything that stands against it.
func refusedWords(r *bookings.Refused) string {
	all := make([]string, len(r.Reasons))
	for i, reason := range r.Reasons {
		all[i] = reason.Words()
	}
	return "The time is not free: " + strings.Join(all, "; ") + ". Nothing was changed."
}

// settled leads on, or says on the page why it could not be done: the place is taken, or the other side changed meanwhile.
func (s *Server) settled(c echo.Context, then string, err error) error {
	var wrong *calendar.Wrong
	var refused *bookings.Refused
	switch {
	case err == nil:
		s.config.Waker.Wake(visitorOf(c).OrgID)
		return c.Redirect(http.StatusSeeOther, then)
	case errors.Is(err, calendar.ErrSettled):
		return c.Redirect(http.StatusSeeOther, "/app/conflicts/"+c.Param("id")+"?done=before")
	case errors.Is(err, calendar.ErrCannot):
		return s.drawConflict(c, http.StatusConflict, "That way does not fit this one any more. Choose another.")
	case errors.As(err, &wrong):
		return s.drawConflict(c, http.StatusConflict, wrong.Words)
	case errors.As(err, &refused):
		return s.drawConflict(c, http.StatusConflict, refusedWords(refused))
	default:
		return err
	}
}
