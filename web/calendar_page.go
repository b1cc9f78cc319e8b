package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// mostEntries is how much of either kind one page takes from the database.
const mostEntries = 2000

// calendarTabs are the parts of the calendar.
func calendarTabs(current string) []views.Link {
	tabs := []views.Link{{Label: "Calendar", Href: "/app/calendar"}, {Label: "Conflicts", Href: "/app/conflicts"},
		{Label: "Outside calendars", Href: "/app/calendars"}, {Label: "Resources", Href: "/app/resources"}}
	for i := range tabs {
		tabs[i].Current = tabs[i].Href == current
	}
	return tabs
}

func (s *Server) calendar(c echo.Context) error {
	v, ctx, now := visitorOf(c), c.Request().Context(), time.Now()
	view := views.CalendarView{Zone: v.Zone.String(), Today: views.Midnight(views.Wall(now, v.Zone)), MayChange: s.may(v, manager)}
	view.View, view.On = shownDays(c.QueryParams(), view.Today)
	err := s.snapshot(ctx, func(q *queries.Queries) (err error) {
		stands, err := standsOf(ctx, q, v.OrgID, "calendar")
		if err != nil {
			return err
		}
		if view.Live, err = calendarLiveOf(ctx, q, v.OrgID, stands["calendar"], now); err != nil {
			return err
		}
		view.Outside = view.Live.Outside
		if view.Resources, err = q.Resources(ctx, queries.ResourcesParams{OrgID: v.OrgID, Now: now}); err != nil {
			return err
		}
		return entriesOf(ctx, q, v, &view)
	})
	if err != nil {
		return err
	}
	if view.Refused, err = s.triedMove(c, now); err != nil {
		return err
	}
	open, err := s.q.CountOpenConflicts(ctx, v.OrgID)
	if err != nil {
		return err
	}
	p := s.page(c, "Calendar", "calendar")
	p.Tabs = countedTabs("/app/calendar", open)
	p.LiveURL = liveURL(map[string]views.Stand{"calendar": view.Live.Stand})
	if view.MayChange {
		p.Actions = views.HoldButton(view.On)
	}
	return draw(c, http.StatusOK, views.Calendar(p, view))
}

// shownDays reads ?view=week&on=2027-06-01. What cannot be read is today's month.
func shownDays(params url.Values, today time.Time) (view string, on time.Time) {
	view, on = params.Get("view"), today
	if !slices.Contains([]string{"month", "week", "agenda"}, view) {
		view = "month"
	}
	if day, ok := dayOf(params.Get("on")); ok {
		on = day
	}
	return view, on
}

// dayOf reads a day of the years that bookings are taken for.
func dayOf(typed string) (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, typed)
	return day, err == nil && day.Year() >= 2000 && day.Year() <= 2100
}

// entriesOf reads what stands in the days that are shown. A day on both sides more, since nights belong to the evening before.
func entriesOf(ctx context.Context, q *queries.Queries, v visitor, view *views.CalendarView) error {
	first, end := view.Span()
	since, until := instant(first.AddDate(0, 0, -1), v.Zone), instant(end.AddDate(0, 0, 1), v.Zone)
	booked, err := q.CalendarBookings(ctx, queries.CalendarBookingsParams{OrgID: v.OrgID, Since: since, Until: until})
	if err != nil {
		return err
	}
	busy, err := q.CalendarBusy(ctx, queries.CalendarBusyParams{OrgID: v.OrgID, Since: since, Until: until})
	if err != nil {
		return err
	}
	view.Capped = len(booked) == mostEntries || len(busy) == mostEntries
	var all []views.Entry
	for _, b := range booked {
		all = append(all, bookingEntry(b, v.Zone, view.MayChange))
	}
	for _, b := range busy {
		all = append(all, busyEntry(b, v.Zone))
	}
	for _, e := range all {
		if standsWithin(e, first, end) {
			view.Entries = append(view.Entries, e)
		}
	}
	slices.SortStableFunc(view.Entries, func(a, b views.Entry) int { return a.From.Compare(b.From) })
	return nil
}

func standsWithin(e views.Entry, first, end time.Time) bool {
	for day := first; day.Before(end); day = day.AddDate(0, 0, 1) {
		if e.Covers(day) {
			return true
		}
	}
	return false
}

// instant is when the clocks of a zone show these digits.
func instant(wall time.Time, zone *time.Location) time.Time {
	return time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, zone)
}

func bookingEntry(b queries.CalendarBookingsRow, zone *time.Location, may bool) views.Entry {
	e := views.Entry{ID: b.ID, Kind: entryKind(b), Title: b.Title, From: views.Wall(b.FromThen, zone), Until: views.Wall(b.UntilThen, zone), Venue: b.Venue,
		Conflict: b.Disputed, Resources: b.Resources, Href: "/app/bookings/" + b.ID.String(), May: may}
	if b.HoldUntil != nil {
		until := views.Wall(*b.HoldUntil, zone)
		e.HoldUntil = &until
	}
	if b.StartsLocal != nil && b.EndsLocal != nil && (!b.StartsLocal.Equal(e.From) || !b.EndsLocal.Equal(e.Until)) {
		e.Own = b.StartsLocal.Format("15:04") + "–" + b.EndsLocal.Format("15:04") + " in " + b.Timezone
	}
	return e
}

func entryKind(b queries.CalendarBookingsRow) views.EntryKind {
	switch {
	case b.Contested:
		return views.EntryContested
	case b.Status == queries.BookingStatusConfirmed:
		return views.EntryConfirmed
	case b.Status == queries.BookingStatusHeld:
		return views.EntryHeld
	case b.Queued:
		return views.EntryQueued
	default:
		return views.EntryEnquiry
	}
}

func busyEntry(b queries.CalendarBusyRow, zone *time.Location) views.Entry {
	e := views.Entry{Kind: views.EntryOutside, Title: b.Title, From: views.Wall(b.FromThen, zone), Until: views.Wall(b.UntilThen, zone), AllDay: b.AllDay,
		Calendar: views.OutsideName(b.Calendar, b.Account)}
	if b.ResourceID != nil {
		e.Resources = []uuid.UUID{*b.ResourceID}
	}
	return e
}

func calendarLiveOf(ctx context.Context, q *queries.Queries, org uuid.UUID, stand views.Stand, now time.Time) (views.CalendarLiveView, error) {
	row, err := q.OrgByID(ctx, org)
	if err != nil {
		return views.CalendarLiveView{}, err
	}
	zone, err := time.LoadLocation(row.Timezone)
	if err != nil {
		zone = time.UTC
	}
	outside, err := q.OutsideCalendars(ctx, queries.OutsideCalendarsParams{OrgID: org, Now: &now})
	return views.CalendarLiveView{Stand: stand, Now: now, Zone: zone, Within: time.Duration(row.FreshWithinMinutes) * time.Minute, Outside: outside}, err
}
