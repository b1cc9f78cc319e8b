package web

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// typed is what came in a form that could not be taken, beside what is wrong with it.
type typed struct {
	wishes *wishes
	phone  *string
	faults views.Faults
}

// preferences are a person's own: what reaches them, how and when.
func (s *Server) preferences(c echo.Context) error {
	return s.drawPreferences(c, http.StatusOK, typed{})
}

func (s *Server) drawPreferences(c echo.Context, status int, form typed) error {
	v, ctx, now := visitorOf(c), c.Request().Context(), time.Now()
	row, kept, err := wishesOf(ctx, s.q, v)
	if err != nil {
		return err
	}
	if form.wishes != nil {
		kept = *form.wishes
	}
	p := s.page(c, "What reaches you", "settings")
	p.Tabs, p.Flash = settingsTabs("/app/preferences"), preferencesDone[c.QueryParam("done")]
	view := preferencesView(row, kept, form)
	if view.Phone.Waits, err = s.codeWaits(ctx, v.UserID, row.Phone, now); err != nil {
		return err
	}
	if view.Devices, err = s.pushSwitch(ctx, v.UserID); err != nil {
		return err
	}
	if view.Preview, err = s.review(ctx, v, row, kept, now); err != nil {
		return err
	}
	return draw(c, status, views.Preferences(p, view))
}

var preferencesDone = map[string]string{
	"kept":    "Kept. It counts from the next notice on.",
	"code":    "A code is on its way to your telephone. It counts for ten minutes.",
	"number":  "The number is kept. Your plan has no text messages, so no code was sent.",
	"proven":  "Your number is proven. Text messages reach you from now on.",
	"browser": "That browser is not told any more.",
	"removed": "Your number is removed. No text message goes there any more.",
}

// wishesOf is how a person can be reached, and what they chose.
func wishesOf(ctx context.Context, q *queries.Queries, v visitor) (queries.PeopleToReachRow, wishes, error) {
	me := []uuid.UUID{v.UserID}
	rows, err := q.PeopleToReach(ctx, queries.PeopleToReachParams{OrgID: v.OrgID, Users: me})
	if err != nil {
		return queries.PeopleToReachRow{}, wishes{}, err
	}
	if len(rows) == 0 {
		return queries.PeopleToReachRow{}, wishes{}, errNotYours // removed in this very moment
	}
	chosen, err := q.PreferencesOf(ctx, queries.PreferencesOfParams{OrgID: v.OrgID, Users: me})
	row := rows[0]
	w := wishes{Chosen: map[string]map[queries.Channel]queries.Pace{}, Zone: row.Timezone, From: clockOf(row.QuietFrom), Until: clockOf(row.QuietUntil), Quiet: notify.RecipientOf(row).Quiet}
	for _, p := range chosen {
		w.choose(p.Category, p.Channel, p.Pace)
	}
	return row, w, err
}

// keepPreferences takes the whole form or nothing of it. The same form twice ends in the same rows.
func (s *Server) keepPreferences(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	form, err := c.FormParams()
	if err != nil {
		return echo.ErrBadRequest
	}
	w, faults := readWishes(form)
	if len(faults) > 0 {
		return s.drawPreferences(c, http.StatusUnprocessableEntity, typed{wishes: &w, faults: faults})
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return w.keep(ctx, queries.New(tx), v.OrgID, v.UserID) })
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/preferences?done=kept")
}

func (w wishes) keep(ctx context.Context, q *queries.Queries, org, user uuid.UUID) error {
	hours := queries.KeepHoursParams{ID: user, Timezone: w.Zone}
	if w.Quiet != nil {
		from, until := int16(w.Quiet.From), int16(w.Quiet.Until)
		hours.QuietFrom, hours.QuietUntil = &from, &until
	}
	if _, err := q.KeepHours(ctx, hours); err != nil { // first: it makes two posts of one person take turns
		return err
	}
	if err := q.ForgetPreferences(ctx, queries.ForgetPreferencesParams{OrgID: org, UserID: user}); err != nil {
		return err
	}
	rows := queries.KeepPreferencesParams{OrgID: org, UserID: user}
	for category, channels := range w.Chosen {
		for ch, pace := range channels {
			rows.Categories, rows.Channels, rows.Paces = append(rows.Categories, category), append(rows.Channels, string(ch)), append(rows.Paces, string(pace))
		}
	}
	return q.KeepPreferences(ctx, rows)
}
