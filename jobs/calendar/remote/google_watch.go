package remote

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Watch asks to be told of changes. The first message may come before this returns: keep the channel before asking.
func (g Google) Watch(ctx context.Context, c Channel) (Channel, error) {
	body := map[string]any{"id": c.ID, "type": "web_hook", "address": c.Address, "token": c.Token}
	if !c.Until.IsZero() {
		body["expiration"] = strconv.FormatInt(c.Until.UnixMilli(), 10)
	}
	var got struct {
		ResourceID string
		Expiration milliseconds
	}
	err := g.do(ctx, ask{method: http.MethodPost, purpose: "ask to be told of changes", path: []string{"calendars", c.Calendar, "events", "watch"}, body: body}, &got)
	switch {
	case answered(err) == http.StatusNotFound:
		return c, ErrNoCalendar
	case err != nil:
		return c, err
	}
	c.Remote = got.ResourceID
	if at := time.Time(got.Expiration); !at.IsZero() {
		c.Until = at
	}
	return c, nil
}

// Unwatch stops a channel, also one that has ended.
func (g Google) Unwatch(ctx context.Context, c Channel) error {
	err := g.do(ctx, ask{method: http.MethodPost, purpose: "ask not to be told any more", path: []string{"channels", "stop"},
		body: map[string]any{"id": c.ID, "resourceId": c.Remote}}, nil)
	if status := answered(err); status == http.StatusNotFound || status == http.StatusGone {
		return nil
	}
	return err
}

// milliseconds is a time that comes as a number or as a number in quotes.
type milliseconds time.Time

func (m *milliseconds) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err == nil && n > 0 {
		*m = milliseconds(time.UnixMilli(n).UTC())
	}
	return nil // what cannot be read was not told
}

var _ json.Unmarshaler = (*milliseconds)(nil)
