package views

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// MostRepaired bounds what one press runs again.
const MostRepaired = 10_000

// In a filter's fields, what has no value is told from what was not asked for by a word of its own.
const (
	NoCause   = "-"
	NoWedding = "none"
)

// RepairFilter says which of the deliveries in trouble are meant; what is nil is not asked about.
type RepairFilter struct {
	Connection *uuid.UUID
	Cause      *string
	WeddingOn  *time.Time
	Undated    bool  // those whose wedding nobody knows
	Aside      *bool // true: only what was set aside; false: all but that
}

// Values are the filter as the fields of a form; the address of a page has the same.
func (f RepairFilter) Values() url.Values {
	all := url.Values{}
	if f.Connection != nil {
		all.Set("connection", f.Connection.String())
	}
	switch {
	case f.Cause != nil && *f.Cause == "":
		all.Set("cause", NoCause)
	case f.Cause != nil:
		all.Set("cause", *f.Cause)
	}
	switch {
	case f.WeddingOn != nil:
		all.Set("wedding", f.WeddingOn.Format(time.DateOnly))
	case f.Undated:
		all.Set("wedding", NoWedding)
	}
	if f.Aside != nil {
		all.Set("aside", strconv.FormatBool(*f.Aside))
	}
	return all
}

// Takes says whether a group belongs to it, as the queries do.
func (f RepairFilter) Takes(g queries.TroubleGroupsRow) bool {
	return (f.Connection == nil || *f.Connection == g.ConnectionID) && (f.Cause == nil || *f.Cause == g.Cause) && (f.Aside == nil || *f.Aside == g.Aside) &&
		(!f.Undated || g.WeddingOn == nil) && (f.WeddingOn == nil || g.WeddingOn != nil && g.WeddingOn.Equal(*f.WeddingOn))
}

// Count is how many deliveries of these groups it takes.
func (f RepairFilter) Count(groups []queries.TroubleGroupsRow) (n int64) {
	for _, g := range groups {
		if f.Takes(g) {
			n += g.Deliveries
		}
	}
	return n
}

// Words say the filter to people, for the record of who did what.
func (f RepairFilter) Words() string {
	var all []string
	if f.Connection != nil {
		all = append(all, "connection "+f.Connection.String())
	}
	if f.Cause != nil {
		all = append(all, "reason: "+whyWords(*f.Cause))
	}
	if f.WeddingOn != nil {
		all = append(all, "wedding on "+ui.Day(*f.WeddingOn))
	}
	if f.Undated {
		all = append(all, "no wedding date known")
	}
	return orElse("all that could not be used", strings.Join(all, "; "))
}

func whyWords(cause string) string { return orElse("No reason was noted", cause) }

// RepairsView is what needs a person, and what does not.
type RepairsView struct {
	Now     time.Time // on the organisation's clock
	MayRun  bool
	Filter  RepairFilter
	Groups  []queries.TroubleGroupsRow // of everything, not only of the filter
	List    []queries.TroubleDeliveriesRow
	Retried []RetriedView
}

// RetriedView is a delivery that is tried again by itself, and when.
type RetriedView struct {
	Row      queries.RetriedDeliveriesRow
	Schedule []time.Time
}

// trouble is what has one cause.
type trouble struct {
	Cause          string
	Aside          bool
	Deliveries     int64
	Oldest, Newest time.Time
	Providers      []string
	Days           []troubleDay
}

type troubleDay struct {
	On         *time.Time // nil: nobody knows
	Deliveries int64
}

// troubles folds the filter's rows by their cause. They come in the order of the weddings, and so do the causes.
func (v RepairsView) troubles() []trouble {
	var all []trouble
	for _, g := range v.Groups {
		if !v.Filter.Takes(g) {
			continue
		}
		i := slices.IndexFunc(all, func(t trouble) bool { return t.Cause == g.Cause && t.Aside == g.Aside })
		if i < 0 {
			i = len(all)
			all = append(all, trouble{Cause: g.Cause, Aside: g.Aside, Oldest: g.Oldest, Newest: g.Newest})
		}
		all[i] = all[i].with(g)
	}
	return all
}

