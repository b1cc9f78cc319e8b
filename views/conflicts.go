package views

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// ConflictsView is the list: the open ones, or the settled.
type ConflictsView struct {
	Live    ConflictsLiveView // of the open ones
	Settled bool
	Older   string
}

// ConflictsLiveView is the region #conflicts. Now carries the organisation's clock.
type ConflictsLiveView struct {
	Stand
	Now  time.Time
	Live bool // redrawn by the stream: the first page of the open ones
	Rows []queries.ConflictsShownRow
}

// ConflictView is one conflict with both sides.
type ConflictView struct {
	Now       time.Time
	Row       queries.ConflictShownRow
	Needs     []queries.NeedsInConflictRow
	MayChange bool
	Trouble   string // why it was not settled as asked
}

// ConflictKinds are all there are, as the table has them.
var ConflictKinds = []string{"edited", "deleted", "overlap", "contested", "refused"}

// ClashResolutions are what a person may answer to a kind, the most careful first.
func ClashResolutions(kind string) []string {
	switch kind {
	case "edited":
		return []string{"ours", "theirs"}
	case "deleted":
		return []string{"again", "both", "cancel"}
	case "overlap":
		return []string{"both", "ignore", "cancel"}
	case "contested":
		return []string{"both", "cancel"}
	default: // refused
		return []string{"ours", "theirs"}
	}
}

// clashBadge is what kind of thing it is.
func clashBadge(kind string) (string, ui.Tone) {
	switch kind {
	case "edited":
		return "Edited on both sides", ui.Warn
	case "deleted":
		return "Deleted outside", ui.Warn
	case "overlap":
		return "Busy outside", ui.Bad
	case "contested":
		return "Place taken", ui.Bad
	default:
		return "Move refused", ui.Warn
	}
}

func clashWho(booking, client, partner string) string {
	if client != "" && partner != "" {
		return client + " & " + partner
	}
	return orElse(orElse("A booking", client), booking)
}

// clashTitle says in a line what is the matter.
func clashTitle(kind, field, who string) string {
	switch kind {
	case "edited":
		return "The " + fieldWord(field) + " of " + who + " was changed on both sides"
	case "deleted":
		return who + " was deleted from an outside calendar"
	case "overlap":
		return "Something outside lies over " + who
	case "contested":
		return who + " is confirmed elsewhere, and its place is taken"
	default:
		return who + " was moved outside to where it would be double-booked"
	}
}

func fieldWord(field string) string {
	switch field {
	case "when", "day":
		return "time"
	case "title", "venue", "status":
		return field
	default:
		return "entry"
	}
}

// Title is the page's.
func (v ConflictView) Title() string {
	return clashTitle(v.Row.Kind, v.Row.Field, clashWho(v.Row.Booking, v.Row.ClientName, v.Row.PartnerName))
}

func (v ConflictView) who() string {
	who := clashWho(v.Row.Booking, v.Row.ClientName, v.Row.PartnerName)
	if v.Row.StartsLocal != nil {
		who += " on " + v.Row.StartsLocal.Format("2 January")
	}
	return who
}

func (v ConflictView) calendar() string { return clashCalendar(v.Row.Calendar, v.Row.Account) }

func clashCalendar(name, account string) string {
	if name != "" && account != "" && name != account {
		return name + " (" + account + ")"
	}
	return orElse(orElse("another system", account), name)
}

// impact says what each way out would mean.
func (v ConflictView) impact() string {
	who := v.who()
	switch v.Row.Kind {
	case "edited":
		if v.Row.Field == "when" {
			return "Only one time can be true. If you keep yours, the calendar outside is put right. If you take the other, the booking moves, provided that it is free then."
		}
		return "Until you decide, each side keeps its own. Who looks into " + v.calendar() + " reads something else than you do here."
	case "deleted":
		return who + " still stands here, but who looks only into " + v.calendar() + " takes the day for free."
	case "overlap":
		return "If you keep the outside event, " + who + " is without " + v.needs() + "."
	case "contested":
		if v.Row.OtherBooking != "" {
			return "Both cannot have " + v.needs() + " at the same time: " + v.Row.OtherBooking + " has it, and " + who + " has a promise without a place. One of the two needs another day or another resource."
		}
		return who + " has a promise without a place: what it needs (" + v.needs() + ") is taken then. It needs another day or another resource."
	default:
		return "Here " + who + " stays as it was, so nothing is booked twice. Who looks into " + v.calendar() + " sees the other time until you decide."
	}
}

