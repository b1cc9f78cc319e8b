package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

func (s *Server) resources(c echo.Context) error {
	return s.drawResources(c, http.StatusOK, views.ResourceForm{})
}

func (s *Server) drawResources(c echo.Context, status int, form views.ResourceForm) error {
	v, ctx, now := visitorOf(c), c.Request().Context(), time.Now()
	rows, err := s.q.Resources(ctx, queries.ResourcesParams{OrgID: v.OrgID, Now: now})
	if err != nil {
		return err
	}
	view := views.ResourcesView{Now: now, Rows: rows, MayChange: s.may(v, manager), Form: form}
	if view.MayChange {
		if view.Link, err = s.availabilityLink(ctx, v.OrgID); err != nil {
			return err
		}
	}
	p := s.page(c, "Resources", "calendar")
	p.Lead = "What a wedding takes of yours: rooms, people, vehicles. Each can be taken once at a time."
	p.Tabs, p.Flash = calendarTabs("/app/resources"), resourceDone[c.QueryParam("done")]
	return draw(c, status, views.Resources(p, view))
}

var resourceDone = map[string]string{"added": "It can be taken from now on.", "kept": "The change is kept.", "retired": "It is retired. Past bookings keep it.", "offered": "It is offered again.",
	"make": "The link is made.", "renew": "The link is new. The one before leads nowhere any more.", "remove": "The link is removed."}

// resourceAsked reads the form and says what is wrong with it.
func resourceAsked(form url.Values, id uuid.UUID) (r queries.SetResourceParams, f views.ResourceForm) {
	f = views.ResourceForm{ID: id, Name: strings.TrimSpace(form.Get("name")), Kind: form.Get("kind"), Capacity: form.Get("capacity"), Before: form.Get("before"), After: form.Get("after"),
		Usual: form.Get("usual") != "", Faults: views.Faults{}}
	number := func(typed, field string, least, most int, words string) int16 {
		n, err := strconv.Atoi(strings.TrimSpace(typed))
		f.Faults.Say(err != nil || n < least || n > most, field, words)
		return int16(min(max(n, least), most))
	}
	f.Faults.Say(f.Name == "" || tooLong(f.Name, 80), "name", "Give it a name of up to 80 letters.")
	f.Faults.Say(!queries.ResourceKind(f.Kind).Valid(), "kind", "Choose from the list.")
	r = queries.SetResourceParams{ID: id, Name: f.Name, Kind: queries.ResourceKind(f.Kind), Usual: f.Usual,
		Capacity:      number(f.Capacity, "capacity", 1, 500, "Between 1 and 500 of them."),
		MinutesBefore: number(f.Before, "before", 0, 2880, "Between 0 and 2,880 minutes: two days."),
		MinutesAfter:  number(f.After, "after", 0, 2880, "Between 0 and 2,880 minutes: two days.")}
	if f.Kind == "" {
		f.Kind = "thing" // what was typed stays in the form even where nothing was chosen
	}
	return r, f
}

func (s *Server) createResource(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	r, f := resourceAsked(form, uuid.Nil)
	org := visitorOf(c).OrgID
	return s.keepResource(c, f, "added", func(ctx context.Context, _ pgx.Tx, q *queries.Queries) error {
		id := uuid.Must(uuid.NewV7())
		if r.Usual {
			if err := q.UnsetUsual(ctx, queries.UnsetUsualParams{OrgID: org, ID: id}); err != nil {
				return err
			}
		}
		return q.AddResource(ctx, queries.AddResourceParams{OrgID: org, ID: id, Name: r.Name, Kind: r.Kind, Capacity: r.Capacity, MinutesBefore: r.MinutesBefore, MinutesAfter: r.MinutesAfter, Usual: r.Usual})
	})
}

