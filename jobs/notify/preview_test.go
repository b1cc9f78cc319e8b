package notify

import (
	"fmt"
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries"
)

func TestReview(t *testing.T) {
	t.Parallel()
	at := func(day, hour int) time.Time {
		return time.Date(2027, 6, day, hour, 0, 0, 0, zoneNamed(t, "Europe/London"))
	}
	past := func(kind string, times ...time.Time) (all []Past) {
		for _, when := range times {
			all = append(all, Past{At: when, Title: kind, Happening: Happening{Kind: kind}})
		}
		return all
	}
	quiet := func(p *Person) { p.Quiet = &Quiet{22 * 60, 7 * 60} }
	mornings := func(p *Person) { p.choose("bookings", byEmail, daily) }
	tests := []struct {
		name                   string
		past                   []Past
		who                    []func(*Person)
		notices, held, bundled int
		email, push            Tally
	}{
		{"nothing happened", nil, nil, 0, 0, 0, Tally{}, Tally{}},
		{"nobody hears of that kind", past("gossip", at(9, 12)), nil, 0, 0, 0, Tally{}, Tally{}},
		{"by day", past("booking", at(9, 12), at(8, 12)), []func(*Person){quiet}, 2, 0, 0, Tally{AtOnce: 2}, Tally{AtOnce: 2}},
		{"one at night", past("booking", at(9, 23), at(8, 12)), []func(*Person){quiet}, 2, 1, 0, Tally{AtOnce: 1, Held: 1}, Tally{AtOnce: 1, Held: 1}},
		{"letters each morning", past("booking", at(9, 12), at(8, 20), at(8, 12), at(8, 7)), []func(*Person){mornings}, 4, 0, 4, Tally{Bundled: 4, Bundles: 3}, Tally{AtOnce: 4}},
		{"both", past("booking", at(8, 23)), []func(*Person){quiet, mornings}, 1, 1, 1, Tally{Bundled: 1, Bundles: 1}, Tally{Held: 1}},
		{"only the inbox", past("booking", at(9, 12)), []func(*Person){func(p *Person) { p.Reach = nil }}, 1, 0, 0, Tally{}, Tally{}},
	}
	for _, tt := range tests {
		p := somebody(t)
		for _, change := range tt.who {
			change(&p)
		}
		v := Review(tt.past, p)
		if v.Notices != tt.notices || v.Held != tt.held || v.Bundled != tt.bundled || v.Channels[byEmail] != tt.email || v.Channels[byPush] != tt.push {
			t.Errorf("%s: %+v", tt.name, v)
		}
		if v.Channels[inInbox].Notices() != tt.notices || len(v.Latest) != tt.notices {
			t.Errorf("%s: the inbox has %+v, the list %d", tt.name, v.Channels[inInbox], len(v.Latest))
		}
	}
}

func TestReviewGathersWhatCameAtOnce(t *testing.T) {
	t.Parallel()
	var past []Past
	for i := range 30 { // the oldest is the last
		past = append(past, Past{At: wednesday.Add(-time.Duration(i) * 10 * time.Second), Happening: Happening{Kind: "booking"}})
	}
	v := Review(past, somebody(t))
	if e := v.Channels[byEmail]; e != (Tally{AtOnce: 20, Bundled: 10, Bundles: e.Bundles}) || e.Bundles > 2 || v.Bundled != 10 {
		t.Errorf("%+v", v)
	}
	for i := range past {
		past[i].At = wednesday.Add(-time.Duration(i) * time.Minute)
	}
	if v := Review(past, somebody(t)); v.Bundled != 0 {
		t.Errorf("spread over half an hour: %+v", v)
	}
}

func TestReviewShowsTheLatest(t *testing.T) {
	t.Parallel()
	var past []Past
	for i := range 500 {
		past = append(past, Past{At: wednesday.Add(-time.Duration(i) * time.Hour), Title: fmt.Sprint(i), Happening: Happening{Kind: "payment"}})
	}
	p := somebody(t)
	p.choose("payments", byEmail, queries.PaceWeekly)
	v := Review(past, p)
	if v.Notices != 500 || len(v.Latest) != 20 || v.Latest[0].Title != "0" || v.Latest[19].Title != "19" || len(v.Latest[0].Legs) != 3 {
		t.Errorf("%d notices, %d shown", v.Notices, len(v.Latest))
	}
	if e := v.Channels[byEmail]; e.Notices() != 500 || e.Messages() != 4 { // 21 days reach into four weeks
		t.Errorf("letters: %+v", e)
	}
}
