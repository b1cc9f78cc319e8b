package views

import (
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// MappingView is the page on which a supplier says how a sender's deliveries are read.
type MappingView struct {
	ID       uuid.UUID
	Provider queries.Provider
	URL      string // the address to send one to, while nothing has come
	Zone     *time.Location

	Samples    []ui.Option // the last deliveries; Sample is the one that is shown
	Sample     string
	Unreadable string // why the sample cannot be shown as fields
	Leaves     []MappingLeaf
	Elsewhere  []MappingLeaf // fields that only others of the last deliveries have
	Left       int           // fields beyond what a page can show

	KindPath, Fixed string
	Words           []MappingWord
	Happenings      []ui.Option
	Groups          []MappingGroup
	Unit, Currency  string
	Faults          Faults
	Wrong           []ui.Fault // the same, in the order of the form

	Preview  PreviewView
	Next     int
	Kept     string // the version that has just come into use; "0" is the default
	InUse    int
	Versions []queries.MappingsRow
}

// MappingLeaf is one value of the sample.
type MappingLeaf struct{ Path, Shown, Type string }

// MappingWord is one of the sender's words for what happened. ID belongs to the word, so that what was chosen for it stays
// with it while the list around it changes.
type MappingWord struct{ ID, Word, Means string }

// MappingGroup is a part of the form: the client, the booking.
type MappingGroup struct {
	Title  string
	Fields []MappingField
}

// MappingField is one of our fields: Path is where it comes from, Text what stands in; TakesText is whether one may.
type MappingField struct {
	Name, Label, Hint, Path, Text string
	TakesText                     bool
}

// PreviewView is what the last deliveries would become.
type PreviewView struct {
	Zone                        *time.Location
	Read, Ignored, Lost, TooBig int
	Rows                        []PreviewRow
}

// PreviewRow is one of them.
type PreviewRow struct {
	ID       uuid.UUID
	At       time.Time
	What     string // the sender's word
	Becomes  string // in plain words; empty when it cannot be read
	Reason   string // why it is not read, or not used
	Ignored  bool
	Who      string
	On       *time.Time // at the venue, or when it was paid
	WholeDay bool
	Amount   *queries.Money
	Change   PreviewChange
}

// PreviewChange is how a delivery's reading compares with the one that stands.
type PreviewChange string

// What a comparison may come to. Empty: there is nothing to compare with.
const (
	ChangeNone  PreviewChange = "same"
	ChangeDiffs PreviewChange = "differs"
	ChangeFound PreviewChange = "found" // could not be read, or was not used, before
	ChangeLost  PreviewChange = "lost"  // was read before
)

func (c PreviewChange) words() (string, ui.Tone) {
	switch c {
	case ChangeNone:
		return "As before", ui.Neutral
	case ChangeDiffs:
		return "Differs", ui.Warn
	case ChangeFound:
		return "New", ui.Good
	case ChangeLost:
		return "Was read before", ui.Bad
	}
	return "", ui.Neutral
}

// total is the one line of the preview.
func (v PreviewView) total() string {
	all := v.Read + v.Ignored + v.Lost
	if all == 0 {
		return "There is no delivery to try this on."
	}
	line := fmt.Sprintf("%d of %s", v.Read, ui.Plural(int64(all), "delivery is read", "deliveries are read"))
	if v.Ignored > 0 {
		line += fmt.Sprintf("; %d kept and not used", v.Ignored)
	}
	if v.Lost > 0 {
		line += fmt.Sprintf("; %d cannot be read", v.Lost)
	}
	line += "."
	if v.TooBig > 0 {
		line += " " + ui.Plural(int64(v.TooBig), "delivery", "deliveries") + " beyond 64 KB not tried here."
	}
	return line
}

func (r PreviewRow) when() string {
	switch {
	case r.On == nil:
		return "–"
	case r.WholeDay:
		return ui.Day(*r.On)
	}
	return ui.DayTime(*r.On)
}

func (r PreviewRow) amount() string {
	if r.Amount == nil || r.Amount.Currency == "" {
		return "–"
	}
	return ui.Money(r.Amount.Minor, r.Amount.Currency)
}

// fewLeaves is how many fields a list of them for each of ours may have; beyond, the paths are typed, with all of them
// offered while typing: thirty lists of five hundred would be a page of a megabyte.
const fewLeaves = 100

// pathOptions are the sample's fields, then those of other deliveries, and the one that is chosen even if none has it.
func (v MappingView) pathOptions(none, chosen string) []ui.Option {
	options := []ui.Option{{Label: none}}
	there := chosen == ""
	for _, l := range v.Leaves {
		options = append(options, ui.Option{Value: l.Path, Label: l.Path + " — " + l.Shown})
		there = there || l.Path == chosen
	}
	for _, l := range v.Elsewhere {
		options = append(options, ui.Option{Value: l.Path, Label: l.Path + " — " + l.Shown + " (in another delivery)"})
		there = there || l.Path == chosen
	}
	if !there {
		options = append(options, ui.Option{Value: chosen, Label: chosen + " — in none of the last deliveries"})
	}
	return options
}

func (v MappingView) many() bool { return len(v.Leaves)+len(v.Elsewhere) > fewLeaves }

// unitOptions show both meanings on the same figure, in the supplier's own currency.
func (v MappingView) unitOptions() []ui.Option {
	whole := int64(1250)
	for range ui.MinorDigits(v.Currency) {
		whole *= 10
	}
	return []ui.Option{
		{Value: "major", Label: "1250 and 1,250.00 are " + ui.Money(whole, v.Currency), Hint: "What people write, and most systems"},
		{Value: "minor", Label: "1250 is " + ui.Money(1250, v.Currency), Hint: "The smallest coin, as Stripe and some programs count"},
	}
}

func readingName(provider queries.Provider, version int) string {
	if version == 0 {
		return "the default for " + ProviderName(provider)
	}
	return fmt.Sprintf("your reading %d", version)
}

// ReadBy says which reading made a delivery's event; empty while it has not been read.
func ReadBy(provider queries.Provider, version *int32) string {
	if version == nil {
		return ""
	}
	return readingName(provider, int(*version))
}

func mappingURL(id uuid.UUID) string { return string(connectionURL(id)) + "/mapping" }

// fieldID is the id that ui gives a field of this name.
func fieldID(name string) string { return strings.ReplaceAll(name, ".", "-") }

func listed(in ui.Input, options []ui.Option) ui.Input {
	in.Options = options
	return in
}

func typed(in ui.Input) ui.Input {
	in.Autocomplete = "off"
	in.Attrs = templ.Attributes{"required": false, "list": "paths"}
	return in
}
