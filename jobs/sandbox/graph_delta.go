package sandbox

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// graphToken is the state of a round: which window of which calendar, what was known, and how far it got.
type graphToken struct {
	Calendar    string
	From, Until time.Time
	Whole       bool
	Since, Upto int64
	After       int64
	Epoch       int64
}

// ForgetTokens makes every delta token of a mailbox one that is not known any more: it answers this status and Graph's word for it (0:
// 410, syncStateNotFound).
func (g *Graph) ForgetTokens(account string, status int, code string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.accounts[account]
	a.epoch++
	a.forgot = graphFault{status: cmp.Or(status, http.StatusGone), code: cmp.Or(code, "syncStateNotFound"), message: "The sync state generation is not found."}
}

// delta gives the next page of a round. What changes while it is being read comes in the next one.
func (g *Graph) delta(a *graphAccount, c *graphCalendar, r *http.Request) (int, object, *graphFault) {
	t, fault := g.readToken(a, c, r)
	if fault != nil {
		return 0, nil, fault
	}
	_, _, _, size := graphPrefers(r)
	if size < 1 {
		size = 10
	}
	value := []object{}
	if t.After == 0 && !t.Whole {
		for _, gone := range a.gone {
			if gone.calendar == c.id && gone.seq > t.Since && gone.seq <= t.Upto {
				value = append(value, graphRemoved(gone.id))
			}
		}
	}
	answer := object{"@odata.context": g.context("Collection(event)")}
	more := false
	for _, e := range a.in(c.id) {
		if e.n <= t.After || e.master != "" || e.seq > t.Upto || !t.Whole && e.seq <= t.Since {
			continue
		}
		if more = len(value) >= size; more {
			break
		}
		value, t.After = append(value, a.tell(e, t, r)...), e.n
	}
	answer["value"] = value
	if more {
		answer["@odata.nextLink"] = g.link(r, r.URL.Path, url.Values{"$skiptoken": {t.String()}})
		return 200, answer, nil
	}
	next := graphToken{Calendar: c.id, From: t.From, Until: t.Until, Since: t.Upto, Epoch: a.epoch}
	answer["@odata.deltaLink"] = g.link(r, r.URL.Path, url.Values{"$deltatoken": {next.String()}})
	return 200, answer, nil
}

// tell is what a delta says of one event. One that changed outside the window is said to be removed.
func (a *graphAccount) tell(e *graphEvent, t graphToken, r *http.Request) []object {
	if e.Recurs == nil {
		switch {
		case e.touches(t.From, t.Until):
			return []object{e.show(r)}
		case t.Whole:
			return nil
		}
		return []object{graphRemoved(e.id)}
	}
	told := []object{e.show(r)}
	for _, o := range a.expand(e, t.From, t.Until, 10_000) {
		if o.exception {
			told = append(told, o.show(r))
		} else {
			told = append(told, o.stub(r))
		}
	}
	switch {
	case len(told) > 1:
		return told
	case t.Whole:
		return nil
	}
	return []object{graphRemoved(e.id)}
}

func graphRemoved(id string) object {
	return object{"@odata.type": "#microsoft.graph.event", "id": id, "@removed": object{"reason": "deleted"}}
}

func (g *Graph) readToken(a *graphAccount, c *graphCalendar, r *http.Request) (t graphToken, fault *graphFault) {
	q := r.URL.Query()
	if q.Has("$select") || q.Has("$expand") || q.Has("$filter") || q.Has("$orderby") || q.Has("$search") {
		return t, &graphFault{status: 400, code: "ErrorInvalidUrlQuery", message: "The following parameters are not supported with change tracking over this resource."}
	}
	text := cmp.Or(q.Get("$skiptoken"), q.Get("$deltatoken"))
	if text == "" {
		from, until, fault := graphWindow(r)
		return graphToken{Calendar: c.id, From: from, Until: until, Whole: true, Upto: a.seq, Epoch: a.epoch}, fault
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &t) != nil || t.Calendar != c.id {
		return t, &graphFault{status: 400, code: "syncStateInvalid", message: "The sync state is not valid."}
	}
	if t.Epoch != a.epoch {
		return t, &a.forgot
	}
	if q.Has("$deltatoken") {
		t.Upto, t.After = a.seq, 0
	}
	return t, nil
}

func (t graphToken) String() string {
	raw, err := json.Marshal(t)
	if err != nil {
		panic(err) // made of numbers and strings
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
