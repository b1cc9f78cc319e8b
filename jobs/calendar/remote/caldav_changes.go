package remote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/wedsync/wedsync/jobs/outside"
)

const (
	chunk     = 100 // objects in one answer
	maxRounds = 1000
)

// Tokens say which way they were got: a server's own ("sync:"), its counter of changes ("ctag:"), or what the list of all
// objects came to ("list:"), where it has neither.
const (
	bySync = "sync:"
	byCTag = "ctag:"
	byList = "list:"
)

// refusedToken is a server that does not tell what changed since a token, for whatever reason: some say 403, some 500.
type refusedToken struct{ err error }

func (r *refusedToken) Error() string { return r.err.Error() }
func (r *refusedToken) Unwrap() error { return r.err }

// Changes takes what the server tells of changes, and the whole calendar where it does not. The window narrows nothing.
func (c CalDAV) Changes(ctx context.Context, calendar, token string, _ Window, page func([]Object) error) (Pull, error) {
	f, err := c.folder(calendar)
	if err != nil {
		return Pull{}, err
	}
	var refused *refusedToken
	if since, ok := strings.CutPrefix(token, bySync); ok && since != "" {
		next, err := c.since(ctx, f, since, page)
		if err == nil {
			return Pull{Token: bySync + next}, nil
		}
		if !errors.As(err, &refused) {
			return Pull{}, reading(f.at, err)
		}
	}
	s, err := c.state(ctx, f)
	if err != nil {
		return Pull{}, reading(f.at, err)
	}
	if s.ctag != "" && token == byCTag+s.ctag {
		return Pull{Token: token}, nil
	}
	if s.sync {
		next, err := c.since(ctx, f, "", page)
		if err == nil {
			return Pull{Token: bySync + next, Whole: true}, nil
		}
		if !errors.As(err, &refused) {
			return Pull{}, reading(f.at, err)
		}
	}
	return c.list(ctx, f, token, s.ctag, page)
}

// state is how a calendar stands: its counter is read before what it counts, so that what changes meanwhile is seen next time.
type state struct {
	ctag string
	sync bool
}

func (c CalDAV) state(ctx context.Context, f *folder) (state, error) {
	m, err := f.ask(ctx, c, properties(f.at, "0", "ask how a calendar stands", `<resourcetype/><sync-token/><supported-report-set/><S:getctag/>`))
	if err != nil {
		return state{}, err
	}
	if len(m.responses) == 0 {
		return state{}, errXML
	}
	r := m.responses[0]
	switch {
	case r.status == http.StatusNotFound, r.status == http.StatusGone:
		return state{}, ErrNoCalendar
	case r.prop(nsDAV, "resourcetype") != nil && r.prop(nsDAV, "resourcetype").kid(nsCalDAV, "calendar") == nil:
		return state{}, ErrNoCalendar // something else is there now
	}
	return state{ctag: r.text(nsServer, "getctag"), sync: r.text(nsDAV, "sync-token") != "" || r.prop(nsDAV, "supported-report-set").under(nsDAV, "sync-collection")}, nil
}

// since gives what changed since a token, everything since an empty one, and the next token.
func (c CalDAV) since(ctx context.Context, f *folder, token string, page func([]Object) error) (string, error) {
	for range maxRounds {
		m, err := f.ask(ctx, c, asked{method: "REPORT", purpose: "ask what has changed", header: map[string]string{"Depth": "0"},
			body: prelude + `<sync-collection xmlns="DAV:"><sync-token>` + escaped(token) + `</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`})
		if err == nil && (m.token == "" || len(m.token) > 4096) {
			err = errXML
		}
		if err != nil {
			return "", asRefused(err)
		}
		changed, gone, more, err := c.split(f, m)
		if err != nil {
			return "", err
		}
		if len(gone) > 0 && token != "" { // radicale tells of what was deleted also where nothing was known
			if err := page(gone); err != nil {
				return "", err
			}
		}
		if err := c.give(ctx, f, changed, page); err != nil {
			return "", err
		}
		if !more {
			return m.token, nil
		}
		if m.token == token {
			break
		}
		token = m.token
	}
	return "", errTooManyPages
}

var errTooManyPages = errors.New("the calendar server says again and again that there is more to come, and gives nothing new")

// asRefused: what may be the token's fault. Asked too often, or not there at the moment, is not; nor is a password.
func asRefused(err error) error {
	code := status(err)
	switch code {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return err
	}
	if code >= 400 || errors.Is(err, errXML) || errors.Is(err, outside.ErrTooLarge) {
		return &refusedToken{err}
	}
	return err
}

// split reads what a server tells of changes: the ids of what is there, what is gone, and whether there is more to come.
func (c CalDAV) split(f *folder, m multistatus) (changed []string, gone []Object, more bool, err error) {
	strange := 0
	for _, r := range m.responses {
		id, own := c.inside(f, r.href)
		switch {
		case own:
			more = more || r.status == http.StatusInsufficientStorage
		case id == "":
			strange++
		case r.prop(nsDAV, "resourcetype").kid(nsDAV, "collection") != nil:
		case r.status == http.StatusNotFound, r.status == http.StatusGone:
			gone = append(gone, Object{ID: id, Gone: true})
		case r.status >= 300:
			return nil, nil, false, errPart // not told how it stands: never taken for an absence
		default:
			changed = append(changed, id)
		}
	}
	if strange > 0 && len(changed)+len(gone) == 0 {
		return nil, nil, false, errPart // of another place: this calendar is not empty because of it
	}
	return changed, gone, more, nil
}

var errPart = errors.New("the calendar server could not tell of all events how they stand")

// inside is the id of an object in a calendar; own: it is the calendar itself.
func (c CalDAV) inside(f *folder, href string) (id string, own bool) {
	rest, own := f.rest(href)
	if rest == "" {
		return "", own
	}
	return c.id(f.at) + rest, false
}

// list is the way for servers that only count changes, or not even that: everything is read when anything has changed.
func (c CalDAV) list(ctx context.Context, f *folder, token, ctag string, page func([]Object) error) (Pull, error) {
	m, err := f.ask(ctx, c, properties(f.at, "1", "list a calendar", `<resourcetype/><getetag/><getcontenttype/>`))
	if err != nil {
		return Pull{}, reading(f.at, err)
	}
	var entries multistatus
	var lines []string
	for _, r := range m.responses {
		if kind := r.text(nsDAV, "getcontenttype"); kind == "" || strings.HasPrefix(strings.ToLower(kind), "text/calendar") {
			entries.responses = append(entries.responses, r)
			lines = append(lines, r.href+"\n"+etag(r.text(nsDAV, "getetag")))
		}
	}
	ids, _, _, err := c.split(f, entries)
	if err != nil {
		return Pull{}, err
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	next := byList + hex.EncodeToString(sum[:])
	if ctag != "" {
		next = byCTag + ctag
	}
	if next == token {
		return Pull{Token: token}, nil
	}
	if err := c.give(ctx, f, ids, page); err != nil {
		return Pull{}, reading(f.at, err)
	}
	return Pull{Token: next, Whole: true}, nil
}

// give reads objects and hands them on, so many at a time.
func (c CalDAV) give(ctx context.Context, f *folder, ids []string, page func([]Object) error) error {
	for some := range slices.Chunk(ids, chunk) {
		objects, err := c.fetch(ctx, f, some)
		if err != nil {
			return err
		}
		if len(objects) == 0 {
			continue
		}
		if err := page(objects); err != nil {
			return err
		}
	}
	return nil
}
