package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

var toCalendar = &views.Link{Label: "Calendar", Href: "/app/calendar"}

func (s *Server) booking(c echo.Context) error {
	return s.drawBooking(c, http.StatusOK, func(*views.BookingView) {})
}

// drawBooking draws a booking's page; change puts in what was typed or refused just now.
func (s *Server) drawBooking(c echo.Context, status int, change func(*views.BookingView)) error {
	v := visitorOf(c)
	id, err := idOf(c)
	if err != nil {
		return err
	}
	var view views.BookingView
	err = s.snapshot(c.Request().Context(), func(q *queries.Queries) error {
		view, err = bookingOf(c.Request().Context(), q, v, id, time.Now())
		return err
	})
	if err != nil {
		return err
	}
	view.MayChange, view.IsOwner = s.may(v, manager), v.Role == queries.RoleOwner
	change(&view)
	p := s.page(c, orElse(view.Row.Title, "A booking without a name"), "calendar")
	p.Back, p.Flash = toCalendar, bookingDone[c.QueryParam("done")]
	if view.Row.StartsLocal != nil {
		p.Back = &views.Link{Label: view.Row.StartsLocal.Format("January 2006"), Href: views.CalendarHref("month", *view.Row.StartsLocal)}
	}
	return draw(c, status, views.Booking(p, view))
}

