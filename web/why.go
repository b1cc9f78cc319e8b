package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

// nearbyDays is how far to either side a free day is looked for, and nearbyMost how many are shown.
const (
	nearbyDays = 14
	nearbyMost = 6
)

// why answers why a date is not free: everything that stands against it, how sure that is, and what is free nearby.
func (s *Server) why(c echo.Context) error {
	v, ctx, now, params := visitorOf(c), c.Request().Context(), time.Now(), c.QueryParams()
	view := views.WhyView{Now: now.In(v.Zone), Zone: v.Zone, Faults: views.Faults{}, MayHold: s.may(v, manager)}
	when := whenLooked(params, v.Zone, now)
	err := s.snapshot(ctx, func(q *queries.Queries) error {
		resources, err := q.Resources(ctx, queries.ResourcesParams{OrgID: v.OrgID, Now: now})
		if err != nil {
			return err
		}
		resource, err := lookedFor(params.Get("resource"), resources)
		if err != nil {
			return err
		}
		view.Options, view.Resource = resourceOptions(resources), params.Get("resource")
		if field, _ := booking.CheckWhen(when); field != "" {
			view.When = typedForm(params)
			view.Faults[field] = whenFault(field)
			return nil
		}
		view.When = whenForm(when)
		return s.answerWhy(ctx, q, v.OrgID, when, resource, resources, &view)
	})
	if err != nil {
		return asMissing(err)
	}
	p := s.page(c, "Why is this date not free?", "calendar")
	p.Back = &views.Link{Label: "Calendar", Href: views.CalendarHref("month", when.Starts)}
	status := http.StatusOK
	if len(view.Faults) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return draw(c, status, views.Why(p, view))
}

// lookedFor is the one thing that should be free; none means everything that is offered, or the usual one where there is one.
func lookedFor(typed string, resources []queries.ResourcesRow) ([]queries.ResourcesRow, error) {
	if typed == "" {
		if usual := slices.IndexFunc(resources, func(r queries.ResourcesRow) bool { return r.Usual }); usual >= 0 {
			return resources[usual : usual+1], nil
		}
		return offered(resources), nil
	}
	at := slices.IndexFunc(resources, func(r queries.ResourcesRow) bool { return r.ID.String() == typed })
	if at < 0 {
		return nil, errNotFound
	}
	return resources[at : at+1], nil
}

func offered(resources []queries.ResourcesRow) (all []queries.ResourcesRow) {
	for _, r := range resources {
		if r.RetiredAt == nil {
			all = append(all, r)
		}
	}
	return all
}

func resourceOptions(resources []queries.ResourcesRow) []ui.Option {
	all := []ui.Option{{Label: "What is usually taken"}}
	for _, r := range offered(resources) {
		all = append(all, ui.Option{Value: r.ID.String(), Label: r.Name})
	}
	return all
}

func (s *Server) answerWhy(ctx context.Context, q *queries.Queries, org uuid.UUID, when booking.When, wanted, resources []queries.ResourcesRow, view *views.WhyView) error {
	needs := make([]booking.Need, len(wanted))
	for i, r := range wanted {
		needs[i] = booking.Need{ResourceID: r.ID, Units: 1}
	}
	reasons, err := booking.Reasons(ctx, q, org, when, needs, uuid.Nil, view.Now)
	if err != nil {
		return err
	}
	from, until := when.Range()
	view.Asked, view.Reasons = true, reasonsIn(reasons, view.Zone)
	view.Said = when.Starts.Format("Mon 2 January 2006, 15:04") + " – " + when.Ends.Format("Mon 2 January 2006, 15:04")
	view.HoldHref = holdHref(when, view.Resource)
	if view.Fresh, err = askedOf(ctx, q, org, wanted, view.Now); err != nil || len(reasons) == 0 {
		return err
	}
	around := queries.ClaimsDuringParams{OrgID: org, Since: from.AddDate(0, 0, -nearbyDays-3), Until: until.AddDate(0, 0, nearbyDays+3)}
	claims, err := q.ClaimsDuring(ctx, around)
	if err != nil {
		return err
	}
	busy, err := q.CalendarBusy(ctx, queries.CalendarBusyParams{OrgID: org, Since: around.Since, Until: around.Until})
	if err != nil {
		return err
	}
	for _, days := range freeNearby(when, wanted, claims, busy, view.Now) {
		to := booking.When{Starts: when.Starts.AddDate(0, 0, days), Ends: when.Ends.AddDate(0, 0, days), Zone: when.Zone}
		view.Nearby = append(view.Nearby, views.Nearby{Day: to.Starts, Days: days, Href: holdHref(to, view.Resource), Said: ui.DayTime(to.Starts)})
	}
	if len(wanted) == 1 {
		for _, r := range offered(resources) {
			if r.Kind == wanted[0].Kind && r.ID != wanted[0].ID && isFree(from, until, r, claims, busy) {
				view.Others = append(view.Others, r.Name)
			}
		}
	}
	return nil
}

