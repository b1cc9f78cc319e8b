package views

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// CalendarAccountsView is the page of the outside calendars.
type CalendarAccountsView struct {
	Live      AccountsLiveView
	MayChange bool
	Owner     bool
	Google    bool // can be connected here
	Microsoft bool
	CalDAV    CalDAVForm
	Feed      string // the address that was typed for a feed
	Trouble   string // why connecting came to nothing, in words
	Own       OwnFeed
	Fresh     FreshnessForm
	Faults    Faults
}

// CalDAVForm is what was typed; a password is never put back.
type CalDAVForm struct{ URL, User string }

// OwnFeed is the address at which others read the supplier's calendar.
type OwnFeed struct {
	Made    bool
	Address string // only for who may see it
}

// FreshnessForm is how sure an organisation wants to be.
type FreshnessForm struct{ Minutes, HoldDays string }

// AccountsLiveView is how all accounts are, the same for everybody of an organisation. Now carries the organisation's clock.
type AccountsLiveView struct {
	Stand
	Now    time.Time
	Within time.Duration // how old the last proof may be
	Rows   []AccountCard
}

// AccountCard is one account with its calendars.
type AccountCard struct {
	queries.CalendarAccountsRow
	Calendars []queries.CalendarsOfAccountsRow
}

// AccountKind is what people call a kind of calendar.
func AccountKind(k queries.CalendarKind) string {
	switch k {
	case queries.CalendarKindGoogle:
		return "Google Calendar"
	case queries.CalendarKindMicrosoft:
		return "Outlook"
	case queries.CalendarKindCaldav:
		return "CalDAV"
	default:
		return "A subscribed feed"
	}
}

// teller is who says that something changed.
func teller(k queries.CalendarKind) string {
	if k == queries.CalendarKindMicrosoft {
		return "Microsoft"
	}
	return "Google"
}

func tells(k queries.CalendarKind) bool {
	return k == queries.CalendarKindGoogle || k == queries.CalendarKindMicrosoft
}

func (a AccountCard) name() string { return orElse(AccountKind(a.Kind), a.Account) }

// said is how something stands: a word or two, their tone, and a sentence.
type said struct {
	words    string
	tone     ui.Tone
	sentence string
}

// stands is how an account is: the worst of itself and of its calendars that are used.
func (a AccountCard) stands(now time.Time, within time.Duration) said {
	if a.ReconnectSince != nil {
		return said{"Reconnect needed", ui.Bad, orElse(AccountKind(a.Kind)+" gives us nothing until somebody signs in there again.", a.Failure)}
	}
	if a.PausedAt != nil {
		return said{"Paused", ui.Neutral, "Since " + dayClock(*a.PausedAt, now) + " nothing is read, nothing written, and its events block nothing."}
	}
	if len(a.Calendars) == 0 {
		return said{"Being set up", ui.Neutral, "Its calendars are looked up."}
	}
	worst, used := said{}, false
	for _, c := range a.Calendars {
		if s := a.calendar(c, now, within); c.Blocks || c.Receives {
			used = true
			if grave(s.tone) > grave(worst.tone) || worst.words == "" {
				worst = s
			}
		}
	}
	if !used {
		return said{"Not used yet", ui.Warn, "Choose which of its calendars block your time, and which receives your bookings."}
	}
	if worst.tone == ui.Good && a.silent() != nil {
		return said{"Pushes stopped", ui.Warn, worst.sentence + "."}
	}
	worst.sentence += "."
	return worst
}

func grave(t ui.Tone) int {
	switch t {
	case ui.Bad:
		return 3
	case ui.Warn:
		return 2
	case ui.Neutral:
		return 1
	default:
		return 0
	}
}

// calendar is how one calendar of an account is. The sentence has no full stop.
func (a AccountCard) calendar(c queries.CalendarsOfAccountsRow, now time.Time, within time.Duration) said {
	switch {
	case c.DeletedAt != nil:
		return said{"Deleted outside", ui.Bad, c.Name + " is not there any more since " + dayClock(*c.DeletedAt, now) + ". What it said blocks nothing now"}
	case a.ReconnectSince != nil || a.PausedAt != nil:
		return said{"Waits", ui.Neutral, "Last read " + provenAt(c.FreshAt, now)}
	case !c.Blocks && !c.Receives:
		return said{"Not used", ui.Neutral, "Nothing of it is read, and nothing written"}
	case c.FailingSince != nil:
		return said{"Failing since " + dayClock(*c.FailingSince, now), ui.Warn, orElse("It does not answer", trimStop(c.Failure)) + ". We go on trying"}
	case c.FirstAt == nil:
		return said{"First reading", ui.Neutral, firstReading(c.ReadSoFar)}
	case c.Blocks && (c.FreshAt == nil || now.Sub(*c.FreshAt) > within):
		return said{"Stale", ui.Warn, "Last proven " + provenAt(c.FreshAt, now) + ". Until it answers, nothing is confirmed on its word"}
	case c.FreshAt != nil:
		return said{"Working", ui.Good, "Fresh as of " + dayClock(*c.FreshAt, now)}
	default:
		return said{"Working", ui.Good, "Bookings are written into it"}
	}
}

func trimStop(s string) string {
	for len(s) > 0 && s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}

func provenAt(t *time.Time, now time.Time) string {
	if t == nil {
		return "never"
	}
	return "at " + dayClock(*t, now)
}

