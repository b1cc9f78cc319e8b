package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// pushHome is the page that shows the switch.
const pushHome = "/app/push"

func (s *Server) pushPage(c echo.Context) error {
	return s.drawPush(c, http.StatusOK, "")
}

func (s *Server) drawPush(c echo.Context, status int, fault string) error {
	devices, err := s.pushDevices(c)
	if err != nil {
		return err
	}
	push, err := s.ear.Carriers.Push.Wire(c.Request().Context())
	if err != nil {
		return err
	}
	p := s.page(c, "Notifications in your browsers", "settings")
	p.Lead = "What matters reaches you also while WedSync is closed, on every computer and phone where you turn it on."
	p.Tabs = settingsTabs("/app/preferences")
	return draw(c, status, views.Push(p, fault, push.Key.Public(), devices))
}

// pushDevices are the visitor's own.
func (s *Server) pushDevices(c echo.Context) ([]views.PushDevice, error) {
	rows, err := s.q.PushSubscriptionsOf(c.Request().Context(), visitorOf(c).UserID)
	if err != nil {
		return nil, err
	}
	devices := make([]views.PushDevice, len(rows))
	for i, r := range rows {
		devices[i] = views.PushDevice{ID: r.ID, Endpoint: r.Endpoint, Label: r.Label, Since: r.CreatedAt, LastUsed: r.LastUsedAt, Failed: r.Failed}
	}
	return devices, nil
}

// createPush keeps what a browser gave, or renews it. A browser where somebody else was signed in before is theirs no more.
func (s *Server) createPush(c echo.Context) error {
	sub, err := carrier.ParseSubscription(c.FormValue("endpoint"), c.FormValue("p256dh"), c.FormValue("auth"), s.config.AllowPrivate)
	if err != nil {
		return s.drawPush(c, http.StatusUnprocessableEntity, err.Error())
	}
	label := strings.TrimSpace(c.FormValue("label"))
	if !named(label) {
		label = browserName(c.Request().UserAgent())
	}
	zone := c.FormValue("timezone")
	if !isZone(zone) {
		zone = "" // its quiet hours are those of the organisation
	}
	_, err = s.q.SavePushSubscription(c.Request().Context(), queries.SavePushSubscriptionParams{UserID: visitorOf(c).UserID, Endpoint: sub.Endpoint,
		P256dh: sub.P256dh, Auth: sub.Auth, Timezone: zone, Label: label})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, pushHome)
}

func (s *Server) removePush(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	gone, err := s.q.RemovePushSubscription(c.Request().Context(), queries.RemovePushSubscriptionParams{UserID: visitorOf(c).UserID, ID: id})
	if err != nil {
		return err
	}
	if gone == 0 {
		return errNotFound
	}
	return c.Redirect(http.StatusSeeOther, pushHome)
}

// browserName is what a person would call it, for their own list: "Firefox on Windows". The order matters, since each
// browser also says that it is most of those after it.
func browserName(agent string) string {
	first := func(otherwise string, marks ...[2]string) string {
		for _, m := range marks {
			if strings.Contains(agent, m[0]) {
				return m[1]
			}
		}
		return otherwise
	}
	browser := first("A browser", [2]string{"Edg", "Edge"}, [2]string{"OPR/", "Opera"}, [2]string{"SamsungBrowser", "Samsung Internet"},
		[2]string{"Firefox/", "Firefox"}, [2]string{"FxiOS", "Firefox"}, [2]string{"CriOS", "Chrome"}, [2]string{"Chrome/", "Chrome"}, [2]string{"Safari/", "Safari"})
	system := first("", [2]string{"iPhone", "an iPhone"}, [2]string{"iPad", "an iPad"}, [2]string{"Android", "Android"}, [2]string{"Windows", "Windows"},
		[2]string{"CrOS", "a Chromebook"}, [2]string{"Mac OS X", "a Mac"}, [2]string{"Linux", "Linux"})
	if system == "" {
		return browser
	}
	return browser + " on " + system
}
