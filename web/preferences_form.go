package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// wishes are what somebody wants to hear, by which channel and at which hours.
type wishes struct {
	Chosen      map[string]map[queries.Channel]queries.Pace // what differs from ours
	Zone        string                                      // empty: the organisation's
	From, Until string                                      // as typed
	Quiet       *notify.Quiet
}

// chosen is the pace that holds for a channel.
func (w wishes) chosen(c notify.Category, ch queries.Channel) queries.Pace {
	if pace, said := w.Chosen[c.Key][ch]; said {
		return pace
	}
	return c.Paces[ch]
}

// asked are the channels of the matrix that a person decides about.
var asked = []queries.Channel{queries.ChannelEmail, queries.ChannelPush, queries.ChannelSms}

// readWishes reads the form. What is not on offer is a fault beside its field; what stands for itself is not read at all.
func readWishes(form url.Values) (wishes, views.Faults) {
	w := wishes{Chosen: map[string]map[queries.Channel]queries.Pace{}, Zone: form.Get("timezone"), From: form.Get("quiet_from"), Until: form.Get("quiet_until")}
	faults := views.Faults{}
	for _, c := range notify.Categories {
		for _, ch := range asked {
			if len(c.Offers(ch)) < 2 {
				continue
			}
			pace, ok := paceOf(form.Get(c.Key+"."+string(ch)), c, ch)
			if !ok {
				faults[c.Key+"-"+string(ch)] = "Choose for “" + c.Title + "” how soon, from the list."
			} else if pace != c.Paces[ch] {
				w.choose(c.Key, ch, pace)
			}
		}
	}
	if w.Zone != "" && !isZone(w.Zone) {
		faults["timezone"] = "Choose a time zone such as Europe/London."
		w.Zone = ""
	}
	w.readHours(faults)
	return w, faults
}

func (w *wishes) choose(category string, ch queries.Channel, pace queries.Pace) {
	if w.Chosen[category] == nil {
		w.Chosen[category] = map[queries.Channel]queries.Pace{}
	}
	w.Chosen[category][ch] = pace
}

// paceOf is an answer of the matrix. A box without a tick sends nothing, which means no; a list always sends something.
func paceOf(answer string, c notify.Category, ch queries.Channel) (queries.Pace, bool) {
	if answer == "" && ch != queries.ChannelEmail {
		return queries.PaceOff, true
	}
	return queries.Pace(answer), slices.Contains(c.Offers(ch), queries.Pace(answer))
}

func (w *wishes) readHours(faults views.Faults) {
	if w.From == "" && w.Until == "" {
		return
	}
	from, ok := minuteOf(w.From)
	if !ok {
		faults["quiet_from"] = "Say from when it is quiet, such as 22:00, or leave both empty."
	}
	until, fine := minuteOf(w.Until)
	if !fine {
		faults["quiet_until"] = "Say until when it is quiet, such as 07:00, or leave both empty."
	}
	if ok && fine {
		w.Quiet = &notify.Quiet{From: from, Until: until}
	}
}

// minuteOf reads a time of day, "22:00" or as some browsers send it "22:00:00", as minutes after midnight.
func minuteOf(text string) (int, bool) {
	hour, rest, ok := strings.Cut(text, ":")
	minute, _, _ := strings.Cut(rest, ":")
	if !ok || len(text) > 12 || len(hour) != 2 || len(minute) != 2 {
		return 0, false
	}
	h, err := strconv.ParseUint(hour, 10, 8)
	m, wrong := strconv.ParseUint(minute, 10, 8)
	return int(h*60 + m), err == nil && wrong == nil && h < 24 && m < 60
}

func clockOf(minute *int16) string {
	if minute == nil {
		return ""
	}
	two := func(n int) string { return strconv.Itoa(n/10) + strconv.Itoa(n%10) }
	return two(int(*minute)/60) + ":" + two(int(*minute)%60)
}
