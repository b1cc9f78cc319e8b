package remote_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
)

func (o *outlook) oauth() remote.OAuth {
	return remote.OAuth{Kind: queries.CalendarKindMicrosoft, ClientID: o.ClientID, ClientSecret: o.ClientSecret, Redirect: o.at + "/oauth/microsoft/callback",
		AuthURL: o.at + "/sandbox/microsoft/common/oauth2/v2.0/authorize", TokenURL: o.at + "/sandbox/microsoft/common/oauth2/v2.0/token"}
}

// answers the consent page as a person would, and gives what came back to us.
func (o *outlook) answers(t *testing.T, consent, decision string) url.Values {
	t.Helper()
	to, err := url.Parse(consent)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(consent)
	if err != nil || res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("%v, %v", res, err)
	}
	res.Body.Close()
	form := to.Query()
	form.Set("account", ada)
	form.Set("decision", decision)
	to.RawQuery = ""
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err = client.PostForm(to.String(), form)
	if err != nil || res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%v, %v", res, err)
	}
	res.Body.Close()
	back, err := res.Location()
	if err != nil || !strings.HasPrefix(back.String(), o.at+"/oauth/microsoft/callback?") {
		t.Fatalf("%v, %v", back, err)
	}
	return back.Query()
}

func TestConsentAtMicrosoft(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	oauth, verifier := o.oauth(), oauth2.GenerateVerifier()
	back := o.answers(t, oauth.Consent("a state", verifier), "allow")
	if back.Get("state") != "a state" || back.Get("code") == "" {
		t.Fatalf("%v", back)
	}
	tokens, err := oauth.Exchange(t.Context(), o.account.Door, o.account.OrgID, back.Get("code"), verifier)
	if err != nil || tokens.Access == "" || tokens.Refresh == "" {
		t.Fatalf("%+v, %v", tokens, err)
	}
	var reconnect *remote.Reconnect
	if _, err = oauth.Exchange(t.Context(), o.account.Door, o.account.OrgID, back.Get("code"), verifier); !errors.As(err, &reconnect) {
		t.Errorf("a code that was used: %v", err)
	}
	back = o.answers(t, oauth.Consent("a state", verifier), "allow")
	if _, err = oauth.Exchange(t.Context(), o.account.Door, o.account.OrgID, back.Get("code"), oauth2.GenerateVerifier()); !errors.As(err, &reconnect) {
		t.Errorf("somebody else's verifier: %v", err)
	}
	if back = o.answers(t, oauth.Consent("a state", verifier), "deny"); back.Get("error") != "access_denied" || back.Get("code") != "" {
		t.Errorf("%v", back)
	}
	next, err := oauth.Refresh(t.Context(), o.account.Door, o.account.OrgID, tokens.Refresh)
	if err != nil || next.Refresh == tokens.Refresh || next.Refresh == "" {
		t.Errorf("%+v, %v", next, err)
	}
	o.Revoke(ada)
	if _, err = oauth.Refresh(t.Context(), o.account.Door, o.account.OrgID, next.Refresh); !errors.As(err, &reconnect) {
		t.Errorf("what was revoked: %v", err)
	}
	for what, query := range map[string]string{"another redirect": "redirect_uri=https://elsewhere.example/&client_id=" + o.ClientID, "another application": "client_id=x&redirect_uri=" + o.at} {
		res, err := http.Get(oauth.AuthURL + "?response_type=code&scope=Calendars.ReadWrite&" + query)
		if err != nil || res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %v, %v", what, res, err)
		}
		res.Body.Close()
	}
}

// Case 9: of two refreshes at once the second is forgiven once, and the first one's token is what counts; strictly, neither is.
func TestCase09ARefreshTokenThatIsUsedTwice(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	oauth := o.oauth()
	refresh := func(token string) (remote.Tokens, error) {
		return oauth.Refresh(t.Context(), o.account.Door, o.account.OrgID, token)
	}
	_, first := o.Consented(ada)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := refresh(first); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
	both.Wait()
	var reconnect *remote.Reconnect
	if _, err := refresh(first); !errors.As(err, &reconnect) || o.Refreshed(ada) != 2 {
		t.Errorf("a third time: %v, %d", err, o.Refreshed(ada))
	}
	o.Strict = true
	_, strict := o.Consented(ada)
	next, err := refresh(strict)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = refresh(strict); !errors.As(err, &reconnect) {
		t.Errorf("strictly, a second time: %v", err)
	}
	if _, err = refresh(next.Refresh); !errors.As(err, &reconnect) {
		t.Errorf("and the grant is dead: %v", err)
	}
	o.SetTrouble(sandbox.Down)
	_, third := o.Consented(ada)
	if _, err = refresh(third); err == nil || errors.As(err, &reconnect) {
		t.Errorf("while Microsoft is down nobody has to connect anew: %v", err)
	}
}
