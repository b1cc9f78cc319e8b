package live

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestAChangeReachesEachOpenPageOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	other, us := h.org(), h.org()
	stranger := h.open(other, "kpis=0", "barrier=0")
	pages := []*page{h.open(us, "kpis=0", "barrier=0"), h.open(us, "kpis=0", "barrier=0"), h.open(h.member(us, "staff"), "kpis=0", "barrier=0")}
	h.tell(us.org, "kpis", "elsewhere")
	for _, p := range pages {
		p.wants("kpis_event", 1)
	}
	h.tell(us.org, "barrier")
	h.tell(other.org, "barrier")
	for _, p := range append(pages, stranger) {
		p.wants("barrier_event", 1) // and nothing before it
	}
}

func TestABurstIsAtMostTwoDrawings(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan struct{}, 100), make(chan struct{})
	h := setup(t, func(h *house) {
		h.drawn = func(string, *Drawn) error { begun <- struct{}{}; <-goOn; return nil }
	})
	us := h.org()
	p := h.open(us, "kpis=0")
	h.tell(us.org, "kpis")
	<-begun
	for range 99 {
		h.tell(us.org, "kpis")
	}
	close(goOn)
	if m := p.next(); m.data != "100" { // the first drawing, unless the second overtook it on its way out
		p.wants("kpis_event", 100)
	}
	if n := h.draws.Load(); n != 2 {
		t.Errorf("%d drawings", n)
	}
}

func TestAPacedRegionSkipsToTheNewest(t *testing.T) {
	t.Parallel()
	const pace = 1500 * time.Millisecond
	h := setup(t, func(h *house) {
		h.hub.config.Pace = func(string) time.Duration { return pace }
	})
	us := h.org()
	p := h.open(us, "kpis=0")
	h.tell(us.org, "kpis")
	p.wants("kpis_event", 1) // the first at once
	first := time.Now()
	for range 20 {
		h.tell(us.org, "kpis")
	}
	p.wants("kpis_event", 21) // the next when its time has come, and then the newest
	if waited := time.Since(first); waited < pace/2 {
		t.Errorf("the second drawing came after %s", waited)
	}
	if n := h.draws.Load(); n != 2 {
		t.Errorf("%d drawings", n)
	}
}

func TestOneDrawingServesAllPagesOfAnAudience(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	var pages []*page
	for range 20 {
		g := h.member(us, "staff")
		for range 10 {
			pages = append(pages, h.open(g, "kpis=0"))
		}
	}
	h.tell(us.org, "kpis")
	for _, p := range pages {
		p.wants("kpis_event", 1)
	}
	if n := h.draws.Load(); n != 1 {
		t.Errorf("%d drawings for 200 pages", n)
	}
}

func TestCase13ChangeBetweenDrawAndJoinIsSentAtJoin(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	first := h.open(us, "kpis=0")
	h.tell(us.org, "kpis")
	first.wants("kpis_event", 1)
	h.open(us, "kpis=0").wants("kpis_event", 1) // from the drawing that is there
	for version := int64(2); version < 30; version++ {
		done := make(chan struct{})
		go func() { // commits at any moment of the join, without a hint
			defer close(done)
			h.bump(us.org, "kpis")
		}()
		late := h.open(us, fmt.Sprintf("kpis=%d", version-1))
		late.wants("kpis_event", version)
		late.close()
		<-done
	}
}

func TestCase13APageThatSleptGetsTheNewestOnly(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	p := h.open(us, "kpis=0")
	p.close()
	h.eventually("it has left", func() bool { return h.hub.Open() == 0 })
	for range 20 {
		h.bump(us.org, "kpis")
	}
	p = h.open(us, "kpis=0", "barrier=0")
	p.wants("kpis_event", 20)
	h.tell(us.org, "barrier")
	p.wants("barrier_event", 1)
}

func TestCase13ListenerKilled(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	p := h.open(us, "kpis=0")
	h.eventually("it listens", func() bool { return h.listening() != 0 })
	was := h.listening()
	h.exec("SELECT pg_terminate_backend($1)", was)
	began := time.Now()
	h.bump(us.org, "kpis")
	if took := p.wants("kpis_event", 1).at.Sub(began); took > time.Second {
		t.Errorf("the page followed after %v", took)
	} else {
		t.Logf("the page followed after %v", took)
	}
	h.eventually("it listens again", func() bool { now := h.listening(); return now != 0 && now != was })
	h.tell(us.org, "kpis")
	p.wants("kpis_event", 2)
}

