package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

func (s *Server) sync() *calendar.Sync { return s.config.Jobs.Calendar }

var allAccounts = &views.Link{Label: "All outside calendars", Href: "/app/calendars"}

// calendarDone is what a page of the outside calendars says after its own button.
var calendarDone = map[string]string{
	"connected":    "Connected. Its calendars are read for the first time now; choose what each of them does.",
	"disconnected": "Disconnected. Your bookings stay as they are, and so does what was written outside.",
	"pause":        "Paused. Nothing is read or written, and its events block nothing, until you go on.",
	"resumption":   "Going on. What changed meanwhile is read now.",
	"choice":       "Kept. What it changes shows within moments.",
	"pull":         "It is read now.",
	"strategy":     "The rule is kept. It holds for what is changed from now on.",
	"password":     "The new password works and is kept.",
	"freshness":    "Kept. It holds from the next confirmation on.",
	"words":        "Your words are kept. What stands outside is written anew in the next minutes.",
	"feed-make":    "Here is your private address.",
	"feed-renew":   "Here is your new private address. The one before answers nobody any more.",
	"feed-remove":  "The private address is gone. Calendars that used it stop.",
}

// consentTrouble is why somebody came back from a provider without a calendar.
var consentTrouble = map[string]string{
	"denied": "You came back without saying yes, so nothing was connected. If that was not meant, begin once more.",
	"state":  "That sign-in was begun by somebody else, used already, or is older than ten minutes. Begin once more from here.",
	"failed": "The provider could not say yes just now. Nothing was changed; try again in a minute.",
}

func (s *Server) calendarAccounts(c echo.Context) error {
	return s.drawCalendarAccounts(c, http.StatusOK, views.CalendarAccountsView{Trouble: consentTrouble[c.QueryParam("trouble")]})
}

// drawCalendarAccounts puts back what was typed.
func (s *Server) drawCalendarAccounts(c echo.Context, status int, view views.CalendarAccountsView) error {
	v, ctx, now := visitorOf(c), c.Request().Context(), time.Now()
	settings := s.sync().Settings
	view.MayChange, view.Owner = s.may(v, manager), s.may(v, owner)
	view.Google, view.Microsoft = settings.Google.Configured(), settings.Microsoft.Configured()
	var open int64
	err := s.snapshot(ctx, func(q *queries.Queries) (err error) {
		stands, err := standsOf(ctx, q, v.OrgID, "calendars")
		if err != nil {
			return err
		}
		if view.Live, err = accountsOf(ctx, q, v.OrgID, stands["calendars"], now); err != nil {
			return err
		}
		if open, err = q.CountOpenConflicts(ctx, v.OrgID); err != nil {
			return err
		}
		rules, err := q.CalendarRules(ctx, v.OrgID)
		if err != nil {
			return err
		}
		if view.Fresh.Minutes == "" && view.Fresh.HoldDays == "" {
			view.Fresh = views.FreshnessForm{Minutes: strconv.Itoa(int(rules.FreshWithinMinutes)), HoldDays: strconv.Itoa(int(rules.HoldDays))}
		}
		view.Own, err = s.ownFeed(v.OrgID, rules.FeedSealed, view.MayChange)
		return err
	})
	if err != nil {
		return err
	}
	p := s.page(c, "Outside calendars", "calendar")
	p.Lead = "What blocks your days from outside, and where your bookings appear."
	p.Tabs, p.Flash = countedTabs("/app/calendars", open), calendarDone[c.QueryParam("done")]
	p.LiveURL = liveURL(map[string]views.Stand{"calendars": view.Live.Stand})
	s.mayLeadAway(c)
	return draw(c, status, views.CalendarAccounts(p, view))
}

// countedTabs say how many conflicts are open.
func countedTabs(current string, open int64) []views.Link {
	tabs := calendarTabs(current)
	for i := range tabs {
		if tabs[i].Href == "/app/conflicts" && open > 0 {
			tabs[i].Label += " (" + strconv.FormatInt(open, 10) + ")"
		}
	}
	return tabs
}

// accountsOf are the accounts of an organisation on its own clock.
func accountsOf(ctx context.Context, q *queries.Queries, org uuid.UUID, stand views.Stand, now time.Time) (views.AccountsLiveView, error) {
	view := views.AccountsLiveView{Stand: stand}
	rules, err := q.CalendarRules(ctx, org)
	if err != nil {
		return view, err
	}
	view.Now, view.Within = now.In(zoneNamed(rules.Timezone)), time.Duration(rules.FreshWithinMinutes)*time.Minute
	view.Rows, err = accountCards(ctx, q, org, nil, now)
	return view, err
}

