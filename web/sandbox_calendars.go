package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

// sandboxGoogle is the made-up Google: its consent page, its tokens and its calendars.
func (s *Server) sandboxGoogle(c echo.Context) error {
	s.world.Google.ServeHTTP(c.Response(), c.Request())
	return nil
}

// sandboxAhead is how far the page of calendars looks.
const sandboxAhead = 70

// sandboxAt is whose calendars, at which provider, a request is about.
func (s *Server) sandboxAt(side, account string) (sandbox.Side, sandbox.SideAccount, error) {
	sides := s.world.Sides()
	i := max(0, slices.IndexFunc(sides, func(one sandbox.Side) bool { return one.Key == side }))
	accounts := sides[i].Accounts()
	if len(accounts) == 0 {
		return sides[i], sandbox.SideAccount{}, errNotFound
	}
	n := max(0, slices.IndexFunc(accounts, func(a sandbox.SideAccount) bool { return a.Address == account }))
	return sides[i], accounts[n], nil
}

func (s *Server) sandboxCalendars(c echo.Context) error {
	side, account, err := s.sandboxAt(c.QueryParam("side"), c.QueryParam("account"))
	if err != nil {
		return err
	}
	return s.drawSandboxCalendars(c, side, account, views.SandboxNewEvent{On: time.Now().AddDate(0, 0, 3).Format(time.DateOnly), At: "10:00", Until: "11:00"}, nil)
}

func (s *Server) drawSandboxCalendars(c echo.Context, side sandbox.Side, account sandbox.SideAccount, form views.SandboxNewEvent, faults views.Faults) error {
	v := views.SandboxCalendarsView{Side: side.Key, SideName: side.Name, Account: account.Address, New: form, Faults: faults, Trouble: string(side.Trouble()),
		Days: sandboxDays(side, account, time.Now())}
	for _, one := range s.world.Sides() {
		v.Sides = append(v.Sides, ui.Option{Value: one.Key, Label: one.Name})
	}
	for _, a := range side.Accounts() {
		v.Accounts = append(v.Accounts, views.SandboxAccount{Address: a.Address, Name: a.Name})
	}
	for _, calendar := range account.Calendars {
		if calendar.Writable {
			v.Calendars = append(v.Calendars, ui.Option{Value: calendar.ID, Label: calendar.Name})
		}
	}
	for _, t := range append([]sandbox.Trouble{sandbox.Fine}, side.Troubles...) {
		v.Troubles = append(v.Troubles, ui.Option{Value: string(t), Label: calendarTroubles[t]})
	}
	for _, act := range side.Acts {
		v.Acts = append(v.Acts, ui.Option{Value: act.Key, Label: act.Label})
	}
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return draw(c, status, views.SandboxCalendars(views.Page{Title: "Calendars at " + side.Name}, v))
}

var calendarTroubles = map[sandbox.Trouble]string{
	sandbox.Fine: "All is well", sandbox.Down: "Down: answers 503 to everything", sandbox.Busy: "Too busy: answers 429, come again in 2 seconds",
	sandbox.Throttled: "Too busy: answers 403, and does not say for how long", sandbox.Slow: "Slow: 2 seconds for each",
	sandbox.TokenBroken: "A fault of its own whenever WedSync asks what changed", sandbox.Silent: "Sends no messages of changes, and says nothing of it",
}

func sandboxDays(side sandbox.Side, account sandbox.SideAccount, now time.Time) (days []views.SandboxCalendarDay) {
	type dated struct {
		sandbox.SideEvent
		in sandbox.SideCalendar
	}
	var all []dated
	for _, calendar := range account.Calendars {
		for _, e := range side.Events(calendar.ID, now.AddDate(0, 0, -1), now.AddDate(0, 0, sandboxAhead)) {
			all = append(all, dated{e, calendar})
		}
	}
	slices.SortStableFunc(all, func(a, b dated) int { return a.Starts.Compare(b.Starts) })
	for i, e := range all {
		title := ui.Day(e.Starts)
		if n := len(days); n == 0 || days[n-1].Title != title {
			days = append(days, views.SandboxCalendarDay{Title: title})
		}
		day := &days[len(days)-1]
		day.Events = append(day.Events, views.SandboxCalendarEvent{Key: strconv.Itoa(i), Calendar: e.in.ID, CalendarName: e.in.Name, ID: e.ID, Title: e.Title, Venue: e.Venue,
			When: sandboxWhen(e.SideEvent), On: e.Starts.Format(time.DateOnly), Day: e.Day, Series: e.Series, Tentative: e.Tentative, Free: e.Free, Ours: e.Ours, Fixed: !e.in.Writable})
	}
	return days
}

func sandboxWhen(e sandbox.SideEvent) string {
	last := e.Ends
	if e.Day {
		last = e.Ends.AddDate(0, 0, -1)
	}
	switch sameDay := last.Format(time.DateOnly) == e.Starts.Format(time.DateOnly); {
	case e.Day && sameDay:
		return "The whole day"
	case e.Day:
		return "Until " + ui.Day(last)
	case sameDay:
		return ui.Clock(e.Starts) + "–" + ui.Clock(e.Ends)
	default:
		return ui.Clock(e.Starts) + " until " + ui.DayTime(e.Ends)
	}
}

func (s *Server) sandboxCalendarsURL(side sandbox.Side, account sandbox.SideAccount) string {
	return "/sandbox/calendars?side=" + url.QueryEscape(side.Key) + "&account=" + url.QueryEscape(account.Address)
}
