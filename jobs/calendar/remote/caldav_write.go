package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/outside"
)

// errTaken: something is there already under this name or this UID.
var errTaken = errors.New("it is there already")

// Put creates under a name that follows from the key, or writes our fields into what is there.
func (c CalDAV) Put(ctx context.Context, calendar string, d Draft) (Written, error) {
	if d.ID != "" {
		return c.update(ctx, d)
	}
	f, err := c.folder(calendar)
	if err != nil {
		return Written{}, err
	}
	at := f.at.JoinPath(d.Key + ".ics")
	d.Event.UID = d.Key + "@wedsync"
	tag, err := c.write(ctx, at, ical.Write("", []ical.Event{d.Event}, time.Now().UTC()), "If-None-Match", "*")
	switch {
	case err == nil:
		return Written{ID: c.id(at), ETag: tag}, nil
	case errors.Is(err, errTaken), errors.Is(err, ErrChanged):
		return c.already(ctx, f, at, d)
	case errors.Is(err, ErrGone), status(err) == http.StatusConflict:
		return Written{}, c.missing(ctx, f, err)
	default:
		return Written{}, err
	}
}

// already: an answer of an earlier time was lost, or a person moved the event to another name. What is there is not touched.
func (c CalDAV) already(ctx context.Context, f *folder, at *url.URL, d Draft) (Written, error) {
	o, err := c.Get(ctx, "", c.id(at))
	if errors.Is(err, ErrGone) {
		id, findErr := c.byUID(ctx, f, d.Event.UID)
		if findErr != nil {
			return Written{}, findErr
		}
		o, err = c.Get(ctx, "", id)
	}
	if err != nil {
		return Written{}, err
	}
	if len(o.Events) == 0 || o.Events[0].Ours != d.Event.Ours || o.Events[0].OursRev != d.Event.OursRev {
		o.ETag = ""
	}
	return Written{ID: o.ID, ETag: o.ETag}, nil
}

// byUID finds the object that a UID belongs to.
func (c CalDAV) byUID(ctx context.Context, f *folder, uid string) (string, error) {
	m, err := f.ask(ctx, c, asked{method: "REPORT", purpose: "look for an event", header: map[string]string{"Depth": "1"},
		body: prelude + `<C:calendar-query xmlns="DAV:" xmlns:C="` + nsCalDAV + `"><prop><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">` +
			`<C:prop-filter name="UID"><C:text-match collation="i;octet">` + escaped(uid) + `</C:text-match></C:prop-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`})
	if err != nil {
		return "", reading(f.at, err)
	}
	for _, r := range m.responses {
		if id, _ := c.inside(f, r.href); id != "" && r.status == 0 {
			return id, nil
		}
	}
	return "", ErrGone
}

// missing: where nothing can be put, perhaps the calendar itself is not there any more.
func (c CalDAV) missing(ctx context.Context, f *folder, err error) error {
	if _, stateErr := c.state(ctx, f); stateErr != nil {
		return reading(f.at, stateErr)
	}
	return err
}

// update keeps what others put into the object: alarms, attendees, properties of their own. What says what we want said
// already is not written again.
func (c CalDAV) update(ctx context.Context, d Draft) (Written, error) {
	at, err := c.resolve(d.ID)
	if err != nil {
		return Written{}, err
	}
	body, tag, err := c.raw(ctx, d.ID)
	if err != nil {
		return Written{}, err
	}
	if want := etag(d.ETag); want != "" && want != tag {
		return Written{}, ErrChanged
	}
	if same(d.ID, body, d.Event) {
		return Written{ID: d.ID, ETag: tag}, nil
	}
	body, err = ical.Rewrite(body, d.Event, time.Now().UTC())
	if err != nil {
		return Written{}, errUnreadable
	}
	header, value := "If-Match", tag
	if tag == "" {
		header = "" // a server without ETags cannot be asked to look
	}
	tag, err = c.write(ctx, at, body, header, value)
	if errors.Is(err, errTaken) {
		err = ErrChanged
	}
	return Written{ID: d.ID, ETag: tag}, err
}

func same(id string, body []byte, want ical.Event) bool {
	o, err := object(id, "", body)
	if err != nil || len(o.Events) != 1 {
		return false
	}
	is := o.Events[0]
	return want.OursRev != "" && is.Ours == want.Ours && is.OursRev == want.OursRev && ical.Hash(is) == ical.Hash(want)
}

// Delete takes an object away, by the state that we know of it where we do.
func (c CalDAV) Delete(ctx context.Context, _, id, tag string) error {
	at, err := c.resolve(id)
	if err != nil {
		return err
	}
	q := asked{method: http.MethodDelete, purpose: "delete an event", at: at, header: map[string]string{}}
	if tag = etag(tag); tag != "" {
		q.header["If-Match"] = tag
	}
	answer, from, err := c.ask(ctx, q)
	if err = wrote(from, answer, err); errors.Is(err, ErrGone) {
		return nil
	}
	return err
}

// write puts an object and gives the ETag that it has there.
func (c CalDAV) write(ctx context.Context, at *url.URL, body []byte, condition, value string) (string, error) {
	q := asked{method: http.MethodPut, purpose: "write an event", at: at, body: string(body), header: map[string]string{"Content-Type": "text/calendar; charset=utf-8"}}
	if condition != "" {
		q.header[condition] = value
	}
	answer, from, err := c.ask(ctx, q)
	if err := wrote(from, answer, err); err != nil {
		return "", err
	}
	if tag := etag(answer.Header.Get("ETag")); tag != "" {
		return tag, nil
	}
	return c.tag(ctx, from) // it keeps it in words of its own, and says so by not telling
}

// wrote judges an answer to a write. Some servers hide a refusal inside a 207.
func wrote(at *url.URL, a outside.Answer, err error) error {
	code, faults := status(err), readFaults(a.Body)
	if err == nil && a.Status == http.StatusMultiStatus {
		m, bad := readMultistatus(a.Body)
		if bad != nil {
			return bad
		}
		for _, r := range m.responses {
			if r.status >= 300 {
				code, faults = r.status, r.faults
				err = &unwanted{fmt.Sprintf("%s refused it: it answered %d", at.Hostname(), code), outside.Refused{Status: code, Answer: a}}
			}
		}
	}
	if err == nil {
		return nil
	}
	switch {
	case slices.Contains(faults, "no-uid-conflict"):
		return errTaken
	case len(faults) > 0 && slices.ContainsFunc(faults, ofContent):
		return &unwanted{at.Hostname() + " does not take the event as it is written: it answered " + faults[0], outside.Refused{Status: code, Answer: a}}
	}
	switch code {
	case http.StatusPreconditionFailed:
		return ErrChanged
	case http.StatusForbidden, http.StatusMethodNotAllowed:
		return ErrReadOnly
	case http.StatusNotFound, http.StatusGone:
		return ErrGone
	}
	return err
}

// unwanted is a refusal in our words: trying the same again will not change it.
type unwanted struct {
	words   string
	refused outside.Refused
}

func (u *unwanted) Error() string { return u.words }
func (u *unwanted) Unwrap() error { return &u.refused }

// ofContent: what RFC 4791 (5.3.2.1) calls it when the event itself is not to a server's taste.
func ofContent(fault string) bool {
	return slices.Contains([]string{"valid-calendar-data", "valid-calendar-object-resource", "supported-calendar-data", "supported-calendar-component",
		"max-resource-size", "min-date-time", "max-date-time", "max-instances", "max-attendees-per-instance"}, fault)
}
