package web

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// usesShown is how many days the charts of the plan hold.
const usesShown = 30

func (s *Server) plan(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	org, err := s.q.OrgByID(ctx, v.OrgID)
	if err != nil {
		return err
	}
	now := time.Now().In(v.Zone)
	rows, err := s.q.QuotaUses(ctx, queries.QuotaUsesParams{OrgID: v.OrgID, Since: dayIn(now).AddDate(0, 0, 1-usesShown)})
	if err != nil {
		return err
	}
	view := views.PlanView{Now: now, Tier: org.Tier, Plans: offers(), Uses: usesOf(rows, org.Tier, dayIn(now)), Owner: s.may(v, owner)}
	asked, err := s.q.LatestTierRequest(ctx, v.OrgID)
	if err != nil {
		return err
	}
	if len(asked) > 0 {
		view.Request = &asked[0]
	}
	p := s.page(c, "Settings", "settings")
	p.Lead, p.Tabs = "What your plan includes for each day, and what of it is used.", settingsTabs("/app/plan")
	return draw(c, http.StatusOK, views.Plan(p, view))
}

// dayIn is the calendar day of a wall clock, as Postgres keeps dates.
func dayIn(now time.Time) time.Time {
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
}

func offers() (all []views.PlanOffer) {
	for _, tier := range queries.AllTierValues() { // from the least to the most, as the type declares them
		all = append(all, views.PlanOffer{Tier: tier, Email: notify.Allowance(tier, queries.ChannelEmail), SMS: notify.Allowance(tier, queries.ChannelSms),
			Push: notify.Allowance(tier, queries.ChannelPush)})
	}
	return all
}

// usesOf deals rows into channels and days; a day without a row is a day without messages.
func usesOf(rows []queries.QuotaUsesRow, tier queries.Tier, today time.Time) (all []views.ChannelUse) {
	type key struct {
		channel queries.Channel
		day     string
	}
	used := map[key]queries.QuotaUsesRow{}
	for _, r := range rows {
		used[key{r.Channel, r.Day.Format(time.DateOnly)}] = r
	}
	for _, ch := range notify.Counted {
		use := views.ChannelUse{Channel: ch, Allowance: notify.Allowance(tier, ch)}
		for i := usesShown - 1; i >= 0; i-- {
			day := today.AddDate(0, 0, -i)
			r := used[key{ch, day.Format(time.DateOnly)}]
			use.Days = append(use.Days, views.DayUse{Day: day, Used: int64(r.Used), Refused: int64(r.Refused)})
			use.Used, use.Refused = int64(r.Used), int64(r.Refused) // at last today's
		}
		all = append(all, use)
	}
	return all
}

// createPlanRequest asks for a larger plan. A second press finds the first one's request.
func (s *Server) createPlanRequest(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	tier := queries.Tier(c.FormValue("tier"))
	if !tier.Valid() {
		return echo.ErrBadRequest
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		asked, err := q.AskForTier(ctx, queries.AskForTierParams{OrgID: v.OrgID, Tier: tier, AskedBy: &v.UserID})
		if err != nil || asked == 0 {
			return err
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "plan.asked", Subject: string(tier), Detail: string(tier)})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/plan")
}

// settlePlan is an operator's answer: the plan, what becomes of the request and the note of it, or nothing.
func (s *Server) settlePlan(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	action := c.FormValue("action")
	if action != "grant" && action != "decline" {
		return echo.ErrBadRequest
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		r, err := q.AllOrgsSettleTierRequest(ctx, queries.AllOrgsSettleTierRequestParams{ID: id, Granted: action == "grant"})
		if err != nil {
			return err
		}
		done := "plan.declined"
		if action == "grant" {
			done = "plan.granted"
			if _, err := q.RaiseTier(ctx, queries.RaiseTierParams{OrgID: r.OrgID, Tier: r.Tier}); err != nil {
				return err
			}
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: r.OrgID, UserID: &v.UserID, Action: done, Subject: id.String(), Detail: string(r.Tier)})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/ops")
}

// allowanceOf is what the first page says of a day that is used, or nearly.
func allowanceOf(ctx context.Context, q *queries.Queries, org uuid.UUID, now time.Time) ([]views.AllowanceLine, error) {
	rows, err := q.AllowanceToday(ctx, queries.AllowanceTodayParams{OrgID: org, Day: dayIn(now)})
	var lines []views.AllowanceLine
	for _, r := range rows {
		if limit := notify.Allowance(r.Tier, r.Channel); limit > 0 && int(r.Used)*5 >= limit*4 {
			lines = append(lines, views.AllowanceLine{Channel: r.Channel, Used: int64(r.Used), Limit: int64(limit), Refused: int64(r.Refused)})
		}
	}
	return lines, err
}