func (s *Server) changeResource(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	r, f := resourceAsked(form, id)
	r.OrgID = visitorOf(c).OrgID
	return s.keepResource(c, f, "kept", func(ctx context.Context, tx pgx.Tx, q *queries.Queries) error {
		if err := s.reshape(ctx, tx, r); err != nil { // before the row is locked, as everybody does who takes of it
			return err
		}
		was, err := q.LockResource(ctx, queries.LockResourceParams{OrgID: r.OrgID, ID: id})
		if err != nil {
			return err
		}
		r.Usual = r.Usual && was.RetiredAt == nil
		if r.Usual {
			if err := q.UnsetUsual(ctx, queries.UnsetUsualParams{OrgID: r.OrgID, ID: id}); err != nil {
				return err
			}
		}
		return q.SetResource(ctx, r)
	})
}

// reshape deals what is booked ahead anew; what would not fit any more refuses the change.
func (s *Server) reshape(ctx context.Context, tx pgx.Tx, r queries.SetResourceParams) error {
	err := booking.Reshape(ctx, tx, s.config.Jobs.River, r.OrgID, r.ID, int(r.Capacity), int(r.MinutesBefore), int(r.MinutesAfter), time.Now())
	var refused *booking.Refused
	switch {
	case errors.As(err, &refused):
		return resourceFault{"capacity", refused.NoRoom()}
	case errors.Is(err, booking.ErrNoResource):
		return pgx.ErrNoRows
	}
	return err
}

// resourceFault is what a form learns only from the database.
type resourceFault struct{ field, words string }

func (f resourceFault) Error() string { return f.words }

// keepResource makes a change of what can be taken, or says beside its field why not.
func (s *Server) keepResource(c echo.Context, f views.ResourceForm, done string, change func(context.Context, pgx.Tx, *queries.Queries) error) error {
	var err error
	if len(f.Faults) == 0 {
		err = s.changing(c, func(ctx context.Context, tx pgx.Tx) error {
			q := queries.New(tx)
			if err := change(ctx, tx, q); err != nil {
				return err
			}
			return q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{visitorOf(c).OrgID}, Regions: []string{"calendar"}})
		})
	}
	var fault resourceFault
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &fault):
		f.Faults[fault.field] = fault.words
	case errors.As(err, &refused) && refused.ConstraintName == "resources_name":
		f.Faults["name"] = "There is something of that name already."
	case err != nil:
		return err
	}
	if len(f.Faults) > 0 {
		return s.drawResources(c, http.StatusUnprocessableEntity, f)
	}
	return c.Redirect(http.StatusSeeOther, "/app/resources?done="+done)
}

// retireResource takes a thing out of the offer, or puts it back. What is taken ahead cannot be retired under its bookings.
func (s *Server) retireResource(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	org, now, back := visitorOf(c).OrgID, time.Now(), c.FormValue("back") != ""
	f, done := views.ResourceForm{ID: id, Faults: views.Faults{}}, "retired"
	if back {
		done = "offered"
	}
	return s.keepResource(c, f, done, func(ctx context.Context, _ pgx.Tx, q *queries.Queries) error {
		if _, err := q.LockResource(ctx, queries.LockResourceParams{OrgID: org, ID: id}); err != nil {
			return err
		}
		if back {
			return q.RetireResource(ctx, queries.RetireResourceParams{OrgID: org, ID: id})
		}
		ahead, err := q.FutureNeeds(ctx, queries.FutureNeedsParams{OrgID: org, ResourceID: id, Now: now})
		if err != nil {
			return err
		}
		if ahead > 0 {
			return resourceFault{"", retireFault(ahead)}
		}
		return q.RetireResource(ctx, queries.RetireResourceParams{OrgID: org, ID: id, RetiredAt: &now})
	})
}

func retireFault(ahead int64) string {
	if ahead == 1 {
		return "One booking ahead still takes it, so it is not retired. Move or cancel that one first."
	}
	return strconv.FormatInt(ahead, 10) + " bookings ahead still take it, so it is not retired. Move or cancel them first."
}
