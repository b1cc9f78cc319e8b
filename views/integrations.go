package views

import (
	"strings"
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// IntegrationsView is the operators' page of all connections. It names organisations, and nobody's couples.
type IntegrationsView struct {
	Now         time.Time
	Totals      queries.AllOrgsWellnessRow
	Rows        []queries.AllOrgsIntegrationsRow
	DeadLetters []queries.AllOrgsDeadLettersRow
	Breakers    []OpenBreaker
}

// OpenBreaker is a peer that does not answer.
type OpenBreaker struct {
	Org, Peer string
	Since     time.Time
	Until     time.Time
	Failures  int
}

// LateLane is how long a lane's oldest delivery may wait before the lane is not as usual.
const LateLane = 30 * time.Second

func (v IntegrationsView) figures() []ui.Figure {
	t := v.Totals
	return []ui.Figure{
		{Label: "Dead letters", Text: ui.Count(t.Dead), Sub: sayIf(t.Dead > 0, "wait for a person", "none waits for a person"), Tone: warnIf(t.Dead > 0), Lead: true},
		{Label: "Oldest wait", Text: waitText(t.LagSeconds), Sub: ui.Plural(t.LateLanes, "lane is late", "lanes are late"), Tone: warnIf(t.LateLanes > 0)},
		{Label: "Deliveries waiting", Text: ui.Count(t.Waiting), Sub: "in all lanes"},
		{Label: "Silent connections", Text: ui.Count(t.Silent), Sub: "of " + ui.Count(t.Connections), Tone: warnIf(t.Silent > 0)},
	}
}

func waitText(seconds float64) string {
	if seconds < 1 {
		return "none"
	}
	return ui.Span(time.Duration(seconds * float64(time.Second)))
}

// state is the row in a word, the gravest first.
func integrationState(now time.Time, r queries.AllOrgsIntegrationsRow) (string, ui.Tone) {
	switch {
	case r.Dead > 0:
		return "Needs its people", ui.Bad
	case !isNever(r.BreakerSince):
		return "Does not answer", ui.Bad
	case !isNever(r.OldestAt) && now.Sub(r.OldestAt) > LateLane:
		return "Late", ui.Bad
	case r.Trouble != "":
		return "Cannot be read back", ui.Bad
	case r.SilentSince != nil:
		return "Silent", ui.Warn
	default:
		return "As usual", ui.Good
	}
}

// isNever: the queries write the epoch for what never was.
func isNever(t time.Time) bool { return t.Unix() <= 0 }

// causeWords are the reason without anything of the delivery's own. Old rows have none noted.
func causeWords(r queries.AllOrgsDeadLettersRow) string {
	if cause := strings.TrimSpace(r.Cause); cause != "" {
		return cause
	}
	words, _ := fateWords(r.Status)
	return words + "; no cause noted"
}