// bookingDone is what a booking's page says after its own buttons.
var bookingDone = map[string]string{
	"held": "It is held.", "confirmed": "It is confirmed.", "line": "It stands in line now.", "enquiry": "It is noted. It takes nothing yet.",
	"released": "It was given back, and is an enquiry again.", "cancelled": "It is cancelled. What it took is free.", "moved": "It was moved.", "notes": "The notes are kept.",
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func bookingOf(ctx context.Context, q *queries.Queries, v visitor, id uuid.UUID, now time.Time) (view views.BookingView, err error) {
	view = views.BookingView{Now: now.In(v.Zone), Zone: v.Zone}
	if view.Row, err = q.BookingPage(ctx, queries.BookingPageParams{OrgID: v.OrgID, ID: id}); err != nil {
		return view, err
	}
	if view.Needs, err = q.BookingNeedsOf(ctx, queries.BookingNeedsOfParams{OrgID: v.OrgID, BookingID: id}); err != nil {
		return view, err
	}
	if view.Steps, err = q.BookingStepsOf(ctx, queries.BookingStepsOfParams{OrgID: v.OrgID, BookingID: id}); err != nil {
		return view, err
	}
	if view.Conflicts, err = q.BookingConflicts(ctx, queries.BookingConflictsParams{OrgID: v.OrgID, BookingID: id}); err != nil {
		return view, err
	}
	resources, err := q.Resources(ctx, queries.ResourcesParams{OrgID: v.OrgID, Now: now})
	view.Fields, view.When, view.Notes = needFields(resources, needsOf(view.Needs)), whenForm(whenOf(view.Row, v.Zone)), view.Row.Notes
	return view, err
}

func needsOf(rows []queries.BookingNeedsOfRow) []booking.Need {
	needs := make([]booking.Need, len(rows))
	for i, r := range rows {
		needs[i] = booking.Need{ResourceID: r.ResourceID, Units: int(r.Units)}
	}
	return needs
}

func whenOf(row queries.BookingPageRow, zone *time.Location) booking.When {
	w := booking.When{Zone: orElse(row.Timezone, zone.String())}
	if row.StartsLocal != nil {
		w.Starts = *row.StartsLocal
	}
	if row.EndsLocal != nil {
		w.Ends = *row.EndsLocal
	}
	return w
}

// changing is a change of a booking: a transaction, and everybody who looks at it is woken after.
func (s *Server) changing(c echo.Context, do func(ctx context.Context, tx pgx.Tx) error) error {
	ctx := c.Request().Context()
	if err := booking.Do(ctx, s.pool, func(tx pgx.Tx) error { return do(ctx, tx) }); err != nil {
		return asMissing(err)
	}
	s.config.Waker.Wake(visitorOf(c).OrgID)
	return nil
}

// changed leads back to the booking, or says there why nothing was done.
func (s *Server) changed(c echo.Context, err error, done, tried string, change func(*views.BookingView)) error {
	reasons, refused := refusal(err)
	switch {
	case err == nil:
		return c.Redirect(http.StatusSeeOther, "/app/bookings/"+c.Param("id")+"?done="+done)
	case refused:
		return s.drawBooking(c, http.StatusConflict, func(v *views.BookingView) {
			v.Tried, v.Refused, v.Override = tried, reasonsIn(reasons, visitorOf(c).Zone), c.FormValue("override")
			v.WhyHref = whyHref(whenOf(v.Row, v.Zone), needsOf(v.Needs))
			change(v)
		})
	case errors.Is(err, booking.ErrNotNow):
		return s.drawBooking(c, http.StatusConflict, func(v *views.BookingView) {
			v.Faults = views.Faults{"": "This cannot be done with the booking as it stands now. It may have changed meanwhile: below is how it stands."}
		})
	default:
		return err
	}
}

// override is an owner's reason to do it all the same; nobody else has that word.
func override(c echo.Context) string {
	reason := strings.TrimSpace(c.FormValue("override"))
	if visitorOf(c).Role != queries.RoleOwner || tooLong(reason, 500) {
		return ""
	}
	return reason
}

func (s *Server) confirmBooking(c echo.Context) error {
	v := visitorOf(c)
	id, err := idOf(c)
	if err != nil {
		return err
	}
	err = s.changing(c, func(ctx context.Context, tx pgx.Tx) error {
		_, err := booking.Confirm(ctx, tx, s.config.Jobs.River, v.OrgID, id, &v.UserID, override(c), time.Now())
		return err
	})
	return s.changed(c, err, "confirmed", "confirmation", func(*views.BookingView) {})
}

func (s *Server) releaseBooking(c echo.Context) error {
	v := visitorOf(c)
	id, err := idOf(c)
	if err != nil {
		return err
	}
	err = s.changing(c, func(ctx context.Context, tx pgx.Tx) error {
		return booking.Release(ctx, tx, s.config.Jobs.River, v.OrgID, id, &v.UserID, time.Now())
	})
	return s.changed(c, err, "released", "", func(*views.BookingView) {})
}

func (s *Server) cancelBooking(c echo.Context) error {
	v := visitorOf(c)
	id, err := idOf(c)
	if err != nil {
		return err
	}
	err = s.changing(c, func(ctx context.Context, tx pgx.Tx) error {
		return booking.Cancel(ctx, tx, s.config.Jobs.River, v.OrgID, id, &v.UserID, time.Now())
	})
	return s.changed(c, err, "cancelled", "", func(*views.BookingView) {})
}

func (s *Server) noteBooking(c echo.Context) error {
	v := visitorOf(c)
	id, err := idOf(c)
	if err != nil {
		return err
	}
	notes := strings.ReplaceAll(strings.TrimSpace(c.FormValue("notes")), "\r\n", "\n")
	if tooLong(notes, 4000) {
		return s.drawBooking(c, http.StatusUnprocessableEntity, func(b *views.BookingView) {
			b.Notes, b.Faults = strings.ToValidUTF8(notes, ""), views.Faults{"notes": "Notes hold up to 4,000 letters. These are longer, so the ones before are kept."}
		})
	}
	kept, err := s.q.SetBookingNotes(c.Request().Context(), queries.SetBookingNotesParams{OrgID: v.OrgID, ID: id, Notes: notes})
	if err == nil && kept == 0 {
		return errNotFound
	}
	return s.changed(c, err, "notes", "", func(*views.BookingView) {})
}

// moveBooking takes a drag of the calendar, and the form that does the same.
func (s *Server) moveBooking(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	if form.Has("day") {
		return s.dropBooking(c, id, form)
	}
	resources, err := s.q.Resources(ctx, queries.ResourcesParams{OrgID: v.OrgID, Now: time.Now()})
	if err != nil {
		return err
	}
	faults := views.Faults{}
	when, needs := whenAsked(form, faults), needsAsked(form, resources, faults)
	typed := func(b *views.BookingView) {
		b.When, b.Fields, b.WhyHref = typedForm(form), needFields(resources, needs), whyHref(when, needs)
	}
	if len(faults) > 0 {
		return s.drawBooking(c, http.StatusUnprocessableEntity, func(b *views.BookingView) { typed(b); b.Faults = faults })
	}
	err = s.changing(c, func(ctx context.Context, tx pgx.Tx) error {
		_, err := booking.Move(ctx, tx, s.config.Jobs.River, v.OrgID, id, when, needs, &v.UserID, override(c), time.Now())
		return err
	})
	return s.changed(c, err, "moved", "times", typed)
}

// dropBooking answers a drag with the calendar it came from, which says so where it could not be.
func (s *Server) dropBooking(c echo.Context, id uuid.UUID, form url.Values) error {
	v, ctx := visitorOf(c), c.Request().Context()
	view, err := bookingOf(ctx, s.q, v, id, time.Now())
	if err != nil {
		return err
	}
	when, needs, ok := dropped(form, whenOf(view.Row, v.Zone), needsOf(view.Needs))
	for _, n := range needs {
		ok = ok && slices.ContainsFunc(view.Fields, func(f views.NeedField) bool { return f.ID == n.ResourceID })
	}
	if !ok {
		return errNotFound
	}
	err = s.changing(c, func(ctx context.Context, tx pgx.Tx) error {
		_, err := booking.Move(ctx, tx, s.config.Jobs.River, v.OrgID, id, when, needs, &v.UserID, "", time.Now())
		return err
	})
	_, refused := refusal(err)
	if err != nil && !refused && !errors.Is(err, booking.ErrNotNow) {
		return err
	}
	back := backTo(c.Request().Header.Get("HX-Current-URL"))
	if refused {
		back.Set("tried", id.String())
		for _, field := range []string{"day", "from", "of", "resource"} {
			back.Set("to."+field, form.Get(field))
		}
	}
	return c.Redirect(http.StatusSeeOther, "/app/calendar?"+back.Encode())
}

// backTo keeps of the address of the calendar in which it was dragged what says which days it shows.
func backTo(address string) url.Values {
	to := url.Values{}
	from, err := url.Parse(address)
	if err != nil {
		return to
	}
	for _, key := range []string{"view", "on"} {
		if value := from.Query().Get(key); value != "" {
			to.Set(key, value)
		}
	}
	return to
}

// dropped is where a drag leads: as many days on as it went, at the same time of day, and from one thing to another.
func dropped(form url.Values, was booking.When, needs []booking.Need) (booking.When, []booking.Need, bool) {
	from, okFrom := dayOf(form.Get("from"))
	to, okTo := dayOf(form.Get("day"))
	if !okFrom || !okTo || was.Starts.IsZero() || was.Ends.IsZero() {
		return was, needs, false
	}
	days := int(to.Sub(from) / (24 * time.Hour))
	when := booking.When{Starts: was.Starts.AddDate(0, 0, days), Ends: was.Ends.AddDate(0, 0, days), Zone: was.Zone}
	resource, err := uuid.Parse(form.Get("resource"))
	of, errOf := uuid.Parse(form.Get("of"))
	if err != nil || resource == of {
		return when, needs, true
	}
	moved := []booking.Need{}
	units := 1
	for _, n := range needs {
		switch {
		case errOf == nil && n.ResourceID == of:
			units = n.Units
		case n.ResourceID != resource:
			moved = append(moved, n)
		}
	}
	return when, append(moved, booking.Need{ResourceID: resource, Units: units}), true
}

// triedMove is the drag that was refused just now, with what stands against it at this moment.
func (s *Server) triedMove(c echo.Context, now time.Time) (*views.RefusedView, error) {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := uuid.Parse(c.QueryParam("tried"))
	if err != nil {
		return nil, nil
	}
	view, err := bookingOf(ctx, s.q, v, id, now)
	if err != nil {
		return nil, err
	}
	to := url.Values{}
	for _, field := range []string{"day", "from", "of", "resource"} {
		to.Set(field, c.QueryParam("to."+field))
	}
	when, needs, ok := dropped(to, whenOf(view.Row, v.Zone), needsOf(view.Needs))
	if !ok {
		return nil, nil
	}
	reasons, err := booking.Reasons(ctx, s.q, v.OrgID, when, needs, id, now)
	if err != nil || len(reasons) == 0 {
		return nil, asMissing(err)
	}
	return &views.RefusedView{Title: orElse(view.Row.Title, "This booking") + " cannot move to " + when.Starts.Format("Mon 2 January 2006"), Href: "/app/bookings/" + id.String() + "#move-title",
		WhyHref: whyHref(when, needs), Reasons: reasonsIn(reasons, v.Zone)}, nil
}