func (v ConflictView) needs() string {
	names := make([]string, len(v.Needs))
	for i, n := range v.Needs {
		names[i] = n.Name
	}
	switch len(names) {
	case 0:
		return "what it needs"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	}
}

// clashAnswer is a button: what it says, and what pressing it does.
type clashAnswer struct {
	value, label, does string
	kind               ui.Kind
	confirm            string
}

func (v ConflictView) answers() (all []clashAnswer) {
	for i, r := range ClashResolutions(v.Row.Kind) {
		a := v.answer(r)
		if a.value, a.kind = r, ui.Secondary; i == 0 && v.Row.Kind != "contested" { // there, a move is what helps
			a.kind = ui.Primary
		}
		if r == "cancel" {
			a.kind = ui.Danger
		}
		all = append(all, a)
	}
	return all
}

func (v ConflictView) answer(resolution string) clashAnswer {
	who, calendar := v.who(), v.calendar()
	switch resolution {
	case "ours":
		return clashAnswer{label: "Keep ours", does: calendar + " is written over with what stands here."}
	case "theirs":
		if v.Row.Kind == "refused" {
			return clashAnswer{label: "Try the outside time again", does: "The booking moves there if nothing stands in its way any more."}
		}
		return clashAnswer{label: "Take theirs", does: "The booking here takes over what stands in " + calendar + "."}
	case "again":
		return clashAnswer{label: "Put it back", does: "It is written into " + calendar + " again."}
	case "cancel":
		return clashAnswer{label: "Cancel the booking", does: "Its place is free for others.", confirm: "Cancel " + who + "? Its place is free for others at once."}
	case "ignore":
		return clashAnswer{label: "The outside event blocks nothing", does: "It stays there, and is not counted as busy any more."}
	}
	switch v.Row.Kind {
	case "deleted":
		return clashAnswer{label: "Leave it out", does: "The booking stays here, and is not written into that calendar any more."}
	case "contested":
		return clashAnswer{label: "I will see to it", does: "It stays confirmed without a place, and nobody is asked again."}
	default:
		return clashAnswer{label: "I know, keep both", does: "Both stay as they are, and nobody is asked again while neither moves."}
	}
}

// settledWords say how it ended.
func settledWords(resolution string) string {
	switch resolution {
	case "ours", "local_wins":
		return "Ours was kept"
	case "theirs", "remote_wins":
		return "Theirs was taken over"
	case "both":
		return "Both were kept"
	case "again":
		return "It was put back"
	case "cancel":
		return "The booking was cancelled"
	case "ignore":
		return "The outside event blocks nothing"
	case "merge":
		return "Taken over by itself"
	case "gone":
		return "It went away by itself"
	default:
		return "Settled"
	}
}

// side is one field as both have it.
type side struct{ Label, Base, Ours, Theirs string }

// differs: both sides speak of the same thing, and not alike.
func (v ConflictView) differs(s side) bool {
	return v.Row.Kind == "edited" && s.Ours != s.Theirs && s.Ours != "" && s.Theirs != ""
}

var sideFields = []string{"title", "when", "day", "venue", "status"}

// sides are all fields that either side has, those that people look for first on top.
func (v ConflictView) sides() (all []side) {
	r := v.Row
	base, ours, theirs := sideOf(r.Base, r.Field), sideOf(r.Ours, r.Field), sideOf(r.Theirs, r.Field)
	if r.Kind == "overlap" { // each side is a title; when they meet is the conflict's
		return []side{
			{Label: "What", Ours: clashWho(r.Booking, r.ClientName, r.PartnerName), Theirs: orElse("A private event", theirs["day"])},
			{Label: "When", Ours: SpanWords(r.StartsLocal, r.EndsLocal), Theirs: v.during()},
			{Label: "Where", Ours: r.Venue},
		}
	}
	if r.Kind == "contested" {
		return []side{
			{Label: "What", Ours: orElse("A booking", ours["day"], r.OtherBooking), Theirs: clashWho(r.Booking, r.ClientName, r.PartnerName)},
			{Label: "When", Ours: SpanWords(r.OtherStarts, nil), Theirs: SpanWords(r.StartsLocal, r.EndsLocal)},
		}
	}
	if len(ours) == 0 && r.BookingID != nil {
		ours = map[string]string{"title": r.Booking, "venue": r.Venue, "when": SpanWords(r.StartsLocal, r.EndsLocal)}
	}
	fields := slices.Clone(sideFields)
	for _, m := range []map[string]string{base, ours, theirs} {
		for name := range m {
			if !slices.Contains(fields, name) {
				fields = append(fields, name)
			}
		}
	}
	slices.Sort(fields[len(sideFields):])
	for _, f := range fields {
		s := side{sideLabel(f), v.sideWords(f, base[f]), v.sideWords(f, ours[f]), v.sideWords(f, theirs[f])}
		if s.Base+s.Ours+s.Theirs != "" {
			all = append(all, s)
		}
	}
	return all
}

