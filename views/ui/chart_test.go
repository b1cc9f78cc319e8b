package ui

import (
	"testing"
	"time"
)

func TestSpark(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		points []int64
		line   string
		last   float64
	}{
		{[]int64{0, 10}, "M0 90L100 10", 10},
		{[]int64{5, 5, 5}, "M0 50L50 50L100 50", 50},
		{[]int64{-10, 0, -10}, "M0 90L50 10L100 90", 90},
		{[]int64{7}, "M0 50", 50},
	} {
		line, area, last := spark(c.points)
		if line != c.line || last != c.last {
			t.Errorf("spark(%v) = %q, %v, want %q, %v", c.points, line, last, c.line, c.last)
		}
		if want := line + "L100 100L0 100Z"; area != want {
			t.Errorf("area = %q, want %q", area, want)
		}
	}
}

func TestBars(t *testing.T) {
	t.Parallel()
	got := bars([]Point{{Value: 0}, {Value: 50}, {Value: 100, Now: true}, {Value: -5}})
	for i, h := range []float64{0, barHeight / 2, barHeight, 0} {
		if got[i].H != h || got[i].Y+got[i].H != barTop+barHeight {
			t.Errorf("bar %d is %v high from %v, want %v down to the axis", i, got[i].H, got[i].Y, h)
		}
	}
	if got[0].Mid != 12.5 || got[3].Mid != 87.5 {
		t.Errorf("middles %v and %v", got[0].Mid, got[3].Mid)
	}
	if bars(nil) == nil {
		t.Error("no points are an empty row")
	}
	many := bars(make([]Point, 12))
	if many[0].Labelled || !many[1].Skippable || many[0].Skippable || !many[11].Last {
		t.Errorf("twelve bars: %+v", many[:2])
	}
}

func TestStages(t *testing.T) {
	t.Parallel()
	got := stages([]Point{{Value: 24}, {Value: 18}, {Value: 0}, {Value: 3}})
	for i, want := range []struct {
		w     float64
		share string
	}{{100, ""}, {75, "75%"}, {0, "0%"}, {12.5, ""}} {
		if got[i].W != want.w || got[i].Share != want.share {
			t.Errorf("stage %d = %v %q, want %v %q", i, got[i].W, got[i].Share, want.w, want.share)
		}
	}
	if got := stages([]Point{{}, {}}); got[1].W != 0 || got[1].Share != "" {
		t.Errorf("nothing of nothing: %+v", got[1])
	}
}

func TestHeatDays(t *testing.T) {
	t.Parallel()
	// May 2027 begins on a Saturday and so needs six weeks; February 2027 on a Monday and fits four.
	days, height := heatDays(Heat{Month: time.Date(2027, 5, 14, 0, 0, 0, 0, time.UTC), Count: map[int]int64{22: 3, 29: 1}, Today: 14})
	if len(days) != 31 || height != 24+6*heatRow {
		t.Errorf("%d days, %v high", len(days), height)
	}
	if days[0].X != 5*100.0/7 || days[0].Y != 24 || days[2].X != 0 || days[2].Y != 24+heatRow {
		t.Errorf("first of May at %v, %v; Monday 3rd at %v, %v", days[0].X, days[0].Y, days[2].X, days[2].Y)
	}
	if days[21].Level != 4 || days[28].Level != 1 || days[0].Level != 0 || !days[13].IsToday {
		t.Errorf("levels %d %d %d", days[21].Level, days[28].Level, days[0].Level)
	}
	if _, height := heatDays(Heat{Month: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)}); height != 24+4*heatRow {
		t.Errorf("February is %v high", height)
	}
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	from := time.Date(2027, 5, 22, 8, 0, 0, 0, time.UTC)
	day := Timeline{From: from, To: from.Add(16 * time.Hour)}
	for _, c := range []struct {
		at   time.Time
		want float64
	}{{from, 0}, {from.Add(8 * time.Hour), 50}, {from.Add(-time.Hour), 0}, {from.Add(48 * time.Hour), 100}} {
		if got := day.at(c.at); got != c.want {
			t.Errorf("at(%s) = %v, want %v", c.at, got, c.want)
		}
	}
	if got := (Timeline{From: from, To: from}).at(from); got != 0 {
		t.Errorf("a moment without length: %v", got)
	}
	for _, c := range []struct {
		length      time.Duration
		first, last string
		n           int
	}{
		{6 * time.Hour, "08:00", "14:00", 7},
		{16 * time.Hour, "09:00", "00:00", 6},
		{5 * 24 * time.Hour, "23 May", "27 May", 5},
		{150 * 24 * time.Hour, "Jun", "Oct", 5},
		{500 * 24 * time.Hour, "Jul 27", "Oct 28", 6},
	} {
		got := Timeline{From: from, To: from.Add(c.length)}.ticks()
		if len(got) != c.n || got[0].Label != c.first || got[len(got)-1].Label != c.last {
			t.Errorf("ticks over %s: %v, want %d from %s to %s", c.length, got, c.n, c.first, c.last)
		}
	}
}
