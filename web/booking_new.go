package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// bookingForm opens on the day that was looked at, from noon on, with what is usually taken.
func (s *Server) bookingForm(c echo.Context) error {
	v := visitorOf(c)
	when := whenLooked(c.QueryParams(), v.Zone, time.Now())
	resources, err := s.q.Resources(c.Request().Context(), queries.ResourcesParams{OrgID: v.OrgID, Now: time.Now()})
	if err != nil {
		return err
	}
	var needs []booking.Need
	wanted, _ := uuid.Parse(c.QueryParam("resource"))
	for _, r := range resources {
		if r.ID == wanted || wanted == uuid.Nil && r.Usual {
			needs = append(needs, booking.Need{ResourceID: r.ID, Units: 1})
		}
	}
	return s.drawBookingForm(c, http.StatusOK, views.BookingForm{As: "held", Key: uuid.NewString(), When: whenForm(when), Needs: needFields(resources, needs)})
}

// whenLooked is a time in an address: ?starts&ends&timezone, or ?on for a day. What cannot be read is today from noon on.
func whenLooked(params url.Values, zone *time.Location, now time.Time) booking.When {
	w := booking.When{Zone: orElse(params.Get("timezone"), zone.String())}
	day, ok := dayOf(params.Get("on"))
	if !ok {
		day = views.Midnight(views.Wall(now, zone))
	}
	if w.Starts, ok = timeTyped(params.Get("starts")); !ok {
		w.Starts = day.Add(12 * time.Hour)
	}
	if w.Ends, ok = timeTyped(params.Get("ends")); !ok {
		w.Ends = views.Midnight(w.Starts).Add(23 * time.Hour)
	}
	if booking.CheckWhen(w); !w.Ends.After(w.Starts) {
		w.Ends = w.Starts.Add(8 * time.Hour)
	}
	return w
}

func (s *Server) drawBookingForm(c echo.Context, status int, f views.BookingForm) error {
	org, err := s.q.OrgByID(c.Request().Context(), visitorOf(c).OrgID)
	if err != nil {
		return err
	}
	f.HoldDays = int(org.HoldDays)
	p := s.page(c, "Hold a date", "calendar")
	p.Back = toCalendar
	return draw(c, status, views.NewBooking(p, f))
}

func (s *Server) createBooking(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	form, err := c.FormParams()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	resources, err := s.q.Resources(ctx, queries.ResourcesParams{OrgID: v.OrgID, Now: time.Now()})
	if err != nil {
		return err
	}
	faults := views.Faults{}
	want := wantAsked(c, form, resources, faults)
	f := views.BookingForm{Title: want.Title, Venue: want.Venue, Notes: want.Notes, As: form.Get("as"), Key: want.Key, When: typedForm(form),
		Needs: needFields(resources, want.Needs), Faults: faults, Override: form.Get("override")}
	if len(faults) > 0 {
		return s.drawBookingForm(c, http.StatusUnprocessableEntity, f)
	}
	var taken booking.Taken
	err = s.changing(c, func(ctx context.Context, tx pgx.Tx) (err error) {
		taken, err = booking.Take(ctx, tx, s.config.Jobs.River, want, time.Now())
		return err
	})
	if reasons, refused := refusal(err); refused {
		f.Reasons, f.WhyHref = reasonsIn(reasons, v.Zone), whyHref(want.When, want.Needs)
		f.MayOverride = v.Role == queries.RoleOwner && want.Status == queries.BookingStatusConfirmed && overridable(reasons)
		return s.drawBookingForm(c, http.StatusConflict, f)
	}
	if err != nil {
		return err
	}
	done := string(taken.Status)
	if taken.Place > 0 {
		done = "line"
	}
	return c.Redirect(http.StatusSeeOther, "/app/bookings/"+taken.ID.String()+"?done="+done)
}

func overridable(reasons []booking.Reason) bool {
	for _, r := range reasons {
		if !r.Overridable() {
			return false
		}
	}
	return len(reasons) > 0
}

// bookingAs are the words of the form for how firm a booking is.
var bookingAs = map[string]queries.BookingStatus{"held": queries.BookingStatusHeld, "confirmed": queries.BookingStatusConfirmed,
	"line": queries.BookingStatusHeld, "enquiry": queries.BookingStatusEnquiry}

// wantAsked reads the form and says what is wrong with it.
func wantAsked(c echo.Context, form url.Values, resources []queries.ResourcesRow, faults views.Faults) booking.Want {
	v, as := visitorOf(c), form.Get("as")
	text := func(field string) string { return strings.TrimSpace(form.Get(field)) }
	w := booking.Want{OrgID: v.OrgID, Key: text("key"), Title: text("title"), Venue: text("venue"), Notes: text("notes"),
		Status: bookingAs[as], Line: as == "line", By: &v.UserID, Override: override(c)}
	w.When, w.Needs = whenAsked(form, faults), needsAsked(form, resources, faults)
	faults.Say(w.Title == "" || tooLong(w.Title, 200), "title", "Say who it is for, in up to 200 letters.")
	faults.Say(tooLong(w.Venue, 200), "venue", "A place has up to 200 letters.")
	faults.Say(tooLong(w.Notes, 4000), "notes", "Notes hold up to 4,000 letters; these are longer.")
	faults.Say(w.Status == "", "as", "Say how firm it is.")
	if tooLong(w.Key, 200) {
		w.Key = ""
	}
	return w
}
