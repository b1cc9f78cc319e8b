package calendar

import (
	"fmt"
	"net/url"

	"github.com/wedsync/wedsync/queries"
)

// The providers' own addresses (providers.md §3.1, §4.1).
const (
	GoogleURL         = "https://www.googleapis.com/calendar/v3/"
	GoogleAuthURL     = "https://accounts.google.com/o/oauth2/auth"
	GoogleTokenURL    = "https://oauth2.googleapis.com/token"
	MicrosoftURL      = "https://graph.microsoft.com/v1.0/"
	MicrosoftAuthURL  = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
	MicrosoftTokenURL = "https://login.microsoftonline.com/common/oauth2/v2.0/token"
)

// Provider is what we are at Google or Microsoft.
type Provider struct{ ClientID, ClientSecret, URL, AuthURL, TokenURL string }

// Configured says whether anybody can be sent there.
func (p Provider) Configured() bool { return p.ClientID != "" && p.ClientSecret != "" }

// Settings are what main reads from the environment.
type Settings struct{ Google, Microsoft Provider }

// SettingsFrom reads them; prefix names the variables.
func SettingsFrom(getenv func(string) string) (s Settings, err error) {
	or := func(name, otherwise string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return otherwise
	}
	s.Google = Provider{getenv("GOOGLE_CLIENT_ID"), getenv("GOOGLE_CLIENT_SECRET"), or("GOOGLE_URL", GoogleURL), or("GOOGLE_AUTH_URL", GoogleAuthURL), or("GOOGLE_TOKEN_URL", GoogleTokenURL)}
	s.Microsoft = Provider{getenv("MICROSOFT_CLIENT_ID"), getenv("MICROSOFT_CLIENT_SECRET"), or("MICROSOFT_URL", MicrosoftURL), or("MICROSOFT_AUTH_URL", MicrosoftAuthURL), or("MICROSOFT_TOKEN_URL", MicrosoftTokenURL)}
	for _, v := range []struct{ name, value, such string }{
		{"GOOGLE_URL", s.Google.URL, GoogleURL}, {"GOOGLE_AUTH_URL", s.Google.AuthURL, GoogleAuthURL}, {"GOOGLE_TOKEN_URL", s.Google.TokenURL, GoogleTokenURL},
		{"MICROSOFT_URL", s.Microsoft.URL, MicrosoftURL}, {"MICROSOFT_AUTH_URL", s.Microsoft.AuthURL, MicrosoftAuthURL}, {"MICROSOFT_TOKEN_URL", s.Microsoft.TokenURL, MicrosoftTokenURL},
	} {
		if u, err := url.Parse(v.value); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return s, fmt.Errorf("%s takes an address, such as %s; it is %q", v.name, v.such, v.value)
		}
	}
	return s, nil
}

// Of is the provider of a kind of calendar.
func (s Settings) Of(kind queries.CalendarKind) Provider {
	if kind == queries.CalendarKindGoogle {
		return s.Google
	}
	return s.Microsoft
}
