package web

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// today is the dashboard: all its regions from one snapshot, each with the version that the stream goes on from.
func (s *Server) today(c echo.Context) error {
	v, now := visitorOf(c), time.Now()
	var t views.Today
	err := s.snapshot(c.Request().Context(), func(q *queries.Queries) (err error) {
		ctx := c.Request().Context()
		stands, err := standsOf(ctx, q, v.OrgID, "kpis", "weddings", "activity")
		if err != nil {
			return err
		}
		if t.KPIs, err = kpisOf(ctx, q, v.OrgID, stands["kpis"], now); err != nil {
			return err
		}
		if t.Weddings, err = nextWeddingsOf(ctx, q, v.OrgID, stands["weddings"], now); err != nil {
			return err
		}
		if t.Activity, err = activityOf(ctx, q, v.OrgID, stands["activity"], now, v.Zone); err != nil {
			return err
		}
		if t.Allowance, err = allowanceOf(ctx, q, v.OrgID, now.In(v.Zone)); err != nil {
			return err
		}
		connections, err := q.Connections(ctx, v.OrgID)
		t.Fresh = len(connections) == 0
		return err
	})
	if err != nil {
		return err
	}
	p := s.page(c, "Today", "today")
	p.Lead = now.In(v.Zone).Format("Monday 2 January 2006")
	p.LiveURL = liveURL(map[string]views.Stand{"kpis": t.KPIs.Stand, "weddings": t.Weddings.Stand, "activity": t.Activity.Stand})
	return draw(c, http.StatusOK, views.Dashboard(p, t))
}

func kpisOf(ctx context.Context, q *queries.Queries, org uuid.UUID, stand views.Stand, now time.Time) (views.KPIsView, error) {
	soon := now.AddDate(0, 0, 30)
	row, err := q.KPIs(ctx, queries.KPIsParams{OrgID: org, Now: &now, In30Days: &soon})
	if err != nil {
		return views.KPIsView{}, err
	}
	ends := weeks(now)
	since := ends[0].AddDate(0, 0, -7)
	trends, err := q.Trends(ctx, queries.TrendsParams{OrgID: org, Weeks: ends, Since: &since})
	return views.KPIsView{Stand: stand, Row: row, Trends: trends}, err
}

func nextWeddingsOf(ctx context.Context, q *queries.Queries, org uuid.UUID, stand views.Stand, now time.Time) (views.WeddingsView, error) {
	rows, err := q.NextWeddings(ctx, queries.NextWeddingsParams{OrgID: org, Now: &now})
	if err != nil {
		return views.WeddingsView{}, err
	}
	year := now.AddDate(1, 0, 0)
	season, err := q.SeasonByMonth(ctx, queries.SeasonByMonthParams{OrgID: org, Now: &now, UntilThen: &year})
	return views.WeddingsView{Stand: stand, Now: now, Rows: rows, Season: season}, err
}

func activityOf(ctx context.Context, q *queries.Queries, org uuid.UUID, stand views.Stand, now time.Time, zone *time.Location) (views.ActivityView, error) {
	rows, err := q.LatestActivities(ctx, org)
	return views.ActivityView{Stand: stand, Now: now, Zone: zone, Rows: rows}, err
}