// during is when the two meet, on the booking's clock.
func (v ConflictView) during() string {
	if !v.Row.FromThen.After(time.Unix(0, 0)) {
		return ""
	}
	zone, err := time.LoadLocation(v.Row.Timezone)
	if err != nil {
		zone = v.Now.Location()
	}
	from, until := v.Row.FromThen.In(zone), v.Row.UntilThen.In(zone)
	return "over it from " + SpanWords(&from, &until)
}

// columns are whose word each side is.
func (v ConflictView) columns() (ours, theirs string) {
	if v.Row.Kind == "contested" {
		return "Has the place", "Was promised it elsewhere"
	}
	return "Here in WedSync", "Outside"
}

func sideLabel(field string) string {
	switch field {
	case "title":
		return "Title"
	case "when", "day":
		return "When"
	case "venue":
		return "Venue"
	case "status":
		return "Status"
	default:
		return field
	}
}

// sideOf reads a side as it is kept: the fields by name, or the one field's value alone.
func sideOf(raw []byte, field string) map[string]string {
	all := map[string]any{}
	if err := json.Unmarshal(raw, &all); err != nil || all == nil {
		var one any
		if json.Unmarshal(raw, &one) != nil || one == nil {
			return nil
		}
		all = map[string]any{field: one}
	}
	side := map[string]string{}
	for name, value := range all {
		if text, ok := value.(string); ok {
			side[name] = text
		} else if value != nil {
			text, _ := json.Marshal(value) //nolint:errcheck // it was JSON a moment ago
			side[name] = string(text)
		}
	}
	return side
}

// sideSpan is a span in normal form: two wall times, and perhaps by which clock.
var sideSpan = regexp.MustCompile(`^(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)(?:Z|[+-]\d\d:\d\d)?(?:\s*[/–|]\s*|\s+to\s+|\s+)(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)(?:Z|[+-]\d\d:\d\d)?(?:[\s/|]+([A-Za-z_]+(?:/[A-Za-z0-9_+-]+)*))?$`)

// sideWords leave out the clock where it is the booking's own.
func (v ConflictView) sideWords(field, value string) string {
	return strings.TrimSuffix(sideWords(field, value), " ("+strings.ReplaceAll(v.Row.Timezone, "_", " ")+")")
}

func sideWords(field, value string) string {
	if field != "when" && field != "day" {
		return value
	}
	m := sideSpan.FindStringSubmatch(strings.TrimSpace(value))
	if m == nil {
		return value
	}
	from, until := wallOf(m[1]), wallOf(m[2])
	if from == nil || until == nil {
		return value
	}
	words := SpanWords(from, until)
	if len(m[1]) == len(time.DateOnly) {
		words = ui.Day(*from)
		if last := until.AddDate(0, 0, -1); last.After(*from) { // the day after the last is where it ends
			words += " to " + ui.Day(last)
		}
	}
	if m[3] != "" {
		words += " (" + strings.ReplaceAll(m[3], "_", " ") + ")"
	}
	return words
}

func wallOf(s string) *time.Time {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			return &t
		}
	}
	return nil
}

// SpanWords are two wall times as people say them.
func SpanWords(from, until *time.Time) string {
	switch {
	case from == nil:
		return ""
	case until == nil:
		return ui.DayTime(*from)
	case from.Format(time.DateOnly) == until.Format(time.DateOnly):
		return ui.DayTime(*from) + " to " + ui.Clock(*until)
	default:
		return ui.DayTime(*from) + " to " + ui.DayTime(*until)
	}
}

func conflictURL(id uuid.UUID) string { return "/app/conflicts/" + id.String() }
