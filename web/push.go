package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// pushSwitch turns pushes on and off in the browser that shows it, and lists the visitor's others.
func (s *Server) pushSwitch(ctx context.Context, user uuid.UUID) (templ.Component, error) {
	push, err := s.ear.Carriers.Push.Wire(ctx)
	if err != nil { // the keyset is another one; the rest of the page does not need it
		s.log.ErrorContext(ctx, "pushes cannot be turned on", "error", err)
		return nil, nil
	}
	rows, err := s.q.PushSubscriptionsOf(ctx, user)
	if err != nil {
		return nil, err
	}
	devices := make([]views.PushDevice, len(rows))
	for i, r := range rows {
		devices[i] = views.PushDevice{ID: r.ID, Endpoint: r.Endpoint, Label: r.Label, Since: r.CreatedAt, LastUsed: r.LastUsedAt, Failed: r.Failed}
	}
	return views.PushSwitch(push.Key.Public(), devices), nil
}

// createPush keeps what a browser gave, or renews it. A browser where somebody else was signed in before is theirs no more.
func (s *Server) createPush(c echo.Context) error {
	sub, err := carrier.ParseSubscription(c.FormValue("endpoint"), c.FormValue("p256dh"), c.FormValue("auth"), s.config.AllowPrivate)
	if err != nil {
		return s.drawPreferences(c, http.StatusUnprocessableEntity, typed{faults: views.Faults{"push": err.Error()}})
	}
	label := strings.TrimSpace(c.FormValue("label"))
	if !named(label) {
		label = browserWords(c.Request().UserAgent())
	}
	zone := c.FormValue("timezone")
	if !isZone(zone) {
		zone = "" // its quiet hours are those of the organisation
	}
	_, device := s.device(c)
	_, err = s.q.SavePushSubscription(c.Request().Context(), queries.SavePushSubscriptionParams{UserID: visitorOf(c).UserID, Endpoint: sub.Endpoint,
		P256dh: sub.P256dh, Auth: sub.Auth, Timezone: zone, Label: label, DeviceSha256: device})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/preferences")
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
	return c.Redirect(http.StatusSeeOther, "/app/preferences?done=browser")
}
