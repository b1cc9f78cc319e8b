package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/mail"
)

// sent is the page of what was sent, and of the addresses that it does not reach.
func (s *Server) sent(c echo.Context) error {
	v, ctx, now := visitorOf(c), c.Request().Context(), time.Now()
	filter := sentFilter(c, v.OrgID)
	rows, err := s.q.Sent(ctx, filter)
	if err != nil {
		return err
	}
	view := views.SentView{Now: now, Zone: v.Zone, Search: filter.Search, Channel: c.QueryParam("channel"), Group: c.QueryParam("group"), MayLift: s.may(v, manager),
		Filtered: filter.Search != "" || filter.Channel != nil || len(filter.Statuses) > 0 || c.QueryParam("before") != ""}
	if !view.Filtered { // who searches has a question of their own
		if view.Suppressed, err = s.q.SuppressedInUse(ctx, queries.SuppressedInUseParams{OrgID: v.OrgID, Owners: suppressors(v.OrgID)}); err != nil {
			return err
		}
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		view.Older = olderSent(c, rows[perPage-1].NotificationLog)
	}
	for _, r := range rows {
		view.Rows = append(view.Rows, views.SentItem{Title: lineOf(r.NotificationLog.Kind, r.Facts), Row: r.NotificationLog})
	}
	p := s.page(c, "Settings", "settings")
	p.Lead, p.Tabs = "What WedSync told your team and your couples in the last 90 days, and what became of it.", settingsTabs("/app/notifications")
	return draw(c, http.StatusOK, views.Sent(p, view))
}

// sentFilter reads what is asked for. What cannot be read asks for nothing.
func sentFilter(c echo.Context, org uuid.UUID) queries.SentParams {
	filter := queries.SentParams{OrgID: org, BeforeAt: theEnd, Search: searched(c)}
	if at, id, ok := readBefore(c.QueryParam("before")); ok {
		filter.BeforeAt, filter.BeforeID = at, id
	}
	if ch := queries.Channel(c.QueryParam("channel")); ch.Valid() {
		filter.Channel = &ch
	}
	for _, g := range views.SentGroups {
		if g.Key == c.QueryParam("group") {
			for _, status := range g.Statuses {
				filter.Statuses = append(filter.Statuses, string(status))
			}
			filter.Held, filter.Tried = slices.Contains(g.Statuses, queries.NotificationStatusBundled), slices.Contains(g.Statuses, queries.NotificationStatusQueued)
		}
	}
	return filter
}

// theEnd is after everything that was ever sent.
var theEnd = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// A place in the list is when a row was made, to the microsecond as Postgres keeps it, and its id.
func olderSent(c echo.Context, last queries.NotificationLog) string {
	params := url.Values{"before": {strconv.FormatInt(last.CreatedAt.UnixMicro(), 10) + "." + last.ID.String()}}
	for _, keep := range []string{"q", "channel", "group"} {
		if value := c.QueryParam(keep); value != "" {
			params.Set(keep, value)
		}
	}
	return "?" + params.Encode()
}

func readBefore(place string) (time.Time, uuid.UUID, bool) {
	micros, id, _ := strings.Cut(place, ".")
	at, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || at < 0 || at > theEnd.UnixMicro() {
		return time.Time{}, uuid.UUID{}, false
	}
	last, err := uuid.Parse(id)
	return time.UnixMicro(at), last, err == nil
}

// lineOf is all that others than its reader see of a message.
func lineOf(kind string, facts []byte) string {
	var news mail.News
	if err := json.Unmarshal(facts, &news); err != nil {
		return kind // facts of another version; the row still says what it can
	}
	title, _ := mail.Line(news)
	return title
}

// sentOne is one notification, step by step.
func (s *Server) sentOne(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	row, err := s.q.SentByID(ctx, queries.SentByIDParams{OrgID: v.OrgID, ID: id})
	if err != nil {
		return err
	}
	view := views.SentOneView{Now: time.Now(), Zone: v.Zone, Title: lineOf(row.NotificationLog.Kind, row.Facts), At: row.At, Row: row.NotificationLog}
	if view.Steps, err = s.q.StepsOf(ctx, queries.StepsOfParams{OrgID: v.OrgID, NotificationID: &id}); err != nil {
		return err
	}
	if view.Beside, err = s.q.ToldBeside(ctx, queries.ToldBesideParams{OrgID: v.OrgID, NoticeID: row.NotificationLog.NoticeID, ID: id}); err != nil {
		return err
	}
	p := s.page(c, breakable.Replace(view.Title), "settings")
	p.Back = &views.Link{Label: "What was sent", Href: "/app/notifications"}
	return draw(c, http.StatusOK, views.SentOne(p, view))
}

// suppressors are those by whose doing an address is left alone, as an organisation sees it: itself, and the house for all.
func suppressors(org uuid.UUID) []uuid.UUID { return []uuid.UUID{org, queries.House} }

// removeSuppression is "it works again". Somebody else's address, and one that only its owner may free, are not here.
func (s *Server) removeSuppression(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	ch, address := queries.Channel(c.FormValue("channel")), c.FormValue("address")
	if !ch.Valid() || len(address) > 254 || !utf8.ValidString(address) || strings.ContainsRune(address, 0) {
		return echo.ErrBadRequest
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		lifted, err := q.LiftSuppression(ctx, queries.LiftSuppressionParams{OrgID: v.OrgID, Owners: suppressors(v.OrgID), Channel: ch, Address: address})
		if err != nil {
			return err
		}
		if len(lifted) == 0 {
			return errNotFound
		}
		if err := s.tooMany(c, "suppression"); err != nil {
			return err
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "suppression.lifted", Subject: address, Detail: address + " (" + lifted[0] + ")"})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/notifications")
}
