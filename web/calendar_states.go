package web

import (
	"context"
	"strconv"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// CalendarStates are Google Calendar and Outlook as the environment names them, and how many accounts wait for a person. A
// database that does not answer is said by others: q may be nil.
func CalendarStates(ctx context.Context, q *queries.Queries, s calendar.Settings) []views.Finding {
	accounts := map[queries.CalendarKind]queries.AllOrgsCalendarAccountsRow{}
	if q != nil {
		if rows, err := q.AllOrgsCalendarAccounts(ctx); err == nil {
			for _, row := range rows {
				accounts[row.Kind] = row
			}
		}
	}
	return []views.Finding{
		calendarState("Google", "GOOGLE", s.Google, accounts[queries.CalendarKindGoogle]),
		calendarState("Outlook", "MICROSOFT", s.Microsoft, accounts[queries.CalendarKindMicrosoft]),
		calendarState("CalDAV", "", calendar.Provider{}, accounts[queries.CalendarKindCaldav]),
	}
}

// calendarState is healthy also where something is left out on purpose, or where a supplier has to sign in somewhere: neither
// is a fault of this node.
func calendarState(name, prefix string, p calendar.Provider, of queries.AllOrgsCalendarAccountsRow) views.Finding {
	words := "calendars: "
	switch {
	case prefix == "":
		words += "needs nothing to be configured"
	case !p.Configured() && p.ClientID != "":
		words += "not configured: " + prefix + "_CLIENT_SECRET is empty"
	case !p.Configured():
		words += "not configured: " + prefix + "_CLIENT_ID is empty"
	default:
		words += "configured, sign-in at " + host(p.AuthURL, "")
	}
	if of.Accounts > 0 {
		words += "; " + strconv.FormatInt(of.Accounts, 10) + " connected"
	}
	if of.Reconnecting > 0 {
		words += ", " + strconv.FormatInt(of.Reconnecting, 10) + " of them to be connected anew by their people"
	}
	return views.Finding{What: name, Healthy: true, Words: words}
}
