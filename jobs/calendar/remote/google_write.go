package remote

import (
	"context"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// silently: nobody gets a mail about what WedSync writes.
var silently = url.Values{"sendUpdates": {"none"}}

// Put inserts under an id that follows from the draft's key, so that a second try finds the first; or patches, so that guests,
// colours and reminders of theirs stay.
func (g Google) Put(ctx context.Context, calendar string, d Draft) (Written, error) {
	if d.ID != "" {
		return g.patch(ctx, calendar, d)
	}
	id, err := googleID(d.Key)
	if err != nil {
		return Written{}, err
	}
	draft := googleDraft(d.Event, false)
	draft["id"] = id
	var e googleEvent
	err = g.do(ctx, ask{method: http.MethodPost, purpose: "write a booking into a calendar", path: []string{"calendars", calendar, "events"}, query: silently, body: draft}, &e)
	switch status := answered(err); {
	case status == http.StatusConflict:
		d.ID = id
		return g.found(ctx, calendar, d)
	case status == http.StatusNotFound:
		return Written{}, ErrNoCalendar
	case status == http.StatusForbidden:
		return Written{}, ErrReadOnly
	}
	return Written{ID: e.ID, ETag: e.ETag}, err
}

// found is about an id that is taken: by our own first try, or by what somebody has deleted meanwhile and is wanted again.
func (g Google) found(ctx context.Context, calendar string, d Draft) (Written, error) {
	var there googleEvent
	err := g.do(ctx, ask{method: http.MethodGet, purpose: "read an event", path: []string{"calendars", calendar, "events", d.ID}}, &there)
	if err != nil {
		return Written{}, err
	}
	if there.Status == "cancelled" {
		d.ETag = there.ETag
		return g.patch(ctx, calendar, d)
	}
	if o, ok := there.object(""); ok && len(o.Events) == 1 && alike(o.Events[0], d.Event) {
		return Written{ID: there.ID, ETag: there.ETag}, nil
	}
	return Written{ID: d.ID}, nil
}

func (g Google) patch(ctx context.Context, calendar string, d Draft) (Written, error) {
	var e googleEvent
	err := g.do(ctx, ask{method: http.MethodPatch, purpose: "change a booking in a calendar", path: []string{"calendars", calendar, "events", d.ID}, query: silently, match: d.ETag,
		body: googleDraft(d.Event, true)}, &e)
	switch answered(err) {
	case http.StatusNotFound, http.StatusGone:
		return Written{}, ErrGone
	case http.StatusForbidden:
		return Written{}, ErrReadOnly
	case http.StatusPreconditionFailed:
		return g.changed(ctx, calendar, d)
	}
	return Written{ID: e.ID, ETag: e.ETag}, err
}

// changed looks who it was that wrote meanwhile: it may have been ourselves, and the answer was lost.
func (g Google) changed(ctx context.Context, calendar string, d Draft) (Written, error) {
	there, err := g.Get(ctx, calendar, d.ID)
	if err != nil {
		return Written{}, err
	}
	if len(there.Events) == 1 && alike(there.Events[0], d.Event) {
		return Written{ID: there.ID, ETag: there.ETag}, nil
	}
	return Written{}, ErrChanged
}

// Delete takes an event away.
func (g Google) Delete(ctx context.Context, calendar, id, etag string) error {
	err := g.do(ctx, ask{method: http.MethodDelete, purpose: "take a booking out of a calendar", path: []string{"calendars", calendar, "events", id}, query: silently, match: etag}, nil)
	switch answered(err) {
	case http.StatusNotFound, http.StatusGone:
		return nil
	case http.StatusForbidden:
		return ErrReadOnly
	case http.StatusPreconditionFailed:
		if _, err := g.Get(ctx, calendar, id); errors.Is(err, ErrGone) {
			return nil
		}
		return ErrChanged
	}
	return err
}

// googleID spells a key in the letters that they take: 0 to 9 and a to v.
func googleID(key string) (string, error) {
	raw, err := hex.DecodeString(key)
	if err != nil || len(raw) < 4 {
		return "", fmt.Errorf("a draft's key is %q, which is not hexadecimal", key)
	}
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)), nil
}