// accountCards are all accounts, or the one that is asked for, with their calendars.
func accountCards(ctx context.Context, q *queries.Queries, org uuid.UUID, one *uuid.UUID, now time.Time) ([]views.AccountCard, error) {
	accounts, err := q.CalendarAccounts(ctx, queries.CalendarAccountsParams{OrgID: org, ConnectionID: one})
	if err != nil {
		return nil, err
	}
	calendars, err := q.CalendarsOfAccounts(ctx, queries.CalendarsOfAccountsParams{OrgID: org, ConnectionID: one, Now: now})
	if err != nil {
		return nil, err
	}
	cards := make([]views.AccountCard, len(accounts))
	for i, a := range accounts {
		cards[i] = views.AccountCard{CalendarAccountsRow: a, Calendars: slices.DeleteFunc(slices.Clone(calendars),
			func(c queries.CalendarsOfAccountsRow) bool { return c.ConnectionID != a.ID })}
	}
	return cards, nil
}

// createCalendarAccount connects a CalDAV server or a feed.
func (s *Server) createCalendarAccount(c echo.Context) error {
	v := visitorOf(c)
	kind := queries.CalendarKind(c.FormValue("kind"))
	if kind != queries.CalendarKindCaldav && kind != queries.CalendarKindIcs {
		return echo.ErrBadRequest
	}
	asked := calendar.Connecting{OrgID: v.OrgID, By: &v.UserID, Kind: kind, URL: strings.TrimSpace(c.FormValue("url"))}
	if kind == queries.CalendarKindCaldav {
		asked.User, asked.Password = strings.TrimSpace(c.FormValue("user")), c.FormValue("password")
	}
	if err := s.tooMany(c, "calendar"); err != nil {
		return err
	}
	faults := checkConnecting(asked)
	if len(faults) == 0 {
		id, err := s.sync().Connect(c.Request().Context(), asked)
		if err == nil {
			return c.Redirect(http.StatusSeeOther, "/app/calendars/"+id.String()+"?done=connected")
		}
		if faults, err = connectFaults(asked, err); err != nil {
			return err
		}
	}
	view := views.CalendarAccountsView{Faults: faults}
	if kind == queries.CalendarKindIcs {
		view.Feed = asked.URL
	} else {
		view.CalDAV = views.CalDAVForm{URL: asked.URL, User: asked.User}
	}
	return s.drawCalendarAccounts(c, http.StatusUnprocessableEntity, view)
}

// checkConnecting is what needs no server to be asked.
func checkConnecting(a calendar.Connecting) views.Faults {
	faults := views.Faults{}
	at := addressField(a.Kind)
	faults.Say(a.URL == "", at, "Give the address.")
	faults.Say(len(a.URL) > 2000, at, "This address is too long to be one.")
	u, err := url.Parse(a.URL)
	faults.Say(err != nil || !slices.Contains([]string{"http", "https", "webcal", "webcals"}, strings.ToLower(u.Scheme)), at, "The address begins with https:// or, of a feed, with webcal://.")
	if a.Kind == queries.CalendarKindCaldav {
		faults.Say(a.User == "" || len(a.User) > 300, "user", "Give the user name that you have there.")
		faults.Say(a.Password == "" || len(a.Password) > 1000, "password", "Give the app password.")
	}
	return faults
}

// addressField: both forms ask for an address, and stand on one page.
func addressField(kind queries.CalendarKind) string {
	if kind == queries.CalendarKindIcs {
		return "feed"
	}
	return "url"
}

// connectFaults puts what the person can mend beside its field. Everything else is an error of ours.
func connectFaults(a calendar.Connecting, err error) (views.Faults, error) {
	var wrong *calendar.Wrong
	var again *remote.Reconnect
	switch {
	case errors.As(err, &wrong):
		field := wrong.Field
		if field == "url" {
			field = addressField(a.Kind)
		}
		if !slices.Contains([]string{"url", "feed", "user", "password"}, field) {
			field = ""
		}
		return views.Faults{field: wrong.Words}, nil
	case errors.As(err, &again):
		return views.Faults{"password": again.Words}, nil
	default:
		return nil, err
	}
}

// changeFreshness is how old a proof may be, and how long a hold lasts.
func (s *Server) changeFreshness(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	form := views.FreshnessForm{Minutes: strings.TrimSpace(c.FormValue("minutes")), HoldDays: strings.TrimSpace(c.FormValue("hold_days"))}
	minutes, err := strconv.ParseInt(form.Minutes, 10, 16)
	faults := views.Faults{}
	faults.Say(err != nil || minutes < 1 || minutes > 1440, "minutes", "Give whole minutes, from 1 to 1440 (a day).")
	days, err := strconv.ParseInt(form.HoldDays, 10, 16)
	faults.Say(err != nil || days < 1 || days > 90, "hold_days", "Give whole days, from 1 to 90.")
	if len(faults) > 0 {
		return s.drawCalendarAccounts(c, http.StatusUnprocessableEntity, views.CalendarAccountsView{Fresh: form, Faults: faults})
	}
	err = s.audited(ctx, v, queries.AuditParams{Action: "calendars.freshness", Detail: form.Minutes + " minutes, " + form.HoldDays + " days"}, []string{"calendar", "calendars"},
		func(q *queries.Queries) error {
			return q.SetFreshness(ctx, queries.SetFreshnessParams{ID: v.OrgID, FreshWithinMinutes: int16(minutes), HoldDays: int16(days)})
		})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/calendars?done=freshness#freshness")
}
