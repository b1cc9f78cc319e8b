package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// storm is what one supplier's Stripe sends while their server dies again and again.
type storm struct {
	payments []int // pence, by number
	refunded int   // pence in all, of those payments that never go unheard
	posts    []post
}

type post struct {
	event    string
	body     []byte
	stubborn bool // sent again until it is answered, as Stripe does; otherwise sent once, and it may be lost
}

// newStorm mixes what may not be counted twice: each payment as an intent, some also as a charge, some of those with a
// refund that may come first, some events twice. Every amount is another, so that no sum comes out right by chance.
func newStorm(size int) storm {
	var s storm
	for n := range size {
		pence := 10_000 + n*n
		s.payments = append(s.payments, pence)
		stubborn := n%5 != 0
		s.add(fmt.Sprintf("evt_paid_%d", n), paid(n, pence), stubborn)
		if n%7 == 0 {
			s.add(fmt.Sprintf("evt_paid_%d", n), paid(n, pence), stubborn)
		}
		if stubborn && n%4 == 0 {
			s.add(fmt.Sprintf("evt_charge.succeeded_%d", n), charged(n, pence, 0), true)
		}
		if stubborn && n%8 == 0 {
			s.refunded += 1_000 + n
			s.add(fmt.Sprintf("evt_charge.refunded_%d", n), charged(n, pence, 1_000+n), true)
		}
	}
	rand.Shuffle(len(s.posts), func(i, j int) { s.posts[i], s.posts[j] = s.posts[j], s.posts[i] })
	return s
}

func (s *storm) add(event string, body []byte, stubborn bool) {
	s.posts = append(s.posts, post{event, body, stubborn})
}

// answers counts the 202s per event: there is at most one.
type answers struct {
	sync.Mutex
	accepted map[string]int
	total    atomic.Int32
}

func TestKillMinus9BetweenAcceptAndApply(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{})
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	s := newStorm(200)
	heard := answers{accepted: map[string]int{}}

	sent := make(chan struct{})
	go func() {
		defer close(sent)
		s.blow(soon(t), ada.stripe, &heard)
	}()
	killed, orphans := h.killThroughout(sent, &heard, len(s.posts))
	<-sent
	t.Logf("%d posts, %d answered by 202, %d kills, %d deliveries were accepted and not applied when the server died", len(s.posts), heard.total.Load(), killed, orphans)
	if killed < 3 || orphans == 0 {
		t.Errorf("%d kills left %d deliveries between accept and apply: the test did not test", killed, orphans)
	}

	await(t, "all deliveries to be applied", func() (bool, error) {
		return ask[int](h, `SELECT count(*) FROM webhook_logs WHERE status = 'accepted'`) == 0, nil
	})
	s.reckon(h, ada, &heard)
}

// blow sends everything, 16 at a time.
func (s *storm) blow(ctx context.Context, to sender, heard *answers) {
	next := make(chan post)
	var senders sync.WaitGroup
	for range 16 {
		senders.Go(func() {
			for p := range next {
				p.send(ctx, to, heard)
			}
		})
	}
	for _, p := range s.posts {
		next <- p
	}
	close(next)
	senders.Wait()
}

func (p post) send(ctx context.Context, to sender, heard *answers) {
	//nolint:errcheck // a storm that takes too long shows in the reckoning
	Await(ctx, "an answer", func() (bool, error) {
		status, _, err := to.post(ctx, p.body)
		if status == http.StatusAccepted {
			heard.Lock()
			heard.accepted[p.event]++
			heard.Unlock()
			heard.total.Add(1)
		}
		answered := err == nil && status < 300
		return answered || !p.stubborn, nil
	})
}

// killThroughout kills at random moments of the storm. One life in two is a node that only takes deliveries, so that some
// surely wait when it dies; the others die with jobs half-way.
func (h *house) killThroughout(sent <-chan struct{}, heard *answers, posts int) (killed, orphans int) {
	h.t.Helper()
	const lives = 6
	for life := range lives {
		until := int32(rand.N(posts/lives/2) + life*posts/lives/2 + 5)
		await(h.t, "some deliveries", func() (bool, error) {
			select {
			case <-sent:
				return true, nil
			default:
				return heard.total.Load() >= until, nil
			}
		})
		h.Kill()
		killed++
		orphans += ask[int](h, `SELECT count(*) FROM webhook_logs WHERE status = 'accepted'`)
		if life%2 == 0 && life < lives-1 {
			h.again("--role", "web")
		} else {
			h.again()
		}
	}
	return killed, orphans
}

// reckon compares what the senders heard, what the log holds and what the dashboard counts.
func (s *storm) reckon(h *house, who supplier, heard *answers) {
	h.t.Helper()
	rows, err := h.db.Query(soon(h.t), `SELECT event_id, status::text AS status FROM webhook_logs`)
	if err != nil {
		h.t.Fatal(err)
	}
	type logged struct{ EventID, Status string }
	log, err := pgx.CollectRows(rows, pgx.RowToStructByName[logged])
	if err != nil {
		h.t.Fatal(err)
	}
	status := map[string]string{}
	for _, l := range log {
		if status[l.EventID] != "" {
			h.t.Errorf("%s is in the log twice", l.EventID)
		}
		status[l.EventID] = l.Status
	}
	for event, times := range heard.accepted {
		if times != 1 || status[event] != "applied" {
			h.t.Errorf("%s got 202 %d times and is %q, want once and applied", event, times, status[event])
		}
	}
	for _, p := range s.posts {
		if p.stubborn && status[p.event] != "applied" {
			h.t.Errorf("%s was sent until it was answered and is %q", p.event, status[p.event])
		}
	}
	want := 0
	for n, pence := range s.payments {
		if status[fmt.Sprintf("evt_paid_%d", n)] == "applied" {
			want += pence
		}
	}
	ada := sitDown(h.t, h.Base)
	ada.signIn(who.email, password)
	ada.hasFigure("revenue_paid", want)
	ada.hasFigure("revenue_refunded", s.refunded)
	ada.hasFigure("events_waiting", 0)
}