func firstReading(n int32) string {
	if n == 0 {
		return "It is read for the first time"
	}
	return ui.Plural(int64(n), "event", "events") + " read so far"
}

// silent is since when pushes of one of its calendars do not come although they should.
func (a AccountCard) silent() *time.Time {
	for _, c := range a.Calendars {
		if c.PushDeadAt != nil && c.DeletedAt == nil {
			return c.PushDeadAt
		}
	}
	return nil
}

// pushes say how changes reach us.
func (a AccountCard) pushes(now time.Time) string {
	switch told := false; {
	case a.PausedAt != nil || a.ReconnectSince != nil:
		return ""
	case !tells(a.Kind):
		return "we look by the clock"
	case a.silent() != nil:
		return teller(a.Kind) + " has stopped telling us; we look every 15 minutes instead"
	default:
		for _, c := range a.Calendars {
			told = told || c.ChannelUntil.After(now)
		}
		return sayIf(told, "pushes arrive", "we look every 15 minutes")
	}
}

// counts say what its calendars do: "3 calendars, 2 block time, 1 receives bookings".
func (a AccountCard) counts() string {
	var all, block, receive int64
	for _, c := range a.Calendars {
		if c.DeletedAt == nil {
			all++
			block += oneIf(c.Blocks)
			receive += oneIf(c.Receives)
		}
	}
	words := ui.Plural(all, "calendar", "calendars")
	if block > 0 {
		words += ", " + ui.Plural(block, "blocks time", "block time")
	}
	if receive > 0 {
		words += ", " + ui.Plural(receive, "receives bookings", "receive bookings")
	}
	return words
}

func oneIf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// dayClock is a time of today, or a day with it. Both are read on now's clock.
func dayClock(t, now time.Time) string {
	t = t.In(now.Location())
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return ui.Clock(t)
	}
	return t.Format("2 January, 15:04")
}

// CalendarAccountView is one account's page.
type CalendarAccountView struct {
	Now       time.Time // on the organisation's clock
	Within    time.Duration
	Account   AccountCard
	MayChange bool
	Connects  bool // its provider is configured here
	Resources []queries.ResourcesToChooseRow
	Strategy  queries.ConflictStrategy
	ByField   map[string]string
	Faults    Faults
	Trouble   string
}

// StrategyFields are what is settled by itself, as people call it.
var StrategyFields = []ui.Option{{Value: "title", Label: "Its title"}, {Value: "when", Label: "Day and times"}, {Value: "venue", Label: "The venue"}}

// strategies explain who is right where both sides were edited.
var strategies = []ui.Option{
	{Value: string(queries.ConflictStrategyMerge), Label: "Take over what only one side changed", Hint: "And ask where both changed the same thing. For most people this is right."},
	{Value: string(queries.ConflictStrategyLocalWins), Label: "WedSync is right", Hint: "Whatever is changed outside is written over with what stands here."},
	{Value: string(queries.ConflictStrategyRemoteWins), Label: "The outside calendar is right", Hint: "Whatever is changed there changes the booking, unless that would book something twice."},
	{Value: string(queries.ConflictStrategyManual), Label: "Always ask", Hint: "Every change outside waits under “Conflicts” for your word."},
}

func strategyOfField() []ui.Option {
	all := []ui.Option{{Value: "", Label: "As above"}}
	return append(all, strategies...)
}

func (v CalendarAccountView) resources() []ui.Option {
	all := []ui.Option{{Value: "", Label: "Everything that you offer"}}
	for _, r := range v.Resources {
		all = append(all, ui.Option{Value: r.ID.String(), Label: r.Name})
	}
	return all
}

func idOrNone(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

// proof is how we know, in words: the latest reading, the canary's way back, and until when the provider calls.
func (v CalendarAccountView) proof(c queries.CalendarsOfAccountsRow) (all []string) {
	if c.FreshAt != nil {
		all = append(all, "Last read whole at "+dayClock(*c.FreshAt, v.Now)+".")
	}
	if !tells(v.Account.Kind) || c.DeletedAt != nil {
		return all
	}
	if c.PushDeadAt != nil {
		all = append(all, teller(v.Account.Kind)+" has stopped telling us since "+dayClock(*c.PushDeadAt, v.Now)+"; we look every 15 minutes instead.")
	} else if c.ChannelUntil.After(v.Now) {
		all = append(all, teller(v.Account.Kind)+" calls us at every change, agreed until "+dayClock(c.ChannelUntil, v.Now)+"; we renew that before.")
	}
	if c.CanaryMs != nil && c.CanarySeenAt != nil {
		all = append(all, fmt.Sprintf("A test event of ours came back in %s ms at %s.", ui.Count(int64(*c.CanaryMs)), dayClock(*c.CanarySeenAt, v.Now)))
	}
	return all
}

func accountURL(id uuid.UUID) string { return "/app/calendars/" + id.String() }

func calendarUse(c queries.CalendarsOfAccountsRow) string {
	about := ""
	if c.Resource != "" {
		about = ", for " + c.Resource + " alone"
	}
	switch {
	case c.Blocks && c.Receives:
		return "It blocks your time and receives your bookings" + about + "."
	case c.Blocks:
		return "It blocks your time" + about + "."
	case c.Receives:
		return "It receives your bookings" + about + "."
	default:
		return "It is not used."
	}
}

func strategyWords(s string) string {
	for _, o := range strategies {
		if o.Value == s {
			return o.Label
		}
	}
	return s
}

// upper begins a sentence.
func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
