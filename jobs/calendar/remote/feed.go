package remote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/outside"
)

// Feed is a calendar that somebody publishes at an address, as iCalendar. It is only read, and whoever knows its address may
// read it: the address is a secret.
type Feed struct {
	Door  *outside.Door
	OrgID uuid.UUID
	URL   string
	Box   string // whose breaker: the connection's id
}

var _ Account = Feed{}

const (
	feedID       = "feed"
	feedLimit    = 10 << 20
	feedDeadline = 30 * time.Second
)

// FeedURL is the address to ask: programs are handed webcal:// where people are handed https://.
func FeedURL(raw string) string {
	raw = strings.TrimSpace(raw)
	for _, scheme := range []string{"webcals://", "webcal://"} {
		if len(raw) > len(scheme) && strings.EqualFold(raw[:len(scheme)], scheme) {
			return "https://" + raw[len(scheme):]
		}
	}
	return raw
}

// Calendars gives the one that a feed is, by the name it gives itself.
func (f Feed) Calendars(ctx context.Context) ([]Calendar, error) {
	answer, at, err := f.get(ctx, validators{})
	if err != nil {
		return nil, err
	}
	if _, _, err := read(at, answer.Body); err != nil {
		return nil, err
	}
	one := Calendar{ID: feedID, Name: heading(answer.Body, "X-WR-CALNAME"), Primary: true}
	if one.Name == "" {
		one.Name = at.Hostname()
	}
	if _, zone, ok := ical.Zone(heading(answer.Body, "X-WR-TIMEZONE")); ok {
		one.Zone = zone
	}
	return []Calendar{one}, nil
}

// Changes gives everything there is, unless the server says, or the bytes show, that nothing changed.
func (f Feed) Changes(ctx context.Context, _, token string, _ Window, page func([]Object) error) (Pull, error) {
	last := readValidators(token)
	answer, at, err := f.get(ctx, last)
	if err != nil {
		return Pull{}, err
	}
	if answer.Status == http.StatusNotModified {
		return Pull{Token: token}, nil
	}
	sum := sha256.Sum256(answer.Body)
	next := validators{etag: line(answer.Header.Get("ETag")), modified: line(answer.Header.Get("Last-Modified")), sum: hex.EncodeToString(sum[:])}
	if next.sum == last.sum {
		return Pull{Token: next.token()}, nil
	}
	events, words, err := read(at, answer.Body)
	if err != nil {
		return Pull{}, err
	}
	if len(events) == 0 && len(words) > 0 {
		return Pull{}, &Mistaken{at.Hostname() + " gives a calendar of which nothing can be read: " + words[0]}
	}
	for some := range slices.Chunk(objects(events), chunk) {
		if err := page(some); err != nil {
			return Pull{}, err
		}
	}
	return Pull{Token: next.token(), Whole: true}, nil
}

// Get reads the whole feed for one event of it.
func (f Feed) Get(ctx context.Context, _, id string) (Object, error) {
	var found *Object
	_, err := f.Changes(ctx, feedID, "", Window{}, func(some []Object) error {
		if i := slices.IndexFunc(some, func(o Object) bool { return o.ID == id }); i >= 0 {
			found = &some[i]
		}
		return nil
	})
	if err != nil {
		return Object{}, err
	}
	if found == nil {
		return Object{}, ErrGone
	}
	return *found, nil
}

func (f Feed) Put(context.Context, string, Draft) (Written, error)  { return Written{}, ErrReadOnly }
func (f Feed) Delete(context.Context, string, string, string) error { return ErrReadOnly }

// validators are what a server knows an answer by, and what we know it by ourselves: not all servers keep theirs.
type validators struct{ etag, modified, sum string }

func (v validators) token() string { return v.etag + "\n" + v.modified + "\n" + v.sum }

func readValidators(token string) (v validators) {
	parts := strings.SplitN(token, "\n", 3)
	for i, field := range []*string{&v.etag, &v.modified, &v.sum} {
		if i < len(parts) {
			*field = line(parts[i])
		}
	}
	return v
}

// line is a header's value that may be sent and stored.
func line(value string) string {
	if len(value) > 300 || strings.ContainsAny(value, "\r\n\x00") {
		return ""
	}
	return value
}

