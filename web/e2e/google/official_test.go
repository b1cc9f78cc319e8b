// Package google has Google's own client of its Calendar API read and write our stand-in of Google. It is a module of its own:
// that client brings sixty others, which nothing else here needs.
package google

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/calendar/v3"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/wedsync/wedsync/jobs/sandbox"
)

const person = "ada.lindqvist@gmail.example"

// signedIn is Google's client, let in by consent with PKCE as x/oauth2 does it.
func signedIn(t *testing.T) (*calendar.Service, *sandbox.Google) {
	t.Helper()
	g := sandbox.NewWorld(time.Now()).Google
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	config := &oauth2.Config{ClientID: g.ClientID, ClientSecret: g.ClientSecret, RedirectURL: "https://wedsync.example/back", Scopes: []string{calendar.CalendarEventsScope},
		Endpoint: oauth2.Endpoint{AuthURL: server.URL + "/o/oauth2/auth", TokenURL: server.URL + "/token"}}
	verifier := oauth2.GenerateVerifier()
	back, err := g.Allow(config.AuthCodeURL("state", oauth2.AccessTypeOffline, oauth2.S256ChallengeOption(verifier)), person)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	token, err := config.Exchange(t.Context(), at.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil || token.RefreshToken == "" {
		t.Fatalf("%+v, %v", token, err)
	}
	token.Expiry = time.Now().Add(-time.Hour) // it renews itself before the first question
	service, err := calendar.NewService(t.Context(), option.WithEndpoint(server.URL+"/calendar/v3/"), option.WithHTTPClient(config.Client(context.Background(), token)))
	if err != nil {
		t.Fatal(err)
	}
	return service, g
}

// refusedAs is the status and the reason of an error.
func refusedAs(t *testing.T, err error, status int, reason string) {
	t.Helper()
	var fault *googleapi.Error
	if !errors.As(err, &fault) || fault.Code != status || len(fault.Errors) == 0 || fault.Errors[0].Reason != reason {
		t.Errorf("%v, not %d %s", err, status, reason)
	}
}

func TestGooglesOwnClientReadsTheStandIn(t *testing.T) {
	t.Parallel()
	service, g := signedIn(t)
	list, err := service.CalendarList.List().Do()
	if err != nil || len(list.Items) != 3 || list.Items[0].Id != person || !list.Items[0].Primary {
		t.Fatalf("%+v, %v", list, err)
	}
	var events []*calendar.Event
	token := ""
	err = service.Events.List("primary").ShowDeleted(true).EventTypes("default").MaxResults(2).Pages(t.Context(), func(page *calendar.Events) error {
		events, token = append(events, page.Items...), page.NextSyncToken
		return nil
	})
	if err != nil || token == "" || len(events) != 4 {
		t.Fatalf("%d, %q, %v", len(events), token, err)
	}
	class := events[slices.IndexFunc(events, func(e *calendar.Event) bool { return len(e.Recurrence) > 0 })]
	instances, err := service.Events.Instances("primary", class.Id).MaxResults(50).Do()
	if err != nil || len(instances.Items) != 20 || instances.Items[0].RecurringEventId != class.Id || instances.Items[0].OriginalStartTime == nil {
		t.Fatalf("%+v, %v", instances, err)
	}
	if err := service.Events.Delete("primary", instances.Items[3].Id).SendUpdates("none").Do(); err != nil {
		t.Error(err)
	}
	singles, err := service.Events.List("primary").SingleEvents(true).OrderBy("startTime").TimeMin(time.Now().AddDate(-1, 0, 0).Format(time.RFC3339)).MaxResults(500).Do()
	if err != nil || len(singles.Items) != 19+3 {
		t.Errorf("%d, %v", len(singles.Items), err)
	}
	since := func() (*calendar.Events, error) {
		return service.Events.List("primary").EventTypes("default").SyncToken(token).Do()
	}
	changed, err := since()
	if err != nil || len(changed.Items) != 1 || changed.Items[0].Status != "cancelled" || changed.Items[0].RecurringEventId != class.Id {
		t.Errorf("%+v, %v", changed, err)
	}
	if _, err := service.Events.List("primary").EventTypes("default").SyncToken(token).TimeMin(time.Now().Format(time.RFC3339)).Do(); err == nil {
		t.Error("a bound beside a sync token")
	}
	g.ExpireTokens()
	_, err = since()
	refusedAs(t, err, http.StatusGone, "fullSyncRequired")
}

func TestGooglesOwnClientWritesTheStandIn(t *testing.T) {
	t.Parallel()
	service, g := signedIn(t)
	at := func(text string) *calendar.EventDateTime {
		return &calendar.EventDateTime{DateTime: text, TimeZone: "Europe/London"}
	}
	draft := &calendar.Event{Id: "0123456789abcdefghijklmnop", Summary: "Kay & Fry", Start: at("2027-06-12T12:00:00+01:00"), End: at("2027-06-12T23:00:00+01:00"),
		Attendees: []*calendar.EventAttendee{{Email: "tom@example.com"}}, ExtendedProperties: &calendar.EventExtendedProperties{Private: map[string]string{"wedsync_id": "b-1"}}}
	e, err := service.Events.Insert("primary", draft).SendUpdates("none").Do()
	if err != nil || e.Id != draft.Id || e.Etag == "" || e.ICalUID == "" || e.Start.DateTime != "2027-06-12T12:00:00+01:00" {
		t.Fatalf("%+v, %v", e, err)
	}
	_, err = service.Events.Insert("primary", draft).Do()
	refusedAs(t, err, http.StatusConflict, "duplicate")
	if found, err := service.Events.List("primary").PrivateExtendedProperty("wedsync_id=b-1").Do(); err != nil || len(found.Items) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	patch := service.Events.Patch("primary", e.Id, &calendar.Event{Summary: "Moved", Start: &calendar.EventDateTime{Date: "2027-06-13", NullFields: []string{"DateTime", "TimeZone"}},
		End: &calendar.EventDateTime{Date: "2027-06-14", NullFields: []string{"DateTime", "TimeZone"}}})
	patch.Header().Set("If-Match", e.Etag)
	moved, err := patch.Do()
	if err != nil || moved.Start.Date != "2027-06-13" || moved.Start.DateTime != "" || len(moved.Attendees) != 1 || moved.Sequence != e.Sequence+1 {
		t.Fatalf("%+v, %v", moved, err)
	}
	update := service.Events.Update("primary", e.Id, e)
	update.Header().Set("If-Match", e.Etag)
	_, err = update.Do()
	refusedAs(t, err, http.StatusPreconditionFailed, "conditionNotMet")
	if _, err := service.Events.Update("primary", e.Id, moved).Do(); err != nil {
		t.Error(err)
	}
	if _, err := service.Events.Import("primary", &calendar.Event{ICalUID: "from@elsewhere", Start: at("2027-07-01T12:00:00+01:00"), End: at("2027-07-01T13:00:00+01:00")}).Do(); err != nil {
		t.Error(err)
	}
	if err := service.Events.Delete("primary", e.Id).Do(); err != nil {
		t.Error(err)
	}
	refusedAs(t, service.Events.Delete("primary", e.Id).Do(), http.StatusGone, "deleted")
	_, err = service.Events.Get("primary", "neverwas").Do()
	refusedAs(t, err, http.StatusNotFound, "notFound")
	channel, err := service.Events.Watch("primary", &calendar.Channel{Id: "a-channel", Type: "web_hook", Address: "https://wedsync.example/hook", Token: "t", Expiration: time.Now().Add(time.Hour).UnixMilli()}).Do()
	if err != nil || channel.ResourceId == "" || channel.Expiration == 0 {
		t.Fatalf("%+v, %v", channel, err)
	}
	if err := service.Channels.Stop(channel).Do(); err != nil {
		t.Error(err)
	}
	refusedAs(t, service.Channels.Stop(channel).Do(), http.StatusNotFound, "notFound")
	g.Fail(http.StatusForbidden, "rateLimitExceeded", "", 1)
	_, err = service.CalendarList.List().Do()
	refusedAs(t, err, http.StatusForbidden, "rateLimitExceeded")
}
