package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

func (s *Server) delivery(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	row, err := s.q.DeliveryByID(ctx, queries.DeliveryByIDParams{OrgID: v.OrgID, ID: id})
	if err != nil {
		return err
	}
	attempts, err := s.q.AttemptsOf(ctx, queries.AttemptsOfParams{OrgID: v.OrgID, DeliveryID: id})
	if err != nil {
		return err
	}
	reading, err := s.q.ReadingOf(ctx, queries.ReadingOfParams{OrgID: v.OrgID, ID: id})
	if err != nil {
		return err
	}
	body, _ := inbound.Redact(row.ContentType, row.Body)
	view := views.DeliveryView{Now: time.Now(), Zone: v.Zone, Row: row, Attempts: attempts, Body: body, Normalised: indented(row.Normalised),
		MayRun: s.may(v, manager) && runnable(row.Status), ReadBy: views.ReadBy(row.Provider, reading)}
	if row.Status == queries.DeliveryStatusFailed && row.NextTryAt != nil {
		view.Schedule = inbound.Schedule(id, int(row.Attempts-row.Forgiven), *row.NextTryAt)
	}
	p := s.page(c, titleOf(row), "connections")
	p.Back = &views.Link{Label: views.ProviderName(row.Provider), Href: "/app/connections/" + row.ConnectionID.String()}
	return draw(c, http.StatusOK, views.Delivery(p, view))
}

func titleOf(row queries.DeliveryByIDRow) string {
	if row.EventType == "" {
		return "Delivery of an unnamed type"
	}
	return breakable.Replace(views.ArrivalWords(row.EventType))
}

// breakable lets a machine's word break where it has joints; a phone is narrower than payment_intent.succeeded.
var breakable = strings.NewReplacer(".", ".\u200b", "_", "_\u200b")

func indented(raw []byte) string {
	var out bytes.Buffer
	if len(raw) == 0 || json.Indent(&out, raw, "", "  ") != nil {
		return ""
	}
	return out.String()
}

// runnable mirrors ReopenDelivery: what is applied is applied, and what waits will run by itself.
func runnable(s queries.DeliveryStatus) bool {
	return s != queries.DeliveryStatusApplied && s != queries.DeliveryStatusAccepted
}

// createRun is "run again": the delivery waits anew in its lane, in one transaction.
func (s *Server) createRun(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		row, err := q.DeliveryByID(ctx, queries.DeliveryByIDParams{OrgID: v.OrgID, ID: id})
		if err != nil {
			return err
		}
		if err := s.tooMany(c, "run"); err != nil {
			return err
		}
		reopened, err := q.ReopenDelivery(ctx, queries.ReopenDeliveryParams{OrgID: v.OrgID, ID: id})
		if err != nil || len(reopened) == 0 {
			return err // a second press finds it waiting already
		}
		if err := inbound.Enter(ctx, tx, s.door.River, []inbound.Lane{{OrgID: v.OrgID, ConnectionID: row.ConnectionID}}); err != nil {
			return err
		}
		if err := q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "delivery.rerun", Subject: id.String(), Detail: row.EventType}); err != nil {
			return err
		}
		return q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{v.OrgID}, Regions: []string{"kpis", inbound.DeliveriesRegion(row.ConnectionID)}})
	})
	if err != nil {
		return err
	}
	s.config.Waker.Wake(v.OrgID)
	return c.Redirect(http.StatusSeeOther, "/app/deliveries/"+id.String())
}