func (f Feed) get(ctx context.Context, last validators) (outside.Answer, *url.URL, error) {
	at, err := url.Parse(FeedURL(f.URL))
	if err != nil || at.Host == "" {
		return outside.Answer{}, nil, &Mistaken{"This is not a whole address. Copy it from the other side: it begins with https:// or webcal://."}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return outside.Answer{}, nil, &Mistaken{"This is not an address that can be asked."}
	}
	req.Header.Set("Accept", "text/calendar, */*;q=0.5")
	req.Header.Set("User-Agent", "WedSync")
	if last.etag != "" {
		req.Header.Set("If-None-Match", last.etag)
	}
	if last.modified != "" {
		req.Header.Set("If-Modified-Since", last.modified)
	}
	answer, err := f.Door.Do(ctx, outside.Call{OrgID: f.OrgID, Peer: peer("feed", f.Box, at), Purpose: "read a calendar feed", Typed: true, Deadline: feedDeadline, Limit: feedLimit}, req)
	return answer, at, feedWords(at, err)
}

func feedWords(at *url.URL, err error) error {
	switch code := status(err); {
	case code == http.StatusNotFound, code == http.StatusGone:
		return ErrNoCalendar
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return &Reconnect{at.Hostname() + " does not let WedSync read this feed any more. Copy the feed's private address from there anew."}
	case code >= 300 && code < 400:
		return &Mistaken{at.Hostname() + " points to another address in a way that WedSync does not follow. Use the address where the feed is now."}
	case errors.Is(err, outside.ErrTooLarge):
		return &Mistaken{fmt.Sprintf("This feed is larger than %d MiB, which is more than WedSync reads. Publish a shorter time of it, or fewer calendars in one.", feedLimit>>20)}
	}
	return err
}

func read(at *url.URL, body []byte) ([]ical.Event, []string, error) {
	if html(outside.Answer{Body: body}) {
		return nil, nil, &Mistaken{at.Hostname() + " answers with a web page and not with a calendar. Copy the address of the iCal feed (it often ends in .ics), not the one of the page that shows it."}
	}
	events, words, err := ical.Read(body, "")
	if err != nil {
		return nil, nil, &Mistaken{"What " + at.Hostname() + " gives is not a calendar that can be read. Copy the address of the iCal feed: it often ends in .ics."}
	}
	return events, words, nil
}

// heading is a property of the calendar itself: those stand before its first component.
func heading(body []byte, name string) string {
	head := string(body[:min(len(body), 16<<10)])
	head = strings.ReplaceAll(strings.ReplaceAll(head, "\r\n", "\n"), "\n ", "")
	for text := range strings.Lines(head) {
		property, value, ok := strings.Cut(strings.TrimSpace(text), ":")
		property, _, _ = strings.Cut(property, ";")
		if ok && strings.EqualFold(property, name) {
			value = strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(value)
			runes := []rune(strings.ToValidUTF8(strings.TrimSpace(value), ""))
			return string(runes[:min(len(runes), 120)])
		}
	}
	return ""
}

// objects puts a series and its exceptions together. Feeds break the rule that a UID is one event's: what says otherwise is
// kept beside it under a name of its own, so that no time is lost that is taken.
func objects(events []ical.Event) (all []Object) {
	at := map[string][]int{} // the objects of a UID
	for _, e := range events {
		if e.UID == "" {
			e.UID = "hash:" + ical.Hash(e)
		}
		known := at[e.UID]
		if e.Replaces != nil && len(known) > 0 {
			all[known[0]].Events = append(all[known[0]].Events, e)
			continue
		}
		if i := slices.IndexFunc(known, func(i int) bool { return replacesWhole(all[i].Events, e) }); i >= 0 {
			all[known[i]].Events = newer(all[known[i]].Events, e)
			continue
		}
		id := e.UID
		if len(known) > 0 {
			id = fmt.Sprintf("%s#%d", e.UID, len(known)+1)
		}
		at[e.UID] = append(known, len(all))
		all = append(all, Object{ID: id, Events: []ical.Event{e}})
	}
	for i := range all {
		all[i].ETag = sumOf(all[i].Events)
	}
	return all
}

// replacesWhole: it is the master that an object lacked, or another edition of the one it has.
func replacesWhole(parts []ical.Event, e ical.Event) bool {
	master := parts[0]
	return e.Replaces == nil && (master.Replaces != nil || master.Starts == e.Starts)
}

func newer(parts []ical.Event, e ical.Event) []ical.Event {
	switch master := parts[0]; {
	case master.Replaces != nil:
		return append([]ical.Event{e}, parts...)
	case e.Sequence < master.Sequence || e.Sequence == master.Sequence && e.Updated.Before(master.Updated):
		return parts
	default:
		parts[0] = e
		return parts
	}
}

func sumOf(events []ical.Event) string {
	raw, err := json.Marshal(events)
	if err != nil { // of strings and times: it cannot be
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}
