package web

import "github.com/wedsync/wedsync/views"

// calendarTabs stands in until the calendar page is merged.
func calendarTabs(current string) []views.Link {
	tabs := []views.Link{{Label: "Calendar", Href: "/app/calendar"}, {Label: "Conflicts", Href: "/app/conflicts"},
		{Label: "Outside calendars", Href: "/app/calendars"}, {Label: "Resources", Href: "/app/resources"}}
	for i := range tabs {
		tabs[i].Current = tabs[i].Href == current
	}
	return tabs
}
