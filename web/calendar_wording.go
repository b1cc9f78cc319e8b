package web

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

func (s *Server) calendarWording(c echo.Context) error {
	rules, err := s.q.CalendarRules(c.Request().Context(), visitorOf(c).OrgID)
	if err != nil {
		return err
	}
	return s.drawCalendarWording(c, http.StatusOK, views.CalendarWordingView{Title: rules.CopyTitle, Body: rules.CopyBody})
}

// drawCalendarWording tries the words on the next booking. What is wrong with them is shown in ours meanwhile.
func (s *Server) drawCalendarWording(c echo.Context, status int, view views.CalendarWordingView) error {
	now := time.Now()
	row, err := s.q.NextToDescribe(c.Request().Context(), queries.NextToDescribeParams{OrgID: visitorOf(c).OrgID, Now: &now})
	about := madeUp
	switch {
	case err == nil:
		about = queries.BookingToCopyRow(row)
		view.About = cmp.Or(row.Title, inbound.Couple(row.ClientName, row.PartnerName))
	case !errors.Is(err, pgx.ErrNoRows):
		return err
	}
	if about.CopyTitle, about.CopyBody = view.Title, view.Body; view.Faults["title"] != "" {
		about.CopyTitle = ""
	}
	if view.Faults["body"] != "" {
		about.CopyBody = ""
	}
	shown := calendar.Copy(about)
	view.OurTitle, view.OurBody, view.Shown = calendar.OurTitle, calendar.OurBody, views.CalendarCopy{Title: shown.Title, Body: shown.Description, Venue: shown.Venue}
	p := s.page(c, "What is written outside", "calendar")
	p.Lead = "The words in which your bookings stand in outside calendars and in your feed."
	p.Back, p.Flash = allAccounts, calendarDone[c.QueryParam("done")]
	return draw(c, status, views.CalendarWording(p, view))
}

// madeUp is described where nothing lies ahead.
var madeUp = queries.BookingToCopyRow{Title: "Kay & Fry", ClientName: "Anna Kay", PartnerName: "Tom Fry", Venue: "Holm House", Status: queries.BookingStatusConfirmed, ClientPhone: "+44 7700 900123",
	ClientEmail: "anna@example.com", StartsLocal: wall(2027, 6, 12, 12), EndsLocal: wall(2027, 6, 12, 23), Timezone: "Europe/London"}

func wall(year, month, day, hour int) *time.Time {
	t := time.Date(year, time.Month(month), day, hour, 0, 0, 0, time.UTC)
	return &t
}

// keepCalendarWording keeps the words, or only shows how they read.
func (s *Server) keepCalendarWording(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	text := func(name string) string {
		return strings.ReplaceAll(strings.TrimSpace(c.FormValue(name)), "\r\n", "\n")
	}
	view := views.CalendarWordingView{Title: text("title"), Body: text("body")}
	view.Faults = calendar.CheckTemplate(view.Title, view.Body)
	if len(view.Faults) > 0 {
		return s.drawCalendarWording(c, http.StatusUnprocessableEntity, view)
	}
	if c.FormValue("do") == "preview" {
		view.Tried = true
		return s.drawCalendarWording(c, http.StatusOK, view)
	}
	if err := s.sync().Reword(ctx, v.OrgID, v.UserID, view.Title, view.Body); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/calendars/wording?done=words")
}
