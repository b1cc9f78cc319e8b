package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

// mostListed is how many deliveries the page shows one by one.
const mostListed = 50

// repairs is what needs a person, by cause and by the wedding that it affects.
func (s *Server) repairs(c echo.Context) error {
	v := visitorOf(c)
	filter, err := repairFilterOf(c.QueryParam)
	if err != nil {
		return err
	}
	view := views.RepairsView{Now: time.Now().In(v.Zone), MayRun: s.may(v, manager), Filter: filter}
	err = s.snapshot(c.Request().Context(), func(q *queries.Queries) error { return readRepairs(c.Request().Context(), q, v.OrgID, &view) })
	if err != nil {
		return err
	}
	p := s.page(c, "What needs you", "connections")
	p.Tabs = gatewayTabs("/app/repairs")
	if n := (views.RepairFilter{}).Count(view.Groups); n > 0 {
		p.Lead = ui.Plural(n, "delivery", "deliveries") + " as of " + ui.ClockSeconds(view.Now) + ". Everything is kept; nothing here has changed your pages."
	}
	p.Flash = ranWords(c.QueryParam("ran"))
	return draw(c, http.StatusOK, views.Repairs(p, view))
}

func readRepairs(ctx context.Context, q *queries.Queries, org uuid.UUID, view *views.RepairsView) (err error) {
	if view.Groups, err = q.TroubleGroups(ctx, queries.TroubleGroupsParams{OrgID: org, Today: dateOf(view.Now)}); err != nil {
		return err
	}
	if view.List, err = q.TroubleDeliveries(ctx, troubleParams(org, view.Filter, view.Now, mostListed)); err != nil {
		return err
	}
	retried, err := q.RetriedDeliveries(ctx, org)
	for _, row := range retried {
		view.Retried = append(view.Retried, views.RetriedView{Row: row, Schedule: inbound.Schedule(row.ID, int(row.Attempts-row.Forgiven), *row.NextTryAt)})
	}
	return err
}

// dateOf is the day on the wall of where t is, as a date column knows it.
func dateOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func troubleParams(org uuid.UUID, f views.RepairFilter, now time.Time, most int64) queries.TroubleDeliveriesParams {
	return queries.TroubleDeliveriesParams{OrgID: org, ConnectionID: f.Connection, Cause: f.Cause, WeddingOn: f.WeddingOn, Undated: f.Undated, Aside: f.Aside,
		Today: dateOf(now), Most: most}
}

// repairFilterOf reads what views.RepairFilter.Values writes. A field that cannot be read is refused: left out, it would
// make the filter wider than somebody meant.
func repairFilterOf(get func(string) string) (f views.RepairFilter, err error) {
	if text := get("connection"); text != "" {
		id, err := uuid.Parse(text)
		if err != nil {
			return f, echo.ErrBadRequest
		}
		f.Connection = &id
	}
	if cause := get("cause"); cause != "" {
		if !utf8.ValidString(cause) || strings.ContainsRune(cause, 0) || len(cause) > 1000 {
			return f, echo.ErrBadRequest
		}
		if cause == views.NoCause {
			cause = ""
		}
		f.Cause = &cause
	}
	if text := get("wedding"); text == views.NoWedding {
		f.Undated = true
	} else if text != "" {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return f, echo.ErrBadRequest
		}
		f.WeddingOn = &day
	}
	if text := get("aside"); text != "" {
		aside, err := strconv.ParseBool(text)
		if err != nil {
			return f, echo.ErrBadRequest
		}
		f.Aside = &aside
	}
	return f, nil
}

// ranWords say what a press did.
func ranWords(ran string) string {
	n, err := strconv.ParseInt(ran, 10, 32)
	switch {
	case err != nil || n < 0:
		return ""
	case n == 0:
		return "There was nothing left to run: somebody was faster, or it has been applied meanwhile."
	case n == views.MostRepaired:
		return "The first " + ui.Count(n) + " run again now. If more are left here, press once more."
	default:
		return ui.Plural(n, "delivery runs", "deliveries run") + " again now. What still cannot be used comes back to this page."
	}
}
