package notify_test

import (
	"testing"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
)

// Every status has a place, and no report moves a notification back: over every pair.
func TestFoldNeverGoesBack(t *testing.T) {
	t.Parallel()
	all := queries.AllNotificationStatusValues()
	for _, current := range all {
		at, known := notify.Rank(current)
		if !known {
			t.Errorf("%s has no rank", current)
		}
		for _, said := range all {
			to, _ := notify.Rank(said)
			got := notify.Fold(current, said)
			if want := map[bool]queries.NotificationStatus{true: said, false: current}[to > at]; got != want {
				t.Errorf("%s, and they say %s: %s, want %s", current, said, got, want)
			}
			if notify.Fold(got, said) != got {
				t.Errorf("%s, and they say %s twice: it moves again", current, said)
			}
		}
		for _, nonsense := range []queries.NotificationStatus{"", "exploded", "DELIVERED"} {
			if notify.Fold(current, nonsense) != current {
				t.Errorf("%s, and they say %q", current, nonsense)
			}
		}
	}
}

// The order is written out once, so that a change of a rank is seen.
func TestTheOrderOfStatuses(t *testing.T) {
	t.Parallel()
	s := func(text string) queries.NotificationStatus { return queries.NotificationStatus(text) }
	for _, tt := range [][3]string{
		{"queued", "accepted", "accepted"}, {"sending", "unknown", "unknown"}, {"unknown", "accepted", "accepted"}, {"unknown", "failed", "failed"}, {"accepted", "unknown", "accepted"},
		{"accepted", "delivered", "delivered"}, {"delivered", "accepted", "delivered"}, {"delivered", "bounced", "bounced"}, {"bounced", "delivered", "bounced"},
		{"failed", "bounced", "failed"}, {"bounced", "failed", "bounced"}, {"delivered", "seen", "seen"}, {"seen", "delivered", "seen"}, {"seen", "bounced", "seen"},
		{"bounced", "seen", "seen"}, {"seen", "complained", "complained"}, {"complained", "seen", "complained"}, {"seen", "acknowledged", "acknowledged"},
		{"acknowledged", "complained", "acknowledged"}, {"skipped", "delivered", "skipped"}, {"bundled", "queued", "bundled"},
	} {
		if got := notify.Fold(s(tt[0]), s(tt[1])); got != s(tt[2]) {
			t.Errorf("%s, and they say %s: %s, want %s", tt[0], tt[1], got, tt[2])
		}
	}
}
