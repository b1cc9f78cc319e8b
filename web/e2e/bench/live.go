package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	liveRate   = 50 // deliveries a second
	liveFor    = 12 * time.Second
	liveAmount = 100
)

// benchLive: delivery → the open pages' figure changed. The n-th payment has reached a page when its figure has grown n times.
func benchLive(ctx context.Context, p *program) ([]row, error) {
	limit, err := commitToListener(ctx, p)
	if err != nil {
		return nil, err
	}
	taken, err := watch(ctx, p, "live@example.com", livePages, nil)
	if err != nil {
		return nil, err
	}
	return []row{
		{fmt.Sprintf("delivery → the figure on %d open pages, %d/s", livePages, liveRate), "p50 ≤ 15 ms, p99 ≤ 60 ms", taken.String(),
			"commit + NOTIFY → LISTEN: " + limit.String(), kept(taken.at(.50) <= 15*time.Millisecond && taken.at(.99) <= 60*time.Millisecond)},
		{"  the figure to beat: 67 ms on average", "", fmt.Sprintf("%s ms on average", ms(taken.mean())), "", fmt.Sprintf("%.0f times faster", 67/(float64(taken.mean().Microseconds())/1000))},
	}, nil
}

func (t times) mean() time.Duration {
	var sum time.Duration
	for _, d := range t {
		sum += d
	}
	return sum / time.Duration(max(1, len(t)))
}

// watch opens pages, sends payments at the rate, and gives how long each payment took to each page.
func watch(ctx context.Context, p *program, email string, pages int, opened func()) (times, error) {
	s, err := p.supplier(email)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	count := int(liveFor.Seconds()) * liveRate
	sent := make([]time.Time, count+1)
	seen := make([]*page, pages)
	var group sync.WaitGroup
	for i := range seen {
		seen[i] = &page{at: make([]time.Time, count+1), joined: make(chan struct{}), whole: make(chan struct{})}
		group.Go(func() { seen[i].read(ctx, s, p.base+"/live?kpis=-1&activity=-1&weddings=-1") })
	}
	for _, pg := range seen {
		<-pg.joined
	}
	if opened != nil {
		opened()
	}
	if err := s.payAtRate(sent); err != nil {
		return nil, err
	}
	patience := time.After(20 * time.Second)
	for _, pg := range seen {
		select {
		case <-pg.whole:
		case <-patience:
			return nil, fmt.Errorf("a page has seen %d of %d payments", pg.n, count)
		}
	}
	cancel()
	group.Wait()
	return between(sent, seen), nil
}

// payAtRate sends the n-th payment at its moment, whether the one before has been answered or not.
func (s *supplier) payAtRate(sent []time.Time) error {
	tick := time.NewTicker(time.Second / liveRate)
	defer tick.Stop()
	failed := make(chan error, len(sent))
	var group sync.WaitGroup
	for n := 1; n < len(sent); n++ {
		<-tick.C
		sent[n] = time.Now()
		group.Go(func() {
			status, err := s.pay(s.client, int64(n), liveAmount)
			if err != nil || status != http.StatusAccepted {
				failed <- fmt.Errorf("payment %d: %d %v", n, status, err)
			}
		})
	}
	group.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// page is one open stream: at[n] is when its figure had grown n times.
type page struct {
	at     []time.Time
	n      int
	joined chan struct{}
	whole  chan struct{}
}

func (pg *page) read(ctx context.Context, s *supplier, url string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	res, err := s.client.Do(req)
	if err != nil {
		return
	}
	defer res.Body.Close()
	close(pg.joined)
	lines := bufio.NewReaderSize(res.Body, 32<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
		if value, ok := paid(line); ok {
			pg.grow(int(value / liveAmount))
		}
	}
}

func (pg *page) grow(n int) {
	now := time.Now()
	for pg.n < min(n, len(pg.at)-1) {
		pg.n++
		pg.at[pg.n] = now
	}
	if pg.n == len(pg.at)-1 {
		select {
		case <-pg.whole:
		default:
			close(pg.whole)
		}
	}
}

var figure = []byte(`data-kpi="revenue_paid" data-value="`)

func paid(line []byte) (int64, bool) {
	_, rest, found := bytes.Cut(line, figure)
	if !found {
		return 0, false
	}
	digits, _, _ := bytes.Cut(rest, []byte(`"`))
	value, err := strconv.ParseInt(string(digits), 10, 64)
	return value, err == nil
}

func between(sent []time.Time, seen []*page) times {
	var all times
	for _, pg := range seen {
		for n := 1; n < len(sent); n++ {
			all = append(all, pg.at[n].Sub(sent[n]))
		}
	}
	return all.sorted()
}

// commitToListener is the limit of anything that goes through Postgres: one row committed, then a NOTIFY, heard by another connection.
func commitToListener(ctx context.Context, p *program) (times, error) {
	ear, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer ear.Release()
	if _, err := p.pool.Exec(ctx, "CREATE TABLE IF NOT EXISTS bench_rows (id bigserial PRIMARY KEY, body text)"); err != nil {
		return nil, err
	}
	if _, err := ear.Exec(ctx, "LISTEN bench"); err != nil {
		return nil, err
	}
	var all times
	for range 200 {
		began := time.Now()
		if _, err := p.pool.Exec(ctx, "INSERT INTO bench_rows (body) VALUES ('x')"); err != nil {
			return nil, err
		}
		if _, err := p.pool.Exec(ctx, "SELECT pg_notify('bench', '')"); err != nil {
			return nil, err
		}
		if _, err := ear.Conn().WaitForNotification(ctx); err != nil {
			return nil, err
		}
		all = append(all, time.Since(began))
	}
	_, err = ear.Exec(ctx, "UNLISTEN bench")
	return all.sorted(), err
}

var livePages = func() int {
	if n, err := strconv.Atoi(os.Getenv("PAGES")); err == nil {
		return n
	}
	return 200
}()
