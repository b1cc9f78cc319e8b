package sandbox

import (
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

func TestTheFloristsWordsCouldBeKept(t *testing.T) {
	t.Parallel()
	if faults := mail.CheckWording(mail.Payment, mail.Couple, florists); len(faults) > 0 {
		t.Error(faults)
	}
	for _, kind := range toCouples {
		if _, _, ok := mail.ReadKey(mail.Key(kind, mail.Couple)); !ok {
			t.Errorf("%s is no letter to couples", kind)
		}
	}
	for n := range 4 {
		if _, fault := notify.ParsePhone("+4477009009"+string(rune('0'))+string(rune('1'+n)), "GB"); fault != "" {
			t.Error(fault)
		}
	}
	if limit := notify.Allowance(Suppliers[2].Tier, queries.ChannelEmail); limit != 100 {
		t.Errorf("79 of %d e-mails are not nearly all", limit)
	}
}

func TestThisWeekIsNearWheneverItIsAskedFor(t *testing.T) {
	t.Parallel()
	for hours := range 14 * 24 {
		now := time.Date(2026, 10, 20, 0, 30, 0, 0, time.UTC).Add(time.Duration(hours) * time.Hour) // over the change of clocks
		day := thisWeek(now)
		for _, hour := range []int{12, 13, 14} {
			if ahead := time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, london).Sub(now); ahead <= 0 || ahead >= 7*24*time.Hour {
				t.Errorf("on %s it is %s ahead", now.Format("Mon 15:04"), ahead)
			}
		}
	}
}
