package notify

import (
	"testing"

	"github.com/wedsync/wedsync/queries"
)

// allowed is what a plan says to one more on a channel: at the day's first, to the one that reaches 80 %, to the one after
// that, and when all are used.
type allowed struct {
	limit                    int
	first, at80, past80, out Verdict
}

type ask struct {
	tier   queries.Tier
	ch     queries.Channel
	urgent bool
}

const (
	freely, starter, professional, scale, enterprise = queries.TierFree, queries.TierStarter, queries.TierProfessional, queries.TierScale, queries.TierEnterprise
	byEmail, bySMS, byPush, inInbox                  = queries.ChannelEmail, queries.ChannelSms, queries.ChannelPush, queries.ChannelInApp
)

func asUsual(limit int) allowed  { return allowed{limit, Within, Nearly, Within, UsedUp} }
func asUrgent(limit int) allowed { return allowed{limit, Within, Nearly, Within, Within} }

var (
	lacking   = allowed{0, Lacks, Lacks, Lacks, Lacks}
	unlimited = allowed{0, Within, Within, Within, Within}
)

var tierCases = map[ask]allowed{
	{freely, byEmail, false}: asUsual(10), {freely, byEmail, true}: asUrgent(10), {freely, bySMS, false}: lacking, {freely, bySMS, true}: lacking,
	{freely, byPush, false}: asUsual(5), {freely, byPush, true}: asUrgent(5), {freely, inInbox, false}: unlimited, {freely, inInbox, true}: unlimited,
	{starter, byEmail, false}: asUsual(100), {starter, byEmail, true}: asUrgent(100), {starter, bySMS, false}: asUsual(20), {starter, bySMS, true}: asUrgent(20),
	{starter, byPush, false}: asUsual(50), {starter, byPush, true}: asUrgent(50), {starter, inInbox, false}: unlimited, {starter, inInbox, true}: unlimited,
	{professional, byEmail, false}: asUsual(500), {professional, byEmail, true}: asUrgent(500), {professional, bySMS, false}: asUsual(100), {professional, bySMS, true}: asUrgent(100),
	{professional, byPush, false}: asUsual(200), {professional, byPush, true}: asUrgent(200), {professional, inInbox, false}: unlimited, {professional, inInbox, true}: unlimited,
	{scale, byEmail, false}: asUsual(2000), {scale, byEmail, true}: asUrgent(2000), {scale, bySMS, false}: asUsual(500), {scale, bySMS, true}: asUrgent(500),
	{scale, byPush, false}: asUsual(1000), {scale, byPush, true}: asUrgent(1000), {scale, inInbox, false}: unlimited, {scale, inInbox, true}: unlimited,
	{enterprise, byEmail, false}: asUsual(10000), {enterprise, byEmail, true}: asUrgent(10000), {enterprise, bySMS, false}: asUsual(2000), {enterprise, bySMS, true}: asUrgent(2000),
	{enterprise, byPush, false}: asUsual(5000), {enterprise, byPush, true}: asUrgent(5000), {enterprise, inInbox, false}: unlimited, {enterprise, inInbox, true}: unlimited,
}

func TestEveryTierChannelAndUrgencyHasAnAnswer(t *testing.T) {
	t.Parallel()
	for _, tier := range queries.AllTierValues() {
		for _, ch := range queries.AllChannelValues() {
			for _, urgent := range []bool{false, true} {
				a := ask{tier, ch, urgent}
				want, there := tierCases[a]
				if !there {
					t.Errorf("%v has no case", a)
					continue
				}
				got := allowed{Allowance(tier, ch), Allow(tier, ch, 0, urgent), Allow(tier, ch, want.limit*4/5-1, urgent), Allow(tier, ch, want.limit*4/5, urgent), Allow(tier, ch, want.limit, urgent)}
				if got != want {
					t.Errorf("%v: %v, want %v", a, got, want)
				}
			}
		}
	}
}

func TestTheWarningComesOnceInADay(t *testing.T) {
	t.Parallel()
	for _, tier := range queries.AllTierValues() {
		for _, ch := range Counted {
			warned := 0
			for used := range Allowance(tier, ch) {
				v := Allow(tier, ch, used, used%3 == 0) // urgent ones among them
				if !v.Goes() {
					t.Fatalf("%s %s: number %d does not go", tier, ch, used+1)
				}
				if v == Nearly {
					warned++
				}
			}
			if want := min(Allowance(tier, ch), 1); warned != want {
				t.Errorf("%s %s: %d warnings", tier, ch, warned)
			}
		}
	}
	if v := Allow("no such tier", byEmail, 0, false); v != Lacks || v.Goes() {
		t.Errorf("an unknown tier: %d", v)
	}
}
