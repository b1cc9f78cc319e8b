package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// chosen is what a form of the repairs page means: deliveries one by one, or all of a filter.
type chosen struct {
	ids    []uuid.UUID
	filter *views.RepairFilter
}

// chosenOf reads the form. Ids that cannot be read are refused and never turn into "everything".
func chosenOf(c echo.Context) (set chosen, err error) {
	form, err := c.FormParams()
	if err != nil {
		return set, echo.ErrBadRequest
	}
	if !form.Has("id") {
		filter, err := repairFilterOf(form.Get)
		if filter.Aside == nil {
			filter.Aside = new(bool) // what was set aside is only meant by who says so
		}
		return chosen{filter: &filter}, err
	}
	if len(form["id"]) > inbound.MostRehearsed {
		return set, echo.ErrBadRequest
	}
	for _, text := range form["id"] {
		id, err := uuid.Parse(text)
		if err != nil {
			return set, echo.ErrBadRequest
		}
		set.ids = append(set.ids, id)
	}
	return set, nil
}

// createRuns is "run all again": the set waits anew in its lanes, in one transaction.
func (s *Server) createRuns(c echo.Context) error {
	set, err := chosenOf(c)
	if err != nil {
		return err
	}
	if err := s.tooMany(c, "runs"); err != nil {
		return err
	}
	v, ctx := visitorOf(c), c.Request().Context()
	var ran int64
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) (err error) {
		ran, err = s.reopen(ctx, tx, v, set)
		return err
	})
	if err != nil {
		return err
	}
	s.config.Waker.Wake(v.OrgID)
	return c.Redirect(http.StatusSeeOther, "/app/repairs?ran="+strconv.FormatInt(ran, 10))
}

func (s *Server) reopen(ctx context.Context, tx pgx.Tx, v visitor, set chosen) (ran int64, err error) {
	q := queries.New(tx)
	rows, words, err := reopened(ctx, q, v.OrgID, set)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	regions := []string{"kpis"}
	lanes := make([]inbound.Lane, len(rows))
	for i, row := range rows {
		ran += row.Deliveries
		lanes[i] = inbound.Lane{OrgID: v.OrgID, ConnectionID: row.ConnectionID}
		regions = append(regions, inbound.DeliveriesRegion(row.ConnectionID), inbound.HealthRegion(row.ConnectionID))
	}
	if err := inbound.Enter(ctx, tx, s.door.River, lanes); err != nil {
		return 0, err
	}
	detail := strconv.FormatInt(ran, 10) + "; " + words
	if err := q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "deliveries.rerun", Detail: detail}); err != nil {
		return 0, err
	}
	slices.Sort(regions)
	return ran, q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{v.OrgID}, Regions: regions})
}

func reopened(ctx context.Context, q *queries.Queries, org uuid.UUID, set chosen) ([]queries.ReopenTroubleRow, string, error) {
	if f := set.filter; f != nil {
		rows, err := q.ReopenTrouble(ctx, queries.ReopenTroubleParams{OrgID: org, ConnectionID: f.Connection, Cause: f.Cause, WeddingOn: f.WeddingOn, Undated: f.Undated,
			Aside: *f.Aside, Most: views.MostRepaired})
		return rows, f.Words(), err
	}
	found, err := q.ReopenChosen(ctx, queries.ReopenChosenParams{OrgID: org, Ids: set.ids})
	rows := make([]queries.ReopenTroubleRow, len(found))
	for i, row := range found {
		rows[i] = queries.ReopenTroubleRow(row)
	}
	return rows, "chosen after trying them out", err
}

// createRehearsals tries a set out and changes nothing.
func (s *Server) createRehearsals(c echo.Context) error {
	set, err := chosenOf(c)
	if err != nil {
		return err
	}
	if err := s.tooMany(c, "rehearsals"); err != nil {
		return err
	}
	v, ctx := visitorOf(c), c.Request().Context()
	view := views.RehearsalView{Now: time.Now().In(v.Zone), Filter: set.filter, Back: "/app/repairs", Of: int64(len(set.ids))}
	if set.filter == nil {
		return s.drawRehearsal(c, view, set.ids)
	}
	groups, err := s.q.TroubleGroups(ctx, queries.TroubleGroupsParams{OrgID: v.OrgID, Today: dateOf(view.Now)})
	if err != nil {
		return err
	}
	rows, err := s.q.TroubleDeliveries(ctx, troubleParams(v.OrgID, *set.filter, view.Now, inbound.MostRehearsed))
	if err != nil {
		return err
	}
	view.Of = set.filter.Count(groups)
	for _, row := range rows {
		set.ids = append(set.ids, row.ID)
	}
	return s.drawRehearsal(c, view, set.ids)
}

// createRehearsal tries one delivery out.
func (s *Server) createRehearsal(c echo.Context) error {
	v := visitorOf(c)
	id, err := idOf(c)
	if err != nil {
		return err
	}
	if _, err := s.q.DeliveryByID(c.Request().Context(), queries.DeliveryByIDParams{OrgID: v.OrgID, ID: id}); err != nil {
		return err
	}
	if err := s.tooMany(c, "rehearsals"); err != nil {
		return err
	}
	return s.drawRehearsal(c, views.RehearsalView{Now: time.Now().In(v.Zone), Of: 1, Back: "/app/deliveries/" + id.String()}, []uuid.UUID{id})
}

func (s *Server) drawRehearsal(c echo.Context, view views.RehearsalView, ids []uuid.UUID) error {
	rehearsal, err := inbound.Rehearse(c.Request().Context(), s.pool, visitorOf(c).OrgID, ids)
	if err != nil {
		return err
	}
	for _, d := range rehearsal.Deliveries {
		view.Deliveries = append(view.Deliveries, rehearsedView(d))
	}
	// In the order in which they were chosen: the soonest wedding first.
	slices.SortStableFunc(view.Deliveries, func(a, b views.RehearsedView) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	p := s.page(c, "What running it again would do", "connections")
	p.Back = &views.Link{Label: "Back", Href: view.Back}
	return draw(c, http.StatusOK, views.Rehearsal(p, view))
}

func rehearsedView(d inbound.Rehearsed) views.RehearsedView {
	view := views.RehearsedView{ID: d.ID, Provider: d.Provider, EventID: d.EventID, ReceivedAt: d.ReceivedAt, Status: d.Status, Words: d.Words, Left: d.Left}
	if day, err := time.Parse(time.DateOnly, d.WeddingOn); err == nil {
		view.WeddingOn = &day
	}
	if !d.NextTryAt.IsZero() {
		view.NextTryAt = &d.NextTryAt
	}
	for _, change := range d.Changes {
		view.Changes = append(view.Changes, views.ChangeView(change))
	}
	for _, message := range d.Messages {
		view.Messages = append(view.Messages, views.NoticeView(message))
	}
	return view
}
