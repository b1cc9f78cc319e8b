package inbound

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/outside"
)

// TaveURL is where VSCO Workspace's API lives (its OpenAPI, servers).
const TaveURL = "https://workspace.vsco.co/api/v2"

// tavePage is the size of a page: 10 to 100 by the schema, and each job on it costs two or three further questions.
const tavePage = 50

var (
	// ErrKeyRefused is said of an API key that Tave does not take (any more).
	ErrKeyRefused = errors.New("Tave refused the API key: it was withdrawn, or it is another account's. Make a new one in Tave under Settings, API Integrations, and paste it here")
	errNoRecord   = errors.New("Tave has no such record for this API key")
)

// taveError is an answer that makes no sense.
type taveError struct{ words string }

func (e taveError) Error() string { return e.words }

// TaveAPI asks one studio's Workspace. It only ever reads records; the one thing it writes are the hooks' subscriptions.
type TaveAPI struct {
	out        *outside.Door
	url, key   string
	org        uuid.UUID
	connection uuid.UUID
}

// taveList is a page of a list.
type taveList struct {
	Meta struct {
		TotalPages int `json:"totalPages"`
		TotalItems int `json:"totalItems"`
	} `json:"meta"`
	Items []taveRecord `json:"items"`

	at time.Time // by Tave's clock
}

// taveRecord is a record as it came, and what following it needs.
type taveRecord struct {
	raw      json.RawMessage
	ID       string `json:"id"`
	Modified string `json:"modified"`
	early    bool   // changed in the very second in which it was read: it may change again without a new stamp
}

// UnmarshalJSON keeps the record as it is written.
func (r *taveRecord) UnmarshalJSON(raw []byte) error {
	type fields taveRecord
	if err := json.Unmarshal(raw, (*fields)(r)); err != nil {
		return err
	}
	r.raw = bytes.Clone(raw)
	return nil
}

func (r taveRecord) part() part {
	doc, err := jsonDocument(r.raw)
	if err != nil {
		doc = nil
	}
	return newPart("", doc, false)
}

func (r taveRecord) modified() time.Time { return taveTime(r.Modified) }

// tavePath are the collections; ids are appended only once they are ULIDs.
var tavePath = map[string]string{"job": "/job", "payment": "/payment", "order": "/order", "contact": "/address-book"}

func (a TaveAPI) record(ctx context.Context, kind, id string) (r taveRecord, err error) {
	if !ulid.MatchString(id) || tavePath[kind] == "" {
		return r, errNoRecord
	}
	at, err := a.get(ctx, "read a "+kind+" back", tavePath[kind]+"/"+id, nil, &r)
	if refused, is := errors.AsType[*outside.Refused](err); is && (refused.Status == http.StatusNotFound || refused.Status == http.StatusGone) {
		return r, errNoRecord
	}
	if err == nil && r.ID != id {
		return r, taveError{"Tave answered with another record than the one that was asked for: " + clip(clean(r.ID), 40)}
	}
	r.early = isEarly(r, at)
	return r, err
}

// page of a collection, the newest change first.
func (a TaveAPI) page(ctx context.Context, kind string, page int) (l taveList, err error) {
	query := url.Values{"page": {strconv.Itoa(page)}, "pageSize": {strconv.Itoa(tavePage)}, "sortBy": {"modified desc"}}
	if kind == "job" {
		query.Set("includeClosed", "true") // a cancelled job is a closed one
	}
	l.at, err = a.get(ctx, "look what has changed", tavePath[kind], query, &l)
	for i := range l.Items {
		l.Items[i].early = isEarly(l.Items[i], l.at)
	}
	return l, err
}

// isEarly compares Tave's clock with itself: stamps have whole seconds, so a record may change twice under one of them.
func isEarly(r taveRecord, at time.Time) bool {
	return !at.IsZero() && at.Sub(r.modified()) < 2*time.Second
}

func (a TaveAPI) get(ctx context.Context, purpose, path string, query url.Values, into any) (time.Time, error) {
	if len(query) > 0 {
		path += "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	}
	return a.ask(ctx, purpose, http.MethodGet, path, nil, into)
}

// ask gives Tave's own time of its answer.
func (a TaveAPI) ask(ctx context.Context, purpose, method, path string, body, into any) (time.Time, error) {
	var send io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return time.Time{}, err
		}
		send = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(a.url, "/")+path, send)
	if err != nil {
		return time.Time{}, err
	}
	req.Header.Set("X-API-KEY", a.key)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	answer, err := a.out.Do(ctx, outside.Call{OrgID: a.org, Peer: tavePeer(a.connection), Purpose: purpose, Limit: tavePage * maxBody / 8}, req)
	if err != nil {
		return time.Time{}, refusedKey(err)
	}
	at, _ := http.ParseTime(answer.Header.Get("Date"))
	if into == nil {
		return at, nil
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return at, taveError{fmt.Sprintf("Tave's answer could not be read as JSON (%v)", err)}
	}
	return at, nil
}

// tavePeer: the breaker is each connection's own, since quotas are, and one studio's must not keep the others waiting.
func tavePeer(connection uuid.UUID) string { return "tave:" + connection.String() }

func refusedKey(err error) error {
	if refused, is := errors.AsType[*outside.Refused](err); is && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden) {
		return ErrKeyRefused
	}
	return err
}
