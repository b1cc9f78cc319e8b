package remote

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// GraphLife is how long a subscription is asked for: all editions of Microsoft's documentation allow as much.
const GraphLife = 4200 * time.Minute

type graphSubscription struct {
	ID         string    `json:"id,omitempty"`
	ChangeType string    `json:"changeType,omitempty"`
	Address    string    `json:"notificationUrl,omitempty"`
	Lifecycle  string    `json:"lifecycleNotificationUrl,omitempty"`
	Resource   string    `json:"resource,omitempty"`
	Until      time.Time `json:"expirationDateTime"`
	State      string    `json:"clientState,omitempty"`
}

// Watch has Graph call the channel's address, which it does once before it answers: the address must be answered meanwhile.
// A subscription to the same that an earlier attempt left behind is taken away.
func (g Graph) Watch(ctx context.Context, c Channel) (Channel, error) {
	wanted := graphSubscription{ChangeType: "created,updated,deleted", Address: c.Address, Lifecycle: c.Address,
		Resource: "me/calendars/" + c.Calendar + "/events", Until: graphUntil(c.Until, time.Now()), State: c.Token}
	call := graphCall{method: http.MethodPost, at: g.at("subscriptions"), purpose: "ask to be told of changes", body: wanted}
	var made graphSubscription
	err := g.ask(ctx, call, &made)
	if status, _ := graphStatus(err); status == http.StatusConflict {
		if err = g.unwatchAll(ctx, wanted); err == nil {
			err = g.ask(ctx, call, &made)
		}
	}
	if status, _ := graphStatus(err); status == http.StatusNotFound {
		return c, ErrNoCalendar
	}
	if err != nil {
		return c, graphReading(err)
	}
	c.Remote, c.Until = made.ID, made.Until
	return c, nil
}

// Renew keeps a channel alive, also one that Graph wants to be reauthorized. ErrGone: there is none any more, so that a new
// one has to be made.
func (g Graph) Renew(ctx context.Context, c Channel) (Channel, error) {
	body := graphSubscription{Until: graphUntil(c.Until, time.Now())}
	var kept graphSubscription
	err := g.ask(ctx, graphCall{method: http.MethodPatch, at: g.at("subscriptions", c.Remote), purpose: "ask to be told of changes for longer", body: body}, &kept)
	if err != nil {
		return c, graphOne(err)
	}
	c.Until = kept.Until
	return c, nil
}

// Unwatch ends a channel; it may have ended already.
func (g Graph) Unwatch(ctx context.Context, c Channel) error {
	err := g.ask(ctx, graphCall{method: http.MethodDelete, at: g.at("subscriptions", c.Remote), purpose: "ask not to be told of changes any more"}, nil)
	if err = graphOne(err); errors.Is(err, ErrGone) {
		return nil
	}
	return err
}

func (g Graph) unwatchAll(ctx context.Context, like graphSubscription) error {
	var page struct{ Value []graphSubscription }
	if err := g.ask(ctx, graphCall{at: g.at("subscriptions"), purpose: "list who is told of changes"}, &page); err != nil {
		return graphReading(err)
	}
	for _, s := range page.Value {
		if s.Address != like.Address || s.Resource != like.Resource {
			continue
		}
		if err := g.Unwatch(ctx, Channel{Remote: s.ID}); err != nil {
			return err
		}
	}
	return nil
}

// graphUntil is what was wished for, within what is granted.
func graphUntil(wished, now time.Time) time.Time {
	until := now.Add(GraphLife)
	if wished.After(now) && wished.Before(until) {
		until = wished
	}
	return until.UTC().Truncate(time.Second)
}
