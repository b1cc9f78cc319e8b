package sandbox

import (
	"slices"
	"testing"
	"time"
)

func TestMicrosoftAsASide(t *testing.T) {
	t.Parallel()
	g := newGraph(newCourier(), time.Date(2027, 1, 6, 12, 0, 0, 0, time.UTC))
	s := g.Side()
	people := s.Accounts()
	if len(people) != 3 || len(people[0].Calendars) != 3 || !people[0].Calendars[0].Writable || people[0].Calendars[1].Writable {
		t.Fatalf("%+v", people)
	}
	calendar := people[0].Calendars[0].ID
	from := time.Date(2027, 6, 1, 0, 0, 0, 0, london)
	day := SideEvent{Title: "Away", Starts: from, Ends: from.AddDate(0, 0, 2), Day: true}
	if err := s.Add(calendar, day); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(calendar, SideEvent{Title: "A shoot", Venue: "Rye", Starts: from.Add(10 * time.Hour), Ends: from.Add(11 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	all := s.Events(calendar, from, from.AddDate(0, 1, 0))
	if len(all) != 2 || !all[0].Day || !all[0].Starts.Equal(from) || all[1].Title != "A shoot" || all[1].Ours {
		t.Fatalf("%+v", all)
	}
	if err := s.Change(calendar, all[1].Later(1, 1)); err != nil {
		t.Fatal(err)
	}
	if moved := s.Events(calendar, from.AddDate(0, 0, 1), from.AddDate(0, 0, 2)); len(moved) != 2 || !moved[1].Starts.Equal(from.AddDate(0, 0, 1).Add(11*time.Hour)) || moved[1].Venue != "Rye" {
		t.Errorf("%+v", moved)
	}
	if err := s.Remove(calendar, all[0].ID); err != nil || len(s.Events(calendar, from, from.AddDate(0, 1, 0))) != 1 {
		t.Errorf("%v", err)
	}
	for _, err := range []error{s.Remove(calendar, all[0].ID), s.Remove("none", all[1].ID), s.Change("none", all[1]), s.Add("none", day)} {
		if err == nil {
			t.Error("something happened to what is not there")
		}
	}
	for _, act := range s.Acts {
		if !s.Happen(act.Key, people[1]) {
			t.Errorf("%s did not happen", act.Key)
		}
	}
	if s.Happen("calendar", s.Accounts()[1]) || s.Happen("nothing", people[1]) || s.Be(Trouble("none")) || !s.Be(Silent) || s.Trouble() != Silent {
		t.Error("something happened that cannot")
	}
}

func TestASeriesAtTheStandIn(t *testing.T) {
	t.Parallel()
	g := newGraph(newCourier(), time.Date(2027, 1, 6, 12, 0, 0, 0, time.UTC))
	calendar, _ := g.AddAccount("x@outlook.example", "X")
	first := time.Date(2027, 1, 29, 10, 0, 0, 0, time.UTC) // a Friday
	for what, tt := range map[string]struct {
		rule GraphRule
		want []string
	}{
		"daily":      {GraphRule{Type: "daily", Interval: 2, Count: 3}, []string{"0129", "0131", "0202"}},
		"weekly":     {GraphRule{Type: "weekly", Interval: 2, Days: []time.Weekday{time.Monday, time.Friday}, Count: 4}, []string{"0129", "0208", "0212", "0222"}},
		"until":      {GraphRule{Type: "weekly", Until: time.Date(2027, 2, 12, 0, 0, 0, 0, time.UTC)}, []string{"0129", "0205", "0212"}},
		"each month": {GraphRule{Type: "absoluteMonthly", Count: 3}, []string{"0129", "0329", "0429"}},
		"each year":  {GraphRule{Type: "absoluteYearly", Count: 2}, []string{"0129", "0129"}},
	} {
		id := g.Add("x@outlook.example", calendar, GraphEvent{Subject: what, Starts: first, Ends: first.Add(time.Hour), Recurs: &tt.rule})
		var got []string
		for _, o := range g.accounts["x@outlook.example"].expand(g.accounts["x@outlook.example"].events[id], first, first.AddDate(5, 0, 0), 50) {
			got = append(got, o.Starts.Format("0102"))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v", what, got)
		}
	}
}
