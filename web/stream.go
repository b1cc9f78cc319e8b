package web

import (
	"bytes"
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/web/live"
)

// mostRegions bounds what one page may ask for.
const mostRegions = 8

// live is the signed-in person's stream. The address says which regions the page shows and in which version.
func (s *Server) live(c echo.Context) error {
	v := visitorOf(c)
	shown, err := shownRegions(c.QueryParams())
	if err != nil {
		return err
	}
	if err := onlyOwn(shown, v.UserID); err != nil {
		return err
	}
	viewer := live.Viewer{Person: v.UserID, Session: v.Session, Role: string(v.Role)}
	return s.hub.Serve(c.Response(), c.Request(), v.OrgID, viewer, shown)
}

// shownRegions reads ?kpis=12&activity=3. Without any, the stream carries the dashboard's.
func shownRegions(params url.Values) (map[string]int64, error) {
	if len(params) > mostRegions {
		return nil, echo.ErrBadRequest
	}
	shown := map[string]int64{}
	for name, values := range params {
		version, err := strconv.ParseInt(values[0], 10, 64)
		if err != nil || !knownRegion(name) {
			return nil, echo.ErrBadRequest
		}
		shown[name] = version
	}
	if len(shown) == 0 {
		return map[string]int64{"kpis": -1, "weddings": -1, "activity": -1}, nil
	}
	return shown, nil
}

func knownRegion(name string) bool {
	for _, prefix := range []string{"deliveries:", "health:", "import:"} {
		if of, ok := strings.CutPrefix(name, prefix); ok {
			id, err := uuid.Parse(of)
			return err == nil && id.String() == of
		}
	}
	if _, _, ok := personal(name); ok {
		return true
	}
	return name == "kpis" || name == "weddings" || name == "activity" || name == "calendar" || name == "calendars" || name == "conflicts"
}

// liveURL is the stream of a page that shows these regions.
func liveURL(shown map[string]views.Stand) string {
	params := url.Values{}
	for name, stand := range shown {
		params.Set(name, strconv.FormatInt(stand.Version, 10))
	}
	return "/live?" + params.Encode()
}

// standsOf reads the versions of an audience's regions; one that never changed stands at nought.
func standsOf(ctx context.Context, q *queries.Queries, audience uuid.UUID, regions ...string) (map[string]views.Stand, error) {
	rows, err := q.RegionVersionsOf(ctx, queries.RegionVersionsOfParams{Audience: audience, Regions: regions})
	if err != nil {
		return nil, err
	}
	stands := map[string]views.Stand{}
	for _, row := range rows {
		stands[row.Region] = views.Stand{Version: row.Version, Changed: row.ChangedAt}
	}
	return stands, nil
}

// drawRegion draws one region of an organisation for all of its open pages, with the component that the page used.
func (s *Server) drawRegion(ctx context.Context, org uuid.UUID, region string) (drawn live.Drawn, err error) {
	var component templ.Component
	err = s.snapshot(ctx, func(q *queries.Queries) error {
		stands, err := standsOf(ctx, q, org, region)
		if err != nil {
			return err
		}
		drawn.Version = stands[region].Version
		drawn.Event, component, err = s.component(ctx, q, org, region, stands[region])
		return err
	})
	if err != nil {
		return drawn, err
	}
	var html bytes.Buffer
	err = component.Render(ctx, &html)
	drawn.HTML = html.Bytes()
	return drawn, err
}

// pace: figures follow every change, lists ten times a second, how a connection is (it takes counting) and the
// calendar (each page then asks for its days) once.
func pace(region string) time.Duration {
	if region == "kpis" {
		return 0
	}
	if strings.HasPrefix(region, "health:") || region == "calendar" {
		return time.Second
	}
	return 100 * time.Millisecond
}

// component is the table from regions to what draws them, and to the contract's event names.
func (s *Server) component(ctx context.Context, q *queries.Queries, org uuid.UUID, region string, stand views.Stand) (string, templ.Component, error) {
	now := time.Now()
	if kind, user, ok := personal(region); ok {
		return personalComponent(ctx, q, org, kind, user, stand, now)
	}
	if connection, ok := strings.CutPrefix(region, "deliveries:"); ok {
		view, err := deliveriesOf(ctx, q, org, uuid.MustParse(connection), stand, now)
		return "sync_completion", views.Deliveries(view), err
	}
	if connection, ok := strings.CutPrefix(region, "health:"); ok {
		zone, err := zoneOf(ctx, q, org)
		if err != nil {
			return "", nil, err
		}
		view, err := healthOf(ctx, q, org, uuid.MustParse(connection), stand, now.In(zone))
		return "sync_completion", views.ConnectionHealth(view), err
	}
	if id, ok := strings.CutPrefix(region, "import:"); ok {
		view, err := importProgressOf(ctx, q, org, uuid.MustParse(id), stand)
		return "sync_completion", views.ImportProgress(view), err
	}
	switch region {
	case "kpis":
		view, err := kpisOf(ctx, q, org, stand, now)
		return "dashboard_kpi_update", views.KPIs(view), err
	case "weddings":
		view, err := nextWeddingsOf(ctx, q, org, stand, now)
		return "wedding_coordination", views.NextWeddings(view), err
	case "calendar":
		view, err := calendarLiveOf(ctx, q, org, stand, now)
		return "sync_completion", views.CalendarLive(view), err
	case "activity":
		zone, err := zoneOf(ctx, q, org)
		if err != nil {
			return "", nil, err
		}
		view, err := activityOf(ctx, q, org, stand, now, zone)
		return "client_notification", views.Activity(view), err
	case "conflicts":
		zone, err := zoneOf(ctx, q, org)
		if err != nil {
			return "", nil, err
		}
		view, _, err := conflictsOf(ctx, q, org, stand, now.In(zone), false, theEnd)
		return "calendar_conflict", views.ConflictsLive(view), err
	case "calendars":
		view, err := accountsOf(ctx, q, org, stand, now)
		return "sync_completion", views.AccountsLive(view), err
	default:
		return "", nil, errNotFound
	}
}

func zoneOf(ctx context.Context, q *queries.Queries, org uuid.UUID) (*time.Location, error) {
	row, err := q.OrgByID(ctx, org)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(row.Timezone)
	if err != nil {
		return time.UTC, nil
	}
	return zone, nil
}
