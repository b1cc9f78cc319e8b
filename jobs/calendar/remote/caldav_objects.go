package remote

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/outside"
)

// errUnreadable: an object is there, and nobody can say when it is.
var errUnreadable = errors.New("the calendar holds something there that is not a calendar entry")

// fetch reads objects by their ids. What is not there any more, or holds no event, is given as gone; what cannot be read is
// left out, so that the mirror keeps what it knew of it.
func (c CalDAV) fetch(ctx context.Context, f *folder, ids []string) ([]Object, error) {
	var hrefs strings.Builder
	for _, id := range ids {
		hrefs.WriteString("<href>" + escaped(spelled(f.there)+strings.TrimPrefix(id, c.id(f.at))) + "</href>")
	}
	m, err := f.ask(ctx, c, asked{method: "REPORT", purpose: "read events", header: map[string]string{"Depth": "1"},
		body: prelude + `<C:calendar-multiget xmlns="DAV:" xmlns:C="` + nsCalDAV + `"><prop><getetag/><C:calendar-data/></prop>` + hrefs.String() + `</C:calendar-multiget>`})
	if err != nil {
		return c.fewer(ctx, f, ids, err)
	}
	told := map[string]response{}
	for _, r := range m.responses {
		if id, _ := c.inside(f, r.href); id != "" {
			told[id] = r
		}
	}
	var objects []Object
	for _, id := range ids {
		r, ok := told[id]
		body := r.text(nsCalDAV, "calendar-data")
		switch {
		case ok && (r.status == http.StatusNotFound || r.status == http.StatusGone):
			objects = append(objects, Object{ID: id, Gone: true})
		case r.status >= 300:
			return nil, errPart
		case body == "": // passed over: some leave out what they do not keep as text
			alone, err := c.alone(ctx, id)
			if err != nil {
				return nil, err
			}
			objects = append(objects, alone...)
		default:
			if o, err := object(id, r.text(nsDAV, "getetag"), []byte(body)); err == nil {
				objects = append(objects, o)
			}
		}
	}
	return objects, nil
}

// fewer asks again where an answer was too large, or one object in it spoilt it, or the server does not give several at once.
func (c CalDAV) fewer(ctx context.Context, f *folder, ids []string, err error) (objects []Object, _ error) {
	switch code := status(err); {
	case errors.Is(err, outside.ErrTooLarge), errors.Is(err, errXML):
	case slices.Contains([]int{http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusNotImplemented}, code):
	default:
		return nil, err
	}
	if len(ids) == 1 {
		return c.alone(ctx, ids[0])
	}
	for _, half := range [][]string{ids[:len(ids)/2], ids[len(ids)/2:]} {
		some, err := c.fetch(ctx, f, half)
		if err != nil {
			return nil, err
		}
		objects = append(objects, some...)
	}
	return objects, nil
}

func (c CalDAV) alone(ctx context.Context, id string) ([]Object, error) {
	switch o, err := c.Get(ctx, "", id); {
	case errors.Is(err, ErrGone):
		return []Object{{ID: id, Gone: true}}, nil
	case errors.Is(err, errUnreadable), errors.Is(err, outside.ErrTooLarge):
		return nil, nil
	case err != nil:
		return nil, err
	default:
		return []Object{o}, nil
	}
}

// Get reads one object.
func (c CalDAV) Get(ctx context.Context, _, id string) (Object, error) {
	body, tag, err := c.raw(ctx, id)
	if err != nil {
		return Object{}, err
	}
	return object(id, tag, body)
}

// raw is an object as it is kept there.
func (c CalDAV) raw(ctx context.Context, id string) ([]byte, string, error) {
	at, err := c.resolve(id)
	if err != nil {
		return nil, "", err
	}
	answer, from, err := c.ask(ctx, asked{method: http.MethodGet, purpose: "read an event", at: at, header: map[string]string{"Accept": "text/calendar"}})
	if code := status(err); code == http.StatusNotFound || code == http.StatusGone {
		return nil, "", ErrGone
	}
	if err != nil {
		return nil, "", reading(at, err)
	}
	if html(answer) {
		return nil, "", &Mistaken{from.Hostname() + " answers with a web page, perhaps one to sign in on, where a calendar entry was."}
	}
	tag := etag(answer.Header.Get("ETag"))
	if tag == "" {
		if tag, err = c.tag(ctx, at); err != nil {
			return nil, "", err
		}
	}
	return answer.Body, tag, nil
}

// tag asks for an ETag that was not told.
func (c CalDAV) tag(ctx context.Context, at *url.URL) (string, error) {
	m, _, err := c.propfind(ctx, at, "0", "ask how an event stands", `<getetag/>`)
	if err != nil {
		return "", err
	}
	for _, r := range m.responses {
		if tag := etag(r.text(nsDAV, "getetag")); tag != "" {
			return tag, nil
		}
	}
	return "", nil
}

// object reads one. All that is in it belongs to one event or series, whose master comes first.
func object(id, tag string, body []byte) (Object, error) {
	events, leftOut, err := ical.Read(body, "")
	if err != nil || len(events) == 0 && len(leftOut) > 0 {
		return Object{}, errUnreadable
	}
	return Object{ID: id, ETag: etag(tag), Events: masterFirst(events), Gone: len(events) == 0}, nil
}

func masterFirst(events []ical.Event) []ical.Event {
	for i, e := range events {
		if e.Replaces == nil {
			copy(events[1:i+1], events[:i])
			events[0] = e
			break
		}
	}
	return events
}
