package ui

import (
	"testing"
	"time"
)

func TestInitials(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, want string }{
		{"Anna & Tom", "A&T"},
		{"Anna Lindqvist and Tom Okafor", "A&T"},
		{"Wilhelmina Grace Hall", "WH"},
		{"élodie", "É"},
		{"(Rose)", "R"},
		{"", "·"},
		{" & ", "·"},
		{"Sandy", "S"},
	} {
		if got := Initials(c.name); got != c.want {
			t.Errorf("Initials(%q) = %q, want %q", c.name, got, c.want)
		}
	}
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor       int64
		currency    string
		want, short string
	}{
		{250000, "GBP", "£2,500.00", "£2,500"},
		{250050, "GBP", "£2,500.50", "£2,500.50"},
		{5, "GBP", "£0.05", "£0.05"},
		{0, "GBP", "£0.00", "£0"},
		{-250000, "gbp", "−£2,500.00", "−£2,500"},
		{-9223372036854775808, "GBP", "−£92,233,720,368,547,758.08", "−£92,233,720,368,547,758.08"},
		{125000, "JPY", "¥125,000", "¥125,000"},
		{1234567, "KWD", "KWD\u00a01,234.567", "KWD\u00a01,234.567"},
		{1000000, "KWD", "KWD\u00a01,000.000", "KWD\u00a01,000"},
		{99999, "EUR", "€999.99", "€999.99"},
		{100000, "AUD", "A$1,000.00", "A$1,000"},
		{100, "CHF", "CHF\u00a01.00", "CHF\u00a01"},
	} {
		if got := Money(c.minor, c.currency); got != c.want {
			t.Errorf("Money(%d, %s) = %q, want %q", c.minor, c.currency, got, c.want)
		}
		if got := Short(c.minor, c.currency); got != c.short {
			t.Errorf("Short(%d, %s) = %q, want %q", c.minor, c.currency, got, c.short)
		}
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1200: "−1,200"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2027, 6, 12, 13, 0, 0, 0, time.UTC).In(london)
	if got, want := Day(at), "Sat 12 June 2027"; got != want {
		t.Errorf("Day = %q, want %q", got, want)
	}
	if got, want := DayTime(at), "Sat 12 June 2027, 14:00"; got != want {
		t.Errorf("DayTime = %q, want %q", got, want)
	}
}

func TestAgoAndUntil(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 6, 12, 14, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for _, c := range []struct {
		away       time.Duration
		ago, until string
	}{
		{0, "just now", "now"},
		{40 * time.Second, "40 seconds ago", "in 40 seconds"},
		{time.Minute, "1 minute ago", "in 1 minute"},
		{4*time.Minute + 59*time.Second, "4 minutes ago", "in 4 minutes"},
		{3 * time.Hour, "3 hours ago", "in 3 hours"},
		{12 * day, "12 days ago", "in 12 days"},
		{40 * day, "on 3 May 2027", "in 5 weeks"},
		{300 * day, "on 16 August 2026", "in 10 months"},
		{800 * day, "on 3 April 2025", "in 2 years"},
	} {
		if got := Ago(now, now.Add(-c.away)); got != c.ago {
			t.Errorf("Ago(%s) = %q, want %q", c.away, got, c.ago)
		}
		if got := Until(now, now.Add(c.away)); got != c.until {
			t.Errorf("Until(%s) = %q, want %q", c.away, got, c.until)
		}
	}
	if got, want := Until(now, now.Add(-time.Hour)), "1 hour ago"; got != want {
		t.Errorf("Until(past) = %q, want %q", got, want)
	}
}

func TestDaysUntilCountsNights(t *testing.T) {
	t.Parallel()
	evening := time.Date(2027, 3, 27, 23, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		then time.Time
		want string
	}{
		{evening.Add(10 * time.Minute), "today"},
		{evening.Add(time.Hour), "tomorrow"},
		{evening.AddDate(0, 0, 12), "in 12 days"},
		{evening.AddDate(0, 0, -1), "yesterday"},
		{evening.AddDate(0, 0, -3), "3 days ago"},
	} {
		if got := DaysUntil(evening, c.then); got != c.want {
			t.Errorf("DaysUntil(%s) = %q, want %q", c.then, got, c.want)
		}
	}
}

func TestInputDescribesItself(t *testing.T) {
	t.Parallel()
	in := Input{Name: "guests[0].name", Hint: "As on the card", Error: "Give a name"}
	if got, want := in.describedBy(), "guests-0-name-hint guests-0-name-error"; got != want {
		t.Errorf("describedBy = %q, want %q", got, want)
	}
	if in.control("control")["aria-invalid"] != "true" {
		t.Error("a wrong field must say so")
	}
}