func holdHref(w booking.When, resource string) string {
	params := url.Values{"starts": {w.Starts.Format(typedTimes[0])}, "ends": {w.Ends.Format(typedTimes[0])}, "timezone": {w.Zone}}
	if resource != "" {
		params.Set("resource", resource)
	}
	return "/app/bookings/new?" + params.Encode()
}

// askedOf are the outside calendars that have a say about what is wanted.
func askedOf(ctx context.Context, q *queries.Queries, org uuid.UUID, wanted []queries.ResourcesRow, now time.Time) (all []views.Asked, err error) {
	rows, err := q.OutsideCalendars(ctx, queries.OutsideCalendarsParams{OrgID: org, Now: &now})
	for _, r := range rows {
		about := r.ResourceID == nil || slices.ContainsFunc(wanted, func(w queries.ResourcesRow) bool { return w.ID == *r.ResourceID })
		if r.Blocks && about {
			all = append(all, views.Asked{Calendar: views.OutsideName(r.Name, r.Account), AsOf: r.FreshAt})
		}
	}
	return all, err
}

// freeNearby are the days to either side on which the same would be free, by how far they are, the nearest first.
func freeNearby(when booking.When, wanted []queries.ResourcesRow, claims []queries.ClaimsDuringRow, busy []queries.CalendarBusyRow, now time.Time) (days []int) {
	for away := 1; away <= nearbyDays && len(days) < nearbyMost; away++ {
		for _, d := range []int{-away, away} {
			from, until := booking.When{Starts: when.Starts.AddDate(0, 0, d), Ends: when.Ends.AddDate(0, 0, d), Zone: when.Zone}.Range()
			free := from.After(now) && !slices.ContainsFunc(wanted, func(r queries.ResourcesRow) bool { return !isFree(from, until, r, claims, busy) })
			if free && len(days) < nearbyMost {
				days = append(days, d)
			}
		}
	}
	slices.Sort(days)
	return days
}

// isFree says whether one more of a thing could be taken, with what it needs before and after.
func isFree(from, until time.Time, r queries.ResourcesRow, claims []queries.ClaimsDuringRow, busy []queries.CalendarBusyRow) bool {
	from, until = from.Add(-time.Duration(r.MinutesBefore)*time.Minute), until.Add(time.Duration(r.MinutesAfter)*time.Minute)
	meets := func(a, b time.Time) bool { return a.Before(until) && b.After(from) }
	for _, b := range busy {
		if (b.ResourceID == nil || *b.ResourceID == r.ID) && meets(b.FromThen, b.UntilThen) {
			return false
		}
	}
	var starts []time.Time
	for _, c := range claims {
		if c.ResourceID == r.ID && meets(c.FromThen, c.UntilThen) {
			starts = append(starts, latest(c.FromThen, from))
		}
	}
	for _, at := range starts { // most are taken where one of them begins
		taken := 0
		for _, c := range claims {
			if c.ResourceID == r.ID && !c.FromThen.After(at) && c.UntilThen.After(at) {
				taken++
			}
		}
		if taken >= int(r.Capacity) {
			return false
		}
	}
	return true
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
