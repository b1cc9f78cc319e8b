package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

// The demo's carriers answer below the public address, each asking for its key like the real one.

func (s *Server) sandboxResend(c echo.Context) error {
	s.world.Resend.ServeHTTP(c.Response(), c.Request())
	return nil
}

func (s *Server) sandboxTwilio(c echo.Context) error {
	s.world.Twilio.ServeHTTP(c.Response(), c.Request())
	return nil
}

func (s *Server) sandboxPush(c echo.Context) error {
	s.world.Push.ServeHTTP(c.Response(), c.Request())
	return nil
}

// sandboxTrouble makes a carrier misbehave or behave, or forget whom it leaves alone.
func (s *Server) sandboxTrouble(c echo.Context) error {
	carrier := c.FormValue("carrier")
	if c.FormValue("forget") != "" {
		s.world.Forget(carrier)
	} else if err := s.world.SetTrouble(carrier, sandbox.Trouble(c.FormValue("trouble"))); err != nil {
		return errNotFound // no button says that
	}
	return c.Redirect(http.StatusSeeOther, "/sandbox/outbox#carriers-title")
}

var troubleWords = map[sandbox.Trouble]string{
	sandbox.Fine: "All is well", sandbox.Down: "Down: answers 503 to everything", sandbox.KeyRefused: "Refuses our key", sandbox.Busy: "Too busy: answers 429, come again in 2 seconds",
	sandbox.Slow: "Slow: 2 seconds for each", sandbox.HangsUp: "Takes it and hangs up without an answer", sandbox.Silent: "Takes it and never tells how it went",
}

var carrierNames = map[string]string{"resend": "Resend", "smtp": "Mail server", "twilio": "Twilio", "push": "Push service"}

func (s *Server) outboxCarriers() (all []views.OutboxCarrier) {
	alone := map[string]func(n int64) string{
		"resend": func(n int64) string { return "Forget " + ui.Plural(n, "bounced address", "bounced addresses") },
		"twilio": func(n int64) string { return "Forget " + ui.Plural(n, "STOP", "STOPs") },
		"push":   func(n int64) string { return "Bring back " + ui.Plural(n, "device", "devices") },
	}
	for _, key := range []string{"resend", "smtp", "twilio", "push"} {
		one := views.OutboxCarrier{Key: key, Name: carrierNames[key], Trouble: string(s.world.TroubleOf(key))}
		for _, t := range append([]sandbox.Trouble{sandbox.Fine}, sandbox.Troubles[key]...) {
			words := troubleWords[t]
			if key == "smtp" && t == sandbox.Down {
				words = "Down: takes no connection"
			}
			one.Options = append(one.Options, ui.Option{Value: string(t), Label: words})
		}
		if n := s.world.LeavesAlone(key); n > 0 {
			one.Alone = alone[key](int64(n))
		}
		all = append(all, one)
	}
	return all
}
