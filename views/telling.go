package views

import (
	"fmt"
	"strings"
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// TellingView is how people are told, for operators. It names nobody.
type TellingView struct {
	Now      time.Time // UTC
	Carriers []CarrierState
	Breakers []OpenBreaker // the house's, open ones only
	Channels []queries.AllOrgsTellingRow
}

// CarrierState is a carrier as this node is set up.
type CarrierState struct {
	Peer       string // what its breaker is called: "resend", "smtp", "twilio", "push"
	Name       string // "Resend"
	Channel    string // "E-mail"
	Configured bool
	Words      string // where it leads, or which variable is missing; never a key
}

// of are a carrier's own breakers; pushes have one for each maker of browsers.
func (v TellingView) of(peer string) (open []OpenBreaker) {
	for _, b := range v.Breakers {
		if name, _, _ := strings.Cut(b.Peer, ":"); name == peer {
			open = append(open, b)
		}
	}
	return open
}

func (v TellingView) badge(c CarrierState) (string, ui.Tone) {
	switch {
	case !c.Configured:
		return "Not configured", ui.Neutral
	case len(v.of(c.Peer)) > 0:
		return "Does not answer", ui.Bad
	default:
		return "Ready", ui.Good
	}
}

func carrierIcon(c CarrierState) string {
	if c.Configured {
		return "check"
	}
	return "info"
}

func breakerWords(b OpenBreaker) string {
	who := ""
	if _, host, ok := strings.Cut(b.Peer, ":"); ok {
		who = host + ": "
	}
	return fmt.Sprintf("%s%s in a row since %s UTC; next try %s.", who, ui.Plural(int64(b.Failures), "failure", "failures"), ui.Clock(b.Since.UTC()), ui.Clock(b.Until.UTC()))
}

// TellingFinding is the same in a line, for doctor and readyz. It is healthy whatever waits: a carrier that is away is no
// reason to take a node out of service.
func TellingFinding(rows []queries.AllOrgsTellingRow, now time.Time) Finding {
	var waiting, failed, unknown int64
	oldest := now
	for _, r := range rows {
		waiting, failed, unknown = waiting+r.Waiting, failed+r.Failed, unknown+r.Unknown
		if r.Waiting > 0 && r.OldestAt.Before(oldest) {
			oldest = r.OldestAt
		}
	}
	words := "nothing waits to be sent"
	if waiting > 0 {
		words = fmt.Sprintf("%s to be sent, the oldest for %s", ui.Plural(waiting, "message waits", "messages wait"), ui.Span(now.Sub(oldest)))
	}
	if failed > 0 {
		words += fmt.Sprintf("; %s failed in the last hour", ui.Count(failed))
	}
	if unknown > 0 {
		words += fmt.Sprintf("; nobody knows whether %s since yesterday arrived", ui.Plural(unknown, "message", "messages"))
	}
	return Finding{What: "Telling people", Healthy: true, Words: words}
}
