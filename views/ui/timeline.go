package ui

import "time"

// Timeline shows when things are, one row below the other: a day's run sheet, a season's weddings.
type Timeline struct {
	ID, Title, Summary string
	From, To           time.Time
	Rows               []TimelineRow
	Now                time.Time // a line at the present moment; zero: none
}

// TimelineRow is one thing; To is zero for a moment without length.
type TimelineRow struct {
	Label    string
	Text     string // "14:00 to 15:30"
	From, To time.Time
	Tone     Tone
}

type tick struct {
	X     float64
	Label string
}

const (
	laneTop    = 28.0
	laneHeight = 40.0
)

// at is where a moment lies, in per cent of the width.
func (t Timeline) at(m time.Time) float64 {
	whole := t.To.Sub(t.From)
	if whole <= 0 {
		return 0
	}
	return min(max(100*float64(m.Sub(t.From))/float64(whole), 0), 100)
}

func (t Timeline) width(r TimelineRow) float64 {
	if r.To.IsZero() {
		return 0
	}
	return max(t.at(r.To)-t.at(r.From), 0.6)
}

func (t Timeline) height() float64 { return laneTop + laneHeight*float64(len(t.Rows)) + 4 }

// ticks are whole hours, days or months, at most seven of them.
func (t Timeline) ticks() []tick {
	for _, s := range []struct {
		step   time.Duration
		months int
		layout string
	}{
		{time.Hour, 0, "15:04"}, {2 * time.Hour, 0, "15:04"}, {3 * time.Hour, 0, "15:04"}, {4 * time.Hour, 0, "15:04"}, {24 * time.Hour, 0, "2 Jan"},
		{7 * 24 * time.Hour, 0, "2 Jan"}, {0, 1, "Jan"}, {0, 3, "Jan 06"},
	} {
		if out := t.every(s.step, s.months, s.layout); len(out) <= 7 {
			return out
		}
	}
	return t.every(0, 12, "2006")
}

func (t Timeline) every(step time.Duration, months int, layout string) []tick {
	y, m, d := t.From.Date()
	if months > 0 {
		m, d = time.January, 1
	}
	next := func(m time.Time) time.Time { return m.Add(step).AddDate(0, months, 0) }
	var out []tick
	for at := time.Date(y, m, d, 0, 0, 0, 0, t.From.Location()); !at.After(t.To) && len(out) < 9; at = next(at) {
		if !at.Before(t.From) {
			out = append(out, tick{t.at(at), at.Format(layout)})
		}
	}
	return out
}
