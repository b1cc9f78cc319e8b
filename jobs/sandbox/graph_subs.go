package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// graphSub is a subscription. ChangeType, the addresses and the resource are as they were asked for.
type graphSub struct {
	ID         string    `json:"id"`
	ChangeType string    `json:"changeType"`
	Address    string    `json:"notificationUrl"`
	Lifecycle  string    `json:"lifecycleNotificationUrl"`
	Resource   string    `json:"resource"`
	Until      time.Time `json:"expirationDateTime"`
	State      string    `json:"clientState"`

	account  string
	calendar string // empty: all of the mailbox
}

const (
	graphLongest  = 10_080 * time.Minute
	graphShortest = 45 * time.Minute
)

func graphBadSub(words string) *graphFault {
	return &graphFault{status: 400, code: "ValidationError", message: words}
}

// subscribe calls the addresses before it answers, as Graph does, and without holding anything up.
func (g *Graph) subscribe(a *graphAccount, r *http.Request) (int, object, *graphFault) {
	var s graphSub
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		return 0, nil, graphBadSub("The subscription cannot be read.")
	}
	if fault := g.accepts(a, &s); fault != nil {
		return 0, nil, fault
	}
	for _, address := range slices.Compact([]string{s.Address, s.Lifecycle}) {
		if address == "" {
			continue
		}
		if err := g.validate(r.Context(), address); err != nil {
			return 0, nil, graphBadSub("Subscription validation request failed. " + err.Error())
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s.ID = strings.TrimRight(g.id("sub"), "=")
	g.subs[s.ID] = &s
	return 201, s.show(g), nil
}

func (g *Graph) accepts(a *graphAccount, s *graphSub) *graphFault {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.account = a.address
	path := strings.Split(strings.Trim(s.Resource, "/"), "/")
	switch {
	case len(path) == 4 && path[0] == "me" && path[1] == "calendars" && path[3] == "events":
		if s.calendar = path[2]; a.calendar(s.calendar) == nil {
			return graphNotThere
		}
	case s.Resource != "me/events" && s.Resource != "/me/events":
		return graphBadSub("Resource " + s.Resource + " is not supported.")
	}
	now := time.Now()
	switch {
	case s.ChangeType == "" || s.Address == "" || len(s.State) > 128:
		return graphBadSub("changeType and notificationUrl are required; clientState has at most 128 characters.")
	case s.Until.Before(now) || s.Until.After(now.Add(graphLongest)):
		return graphBadSub("Subscription expiration can only be 10080 minutes in the future.")
	case !g.may(s.Address) || s.Lifecycle != "" && !g.may(s.Lifecycle):
		return graphBadSub("The notification URL cannot be reached.")
	}
	for _, other := range g.subs {
		if other.account == s.account && other.Resource == s.Resource && other.ChangeType == s.ChangeType && other.Until.After(now) {
			return &graphFault{status: 409, code: "Conflict", message: "A subscription to this resource and change type is there already."}
		}
	}
	s.Until = graphLater(s.Until, now.Add(graphShortest)).UTC()
	return nil
}

func graphLater(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// may: the stand-in posts to WedSync and to nobody else.
func (g *Graph) may(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && (g.Base == nil || u.Host == g.Base.Host)
}

func (g *Graph) validate(ctx context.Context, address string) error {
	within, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	token := fmt.Sprintf("Validation: Testing client application reachability for subscription Request-Id: %d+é", time.Now().UnixNano())
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("validationToken", token)
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(within, http.MethodPost, u.String(), bytes.NewReader(nil))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	res, err := g.courier.client.Do(req)
	if err != nil {
		return fmt.Errorf("notification endpoint did not answer: %w", err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || res.StatusCode != http.StatusOK || kind != "text/plain" || string(said) != token {
		return fmt.Errorf("notification endpoint must respond with 200 OK and the token as text/plain; it responded %d, %q", res.StatusCode, kind)
	}
	return nil
}

func (g *Graph) subscription(a *graphAccount, r *http.Request, path []string) (int, object, *graphFault) {
	if len(path) == 0 {
		all := []object{}
		for _, s := range g.subs {
			if s.account == a.address {
				all = append(all, s.show(g))
			}
		}
		return 200, object{"@odata.context": g.context("subscriptions"), "value": all}, nil
	}
	s := g.subs[path[0]]
	switch {
	case s == nil || s.account != a.address || s.Until.Before(time.Now()):
		return 0, nil, &graphFault{status: 404, code: "ResourceNotFound", message: "The object was not found."}
	case len(path) == 2 && path[1] == "reauthorize" && r.Method == http.MethodPost:
		return 204, nil, nil
	case len(path) > 1:
		return 0, nil, graphNotThere
	case r.Method == http.MethodDelete:
		delete(g.subs, s.ID)
		return 204, nil, nil
	case r.Method == http.MethodPatch:
		return s.renew(g, r)
	}
	return 200, s.show(g), nil
}

func (s *graphSub) renew(g *Graph, r *http.Request) (int, object, *graphFault) {
	var wanted struct {
		Until *time.Time `json:"expirationDateTime"`
	}
	now := time.Now()
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil || wanted.Until == nil || wanted.Until.Before(now) || wanted.Until.After(now.Add(graphLongest)) {
		return 0, nil, graphBadSub("Subscription expiration can only be 10080 minutes in the future.")
	}
	s.Until = graphLater(*wanted.Until, now.Add(graphShortest)).UTC()
	return 200, s.show(g), nil
}

// show never says the client state again: Graph does, only to the one who made it. It is left out here, so that nobody relies on it.
func (s *graphSub) show(g *Graph) object {
	return object{"@odata.context": g.context("subscriptions/$entity"), "id": s.ID, "resource": s.Resource, "applicationId": g.ClientID, "changeType": s.ChangeType, "clientState": nil,
		"notificationUrl": s.Address, "lifecycleNotificationUrl": s.Lifecycle, "expirationDateTime": s.Until.Format(time.RFC3339Nano), "creatorId": "sandbox"}
}

// tell posts a change to everybody who asked to be told. While pushes die silently it posts to nobody.
func (g *Graph) tell(a *graphAccount, e *graphEvent, change string) {
	if g.is() == Silent {
		return
	}
	now := time.Now()
	for _, s := range g.subs {
		if s.account != a.address || s.Until.Before(now) || s.calendar != "" && s.calendar != e.calendar || !strings.Contains(s.ChangeType, change) {
			continue
		}
		path := "Users/" + a.id + "/Events/" + e.id
		g.post(s.Address, object{"subscriptionId": s.ID, "subscriptionExpirationDateTime": s.Until.Format(time.RFC3339), "clientState": s.State, "changeType": change,
			"resource": path, "tenantId": "sandbox", "id": fmt.Sprintf("sandbox-%d-%s", a.seq, s.ID),
			"resourceData": object{"@odata.type": "#Microsoft.Graph.Event", "@odata.id": path, "@odata.etag": e.etag(), "id": e.id}})
	}
}

func (g *Graph) post(address string, notification object) {
	body := encodeLine(object{"value": []object{notification}})
	g.courier.after(g.Pace, func(ctx context.Context) {
		_, _ = g.courier.post(ctx, address, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body) // nobody promises that it arrives
	})
}

// Lifecycle lets Graph say something of all subscriptions to a mailbox: reauthorizationRequired, subscriptionRemoved (they are
// not there any more then), missed. It gives how many there are.
func (g *Graph) Lifecycle(account, event string) (told int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, s := range g.subs {
		if s.account != account {
			continue
		}
		if event == "subscriptionRemoved" {
			delete(g.subs, id)
		}
		if told++; s.Lifecycle == "" {
			continue
		}
		g.post(s.Lifecycle, object{"subscriptionId": s.ID, "subscriptionExpirationDateTime": s.Until.Format(time.RFC3339), "clientState": s.State, "lifecycleEvent": event,
			"resource": s.Resource, "tenantId": "sandbox", "id": "sandbox-" + s.ID})
	}
	return told
}

// Subscriptions is how many there are to a mailbox that have not run out.
func (g *Graph) Subscriptions(account string) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.subs {
		if s.account == account && s.Until.After(time.Now()) {
			n++
		}
	}
	return n
}

// DropSubscriptions loses them without a word.
func (g *Graph) DropSubscriptions(account string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, s := range g.subs {
		if s.account == account {
			delete(g.subs, id)
		}
	}
}
