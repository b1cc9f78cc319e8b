package ui

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2027, 5, 14, 12, 0, 0, 0, time.UTC)

// with gives a component something inside.
func with(c templ.Component, inside string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, templ.Raw(inside)), w)
	})
}

var cases = map[string]templ.Component{
	"Alarm":         with(Alarm("The florist has not arrived", "Ceremony in 48 minutes."), "<b>act</b>"),
	"AgoTime":       AgoTime(noon, noon.Add(-4*time.Minute)),
	"Badge":         Badge(Warn, "2 conflicts"),
	"Bars":          Bars(Chart{ID: "m", Title: "Paid", Summary: "More.", LabelHead: "Month", ValueHead: "Paid", Points: []Point{{Label: "Apr", Value: 1}, {Label: "May", Value: 2, Text: "£2", Now: true}}}),
	"Button":        with(Button(Primary, Confirm(`Sure, "Anna"?`), templ.Attributes{"name": "a", "class": "button-wide"}), "Go"),
	"Card":          with(Card(templ.Attributes{"class": "stack"}), "x"),
	"Cell":          with(Cell("From"), "Stripe"),
	"Checkbox":      Checkbox(Input{Name: "news", Label: "Write to me", Hint: "Four letters a year", Checked: true}),
	"Choices":       Choices(Input{Name: "plan", Label: "Plan", Value: "b", Options: []Option{{"a", "Free", ""}, {"b", "Pro", "£29"}}}),
	"Code":          Code("body", "What Stripe sent", `{"a": "<b>"}`),
	"CopyButton":    CopyButton("body"),
	"DateBlock":     DateBlock(noon),
	"EmptyState":    with(EmptyState("people", "No clients yet", "They appear here."), "<a>first step</a>"),
	"Fact":          with(Fact("State"), "Waiting"),
	"Field":         Field(Input{Name: "email", Label: "E-mail", Type: "email", Value: `a"b`, Hint: "h", Error: "e", Autocomplete: "username", Autofocus: true}),
	"FormErrors":    FormErrors("Two answers", []Fault{{"email", "Wrong"}, {"", "Of the whole"}}),
	"Funnel":        Funnel(Chart{ID: "f", Title: "Invites", Summary: "Most.", LabelHead: "Stage", ValueHead: "Vendors", Points: []Point{{Label: "Sent", Value: 4}, {Label: "Accepted", Value: 3}}}),
	"HeadCell":      with(HeadCell(), "Anna"),
	"ActionCell":    with(ActionCell(), "x"),
	"Icon":          Icon("rings"),
	"Flourish":      Flourish(),
	"Mark":          Mark(),
	"Line":          with(Line(Monogram("A & T")), "x"),
	"Lines":         with(Lines("Next"), "x"),
	"LinkButton":    with(LinkButton(Quiet, "javascript:alert(1)"), "x"),
	"LiveRegion":    with(LiveRegion(Region{ID: "kpis", Label: "Figures", Changed: noon, Version: 7}), "x"),
	"LocalClock":    LocalClock(noon),
	"LocalTime":     LocalTime(noon),
	"Monogram":      Monogram("Anna Hall"),
	"MonthHeat":     MonthHeat(Heat{ID: "h", Title: "February", Summary: "Quiet.", ValueHead: "Weddings", Month: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC), Count: map[int]int64{6: 1}}),
	"Notice":        with(Notice(Bad, "Not taken"), "x"),
	"NumberCell":    with(NumberCell("Tries"), "3"),
	"Pager":         Pager("", "/x?before=7&n=1"),
	"PostButton":    with(PostButton(Danger, "/x", Confirm("Sure?")), "Disconnect"),
	"Row":           with(Row(), "x"),
	"Secret":        Secret("url", "Address", "https://x"),
	"Section":       with(Section("next", "Next weddings", "/w", "All"), "x"),
	"Select":        Select(Input{Name: "c", Label: "Category", Value: "b", Optional: true, Options: []Option{{Value: "a", Label: "A"}, {Value: "b", Label: "B"}}}),
	"Sparkline":     Sparkline([]int64{1, 3, 2}, "Up and down"),
	"Stat":          Stat(Figure{KPI: "revenue_paid", Value: 4825000, Label: "Revenue paid", Text: "£48,250", Sub: "more", Tone: Good, Trend: []int64{1, 2}, Href: "/p", Lead: true}),
	"Stats":         with(Stats(), "x"),
	"Step":          with(Step(noon, noon.Add(-time.Minute), Bad, "Third try"), "Timed out"),
	"Steps":         with(Steps("Attempts"), "x"),
	"Table":         with(Table("Deliveries", []Column{{Label: "What"}, {Label: "Tries", Number: true}, {Label: "Do", Hidden: true}}), "x"),
	"Time":          Time(noon, "noon"),
	"TimelineChart": TimelineChart(Timeline{ID: "t", Title: "The day", Summary: "Long.", From: noon, To: noon.Add(6 * time.Hour), Now: noon.Add(time.Hour), Rows: []TimelineRow{{Label: "Ceremony", Text: "14:00", From: noon.Add(2 * time.Hour), To: noon.Add(3 * time.Hour), Tone: Accent}, {Label: "Dance", From: noon.Add(5 * time.Hour)}}}),
	"UntilTime":     UntilTime(noon, noon.Add(12*24*time.Hour)),
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, c := range cases {
		var b bytes.Buffer
		if err := c.Render(context.Background(), &b); err != nil {
			t.Fatal(name, err)
		}
		got := strings.ReplaceAll(b.String(), "><", ">\n<") + "\n"
		path := filepath.Join("testdata", name+".golden.html")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, _ := os.ReadFile(path)
		if got != string(want) {
			t.Errorf("%s is drawn differently from %s (go test ./views/ui -update if that is meant):\n%s", name, path, got)
		}
		if strings.Contains(got, " style=") {
			t.Errorf("%s carries a style attribute, which the content security policy refuses", name)
		}
	}
}

// A new component without a case fails here.
func TestEveryComponentHasAGolden(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("*.templ")
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^templ ([A-Z]\w*)\(`).FindAllStringSubmatch(string(src), -1) {
			if cases[m[1]] == nil {
				t.Errorf("%s: %s has no case", f, m[1])
			}
		}
	}
}
