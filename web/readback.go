package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

// taveConnection is the connection in the address, which has to be one whose records can be read back.
func (s *Server) taveConnection(c echo.Context) (queries.ConnectionByIDRow, error) {
	id, err := idOf(c)
	if err != nil {
		return queries.ConnectionByIDRow{}, err
	}
	row, err := s.q.ConnectionByID(c.Request().Context(), queries.ConnectionByIDParams{OrgID: visitorOf(c).OrgID, ID: id})
	if err == nil && row.Provider != queries.ProviderTave {
		err = errNotFound
	}
	return row, err
}

func (s *Server) readback(c echo.Context) error {
	row, err := s.taveConnection(c)
	if err != nil {
		return err
	}
	return s.drawReadback(c, http.StatusOK, row, views.ReadbackView{})
}

var readbackDone = map[string]string{
	"key":  "The key works and is kept, sealed. WedSync is reading everything now.",
	"gone": "The key is removed. What was read so far is kept.",
	"unit": "Noted. Every amount that came from Tave is being read like that.",
	"bell": "The bare hook may ring now.", "quiet": "Only signed deliveries are taken now.",
	"hooks": "The hooks are subscribed.", "unhooked": "The hook is removed.",
	"polls": "WedSync is reading everything now. New and changed records show up under Deliveries.",
}

// drawReadback asks Tave while the page is made, and does without where it does not answer soon.
func (s *Server) drawReadback(c echo.Context, status int, row queries.ConnectionByIDRow, view views.ReadbackView) error {
	view.ID, view.Now = row.ID, time.Now()
	org := visitorOf(c).OrgID
	kept, api, err := s.config.Jobs.Tave.Open(c.Request().Context(), org, row.ID)
	if errors.Is(err, inbound.ErrNoKey) {
		err = nil
	} else if err == nil {
		view.HasKey = true
		view.Polling = views.Polling{At: kept.PolledAt, Next: kept.NextPollAt, Stopped: inbound.Stopped(kept.NextPollAt), Trouble: kept.Trouble}
		view.Bell = kept.Proof == queries.SenderProofDoorbell
		if kept.MoneyUnit != nil {
			view.Unit = *kept.MoneyUnit
		}
		err = s.askTave(c, row, kept.Currency, api, &view)
	}
	if err != nil {
		return err
	}
	p := s.page(c, "Reading back from Tave", "connections")
	p.Back = &views.Link{Label: views.ProviderName(row.Provider), Href: "/app/connections/" + row.ID.String()}
	p.Flash = readbackDone[c.QueryParam("done")]
	return draw(c, status, views.Readback(p, view))
}

// taveSoon is how long a page waits for Tave.
const taveSoon = 6 * time.Second

func (s *Server) askTave(c echo.Context, row queries.ConnectionByIDRow, currency string, api inbound.TaveAPI, view *views.ReadbackView) error {
	if view.Polling.Stopped {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), taveSoon)
	defer cancel()
	studio, err := api.Studio(ctx)
	var priced inbound.Priced
	if err == nil {
		priced, err = api.MostValuable(ctx)
	}
	if err == nil && view.Bell {
		view.Hooks, err = s.hooksOf(ctx, visitorOf(c).OrgID, row, api)
	}
	if err != nil && ctx.Err() != nil && c.Request().Context().Err() == nil {
		view.Silence = "Tave took too long to answer. Reload the page in a minute."
		return nil
	}
	if err != nil {
		return silence(err, &view.Silence)
	}
	view.Studio = &views.ReadbackStudio{Name: studio.Name, Currency: studio.Currency, Zone: studio.Timezone}
	if studio.Currency != "" {
		currency = studio.Currency
	}
	if small, large, ok := inbound.BothAmounts(priced.Number, currency); ok {
		view.Example = &views.UnitExample{Title: priced.Title, Small: ui.Money(small.Minor, currency), Large: ui.Money(large.Minor, currency)}
	}
	return nil
}

// silence puts into words what is Tave's doing, and passes on what is ours.
func silence(err error, words *string) error {
	said, known := inbound.TaveSays(err)
	if !known {
		return err
	}
	*words = said
	return nil
}

func (s *Server) hooksOf(ctx context.Context, org uuid.UUID, row queries.ConnectionByIDRow, api inbound.TaveAPI) ([]views.HookView, error) {
	address, err := s.bellAddress(org, row)
	if err != nil {
		return nil, err
	}
	there, err := api.Hooks(ctx, address)
	var all []views.HookView
	for _, event := range inbound.TaveEvents {
		h := views.HookView{Event: event, Words: views.HookWords(event)}
		for _, t := range there {
			if t.Event == event {
				h.ID = t.ID
			}
		}
		all = append(all, h)
	}
	return all, err
}

func (s *Server) bellAddress(org uuid.UUID, row queries.ConnectionByIDRow) (string, error) {
	token, err := inbound.OpenToken(s.config.Box, org, row.ID, row.TokenSealed)
	return s.connectionURL(row.Provider, token), err
}
