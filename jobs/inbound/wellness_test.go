package inbound

import (
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

// looked is one case: what is known, which line that makes, and the sentence for all if this line speaks for it.
type looked struct {
	about string
	facts Facts
	tone  ui.Tone
	words string // empty: no line
	all   string // empty: another line is the gravest
}

var (
	fourADay = Habit{Known: true, PerDay: 4}
	lately   = monday.Add(-3 * time.Hour)
	tillFour = monday.Add(6*time.Hour + 2*time.Minute)
	usedAt   = monday.Add(-time.Hour)
)

// with is a healthy connection, but for what change says.
func with(change func(*Facts)) Facts {
	f := Facts{Provider: queries.ProviderHoneybook, Habit: fourADay, Last: lately, Lag: 310 * time.Millisecond, Measured: 100, Settled: 100, Unused: 3}
	change(&f)
	return f
}

func secrets(fresh, before queries.SecretsInUseRow) []queries.SecretsInUseRow {
	fresh.CreatedAt, before.CreatedAt = monday.Add(-2*time.Hour), monday.AddDate(0, -3, 0)
	return []queries.SecretsInUseRow{fresh, before}
}

var lookCases = []looked{
	{"last", with(func(*Facts) {}), ui.Good, "Last delivery", "All is as usual: the last delivery came 3 hours ago."},
	{"last", Facts{Provider: queries.ProviderTave}, ui.Neutral, "Nothing has arrived yet", "Nothing has arrived yet."},

	{"usual", with(func(*Facts) {}), ui.Good, "HoneyBook usually sends 4 a day", ""},
	{"usual", with(func(f *Facts) { f.Habit = Habit{} }), ui.Neutral, "Too little has come to tell what is usual; WedSync watches for silence once it knows", ""},
	{"usual", Facts{Provider: queries.ProviderTave}, "", "", ""},
	{"usual", with(func(f *Facts) { f.Last = monday.Add(-31 * time.Hour); f.SilentSince = f.Last }), ui.Warn,
		"HoneyBook usually sends 4 a day; nothing for 31 hours", "HoneyBook usually sends 4 a day; nothing for 31 hours."},
	{"usual", with(func(f *Facts) { f.Habit, f.Last = Habit{}, monday.AddDate(0, 0, -40); f.SilentSince = f.Last }), ui.Warn, "HoneyBook has sent nothing for 5 weeks", "HoneyBook has sent nothing for 5 weeks."},
	{"usual", with(func(f *Facts) { f.SilentSince = lately.Add(-30 * time.Hour) }), ui.Good, "HoneyBook usually sends 4 a day", ""}, // it came back before the sweep did

	{"lag", with(func(*Facts) {}), ui.Good, "What arrives is typically on your pages within 0.4 s", ""},
	{"lag", with(func(f *Facts) { f.Lag = time.Millisecond }), ui.Good, "What arrives is typically on your pages within 0.1 s", ""},
	{"lag", with(func(f *Facts) { f.Lag = 42 * time.Second }), ui.Good, "What arrives is typically on your pages within 42 seconds", ""},
	{"lag", with(func(f *Facts) { f.Lag = 3*time.Minute + time.Second }), ui.Warn, "What arrives is typically on your pages within 4 minutes", "What arrives is typically on your pages within 4 minutes."},
	{"lag", with(func(f *Facts) { f.Measured = 11 }), "", "", ""},

	{"waiting", with(func(*Facts) {}), "", "", ""},
	{"waiting", with(func(f *Facts) { f.Waiting, f.Oldest = 1, monday.Add(-time.Second) }), ui.Neutral, "1 delivery waits to be applied", "All is as usual: the last delivery came 3 hours ago."},
	{"waiting", with(func(f *Facts) { f.Waiting, f.Oldest = 1200, monday.Add(-3*time.Minute) }), ui.Warn, "1,200 deliveries wait to be applied, the oldest for 3 minutes", "1,200 deliveries wait to be applied, the oldest for 3 minutes."},
	{"waiting", with(func(f *Facts) { f.Waiting, f.Oldest = 2, monday.Add(-3*time.Hour) }), ui.Bad, "2 deliveries wait to be applied, the oldest for 3 hours", "2 deliveries wait to be applied, the oldest for 3 hours."},

	{"retrying", with(func(f *Facts) { f.Retrying, f.NextTry = 1, tillFour }), ui.Neutral, "1 delivery is tried again by itself, next 16:02", "All is as usual: the last delivery came 3 hours ago."},
	{"retrying", with(func(f *Facts) { f.Retrying, f.NextTry = 3, monday.Add(-time.Second) }), ui.Neutral, "3 deliveries are tried again by themselves, next now", ""},
	{"retrying", with(func(f *Facts) { f.Retrying, f.NextTry = 3, monday.AddDate(0, 0, 1) }), ui.Neutral, "3 deliveries are tried again by themselves, next Tue 15 June 2027, 10:00", ""},

	{"failed", with(func(f *Facts) { f.Failed = 1 }), ui.Bad, "1 delivery could not be read", "1 delivery could not be read."},
	{"failed", with(func(f *Facts) { f.Failed, f.Dead, f.SetAside = 3, 2, 1 }), ui.Bad, "3 deliveries could not be read", "3 deliveries could not be read."},
	{"dead", with(func(f *Facts) { f.Dead = 2 }), ui.Bad, "2 deliveries were given up after many tries", "2 deliveries were given up after many tries."},
	{"quarantined", with(func(f *Facts) { f.SetAside = 1 }), ui.Bad, "1 delivery is set aside", "1 delivery is set aside."},

	{"breaker", with(func(f *Facts) {
		f.Waiting, f.Retrying, f.Failed = 11, 1, 5
		f.Breaker = &Breaker{Peer: "honeybook", OpenUntil: &tillFour, Failures: 5, Since: monday.Add(-4 * time.Minute)}
	}), ui.Bad, "HoneyBook has not answered for 4 minutes; 12 updates wait; next try 16:02", "HoneyBook has not answered for 4 minutes; 12 updates wait; next try 16:02."},
	{"breaker", with(func(f *Facts) { f.Breaker = &Breaker{OpenUntil: &lately, Since: monday.Add(-time.Hour)} }), ui.Bad, "HoneyBook has not answered for 1 hour; next try now", "HoneyBook has not answered for 1 hour; next try now."},
	{"breaker", with(func(f *Facts) { f.Breaker = &Breaker{Failures: 2, Since: monday} }), "", "", ""}, // it has not opened

	{"readback", with(func(*Facts) {}), "", "", ""},
	{"readback", with(func(f *Facts) { f.Readback = &Readback{Polled: usedAt, Next: monday.Add(time.Minute)} }), ui.Good, "HoneyBook's records were last read", ""},
	{"readback", with(func(f *Facts) { f.Readback = &Readback{Next: monday} }), ui.Neutral, "HoneyBook's records are about to be read for the first time", ""},
	{"readback", with(func(f *Facts) { f.Readback = &Readback{Polled: usedAt, Next: monday.Add(-time.Hour)} }), ui.Warn, "HoneyBook's records should have been read again 1 hour ago", "HoneyBook's records should have been read again 1 hour ago."},
	{"readback", with(func(f *Facts) { f.Readback = &Readback{Next: monday, Trouble: "the key was refused."} }), ui.Bad, "WedSync cannot read HoneyBook's records: the key was refused", "WedSync cannot read HoneyBook's records: the key was refused."},

	{"secrets", with(func(f *Facts) { f.Secrets = secrets(queries.SecretsInUseRow{}, queries.SecretsInUseRow{})[:1] }), "", "", ""},
	{"secrets", with(func(f *Facts) { f.Secrets = secrets(queries.SecretsInUseRow{}, queries.SecretsInUseRow{}) }), ui.Neutral, "A new secret waits for its first delivery, beside the old one", ""},
	{"secrets", with(func(f *Facts) {
		f.Secrets = secrets(queries.SecretsInUseRow{}, queries.SecretsInUseRow{LastUsedAt: &usedAt, ExpiresAt: &tillFour})
	}), ui.Warn, "HoneyBook still signs with the old secret, which is taken until Mon 14 June 2027, 16:02", "HoneyBook still signs with the old secret, which is taken until Mon 14 June 2027, 16:02."},
	{"secrets", with(func(f *Facts) {
		f.Secrets = secrets(queries.SecretsInUseRow{LastUsedAt: &usedAt, Clean: 12}, queries.SecretsInUseRow{})
	}), ui.Good, "The new secret is in use (12 deliveries in a row), beside the old one", ""},

	{"reading", with(func(f *Facts) { f.Settled, f.Unused = 10, 10 }), ui.Warn, "WedSync found nothing to use in the last 10 deliveries", "WedSync found nothing to use in the last 10 deliveries."},
	{"reading", with(func(f *Facts) { f.Settled, f.Unused = 9, 9 }), "", "", ""},
	{"reading", with(func(f *Facts) { f.Settled, f.Unused = 100, 99 }), "", "", ""},
}

func TestHealthSaysWhatIsSo(t *testing.T) {
	t.Parallel()
	for _, c := range lookCases {
		h := Health(c.facts, monday)
		var line views.HealthLine
		for _, l := range h.Lines {
			if l.About == c.about {
				line = l
			}
		}
		if line.Tone != c.tone || line.Words != c.words || c.all != "" && (h.Sentence != c.all || gravity[h.Tone] > gravity[c.tone] && c.tone != ui.Neutral) {
			t.Errorf("%s: %s %q; in all %s %q\nwant %s %q; in all %q", c.about, line.Tone, line.Words, h.Tone, h.Sentence, c.tone, c.words, c.all)
		}
	}
}

// A thing that is looked at and has no case here would be an untested claim.
func TestEveryLineHasCasesForEachOfItsWords(t *testing.T) {
	t.Parallel()
	said := map[string]map[ui.Tone]bool{}
	for _, c := range lookCases {
		if said[c.about] == nil {
			said[c.about] = map[ui.Tone]bool{}
		}
		if c.words != "" {
			said[c.about][c.tone] = true
		}
	}
	for _, look := range looks {
		if len(said[look.about]) == 0 {
			t.Errorf("%q is said without a case", look.about)
		}
		delete(said, look.about)
	}
	if len(said) > 0 {
		t.Errorf("cases of what nobody looks at: %v", said)
	}
}

// Whoever reads that something is wrong must read what to do, and what is gravest first.
func TestWhatIsUnhealthySaysWhatToDo(t *testing.T) {
	t.Parallel()
	for _, c := range lookCases {
		h := Health(c.facts, monday)
		for i, l := range h.Lines {
			if (l.Tone == ui.Warn || l.Tone == ui.Bad) && !strings.HasSuffix(l.Do, ".") {
				t.Errorf("%q does not say what to do: %q", l.Words, l.Do)
			}
			if strings.HasSuffix(l.Words, ".") || strings.Contains(l.Words, "  ") || (l.Href == "") != (l.Link == "") {
				t.Errorf("%+v", l)
			}
			if i > 0 && gravity[h.Lines[i-1].Tone] > gravity[l.Tone] {
				t.Errorf("%q stands before %q", h.Lines[i-1].Words, l.Words)
			}
		}
		if h.Tone == "" || !strings.HasSuffix(h.Sentence, ".") || strings.HasSuffix(h.Sentence, "..") {
			t.Errorf("%+v", h)
		}
	}
}

func TestFactsAreOfTheOneConnection(t *testing.T) {
	t.Parallel()
	days, first := came(60, daily(4))
	var rows []queries.ArrivedDaysRow
	for _, d := range days {
		rows = append(rows, queries.ArrivedDaysRow{Day: d.On, Arrived: int32(d.Arrived)}, queries.ArrivedDaysRow{ConnectionID: [16]byte{1}, Day: d.On, Arrived: 900})
	}
	trouble := "no"
	epoch := time.Unix(0, 0)
	f := FactsOf(queries.WellnessRow{FirstDay: first, LastAt: epoch, OldestAt: epoch, NextTryAt: epoch, LagSeconds: 0.25, NextPollAt: &lately, Trouble: &trouble}, rows,
		[]queries.SecretsInUseRow{{ConnectionID: [16]byte{1}}, {}}, monday)
	if f.Habit.Words() != "4 a day" || !f.Last.IsZero() || !f.Oldest.IsZero() || !f.NextTry.IsZero() || f.Lag != 250*time.Millisecond || f.Readback.Trouble != "no" || len(f.Secrets) != 1 {
		t.Errorf("%+v", f)
	}
}

func TestLengthsBesideAPacePerDay(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{40 * time.Minute: "40 minutes", time.Hour: "1 hour", 31 * time.Hour: "31 hours", 60 * time.Hour: "2 days", 15 * 24 * time.Hour: "15 days"} {
		if got := Length(d); got != want {
			t.Errorf("%v: %q", d, got)
		}
	}
}
