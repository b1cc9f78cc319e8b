package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/outside"
)

// Grant gives an access token that works. stale is one that was refused: it gives another, or says why there is none.
type Grant func(ctx context.Context, stale string) (accessToken string, err error)

// Google is one account's calendars at Google, by its Calendar API v3.
type Google struct {
	Door  *outside.Door
	OrgID uuid.UUID
	URL   string // …/calendar/v3/
	Grant Grant
	Box   string // whose breaker: the connection's id
}

const (
	googleDeadline = 30 * time.Second // a page of 2,500 events takes its time
	googleLimit    = 16 << 20
)

// ask is one question to Google.
type ask struct {
	method, purpose string
	path            []string // its segments, as they are
	query           url.Values
	match           string // If-Match
	body            any
}

// do asks, once more with another token where the first was refused, and reads the answer into what is given.
func (g Google) do(ctx context.Context, a ask, into any) error {
	token, err := g.Grant(ctx, "")
	if err != nil {
		return err
	}
	answer, err := g.send(ctx, a, token)
	if answer.Status == http.StatusUnauthorized && !strings.HasPrefix(googleReason(answer.Body), "push.") {
		if token, err = g.Grant(ctx, token); err != nil {
			return err
		}
		answer, err = g.send(ctx, a, token)
	}
	if err != nil {
		return googleFault(answer, err)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return fmt.Errorf("the answer of Google could not be read (%s)", a.purpose)
	}
	return nil
}

func (g Google) send(ctx context.Context, a ask, token string) (outside.Answer, error) {
	req, err := a.request(ctx, g.URL, token)
	if err != nil {
		return outside.Answer{}, err
	}
	return g.Door.Do(ctx, outside.Call{OrgID: g.OrgID, Peer: "google:" + g.Box, Purpose: a.purpose, Deadline: googleDeadline, Limit: googleLimit}, req)
}

func (a ask) request(ctx context.Context, base, token string) (*http.Request, error) {
	address := strings.TrimSuffix(base, "/")
	for _, segment := range a.path {
		address += "/" + url.PathEscape(segment)
	}
	if len(a.query) > 0 {
		address += "?" + a.query.Encode()
	}
	var body bytes.Buffer
	if a.body != nil {
		if err := json.NewEncoder(&body).Encode(a.body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, a.method, address, &body)
	if err != nil {
		return nil, errors.New("GOOGLE_URL is not a whole address")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if a.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.match != "" {
		req.Header.Set("If-Match", a.match)
	}
	return req, nil
}

// googleReason is the name that an answer gives to what is wrong.
func googleReason(body []byte) string {
	var said struct {
		Error struct {
			Errors []struct{ Reason string }
		}
	}
	if json.Unmarshal(body, &said) != nil || len(said.Error.Errors) == 0 {
		return ""
	}
	return said.Error.Errors[0].Reason
}

var (
	googlePaced = []string{"rateLimitExceeded", "userRateLimitExceeded"}
	googleSpent = []string{"quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg", "calendarUsageLimitsExceeded"}
	googleShut  = []string{"insufficientPermissions", "insufficientPermission", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}
)

// googleFault is what an answer means that is the same whatever was asked. The rest stays as the door gave it.
func googleFault(a outside.Answer, err error) error {
	reason := googleReason(a.Body)
	switch {
	case a.Status == http.StatusUnauthorized && !strings.HasPrefix(reason, "push."):
		return &Reconnect{"Google no longer accepts WedSync's access to this account. Connect it again; nothing was lost meanwhile."}
	case a.Status != http.StatusForbidden:
		return err
	case slices.Contains(googlePaced, reason):
		return outside.NotNow(a.Status, a.Header.Get("Retry-After"), "Google was asked too often: it answered 403 ("+reason+")")
	case slices.Contains(googleSpent, reason):
		return outside.NotNow(a.Status, "3600", "Google takes no more for today or for this hour: it answered 403 ("+reason+")")
	case slices.Contains(googleShut, reason):
		return &Reconnect{"WedSync was not given access to the events of this Google account. Connect it again, and leave both boxes ticked."}
	}
	return err
}

// answered is the status of an answer that was a refusal; 0: it was none.
func answered(err error) int {
	if refused, is := errors.AsType[*outside.Refused](err); is {
		return refused.Status
	}
	return 0
}