func (t trouble) with(g queries.TroubleGroupsRow) trouble {
	t.Deliveries += g.Deliveries
	if g.Oldest.Before(t.Oldest) {
		t.Oldest = g.Oldest
	}
	if g.Newest.After(t.Newest) {
		t.Newest = g.Newest
	}
	if name := ProviderName(g.Provider); !slices.Contains(t.Providers, name) {
		t.Providers = append(t.Providers, name)
	}
	last := len(t.Days) - 1
	if last >= 0 && sameDay(t.Days[last].On, g.WeddingOn) {
		t.Days[last].Deliveries += g.Deliveries
	} else {
		t.Days = append(t.Days, troubleDay{g.WeddingOn, g.Deliveries})
	}
	return t
}

func sameDay(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// of narrows the page's filter to a group.
func (v RepairsView) of(t trouble) RepairFilter {
	f := v.Filter
	f.Cause, f.Aside = &t.Cause, &t.Aside
	return f
}

func (f RepairFilter) on(day *time.Time) RepairFilter {
	f.WeddingOn, f.Undated = day, day == nil
	return f
}

// whole is the page's filter without what was set aside: that is accepted by its own button, never along with the rest.
func (v RepairsView) whole() RepairFilter {
	f, no := v.Filter, false
	f.Aside = &no
	return f
}

func (f RepairFilter) href() string {
	return strings.TrimSuffix("/app/repairs?"+f.Values().Encode(), "?")
}

func dayWords(day *time.Time) string {
	if day == nil {
		return "No date known"
	}
	return ui.Day(*day)
}

// filterOptions are the answers to "which?": what there is, and nothing else.
func (v RepairsView) filterOptions() (connections, causes, weddings []ui.Option) {
	connections, causes, weddings = []ui.Option{{Label: "Every connection"}}, []ui.Option{{Label: "Every reason"}}, []ui.Option{{Label: "Every wedding date"}}
	add := func(to *[]ui.Option, value, label string) {
		if !slices.ContainsFunc(*to, func(o ui.Option) bool { return o.Value == value }) {
			*to = append(*to, ui.Option{Value: value, Label: label})
		}
	}
	for _, g := range v.Groups {
		fields := RepairFilter{Connection: &g.ConnectionID, Cause: &g.Cause, WeddingOn: g.WeddingOn, Undated: g.WeddingOn == nil}.Values()
		add(&connections, fields.Get("connection"), ProviderName(g.Provider)+", "+g.ConnectionID.String()[30:])
		add(&causes, fields.Get("cause"), short(whyWords(g.Cause)))
		add(&weddings, fields.Get("wedding"), dayWords(g.WeddingOn))
	}
	return connections, causes, weddings
}

// short keeps a reason on one line of a list.
func short(text string) string {
	if letters := []rune(text); len(letters) > 60 {
		return string(letters[:59]) + "…"
	}
	return text
}

// scheduleWords tell when a delivery is tried again, after so many tries: the next exactly, the rest about.
func scheduleWords(now time.Time, tries int, schedule []time.Time) string {
	if len(schedule) == 0 {
		return ""
	}
	next := "Next try " + clockOn(now, schedule[0])
	if !schedule[0].After(now) {
		next = "The next try is due now"
	}
	if len(schedule) == 1 {
		return next + ", the last one; then it is given up."
	}
	var then []string
	for _, at := range schedule[1:min(len(schedule), 4)] {
		then = append(then, clockOn(now, at))
	}
	more := ""
	if len(schedule) > 4 {
		more = " …"
	}
	return next + ", then about " + strings.Join(then, ", ") + more + "; given up after " + strconv.Itoa(tries+len(schedule)) + "."
}

// clockOn is the time of day, and the day where it is another.
func clockOn(now, at time.Time) string {
	at = at.In(now.Location())
	if at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return ui.Clock(at)
	}
	return ui.DayTime(at)
}
