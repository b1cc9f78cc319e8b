package remote

import (
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
)

// graphWrite is an event as we tell it to Graph: every field that we have a say in, so that one that became empty is emptied.
type graphWrite struct {
	Subject     string            `json:"subject"`
	Body        graphText         `json:"body"`
	Location    map[string]string `json:"location"`
	Start       graphTime         `json:"start"`
	End         graphTime         `json:"end"`
	IsAllDay    bool              `json:"isAllDay"`
	ShowAs      string            `json:"showAs"`
	Sensitivity string            `json:"sensitivity"`
	Reminder    *bool             `json:"isReminderOn,omitempty"`
	Transaction string            `json:"transactionId,omitempty"` // may be said once, when it is made
	Properties  []graphProperty   `json:"singleValueExtendedProperties"`
}

type graphProperty struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

func graphDraft(d Draft, utc bool) graphWrite {
	e := d.Event
	w := graphWrite{Subject: e.Title, Body: graphText{"text", e.Description}, Location: map[string]string{"displayName": e.Venue},
		Start: graphMoment(e.Starts, utc), End: graphMoment(e.Ends, utc), IsAllDay: e.Starts.Day, ShowAs: string(e.Busy), Sensitivity: "normal"}
	if e.Busy == "" {
		w.ShowAs = string(ical.Blocks)
	}
	if e.Private {
		w.Sensitivity = "private"
	}
	if e.Busy == ical.Free {
		w.Reminder = new(bool) // what is only noted rings nobody's phone
	}
	// An empty value is refused, so what there is nothing to say of is not said.
	for _, p := range []graphProperty{{graphID, e.Ours}, {graphRev, e.OursRev}, {graphKey, d.Key}} {
		if p.Value != "" {
			w.Properties = append(w.Properties, p)
		}
	}
	if d.ID == "" {
		w.Transaction = d.Key
	}
	return w
}

func graphMoment(m ical.Moment, utc bool) graphTime {
	const clock = "2006-01-02T15:04:05"
	switch zone, name, known := ical.Zone(m.Zone); {
	case m.Day && (utc || !known):
		return graphTime{m.Wall.Format(clock), "UTC"} // a date is a date
	case utc && known:
		return graphTime{ical.Instant(m.Wall, zone).Format(clock), "UTC"}
	case known:
		return graphTime{m.Wall.Format(clock), name}
	}
	return graphTime{m.Instant(time.UTC).Format(clock), "UTC"}
}
