package sandbox

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// googleChannel is somebody who wants to be told of changes in a calendar.
type googleChannel struct {
	id, resource, address, token, email string
	calendar                            *googleCalendar
	until                               time.Time
	number                              int
}

// GooglePush is a message that was sent, and what was answered.
type GooglePush struct {
	At             time.Time
	Channel, State string
	Number         int
	Answer         string
}

func (g *Google) watch(a *googleAccount, c *googleSeat, r *http.Request) (object, *googleFault) {
	body, fault := googleBody(r)
	if fault != nil {
		return nil, fault
	}
	id, address := text(body, "id"), text(body, "address")
	to, err := url.Parse(address)
	switch {
	case id == "" || len(id) > 64 || address == "":
		return nil, &googleFault{status: 400, reason: "required", message: "Required"}
	case text(body, "type") != "web_hook" && text(body, "type") != "webhook":
		return nil, googleInvalid("Unknown channel type")
	case err != nil || !g.mayCall(to):
		return nil, &googleFault{status: 400, reason: "push.webhookUrlNotHttps", message: "WebHook callback must be HTTPS: " + address}
	case g.channels[id] != nil:
		return nil, &googleFault{status: 400, reason: "channelIdNotUnique", message: "Channel id " + id + " not unique"}
	}
	ch := &googleChannel{id: id, resource: "res-" + strconv.FormatUint(uint64(g.mark([]byte(c.id))[0])<<32|uint64(len(c.id)), 36), address: address, token: text(body, "token"),
		email: a.email, calendar: c.googleCalendar, until: time.Now().Add(g.ChannelLife)}
	if asked, err := strconv.ParseInt(strings.Trim(fmt.Sprint(body["expiration"]), `"`), 10, 64); err == nil && asked > 0 && time.UnixMilli(asked).Before(ch.until) {
		ch.until = time.UnixMilli(asked)
	}
	g.channels[id] = ch
	g.send(ch, "sync")
	return object{"kind": "api#channel", "id": id, "resourceId": ch.resource, "resourceUri": ch.uri(), "token": ch.token, "expiration": strconv.FormatInt(ch.until.UnixMilli(), 10)}, nil
}

func (ch *googleChannel) uri() string {
	return "https://www.googleapis.com/calendar/v3/calendars/" + url.PathEscape(ch.calendar.id) + "/events?alt=json"
}

// mayCall: only https, as the real one has it, but for WedSync itself, or this machine where nobody said where WedSync is.
func (g *Google) mayCall(to *url.URL) bool {
	if g.Base != nil {
		return to.Scheme == g.Base.Scheme && to.Host == g.Base.Host
	}
	host, _, err := net.SplitHostPort(to.Host)
	ip, notIP := netip.ParseAddr(host)
	return to.Scheme == "https" || err == nil && notIP == nil && ip.IsLoopback()
}

func (g *Google) stop(a *googleAccount, r *http.Request) (object, *googleFault) {
	body, fault := googleBody(r)
	if fault != nil {
		return nil, fault
	}
	ch := g.channels[text(body, "id")]
	if ch == nil || ch.resource != text(body, "resourceId") || ch.email != a.email {
		return nil, &googleFault{status: 404, reason: "notFound", message: "Channel '" + text(body, "id") + "' not found for project"}
	}
	delete(g.channels, ch.id)
	return nil, nil
}

// ring tells everybody who watches a calendar. Messages carry nothing but that something is new.
func (g *Google) ring(c *googleCalendar) {
	now := time.Now()
	for id, ch := range g.channels {
		if now.After(ch.until) {
			delete(g.channels, id)
		} else if ch.calendar == c && g.is() != Silent {
			g.send(ch, "exists")
		}
	}
}

func (g *Google) send(ch *googleChannel, state string) {
	ch.number += 1 + len(state)%2*int(ch.until.Unix()%3) // numbers grow, and are not consecutive
	if state == "sync" {
		ch.number = 1
	}
	h := http.Header{"User-Agent": {"APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)"}, "Content-Type": {"application/json; utf-8"}}
	for name, value := range map[string]string{"ID": ch.id, "Expiration": ch.until.UTC().Format(http.TimeFormat), "Token": ch.token} {
		if value != "" {
			h["X-Goog-Channel-"+name] = []string{value} // as they write it: not as net/http would
		}
	}
	h["X-Goog-Message-Number"], h["X-Goog-Resource-ID"] = []string{strconv.Itoa(ch.number)}, []string{ch.resource}
	h["X-Goog-Resource-State"], h["X-Goog-Resource-URI"] = []string{state}, []string{ch.uri()}
	push := GooglePush{Channel: ch.id, State: state, Number: ch.number}
	g.deliver(ch.address, h, push, 0)
}

// deliver posts a message. One that met a fault of the other side's is tried again, a little later each time.
func (g *Google) deliver(address string, h http.Header, push GooglePush, tried int) {
	g.courier.after(time.Duration(tried*tried)*500*time.Millisecond, func(ctx context.Context) {
		status := 0
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, http.NoBody)
		if err == nil {
			req.Header = h
			var res *http.Response
			if res, err = g.courier.client.Do(req); err == nil {
				status = res.StatusCode
				_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
				res.Body.Close()
			}
		}
		if push.At, push.Answer = time.Now(), strconv.Itoa(status)+" "+http.StatusText(status); err != nil {
			push.Answer = "no answer"
		}
		g.wire.Lock()
		if g.pushed = append(g.pushed, push); len(g.pushed) > 200 {
			g.pushed = g.pushed[100:]
		}
		g.wire.Unlock()
		if tried < 4 && (err != nil || slices.Contains([]int{500, 502, 503, 504}, status)) {
			g.deliver(address, h, push, tried+1)
		}
	})
}

// Pushed are the latest messages, newest last.
func (g *Google) Pushed() []GooglePush {
	g.wire.Lock()
	defer g.wire.Unlock()
	return slices.Clone(g.pushed)
}

// Channels is how many are open.
func (g *Google) Channels() int {
	g.wire.Lock()
	defer g.wire.Unlock()
	return len(g.channels)
}
