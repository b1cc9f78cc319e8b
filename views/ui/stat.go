package ui

import "time"

// Figure is one number that matters.
type Figure struct {
	KPI       string // data-kpi, as the contract names it
	Value     int64  // data-value: what is compared to see that it changed
	Label     string
	Text      string // the value as people read it: "£48,250"
	Sub       string // a few words below: "+£2,400 this week"
	Tone      Tone   // of Sub
	Trend     []int64
	TrendText string    // what Trend shows, for those who do not see it: "Rising over twelve weeks"
	Href      string    // what stands behind the figure
	Changed   time.Time // zero: nothing is said about when
	Lead      bool      // the one figure that the eye should meet first
}

// Region is a part of a page that the stream redraws: the component that draws it opens with LiveRegion.
type Region struct {
	ID      string // of the element that is replaced
	Label   string // the name that screen readers give it; empty if a heading inside does
	Class   string
	Changed time.Time // when the last change was committed
	Version int64
}

func (r Region) changed() string {
	if r.Changed.IsZero() {
		return ""
	}
	return r.Changed.UTC().Format(time.RFC3339Nano)
}
