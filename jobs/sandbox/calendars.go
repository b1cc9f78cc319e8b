package sandbox

import (
	"net/url"

	"github.com/wedsync/wedsync/jobs/calendar"
)

// CalendarSettings are those of a WedSync at that public address, so that Google and Microsoft are the stand-ins.
func (w *World) CalendarSettings(base *url.URL) calendar.Settings {
	at := func(path string) string { return base.JoinPath("/sandbox", path).String() }
	return calendar.Settings{
		Google: calendar.Provider{ClientID: w.Google.ClientID, ClientSecret: w.Google.ClientSecret, URL: at("google/calendar/v3") + "/",
			AuthURL: at("google/o/oauth2/auth"), TokenURL: at("google/token")},
		Microsoft: calendar.Provider{ClientID: w.Graph.ClientID, ClientSecret: w.Graph.ClientSecret, URL: at("microsoft/v1.0") + "/",
			AuthURL: at("microsoft/common/oauth2/v2.0/authorize"), TokenURL: at("microsoft/common/oauth2/v2.0/token")},
	}
}