func TestCase13ALostHintCostsAQuarterOfASecond(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	p := h.open(us, "kpis=0")
	var took []time.Duration
	for version := int64(1); version <= 11; version++ {
		began := time.Now()
		h.bump(us.org, "kpis")
		took = append(took, p.wants("kpis_event", version).at.Sub(began))
	}
	slices.Sort(took)
	t.Logf("p50 %v, worst %v", took[5], took[10])
	if took[5] > 500*time.Millisecond || took[10] > 2*time.Second {
		t.Errorf("p50 %v, worst %v", took[5], took[10])
	}
}

func TestPagesFollowVersionsBackAfterARestore(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	for range 9 {
		h.bump(us.org, "kpis")
	}
	p := h.open(us, "kpis=0", "barrier=0")
	p.wants("kpis_event", 9)
	h.exec("UPDATE live_regions SET version = 3 WHERE audience = $1", us.org)
	p.wants("kpis_event", 3)
	h.open(us, "kpis=9").wants("kpis_event", 3)
	h.exec("DELETE FROM live_regions WHERE audience = $1", us.org)
	p.wants("kpis_event", 0)
	before := h.draws.Load()
	h.tell(us.org, "barrier")
	p.wants("barrier_event", 1)
	if n := h.draws.Load() - before; n > 2 {
		t.Errorf("%d drawings: it goes round in circles", n)
	}
}

func TestADrawingThatFailsIsTriedAgainAndHoldsUpNothing(t *testing.T) {
	t.Parallel()
	attempts := 0
	h := setup(t, func(h *house) {
		h.drawn = func(region string, _ *Drawn) error {
			if region != "kpis" {
				return nil
			}
			switch attempts++; attempts {
			case 1:
				panic("a nil pointer in a template")
			case 2:
				return errors.New("the database hiccuped")
			default:
				return nil
			}
		}
	})
	us := h.org()
	p := h.open(us, "kpis=0", "activity=0")
	h.tell(us.org, "kpis", "activity")
	p.wants("activity_event", 1)
	p.wants("kpis_event", 1)
	if attempts != 3 {
		t.Errorf("%d attempts", attempts)
	}
}

func TestADrawingThatFailsForEverIsTriedEverMoreSeldom(t *testing.T) {
	t.Parallel()
	reg := &region{}
	var pauses time.Duration
	for range 100 {
		reg.failed()
		pauses += time.Until(reg.again).Round(time.Millisecond)
	}
	if want := 250*time.Millisecond*(1+2+4+8+16) + 95*longestPause; pauses != want {
		t.Errorf("100 attempts in %v, want %v", pauses, want)
	}
	if reg.drew(&Drawn{}, 0, 1); reg.failures != 0 || !reg.again.IsZero() {
		t.Error("success does not forgive")
	}
}

func TestARegionThatChangesAllTheTimeIsShown(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	h.drawn = func(string, *Drawn) error { h.bump(us.org, "kpis"); return nil } // out of date before it is done
	p := h.open(us, "kpis=-1")
	last := int64(-1)
	for range 20 {
		version, err := strconv.ParseInt(p.next().data, 10, 64)
		if err != nil || version <= last {
			t.Fatalf("%d after %d: %v", version, last, err)
		}
		last = version
	}
}

func TestAnOldLookDoesNotUndoANewerDrawing(t *testing.T) {
	t.Parallel()
	reg := &region{version: 5, toldBy: 1}
	reg.drew(&Drawn{Version: 7}, 5, 2) // look 2 was under way meanwhile
	if reg.tell(2, 6) || reg.version != 7 {
		t.Errorf("look 2 began before the drawing was done, yet put it back to %d", reg.version)
	}
	if !reg.tell(3, 6) || reg.version != 6 {
		t.Errorf("look 3 began after the drawing: the database went back, but the region stays at %d", reg.version)
	}
}

func TestDrawingsThatNobodyShowsAreForgotten(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	stays := h.open(us, "kpis=-1")
	stays.wants("kpis_event", 0)
	for range 20 {
		p := h.open(us, "deliveries:"+uuid.NewString()+"=-1")
		p.next()
		p.close()
	}
	h.eventually("only the open page's region is kept", func() bool {
		h.hub.mu.Lock()
		defer h.hub.mu.Unlock()
		return len(h.hub.rooms[us.org].regions) == 1
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", " ", "x", uuid.NewString(), uuid.NewString() + " " + uuid.NewString(), uuid.NewString() + " x", "{" + uuid.NewString() + "}", "\x00\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		for _, id := range parse(payload) {
			if again := parse(id.String()); len(again) != 1 || again[0] != id {
				t.Errorf("%v is read as %v", id, again)
			}
		}
	})
}
