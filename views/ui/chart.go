package ui

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Chart is a row of numbers to be drawn as Bars or as a Funnel.
type Chart struct {
	ID, Title string
	Summary   string // one sentence that says what the chart shows; it is read out and printed
	LabelHead string // heads the table behind the chart: "Month"
	ValueHead string // "Paid"
	Points    []Point
}

// Point is one number of a chart.
type Point struct {
	Label string
	Value int64
	Below string // what stands below its bar; Label, if empty
	Text  string // the value as people read it; Count(Value), if empty
	Now   bool   // the current one
}

func (p Point) text() string {
	if p.Text != "" {
		return p.Text
	}
	return Count(p.Value)
}

func (p Point) below() string {
	if p.Below != "" {
		return p.Below
	}
	return p.Label
}

// pct is a length along the drawing: drawings have no width of their own, so that their letters keep their size on a phone.
func pct(v float64) string { return num(v) + "%" }

func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

// spark fits the points into a box of 100 × 100 with a little air above and below, and says where the last one lies.
func spark(points []int64) (line, area string, lastY float64) {
	lo, hi := bounds(points)
	var b strings.Builder
	for i, p := range points {
		x := 100 * float64(i) / float64(max(len(points)-1, 1))
		lastY = 50
		if hi > lo {
			lastY = 90 - 80*float64(p-lo)/float64(hi-lo)
		}
		fmt.Fprintf(&b, "%c%s %s", "ML"[min(i, 1)], num(x), num(lastY))
	}
	line = b.String()
	return line, line + "L100 100L0 100Z", lastY
}

func bounds(points []int64) (lo, hi int64) {
	for i, p := range points {
		if i == 0 || p < lo {
			lo = p
		}
		if i == 0 || p > hi {
			hi = p
		}
	}
	return lo, hi
}

type bar struct {
	Point
	X, W, Mid float64 // per cent of the width
	Y, H      float64 // pixels
	Labelled  bool    // the value stands above the bar
	Skippable bool    // the label below may go when there is no room
	Last      bool    // so near the edge that its value is written to the left
}

const (
	barTop    = 24.0
	barHeight = 128.0
)

// bars are laid out in equal places. Where there are many, only the highest (the first of them) and the current one say their value.
func bars(points []Point) []bar {
	var top int64
	for _, p := range points {
		top = max(top, p.Value)
	}
	slot := 100 / float64(max(len(points), 1))
	width := math.Min(slot*0.62, 8)
	out := make([]bar, len(points))
	highest := slices.IndexFunc(points, func(p Point) bool { return p.Value == top })
	for i, p := range points {
		h := 0.0
		if top > 0 {
			h = barHeight * float64(max(p.Value, 0)) / float64(top)
		}
		if p.Value > 0 {
			h = math.Max(h, 2)
		}
		mid := slot * (float64(i) + 0.5)
		out[i] = bar{
			Point: p, X: mid - width/2, W: width, Mid: mid, Y: barTop + barHeight - h, H: h,
			Labelled:  len(points) <= 12 && p.Value > 0 || len(points) <= 6 || p.Now || (i == highest && top > 0),
			Skippable: len(points) > 8 && i%2 == 1, Last: len(points) > 6 && i == len(points)-1,
		}
	}
	return out
}

type stage struct {
	Point
	W     float64 // per cent of the width
	Share string  // of the stage before: "75% of those"
}

func stages(points []Point) []stage {
	out := make([]stage, len(points))
	for i, p := range points {
		out[i] = stage{Point: p}
		if points[0].Value > 0 {
			out[i].W = math.Min(100*float64(p.Value)/float64(points[0].Value), 100)
		}
		if i > 0 && points[i-1].Value > 0 {
			out[i].Share = fmt.Sprintf("%d%%", int(math.Round(100*float64(p.Value)/float64(points[i-1].Value))))
		}
	}
	return out
}

// Heat is a month of days, each shaded by how much is on.
type Heat struct {
	ID, Title, Summary string
	ValueHead          string
	Month              time.Time     // any moment of the month
	Count              map[int]int64 // by day of the month
	Today              int           // day of the month, 0 if it is another month
}

type heatDay struct {
	Day     int
	Count   int64
	X, Y    float64 // per cent, pixels
	Level   int     // 0…4
	Date    time.Time
	IsToday bool
}

const heatRow = 44.0

// heatDays lays a month out in weeks that begin on Monday, and says how high the drawing becomes.
func heatDays(h Heat) (days []heatDay, height float64) {
	y, m, _ := h.Month.Date()
	start := time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
	lead := (int(start.Weekday()) + 6) % 7
	var top int64
	for _, n := range h.Count {
		top = max(top, n)
	}
	for d := start; d.Month() == m; d = d.AddDate(0, 0, 1) {
		at := lead + d.Day() - 1
		n := h.Count[d.Day()]
		days = append(days, heatDay{
			Day: d.Day(), Count: n, Date: d, Level: level(n, top), IsToday: d.Day() == h.Today,
			X: float64(at%7) * 100 / 7, Y: 24 + float64(at/7)*heatRow,
		})
	}
	return days, days[len(days)-1].Y + heatRow
}

func level(n, top int64) int {
	if n <= 0 || top <= 0 {
		return 0
	}
	return 1 + int(3*(n-1)/max(top-1, 1))
}
