// Package views draws the pages: a .templ per page, and the frames around them (shell.templ).
//
// A view gets the values it shows and has nothing to fetch; what the stream redraws is a component of its own, drawn the
// same way by the page and by the stream. The package hides all markup from web.
//
// It imports ui, mail's neighbour below, and static for addresses; web and jobs import it.
package views

import (
	"github.com/a-h/templ"

	"github.com/wedsync/wedsync/static"
	"github.com/wedsync/wedsync/views/ui"
)

// Page is what a frame needs to know about the page inside it.
type Page struct {
	Title       string
	Description string // for search engines and shared links; empty on pages behind the sign-in
	Lead        string // a sentence below the title
	Place       string // the current item of the rail: "today", "calendar", "weddings", "clients", "payments", "connections", or "settings"

	Person, Org, Role string

	Unproven string // the person's address, until they have shown that it is theirs

	Unlisted bool // search engines leave it out

	LiveURL  string // where the stream of the page's own regions is; empty: it has none
	Demo     bool   // says that the data is made up
	Operator bool   // may enter /ops
	Flash    string // what has just been done

	Back      *Link           // leads up: "All weddings"
	Tabs      []Link          // parts of this place; Current marks one
	Actions   templ.Component // beside the title: the page's one primary button
	Emergency templ.Component // the region #emergency, when there is one to show
	Bell      *BellView       // nil: nobody's inbox
	FrameLive string          // what the frame itself follows on the stream: "inbox%3A…=3&emergency%3A…=0"
}

// stream is the address of everything on the page that is live; empty: nothing is.
func (p Page) stream() string {
	switch {
	case p.FrameLive == "":
		return p.LiveURL
	case p.LiveURL == "":
		return "/live?" + p.FrameLive
	default:
		return p.LiveURL + "&" + p.FrameLive
	}
}

// Link is somewhere to go.
type Link struct {
	Label, Href string
	Current     bool
}

type place struct {
	Key, Label, Href, Icon string
}

var places = []place{
	{"today", "Today", "/app", "today"},
	{"calendar", "Calendar", "/app/calendar", "calendar"},
	{"weddings", "Weddings", "/app/weddings", "rings"},
	{"clients", "Clients", "/app/clients", "people"},
	{"payments", "Payments", "/app/payments", "coins"},
	{"connections", "Connections", "/app/connections", "plug"},
}

// settings stand beside the person, and on a phone behind "More".
var settings = place{"settings", "Settings", "/app/settings", "settings"}

// onBar is how many places the phone's bar shows; the rest are behind its "More".
const onBar = 4

func (p Page) title() string {
	if p.Title == "" {
		return "WedSync"
	}
	return p.Title + " · WedSync"
}

func (p Page) behindMore() bool {
	for _, at := range places[onBar:] {
		if at.Key == p.Place {
			return true
		}
	}
	return p.Place == settings.Key
}

func current(yes bool) templ.Attributes {
	if yes {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}

// The names of the stream's events, as the contract has them.
const liveEvents = "dashboard_kpi_update,wedding_coordination,client_notification,calendar_conflict,sync_completion,emergency_alert"

// No styles of htmx's own and no eval, as the content security policy demands; settling would put old attributes back for a
// moment on what was redrawn.
const htmxConfig = `{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"selfRequestsOnly":true,"attributesToSettle":[],"defaultSettleDelay":0,"historyEnabled":false}`

var preloaded = []string{
	static.URL("inter-latin-wght-normal.woff2"),
	static.URL("fraunces-latin-opsz-normal.woff2"),
}

// emergency is the region with nothing in it where all is well: the stream needs the element to be there.
func (p Page) emergency() templ.Component {
	if p.Emergency != nil {
		return p.Emergency
	}
	return ui.LiveRegion(ui.Region{ID: "emergency", Class: "emergency"})
}
