package web

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// SandboxVSCO is where the demo's Tave answers, below the public address.
const SandboxVSCO = "/sandbox/vsco/v2"

// sandboxVSCO is Tave's API, as far as the demo goes. It asks for its key like the real one.
func (s *Server) sandboxVSCO(c echo.Context) error {
	s.vsco.ServeHTTP(c.Response(), c.Request())
	return nil
}

var taveButtons = []views.SandboxButton{
	{Key: "vsco_rings", Label: "Tave: a new job rings", Hint: "The hook says only that something is there; WedSync reads it from Tave's API"},
	{Key: "vsco_moves", Label: "Tave: the date moves", Hint: "No hook tells of it: it is found by polling"},
}

// openSandboxTave has the demo's photographer read back from the stand-in, which knows of no hooks after a restart.
func (s *Server) openSandboxTave(ctx context.Context) error {
	user, err := s.q.UserByEmail(ctx, sandbox.Suppliers[0].Email)
	if err != nil {
		return err
	}
	home, err := s.q.HomeOf(ctx, user.ID)
	if err != nil || home.OrgID == nil {
		return err
	}
	row, err := s.taveOf(ctx, *home.OrgID)
	if err != nil {
		return err
	}
	address, err := s.bellAddress(*home.OrgID, row)
	if err != nil {
		return err
	}
	for _, event := range inbound.TaveEvents {
		s.vsco.Add("rest-hook", map[string]any{"event": event, "url": address}, time.Now())
	}
	tave := s.config.Jobs.Tave
	if _, _, err := tave.Open(ctx, *home.OrgID, row.ID); err != inbound.ErrNoKey {
		return err // it was set up when the demo was first started, and may have been changed since
	}
	if err := tave.SetUnit(ctx, s.config.Jobs.River, *home.OrgID, row.ID, nil, queries.MoneyUnitMajor); err != nil {
		return err
	}
	if err := tave.KeepKey(ctx, s.config.Jobs.River, *home.OrgID, row.ID, nil, sandbox.VSCOKey); err != nil {
		return err
	}
	return tave.LetRing(ctx, *home.OrgID, row.ID, nil, true)
}

func (s *Server) taveOf(ctx context.Context, org uuid.UUID) (queries.ConnectionByIDRow, error) {
	rows, err := s.q.Connections(ctx, org)
	if err != nil {
		return queries.ConnectionByIDRow{}, err
	}
	for _, r := range rows {
		if r.Provider == queries.ProviderTave {
			return s.q.ConnectionByID(ctx, queries.ConnectionByIDParams{OrgID: org, ID: r.ID})
		}
	}
	return queries.ConnectionByIDRow{}, errNotFound
}

// sandboxTave does in the stand-in what somebody would do in Tave.
func (s *Server) sandboxTave(c echo.Context, org uuid.UUID) error {
	ctx, now := c.Request().Context(), time.Now()
	row, err := s.taveOf(ctx, org)
	if err != nil {
		return err
	}
	job := s.vsco.Newest("job")
	if job == "" || c.FormValue("delivery") == "vsco_rings" {
		job = s.vsco.NewJob(now.AddDate(0, 6, 0), "booked", 2500, now)
	}
	if c.FormValue("delivery") == "vsco_rings" {
		taken, err := s.vsco.Ring(ctx, "job.created", job)
		if err != nil {
			return err
		}
		sent := views.SandboxSent{Label: taveButtons[0].Label, Status: http.StatusAccepted, Answer: "The bell was taken (202). WedSync now reads the job from Tave's API.", Body: `{"targetId":"` + job + `"}`}
		if taken == 0 {
			sent.Status, sent.Answer = http.StatusUnauthorized, "Nobody took the bell: let the bare hook ring on the connection's page, under Reading back from Tave, and subscribe the hooks."
		}
		return s.drawSandbox(c, &sent)
	}
	s.vsco.Change("job", job, map[string]any{"eventDate": now.AddDate(0, 6, 7).Format(time.DateOnly)}, now)
	if _, err := s.config.Jobs.River.Insert(ctx, inbound.TavePollArgs{OrgID: org, ConnectionID: row.ID}, nil); err != nil {
		return err
	}
	return s.drawSandbox(c, &views.SandboxSent{Label: taveButtons[1].Label, Status: http.StatusAccepted, Answer: "Nothing was posted. WedSync asks Tave now what has changed, as it does every five minutes.", Body: `{"eventDate":"a week later"}`})
}
