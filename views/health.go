package views

import (
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// Health is how a connection is: one sentence for all, and a line for each thing looked at. The rule that fills it is
// inbound.Health.
type Health struct {
	Tone     ui.Tone
	Sentence string
	Lines    []HealthLine // what is wrong first
}

// HealthLine is one thing looked at. What is unhealthy says what to do.
type HealthLine struct {
	About string // which thing, for tests and machines
	Tone  ui.Tone
	Words string
	At    *time.Time // when, said after Words as "3 hours ago"
	Do    string
	Href  string // where it can be done, below the connection's address
	Link  string
}

// HealthView is the region #health of a connection's page.
type HealthView struct {
	Stand
	ID  uuid.UUID
	Now time.Time
	Health
}

// saidByLine: the gravest line speaks for all, and need not be read twice.
func (h Health) saidByLine() bool { return len(h.Lines) > 0 && h.Sentence == h.Lines[0].Words+"." }

// ConnectionCard is a connection in the list.
type ConnectionCard struct {
	ID       uuid.UUID
	Provider queries.Provider
	Proof    queries.SenderProof
	ForYou   int64 // deliveries that need a person
	Health   Health
}

// healthWord is the badge of a tone.
func healthWord(t ui.Tone) string {
	switch t {
	case ui.Good:
		return "Working"
	case ui.Warn:
		return "Not as usual"
	case ui.Bad:
		return "Needs a look"
	default:
		return "Not heard from yet"
	}
}

func healthIcon(t ui.Tone) string {
	switch t {
	case ui.Good:
		return "check"
	case ui.Warn, ui.Bad:
		return "alert"
	default:
		return "info"
	}
}

// arrivedChart shows the last four weeks, day by day, the empty ones too.
func arrivedChart(now time.Time, days []queries.ArrivedDaysRow) ui.Chart {
	c := ui.Chart{ID: "arrived", Title: "The last four weeks", LabelHead: "Day", ValueHead: "Deliveries"}
	byDay := map[string]int64{}
	for _, d := range days {
		byDay[d.Day.Format(time.DateOnly)] = int64(d.Arrived)
	}
	var all, top int64
	today := now.UTC()
	for i := 27; i >= 0; i-- {
		on := today.AddDate(0, 0, -i)
		n := byDay[on.Format(time.DateOnly)]
		all += n
		top = max(top, n)
		c.Points = append(c.Points, ui.Point{Label: ui.Day(on), Below: on.Format("2"), Value: n, Now: i == 0})
	}
	c.Summary = "Nothing has come in the last four weeks."
	if all > 0 {
		c.Summary = ui.Plural(all, "delivery", "deliveries") + " in four weeks, at most " + ui.Count(top) + " in a day. Days are counted at Greenwich."
	}
	return c
}
