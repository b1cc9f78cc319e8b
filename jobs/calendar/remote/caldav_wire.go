package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/wedsync/wedsync/jobs/outside"
)

// Mistaken is an address that leads to no calendar, in words for the person who can mend it. Nothing is known to be gone.
type Mistaken struct{ Words string }

func (m *Mistaken) Error() string { return m.Words }

const (
	davDeadline  = 45 * time.Second // a first reading is long
	davLimit     = 16 << 20
	davRedirects = 5
)

// asked is one question to a server.
type asked struct {
	method, purpose string
	at              *url.URL
	body            string
	header          map[string]string
}

// ask puts it, and follows where the server points: also with the password, but to the same site only. Refusals come with what
// was answered; a password that is not taken is a *Reconnect already.
func (c CalDAV) ask(ctx context.Context, q asked) (outside.Answer, *url.URL, error) {
	for range davRedirects + 1 {
		answer, err := c.once(ctx, q)
		var refused *outside.Refused
		if !errors.As(err, &refused) {
			return answer, q.at, err
		}
		if refused.Status == http.StatusUnauthorized {
			return answer, q.at, c.notLetIn(q.at, answer)
		}
		if !slices.Contains([]int{301, 302, 307, 308}, refused.Status) {
			return answer, q.at, err
		}
		next, err := q.at.Parse(answer.Header.Get("Location"))
		if err != nil || answer.Header.Get("Location") == "" {
			return answer, q.at, &Mistaken{q.at.Hostname() + " points to another address, which cannot be read."}
		}
		if !mayFollow(q.at, next) {
			return answer, q.at, &Mistaken{fmt.Sprintf("%s points to %s, where WedSync does not take your password. If that is where your calendar is now, give its address there.", q.at.Hostname(), next.Hostname())}
		}
		q.at = next
	}
	return outside.Answer{}, q.at, &Mistaken{q.at.Hostname() + " points from one address to the next without end."}
}

func (c CalDAV) once(ctx context.Context, q asked) (outside.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, q.method, q.at.String(), bytes.NewReader([]byte(q.body)))
	if err != nil {
		return outside.Answer{}, &Mistaken{"This is not an address that can be asked."}
	}
	if q.body != "" {
		req.Header.Set("Content-Type", "application/xml; charset=utf-8")
	}
	for name, value := range q.header {
		req.Header.Set(name, value)
	}
	req.Header.Set("User-Agent", "WedSync")
	if c.User != "" || c.Password != "" {
		req.SetBasicAuth(c.User, c.Password)
	}
	call := outside.Call{OrgID: c.OrgID, Peer: peer("caldav", c.Box, q.at), Purpose: q.purpose, Typed: true, Stay: true, Deadline: davDeadline, Limit: davLimit}
	return c.Door.Do(ctx, call, req)
}

// peer: whose breaker. One that is only being connected has no box yet.
func peer(kind, box string, at *url.URL) string {
	if box == "" {
		box = at.Hostname()
	}
	return kind + ":" + box
}

// notLetIn tells apart the wrong password and a way of signing in that we do not have.
func (c CalDAV) notLetIn(at *url.URL, a outside.Answer) error {
	kinds := strings.ToLower(strings.Join(a.Header.Values("WWW-Authenticate"), ", "))
	basic := kinds == "" || strings.Contains(kinds, "basic")
	switch {
	case !basic && strings.Contains(kinds, "digest"):
		return &Reconnect{at.Hostname() + " only lets people in with Digest passwords, which WedSync does not speak. Ask whoever runs it to allow Basic over https."}
	case !basic:
		return &Reconnect{at.Hostname() + " wants people to sign in on its own page. If these are Google's or Microsoft's calendars, connect them with their own button."}
	case c.User == "" && c.Password == "":
		return &Reconnect{at.Hostname() + " asks for a user name and a password."}
	default:
		return &Reconnect{at.Hostname() + " does not take this user name and password. Many providers (iCloud, Fastmail, Nextcloud) want an app password made for WedSync, not the usual one."}
	}
}

// reading makes of a refusal to let us read what it means for the calendar.
func reading(at *url.URL, err error) error {
	switch status(err) {
	case http.StatusForbidden:
		return &Reconnect{at.Hostname() + " no longer lets this user see the calendar. Sign in there and look whether it is still shared, or whether the password was changed."}
	case http.StatusNotFound, http.StatusGone:
		return ErrNoCalendar
	}
	return err
}

// status is what a server answered with an error; 0: it answered nothing, or the error is not its.
func status(err error) int {
	var refused *outside.Refused
	var later *outside.Later
	switch {
	case errors.As(err, &refused):
		return refused.Status
	case errors.As(err, &later):
		return later.Status
	}
	return 0
}

// several asks what is answered by a multistatus.
func (c CalDAV) several(ctx context.Context, q asked) (multistatus, *url.URL, error) {
	answer, from, err := c.ask(ctx, q)
	if err != nil {
		return multistatus{}, from, err
	}
	if answer.Status != http.StatusMultiStatus && html(answer) {
		return multistatus{}, from, &Mistaken{from.Hostname() + " answers with a web page, perhaps one to sign in on, and not as a calendar server does."}
	}
	m, err := readMultistatus(answer.Body)
	return m, from, err
}

