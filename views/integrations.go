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

// totals are terms and what they come to.
func (v IntegrationsView) totals() [][2]string {
	t := v.Totals
	return [][2]string{
		{"Needs a person", sayIf(t.Dead > 0, ui.Plural(t.Dead, "delivery", "deliveries"), "none")},
		{"Oldest wait", waitText(t.LagSeconds) + sayIf(t.LateLanes > 0, "; "+ui.Plural(t.LateLanes, "lane is late", "lanes are late"), "")},
		{"Deliveries waiting", ui.Count(t.Waiting)},
		{"Silent connections", ui.Count(t.Silent) + " of " + ui.Count(t.Connections)},
	}
}

// peerWords name who does not answer; what follows the colon is an id.
func peerWords(peer string) string {
	name, _, _ := strings.Cut(peer, ":")
	switch {
	case queries.Provider(name).Valid():
		return ProviderName(queries.Provider(name))
	case name == "endpoint":
		return "An endpoint of their own"
	default:
		return name
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
	case isNever(r.LastAt):
		return "Not heard from yet", ui.Neutral
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
