package remote

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// graphDrift is how far the window may have moved before a whole round is begun: a delta's window is frozen into its token.
const graphDrift = 30 * 24 * time.Hour

// Changes follows a round of delta links. Single events come page by page, series whole and last: see graph_series.go.
func (g Graph) Changes(ctx context.Context, calendar, token string, w Window, page func([]Object) error) (Pull, error) {
	frozen, link := readGraphToken(token)
	whole := link == "" || drifted(frozen, w) || !g.ours(link)
	if whole {
		frozen = w
		link = g.at("me/calendars", calendar, "calendarView", "delta") + "?" + frozen.query()
	}
	round := graphRound{series: map[string]*graphSeries{}}
	next, err := g.follow(ctx, link, func(events []graphEvent) error { return given(page, round.take(events)) })
	if err != nil {
		return Pull{}, err
	}
	for _, id := range slices.Sorted(maps.Keys(round.series)) {
		object, err := g.whole(ctx, id, round.series[id], frozen, whole)
		if err == nil {
			err = page([]Object{object})
		}
		if err != nil {
			return Pull{}, err
		}
	}
	return Pull{Token: graphToken(frozen, next), Whole: whole}, nil
}

// follow goes from page to page, to the link for the next time.
func (g Graph) follow(ctx context.Context, link string, take func([]graphEvent) error) (next string, err error) {
	for range maxPages {
		var answer struct {
			Value []graphEvent
			Next  string `json:"@odata.nextLink"`
			Delta string `json:"@odata.deltaLink"`
		}
		err := g.ask(ctx, graphCall{at: link, purpose: "ask what has changed", prefer: "odata.maxpagesize=" + graphPage + ", " + graphPrefer}, &answer)
		if err != nil {
			return "", graphRefusedRound(err)
		}
		if err := take(answer.Value); err != nil {
			return "", err
		}
		switch {
		case answer.Next == "" && answer.Delta == "":
			return "", errGraphEndless
		case answer.Next == "" && !g.ours(answer.Delta):
			return "", errGraphElsewhere
		case answer.Next == "":
			return answer.Delta, nil
		}
		link = answer.Next
	}
	return "", errGraphEndless
}

// graphRefusedRound: the token was forgotten, or the calendar is not there.
func graphRefusedRound(err error) error {
	switch status, code := graphStatus(err); {
	case status == http.StatusGone, status >= 400 && slices.Contains([]string{"syncstatenotfound", "syncstateinvalid", "resyncrequired"}, strings.ToLower(code)):
		return ErrTokenGone
	case status == http.StatusNotFound && !strings.HasPrefix(code, "Mailbox"):
		return ErrNoCalendar
	}
	return graphReading(err)
}

func given(page func([]Object) error, objects []Object) error {
	if len(objects) == 0 {
		return nil
	}
	return page(objects)
}

// A token of ours is the window that is frozen into Graph's, and Graph's: a whole address.

const graphClock = "2006-01-02T15:04:05Z"

func graphToken(w Window, link string) string {
	return w.From.UTC().Format(graphClock) + " " + w.Until.UTC().Format(graphClock) + " " + link
}

// readGraphToken gives no link where the token is none of ours.
func readGraphToken(token string) (w Window, link string) {
	parts := strings.SplitN(token, " ", 3)
	if len(parts) != 3 {
		return w, ""
	}
	from, err := time.Parse(graphClock, parts[0])
	until, err2 := time.Parse(graphClock, parts[1])
	if err != nil || err2 != nil {
		return w, ""
	}
	return Window{from, until}, parts[2]
}

func drifted(frozen, w Window) bool {
	return frozen.From.Sub(w.From).Abs() > graphDrift || frozen.Until.Sub(w.Until).Abs() > graphDrift
}

func (w Window) query() string {
	return graphQuery(url.Values{"startDateTime": {w.From.UTC().Format(graphClock)}, "endDateTime": {w.Until.UTC().Format(graphClock)}})
}
