package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/views"
)

// calendarOf finds a calendar of somebody's that can be written.
func calendarOf(a sandbox.SideAccount, id string) (sandbox.SideCalendar, error) {
	i := slices.IndexFunc(a.Calendars, func(one sandbox.SideCalendar) bool { return one.ID == id && one.Writable })
	if i < 0 {
		return sandbox.SideCalendar{}, errNotFound
	}
	return a.Calendars[i], nil
}

// createSandboxEvent adds an event on the other side.
func (s *Server) createSandboxEvent(c echo.Context) error {
	side, account, err := s.sandboxAt(c.FormValue("side"), c.FormValue("account"))
	if err != nil {
		return err
	}
	calendar, err := calendarOf(account, c.FormValue("calendar"))
	if err != nil {
		return err
	}
	form := views.SandboxNewEvent{Calendar: calendar.ID, Title: strings.TrimSpace(c.FormValue("title")), On: c.FormValue("on"), At: c.FormValue("at"), Until: c.FormValue("until")}
	e, faults := sandboxEventOf(form, calendar.Zone)
	if len(faults) == 0 {
		if err := side.Add(calendar.ID, e); err != nil {
			faults.Say(true, "", side.Name+" did not take it: "+err.Error())
		}
	}
	if len(faults) > 0 {
		return s.drawSandboxCalendars(c, side, account, form, faults)
	}
	return c.Redirect(http.StatusSeeOther, s.sandboxCalendarsURL(side, account))
}

// sandboxEventOf reads the form of another event. An end before the beginning is on the next day.
func sandboxEventOf(f views.SandboxNewEvent, zone *time.Location) (e sandbox.SideEvent, faults views.Faults) {
	faults = views.Faults{}
	day, err := time.ParseInLocation(time.DateOnly, f.On, zone)
	faults.Say(err != nil || day.Year() < 2000 || day.Year() > 2100, "on", "Choose a day.")
	faults.Say(f.Title == "" || len(f.Title) > 200, "title", "Give it a title of up to 200 letters.")
	e = sandbox.SideEvent{Title: f.Title, Starts: day, Ends: day.AddDate(0, 0, 1), Day: true}
	if f.At == "" && f.Until == "" {
		return e, faults
	}
	at, wrongAt := time.Parse("15:04", f.At)
	until, wrongUntil := time.Parse("15:04", f.Until)
	faults.Say(wrongAt != nil, "at", "Say from when, or leave both times empty for the whole day.")
	faults.Say(wrongUntil != nil, "until", "Say until when, or leave both times empty for the whole day.")
	clock := func(t time.Time, days int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day()+days, t.Hour(), t.Minute(), 0, 0, zone)
	}
	e.Day, e.Starts, e.Ends = false, clock(at, 0), clock(until, 0)
	if !until.After(at) {
		e.Ends = clock(until, 1)
	}
	return e, faults
}

// changeSandboxEvent moves, renames or deletes an event on the other side.
func (s *Server) changeSandboxEvent(c echo.Context) error {
	side, account, err := s.sandboxAt(c.FormValue("side"), c.FormValue("account"))
	if err != nil {
		return err
	}
	calendar, err := calendarOf(account, c.FormValue("calendar"))
	if err != nil {
		return err
	}
	now := time.Now()
	events := side.Events(calendar.ID, now.AddDate(0, 0, -30), now.AddDate(2, 0, 0))
	i := slices.IndexFunc(events, func(e sandbox.SideEvent) bool { return e.ID == c.FormValue("event") })
	if i < 0 {
		return errNotFound
	}
	if err := changeOnSide(side, calendar, events[i], c.FormValue("do"), c.FormValue("title"), c.FormValue("on")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, s.sandboxCalendarsURL(side, account))
}

func changeOnSide(side sandbox.Side, in sandbox.SideCalendar, e sandbox.SideEvent, do, title, on string) error {
	switch do {
	case "delete":
		return side.Remove(in.ID, e.ID)
	case "hour":
		e = e.Later(1, 0)
	case "day":
		e = e.Later(0, 1)
	case "move":
		day, err := time.Parse(time.DateOnly, on)
		if err != nil || day.Year() < 2000 || day.Year() > 2100 {
			return nil // an empty date moves nothing
		}
		e = e.On(day)
	case "rename":
		if e.Title = strings.TrimSpace(title); e.Title == "" || len(e.Title) > 200 {
			return nil
		}
	default:
		return errNotFound
	}
	return side.Change(in.ID, e)
}

// createCalendarTrouble makes the other side misbehave, or behave, or lets something happen to it once.
func (s *Server) createCalendarTrouble(c echo.Context) error {
	side, account, err := s.sandboxAt(c.FormValue("side"), c.FormValue("account"))
	if err != nil {
		return err
	}
	if act := c.FormValue("act"); act != "" && !side.Happen(act, account) || act == "" && !side.Be(sandbox.Trouble(c.FormValue("trouble"))) {
		return errNotFound // no button says that
	}
	return c.Redirect(http.StatusSeeOther, s.sandboxCalendarsURL(side, account))
}
