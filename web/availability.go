package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/views"
)

// closesDay is how long an outside appointment has to be to close a day: a dentist's hour does not.
const closesDay = 4 * time.Hour

func availabilityOwner(org uuid.UUID) string { return calendar.AvailabilityOwner(org) }

// availabilityLink is the address to share; empty where there is none.
func (s *Server) availabilityLink(ctx context.Context, org uuid.UUID) (string, error) {
	row, err := s.q.OrgByID(ctx, org)
	if err != nil || row.AvailabilitySealed == nil {
		return "", err
	}
	token, err := s.config.Box.Open(row.AvailabilitySealed, availabilityOwner(org))
	return s.config.URL.JoinPath("free", string(token)).String(), err
}

// changeAvailability makes the link, makes it anew, or removes it. Pressing "make" twice leaves the first.
func (s *Server) changeAvailability(c echo.Context) error {
	org, ctx, do := visitorOf(c).OrgID, c.Request().Context(), c.FormValue("do")
	change := queries.SetAvailabilityParams{OrgID: org}
	switch do {
	case "make", "renew":
		if there, err := s.availabilityLink(ctx, org); err != nil || do == "make" && there != "" {
			return orGo(c, err, "/app/resources")
		}
		token, hash := seal.NewToken()
		sealed, err := s.config.Box.Seal([]byte(token), availabilityOwner(org))
		if err != nil {
			return err
		}
		change.AvailabilitySha256, change.AvailabilitySealed = hash, sealed
	case "remove":
	default:
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	return orGo(c, s.q.SetAvailability(ctx, change), "/app/resources?done="+do+"#availability-title")
}

func orGo(c echo.Context, err error, to string) error {
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// free is the shared page: twelve months of days, and no names.
func (s *Server) free(c echo.Context) error {
	ctx, now := c.Request().Context(), time.Now()
	org, err := s.q.OrgByAvailability(ctx, seal.TokenHash(c.Param("token")))
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(org.Timezone)
	if err != nil {
		zone = time.UTC
	}
	view := views.FreeView{Now: now.In(zone), Today: views.Midnight(views.Wall(now, zone)), Zone: zone.String()}
	err = s.snapshot(ctx, func(q *queries.Queries) error {
		days, err := daysOf(ctx, q, org.ID, view.Today, zone, now)
		view.Months = freeMonths(view.Today, days)
		return err
	})
	if err != nil {
		return err
	}
	c.Response().Header().Set("X-Robots-Tag", "noindex, nofollow")
	p := s.open(org.Name, "")
	p.Unlisted = true
	return draw(c, http.StatusOK, views.Free(p, view))
}

func daysOf(ctx context.Context, q *queries.Queries, org uuid.UUID, today time.Time, zone *time.Location, now time.Time) (map[time.Time]string, error) {
	end := lastFree(today)
	since, until := instant(today, zone), instant(end, zone)
	resources, err := q.Resources(ctx, queries.ResourcesParams{OrgID: org, Now: now})
	if err != nil {
		return nil, err
	}
	booked, err := q.CalendarBookings(ctx, queries.CalendarBookingsParams{OrgID: org, Since: since, Until: until})
	if err != nil {
		return nil, err
	}
	claims, err := q.ClaimsDuring(ctx, queries.ClaimsDuringParams{OrgID: org, Since: since, Until: until})
	if err != nil {
		return nil, err
	}
	busy, err := q.CalendarBusy(ctx, queries.CalendarBusyParams{OrgID: org, Since: since, Until: until})
	if err != nil {
		return nil, err
	}
	days := map[time.Time]string{}
	for day := today; day.Before(end); day = day.AddDate(0, 0, 1) {
		days[day] = dayState(day, zone, offered(resources), booked, claims, busy)
	}
	return days, nil
}

// lastFree ends what the shared page shows: twelve months, the last one whole.
func lastFree(today time.Time) time.Time {
	return time.Date(today.Year(), today.Month()+12, 1, 0, 0, 0, 0, time.UTC)
}

// dayState is free, held or taken. The usual thing speaks for the house where there is one, otherwise the freest of all; without
// any, each booking takes its day.
func dayState(day time.Time, zone *time.Location, resources []queries.ResourcesRow, booked []queries.CalendarBookingsRow, claims []queries.ClaimsDuringRow, busy []queries.CalendarBusyRow) string {
	state := 0
	for _, b := range booked {
		if len(resources) > 0 && len(b.Resources) > 0 || !bookingEntry(b, zone, false).Covers(day) {
			continue
		}
		switch b.Status { // it names nothing, so it is about the house
		case queries.BookingStatusConfirmed:
			state = 2
		case queries.BookingStatusHeld:
			state = max(state, 1)
		}
	}
	if usual := slices.IndexFunc(resources, func(r queries.ResourcesRow) bool { return r.Usual }); usual >= 0 {
		resources = resources[usual : usual+1]
	}
	freest := 2
	for _, r := range resources {
		freest = min(freest, thingState(day, zone, r, claims, busy))
	}
	if len(resources) == 0 {
		freest = thingState(day, zone, queries.ResourcesRow{Capacity: 1}, nil, busy)
	}
	return []string{"free", "held", "taken"}[max(state, freest)]
}

// thingState is how one thing stands on a day: 0 free, 1 held, 2 taken.
func thingState(day time.Time, zone *time.Location, r queries.ResourcesRow, claims []queries.ClaimsDuringRow, busy []queries.CalendarBusyRow) int {
	from, until := instant(day, zone), instant(day.AddDate(0, 0, 1), zone)
	for _, b := range busy {
		if (b.ResourceID == nil || *b.ResourceID == r.ID) && earliest(b.UntilThen, until).Sub(latest(b.FromThen, from)) >= closesDay {
			return 2
		}
	}
	confirmed, all := map[int16]bool{}, map[int16]bool{}
	for _, c := range claims {
		e := views.Entry{From: views.Wall(c.FromThen, zone), Until: views.Wall(c.UntilThen, zone)}
		if c.ResourceID != r.ID || !e.Covers(day) {
			continue
		}
		all[c.Slot] = true
		if c.Status == queries.BookingStatusConfirmed {
			confirmed[c.Slot] = true
		}
	}
	switch capacity := int(r.Capacity); {
	case len(confirmed) >= capacity:
		return 2
	case len(all) >= capacity:
		return 1
	default:
		return 0
	}
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// freeMonths lays the days out by months; what is past or of another month has no state.
func freeMonths(today time.Time, days map[time.Time]string) (months []views.FreeMonth) {
	for i := range 12 {
		m := views.FreeMonth{First: time.Date(today.Year(), today.Month()+time.Month(i), 1, 0, 0, 0, 0, time.UTC)}
		for _, week := range views.Weeks(m.First) {
			var row []views.FreeDay
			for _, day := range week {
				d := views.FreeDay{Day: day}
				if day.Month() == m.First.Month() {
					d.State = days[day]
				}
				row = append(row, d)
			}
			m.Weeks = append(m.Weeks, row)
		}
		months = append(months, m)
	}
	return months
}