func html(a outside.Answer) bool {
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if kind == "text/html" || kind == "application/xhtml+xml" {
		return true
	}
	head := strings.ToLower(string(a.Body[:min(len(a.Body), 512)]))
	head = strings.TrimLeft(head, "\ufeff \t\r\n")
	return strings.HasPrefix(head, "<!doctype html") || strings.HasPrefix(head, "<html")
}

const prelude = `<?xml version="1.0" encoding="utf-8"?>` + "\n"

// propfind asks for properties, written as they stand in XML with C and S for CalDAV's and the Calendar Server's names.
func (c CalDAV) propfind(ctx context.Context, at *url.URL, depth, purpose, props string) (multistatus, *url.URL, error) {
	return c.several(ctx, properties(at, depth, purpose, props))
}

func properties(at *url.URL, depth, purpose, props string) asked {
	return asked{method: "PROPFIND", purpose: purpose, at: at, header: map[string]string{"Depth": depth},
		body: prelude + `<propfind xmlns="DAV:" xmlns:C="` + nsCalDAV + `" xmlns:S="` + nsServer + `"><prop>` + props + `</prop></propfind>`}
}

// base is the address that was typed.
func (c CalDAV) base() (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(c.URL))
	if err != nil || u.Host == "" {
		return nil, &Mistaken{"This is not a whole address. Copy it from the other side: it begins with https://."}
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.RawQuery, u.Fragment = "", ""
	return u, nil
}

// resolve is where something of the account's is: on the server whose address was typed, or on one of the same site.
func (c CalDAV) resolve(id string) (*url.URL, error) {
	base, err := c.base()
	if err != nil {
		return nil, err
	}
	at, err := base.Parse(id)
	if err != nil || !mayFollow(base, at) {
		return nil, &Mistaken{"The calendar is at an address to which WedSync does not take your password."}
	}
	return at, nil
}

// folder is a calendar: where we know it, which its objects' ids follow, and where it answered from, if the server has moved it.
type folder struct{ at, there *url.URL }

func (c CalDAV) folder(id string) (*folder, error) {
	at, err := c.resolve(id)
	if err != nil {
		return nil, err
	}
	at = at.JoinPath("/")
	return &folder{at: at, there: at}, nil
}

// ask asks a calendar, and remembers where it answered from.
func (f *folder) ask(ctx context.Context, c CalDAV, q asked) (multistatus, error) {
	q.at = f.there
	m, from, err := c.several(ctx, q)
	if err == nil {
		f.there = from.JoinPath("/")
	}
	return m, err
}

// rest is what a path has beyond the calendar's own; own: it is the calendar itself. Whatever else a server lists is none of it.
func (f *folder) rest(href string) (rest string, own bool) {
	u, err := f.there.Parse(href)
	if err != nil || !mayFollow(f.there, u) {
		return "", false
	}
	path := spelled(u)
	for _, place := range []*url.URL{f.there, f.at} {
		base := spelled(place)
		if path == base || path+"/" == base {
			return "", true
		}
		if rest, ok := strings.CutPrefix(path, base); ok && rest != "." && rest != ".." && !strings.Contains(rest, "/") {
			return rest, false
		}
	}
	return "", false
}

// id is what resolve takes back: the path, in one spelling, and the host where it is another.
func (c CalDAV) id(at *url.URL) string {
	path := spelled(at)
	if base, err := c.base(); err == nil && base.Scheme == at.Scheme && host(base) == host(at) && port(base) == port(at) && !strings.HasPrefix(path, "//") {
		return path
	}
	return at.Scheme + "://" + strings.TrimSuffix(at.Host, ":443") + path
}

// spelled is a path as we write it: servers escape the same one in several ways, from one answer to the next.
func spelled(u *url.URL) string {
	parts := strings.Split(u.EscapedPath(), "/")
	for i, part := range parts {
		if plain, err := url.PathUnescape(part); err == nil {
			parts[i] = url.PathEscape(plain)
		}
	}
	return strings.Join(parts, "/")
}

// mayFollow says whether a password that was given for one address may be said at another: at the same server, or at one of the
// same site by https (iCloud keeps people on p34-caldav.icloud.com), and never in the clear where it was not.
func mayFollow(from, to *url.URL) bool {
	if to.Scheme != "https" && (to.Scheme != "http" || from.Scheme != "http") || to.User != nil || to.Hostname() == "" {
		return false
	}
	fromHost, toHost := host(from), host(to)
	if fromHost == toHost {
		return port(from) == port(to) || to.Scheme == "https" && port(to) == "443"
	}
	if to.Scheme != "https" || port(to) != "443" {
		return false
	}
	fromSite, toSite := site(fromHost), site(toHost)
	return fromSite != "" && fromSite == toSite
}

func host(u *url.URL) string { return strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")) }

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	default:
		return "443"
	}
}

// site is what one owner has; a number has none.
func site(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	name, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return name
}

// etag is one in its strong form: proxies that pack answers weaken them or mark them, and If-Match takes neither.
func etag(raw string) string {
	raw = strings.TrimPrefix(strings.TrimSpace(raw), "W/")
	raw = strings.Trim(raw, `"`)
	raw = strings.TrimSuffix(strings.TrimSuffix(raw, "-gzip"), ";gzip")
	if raw == "" {
		return ""
	}
	return `"` + raw + `"`
}
