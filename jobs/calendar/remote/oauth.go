package remote

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
)

// OAuth is our registration with a provider at which people say yes to us: Google or Microsoft.
type OAuth struct {
	Kind                                                queries.CalendarKind
	ClientID, ClientSecret, AuthURL, TokenURL, Redirect string
}

// Tokens are what a yes came to.
type Tokens struct {
	Access, Refresh string
	Account         string    // the person's address, where the provider tells it
	Until           time.Time // of the access token; zero: it was not told
}

const googleEventsScope = "https://www.googleapis.com/auth/calendar.events"

var oauthScopes = map[queries.CalendarKind][]string{
	queries.CalendarKindGoogle:    {googleEventsScope, "https://www.googleapis.com/auth/calendar.calendarlist.readonly"},
	queries.CalendarKindMicrosoft: {"offline_access", "Calendars.ReadWrite", "User.Read"},
}

func (o OAuth) config() *oauth2.Config {
	return &oauth2.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret, RedirectURL: o.Redirect, Scopes: oauthScopes[o.Kind],
		Endpoint: oauth2.Endpoint{AuthURL: o.AuthURL, TokenURL: o.TokenURL, AuthStyle: oauth2.AuthStyleInParams}}
}

// Consent is where to send a person. The verifier stays with us: only who has it can use the code that comes back.
func (o OAuth) Consent(state, verifier string) string {
	more := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	if o.Kind == queries.CalendarKindGoogle {
		// Google gives lasting access only where it is asked for, and again only where the person is asked again.
		more = append(more, oauth2.AccessTypeOffline, oauth2.SetAuthURLParam("prompt", "consent"))
	} else {
		more = append(more, oauth2.SetAuthURLParam("prompt", "select_account"))
	}
	return o.config().AuthCodeURL(state, more...)
}

// Exchange turns the code that a person came back with into tokens.
func (o OAuth) Exchange(ctx context.Context, door *outside.Door, org uuid.UUID, code, verifier string) (Tokens, error) {
	way := &throughDoor{door: door, call: o.call(org, "turn a person's consent into access")}
	token, err := o.config().Exchange(way.context(ctx), code, oauth2.VerifierOption(verifier))
	if err != nil {
		return Tokens{}, way.fault(err, o.name()+" did not accept the sign-in: it was too old, or was used already. Connect again.")
	}
	if o.Kind == queries.CalendarKindGoogle && !scoped(token, googleEventsScope) {
		return Tokens{}, &Reconnect{"WedSync was not given access to the events of this Google account. Connect it again, and leave both boxes ticked."}
	}
	if token.RefreshToken == "" {
		return Tokens{}, &Reconnect{o.name() + " gave WedSync access for an hour only. Connect again, and allow it to stay connected."}
	}
	return tokensOf(token), nil
}

// Refresh gets a new access token. Where the provider gives no new refresh token, the old one stays; where it does, the old
// one may be dead already. A *Reconnect says that the grant is.
func (o OAuth) Refresh(ctx context.Context, door *outside.Door, org uuid.UUID, refresh string) (Tokens, error) {
	way := &throughDoor{door: door, call: o.call(org, "renew the access to a calendar")}
	token, err := o.config().TokenSource(way.context(ctx), &oauth2.Token{RefreshToken: refresh}).Token()
	if err != nil {
		return Tokens{}, way.fault(err, o.name()+" has ended WedSync's access to this account: it was withdrawn there, the password was changed, or it was not used for months. Connect it again; nothing was lost meanwhile.")
	}
	got := tokensOf(token)
	got.Refresh = cmp.Or(got.Refresh, refresh)
	return got, nil
}

// call is about a server that serves every organisation.
func (o OAuth) call(org uuid.UUID, purpose string) outside.Call {
	return outside.Call{OrgID: org, Peer: string(o.Kind) + ":sign-in", Shared: true, Purpose: purpose, Limit: 256 << 10}
}

func (o OAuth) name() string {
	if o.Kind == queries.CalendarKindMicrosoft {
		return "Microsoft"
	}
	return "Google"
}

// scoped: a provider that says nothing of scopes gave all that were asked for.
func scoped(token *oauth2.Token, scope string) bool {
	given, told := token.Extra("scope").(string)
	return !told || given == "" || slices.Contains(strings.Fields(given), scope)
}

func tokensOf(token *oauth2.Token) Tokens {
	id, _ := token.Extra("id_token").(string)
	return Tokens{Access: token.AccessToken, Refresh: token.RefreshToken, Until: token.Expiry.UTC(), Account: accountOf(id)}
}

// accountOf reads the address out of an ID token. It came to us from the provider itself, so its signature proves nothing more.
func accountOf(idToken string) string {
	parts := strings.Split(idToken, ".")
	if len(parts) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	var claims struct {
		Email     string `json:"email"`
		Preferred string `json:"preferred_username"`
	}
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return ""
	}
	return cmp.Or(claims.Email, claims.Preferred)
}

// throughDoor is the way of x/oauth2 into the world. It keeps what the door said, which x/oauth2 would put into words of its own.
type throughDoor struct {
	door *outside.Door
	call outside.Call
	said error
}

func (w *throughDoor) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: w})
}

// RoundTrip gives the answer also where the door calls it a refusal: its body names the reason.
func (w *throughDoor) RoundTrip(req *http.Request) (*http.Response, error) {
	answer, err := w.door.Do(req.Context(), w.call, req)
	if w.said = err; answer.Status == 0 {
		return nil, err
	}
	return &http.Response{StatusCode: answer.Status, Status: http.StatusText(answer.Status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: answer.Header,
		Body: io.NopCloser(bytes.NewReader(answer.Body)), ContentLength: int64(len(answer.Body)), Request: req}, nil
}

// ended are the names of a grant that is no more.
var ended = []string{"invalid_grant", "interaction_required", "consent_required", "login_required"}

func (w *throughDoor) fault(err error, reconnect string) error {
	if told, is := errors.AsType[*oauth2.RetrieveError](err); is && slices.Contains(ended, told.ErrorCode) {
		return &Reconnect{reconnect}
	}
	if w.said != nil {
		return w.said
	}
	return errors.New("the provider's answer about access could not be read")
}
