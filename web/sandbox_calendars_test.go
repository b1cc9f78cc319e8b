package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/sandbox"
)

const sandboxPerson = "ada.lindqvist@gmail.example"

func TestANewcomerChangesTheGoogleSide(t *testing.T) {
	t.Parallel()
	w, _ := demoSite(t)
	at := "/sandbox/calendars?side=google&account=" + url.QueryEscape(sandboxPerson)
	showsAll(t, w.get(t, "/sandbox/calendars", nil).Body.String(), "Calendars at Google", "Dentist", "Pottery class", "Repeats", "Tentative", "Two days in Wales", "Add an event", "/app/calendar")
	about := func(more ...string) url.Values {
		form := url.Values{"side": {"google"}, "account": {sandboxPerson}, "calendar": {sandboxPerson}}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		return form
	}
	soon := time.Now().AddDate(0, 0, 9)
	answer := w.post(t, "/sandbox/calendars/events", about("title", "Lunch <with> Tom", "on", soon.Format(time.DateOnly), "at", "12:30", "until", "13:30"), nil)
	if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != at {
		t.Fatalf("%d %s", answer.Code, answer.Header())
	}
	showsAll(t, w.get(t, at, nil).Body.String(), "Lunch &lt;with&gt; Tom", "12:30–13:30")
	lunch := func() sandbox.SideEvent {
		for _, e := range w.world.Google.Side().Events(sandboxPerson, soon.AddDate(0, 0, -9), soon.AddDate(0, 1, 0)) {
			if strings.HasPrefix(e.Title, "Lunch") {
				return e
			}
		}
		return sandbox.SideEvent{}
	}
	first := lunch()
	change := func(more ...string) {
		t.Helper()
		if answer := w.post(t, "/sandbox/calendars/changes", about(append(more, "event", first.ID)...), nil); answer.Code != http.StatusSeeOther {
			t.Errorf("%v: %d", more, answer.Code)
		}
	}
	change("do", "hour")
	change("do", "day")
	change("do", "rename", "title", "Lunch with Anna")
	if got := lunch(); got.Title != "Lunch with Anna" || !got.Starts.Equal(first.Starts.AddDate(0, 0, 1).Add(time.Hour)) || got.Ends.Sub(got.Starts) != time.Hour {
		t.Errorf("%+v", got)
	}
	change("do", "move", "on", soon.AddDate(0, 0, 5).Format(time.DateOnly))
	change("do", "move", "on", "")
	change("do", "rename", "title", "  ")
	if got := lunch(); got.Starts.Format("2006-01-02 15:04") != soon.AddDate(0, 0, 5).Format(time.DateOnly)+" 13:30" || got.Title != "Lunch with Anna" {
		t.Errorf("%+v", got)
	}
	change("do", "delete")
	if got := lunch(); got.ID != "" {
		t.Errorf("%+v", got)
	}
	for name, form := range map[string]url.Values{
		"/sandbox/calendars/changes": about("event", first.ID, "do", "day"), "/sandbox/calendars/events": about("calendar", "henry.holm@gmail.example", "title", "x"),
		"/sandbox/calendars/troubles": about("trouble", "flood"),
	} {
		if answer := w.post(t, name, form, nil); answer.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, answer.Code)
		}
	}
	for _, wrong := range []url.Values{about("title", "x", "on", "soon"), about("title", "", "on", "2027-06-12"), about("title", "x", "on", "2027-06-12", "at", "26:00", "until", "27:00"),
		about("title", "x", "on", "0001-06-12"), about("title", "x", "on", "2027-06-12", "at", "12:00")} {
		if answer := w.post(t, "/sandbox/calendars/events", wrong, nil); answer.Code != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", wrong, answer.Code)
		}
	}
	if answer := w.post(t, "/sandbox/calendars/events", about("title", "Overnight", "on", soon.Format(time.DateOnly), "at", "22:00", "until", "02:00"), nil); answer.Code != http.StatusSeeOther {
		t.Error(answer.Code)
	}
}

func TestTheGoogleSideGoesWrongOnDemand(t *testing.T) {
	t.Parallel()
	w, _ := demoSite(t)
	form := url.Values{"side": {"google"}, "account": {sandboxPerson}, "trouble": {string(sandbox.Silent)}}
	if answer := w.post(t, "/sandbox/calendars/troubles", form, nil); answer.Code != http.StatusSeeOther || w.world.Google.Trouble() != sandbox.Silent {
		t.Errorf("%d, %q", answer.Code, w.world.Google.Trouble())
	}
	_, refresh := w.world.Google.Grant(sandboxPerson)
	for _, act := range w.world.Google.Side().Acts {
		if answer := w.post(t, "/sandbox/calendars/troubles", url.Values{"side": {"google"}, "account": {sandboxPerson}, "act": {act.Key}}, nil); answer.Code != http.StatusSeeOther {
			t.Errorf("%s: %d", act.Key, answer.Code)
		}
	}
	if got := w.world.Google.Side().Accounts()[0]; len(got.Calendars) != 2 || refresh == "" {
		t.Errorf("%+v", got)
	}
}

// The page that asks for consent changes nothing, and sends nobody to a stranger's address.
func TestTheConsentPage(t *testing.T) {
	t.Parallel()
	w, _ := demoSite(t)
	g := w.world.Google
	asked := url.Values{"client_id": {g.ClientID}, "redirect_uri": {g.Base.String() + "/oauth/google/callback"}, "response_type": {"code"}, "scope": {"x"}, "state": {"s&t"}}
	at := "/sandbox/google/o/oauth2/auth"
	showsAll(t, w.get(t, at+"?"+asked.Encode(), nil).Body.String(), "Choose an account", sandboxPerson, "Allow", "Deny", `value="s&amp;t"`, "Nobody here is real")
	asked.Set("decision", "deny")
	if back := w.post(t, at, asked, nil).Header().Get("Location"); !strings.Contains(back, "error=access_denied") || !strings.Contains(back, "state=s%26t") {
		t.Error(back)
	}
	asked.Set("decision", "allow")
	if answer := w.post(t, at, asked, nil); answer.Code != http.StatusBadRequest {
		t.Errorf("nobody said yes: %d", answer.Code)
	}
	asked.Set("account", sandboxPerson)
	if back := w.post(t, at, asked, nil).Header().Get("Location"); !strings.HasPrefix(back, g.Base.String()) || !strings.Contains(back, "code=") {
		t.Error(back)
	}
	for name, value := range map[string]string{"redirect_uri": "https://evil.example/", "client_id": "another", "response_type": "token"} {
		wrong := url.Values{}
		for k, v := range asked {
			wrong[k] = v
		}
		wrong.Set(name, value)
		if a, b := w.get(t, at+"?"+wrong.Encode(), nil), w.post(t, at, wrong, nil); a.Code != http.StatusBadRequest || b.Code != http.StatusBadRequest || b.Header().Get("Location") != "" {
			t.Errorf("%s: %d, %d", name, a.Code, b.Code)
		}
	}
}
