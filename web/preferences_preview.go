package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/mail"
	"github.com/wedsync/wedsync/views/ui"
)

const (
	previewed30 = 30 * 24 * time.Hour
	mostPast    = 500
)

// previewPreferences saves nothing. htmx asks for the preview alone; a browser without JavaScript gets the page with it.
func (s *Server) previewPreferences(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	form, err := c.FormParams()
	if err != nil {
		return echo.ErrBadRequest
	}
	w, faults := readWishes(form)
	if c.Request().Header.Get("HX-Request") == "" {
		status := http.StatusOK
		if len(faults) > 0 {
			status = http.StatusUnprocessableEntity
		}
		return s.drawPreferences(c, status, typed{wishes: &w, faults: faults})
	}
	row, kept, err := wishesOf(ctx, s.q, v)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		w = kept // half-typed hours are not worth a fault yet: the form says so once it is sent
	}
	view, err := s.review(ctx, v, row, w, time.Now())
	if err != nil {
		return err
	}
	view.Kept = len(faults) > 0
	return draw(c, http.StatusOK, views.PreferencesTried(view))
}

// review is what would have reached somebody in the last thirty days, had they wished this.
func (s *Server) review(ctx context.Context, v visitor, row queries.PeopleToReachRow, w wishes, now time.Time) (views.PreviewOfWishes, error) {
	since := now.Add(-previewed30)
	rows, err := s.q.PastNotices(ctx, queries.PastNoticesParams{OrgID: v.OrgID, Since: since, UserID: v.UserID, Most: mostPast})
	if err != nil || len(rows) == 0 {
		return views.PreviewOfWishes{}, err
	}
	weddings, err := notify.LoadWeddings(ctx, s.q, v.OrgID, since.Add(-7*24*time.Hour), now.Add(2*24*time.Hour))
	if err != nil {
		return views.PreviewOfWishes{}, err
	}
	row.Timezone = w.Zone
	p := notify.RecipientOf(row).Person
	p.Chosen, p.Quiet, p.Open = w.Chosen, w.Quiet, weddings
	past := make([]notify.Past, 0, len(rows))
	for _, n := range rows {
		var news mail.News
		if json.Unmarshal(n.Facts, &news) != nil {
			continue // written by another version of ours: what cannot be shown is not counted
		}
		title, _ := mail.Line(news)
		past = append(past, notify.Past{At: n.At, Title: title, Happening: notify.Happening{Kind: n.Kind, What: news.What, Urgent: n.Urgent}})
	}
	return reviewView(notify.Review(past, p), p, len(rows) == mostPast), nil
}

func reviewView(r notify.Preview, p notify.Person, full bool) views.PreviewOfWishes {
	view := views.PreviewOfWishes{Notices: r.Notices, Held: r.Held, Bundled: r.Bundled, Full: full}
	for _, ch := range append(asked[:len(asked):len(asked)], queries.ChannelInApp) {
		t := r.Channels[ch]
		view.Channels = append(view.Channels, views.ChannelCount{Channel: ch, Messages: t.Messages(), AtOnce: t.AtOnce, Held: t.Held, Bundled: t.Bundled, Bundles: t.Bundles})
	}
	for _, told := range r.Latest {
		view.Lines = append(view.Lines, views.PreviewLine{At: told.At.In(p.Zone), Title: told.Title, Words: waysWords(told, p)})
	}
	return view
}

// waysWords say how one notice would have come: "By e-mail at once, by push at 07:00". Each channel speaks by the clock that
// its quiet hours go by.
func waysWords(told notify.Told, p notify.Person) string {
	var ways []string
	for _, l := range told.Legs {
		zone := p.Zone
		if l.Channel == queries.ChannelPush && p.PushZone != nil {
			zone = p.PushZone
		}
		at := told.At.In(zone)
		switch {
		case l.Channel == queries.ChannelInApp:
		case l.Bundle != "":
			ways = append(ways, views.ChannelBy(l.Channel)+", gathered, "+whenWords(at, l.Due.In(zone)))
		case !l.After.IsZero():
			ways = append(ways, views.ChannelBy(l.Channel)+" "+whenWords(at, l.After.In(zone)))
		default:
			ways = append(ways, views.ChannelBy(l.Channel)+" at once")
		}
	}
	if len(ways) == 0 {
		return "In WedSync only"
	}
	words := strings.Join(ways, ", ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// whenWords is a time of day, with its date unless that is within the next night.
func whenWords(from, t time.Time) string {
	if t.Sub(from) < 18*time.Hour {
		return "at " + ui.Clock(t)
	}
	return "on " + t.Format("Mon 2 January") + " at " + ui.Clock(t)
}
