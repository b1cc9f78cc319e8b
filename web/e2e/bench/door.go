package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
)

const (
	doorClients = 64
	doorFor     = 9 * time.Second
	commitsFor  = 2 * time.Second
)

// benchDoor: delivery → durable 202, beside the single-row commits of the same machine and the same door with a
// transaction for each request, all in turns, so that a slow moment of the disk falls on all of them.
func benchDoor(ctx context.Context, p *program) ([]row, error) {
	s, err := p.supplier("door@example.com")
	if err != nil {
		return nil, err
	}
	alone, err := p.serve(ctx, "WEDSYNC_GATHER=1")
	if err != nil {
		return nil, err
	}
	defer alone.stop()
	gathered, err := p.serve(ctx, "WEDSYNC_GATHER=200")
	if err != nil {
		return nil, err
	}
	defer gathered.stop()
	var n atomic.Int64
	var together, single, one times
	var rate, singleRate, limit float64
	const rounds = 3
	for range rounds {
		commits, err := commits(ctx, p)
		if err != nil {
			return nil, err
		}
		limit += commits / rounds
		for _, round := range []struct {
			at   string
			into *times
			rate *float64
		}{{p.base, &one, new(float64)}, {gathered.base, &together, &rate}, {alone.base, &single, &singleRate}} {
			taken, perSecond, err := storm(doorClients, doorFor/rounds, s.payingAt(round.at, &n))
			if err != nil {
				return nil, err
			}
			*round.into, *round.rate = append(*round.into, taken...), *round.rate+perSecond/rounds
			if err := p.drained(ctx); err != nil {
				return nil, err
			}
		}
	}
	return []row{
		{"delivery → durable 202, 64 connections", "p99 ≤ 25 ms", together.sorted().String(), fmt.Sprintf("%.0f single-row commits/s", limit), kept(together.at(.99) <= 25*time.Millisecond)},
		{"  the same, on a node that applies them too", "", one.sorted().String(), "", ""},
		{"  taken per second, commits gathered", "", fmt.Sprintf("%.0f/s (workers apply meanwhile)", rate), fmt.Sprintf("%.0f single-row commits/s", limit), fmt.Sprintf("ratio %.2f", rate/limit)},
		{"  taken per second, a transaction each", "≥ 3 × as many gathered", fmt.Sprintf("%.0f/s, %s", singleRate, single.sorted()), "the same door, WEDSYNC_GATHER=1", fmt.Sprintf("× %.1f %s", rate/singleRate, kept(rate >= 3*singleRate))},
	}, nil
}

func (s *supplier) payingAt(base string, n *atomic.Int64) func(*http.Client) error {
	there := *s
	there.url = base + s.url[strings.Index(s.url, "/webhooks/"):]
	return func(client *http.Client) error {
		status, err := there.pay(client, n.Add(1), 100)
		if err == nil && status != http.StatusAccepted {
			err = fmt.Errorf("answered %d", status)
		}
		return err
	}
}

// pay posts a signed Stripe payment; n is new each time.
func (s *supplier) pay(client *http.Client, n, amount int64) (int, error) {
	now := time.Now()
	body := fmt.Appendf(nil, `{"id":"evt_%d","object":"event","type":"payment_intent.succeeded","created":%d,"data":{"object":{"id":"pi_%d","object":"payment_intent",`+
		`"amount":%d,"amount_received":%d,"currency":"gbp","status":"succeeded","created":%d,"metadata":{}}}}`, n, now.Unix(), n, amount, amount, now.Unix())
	req, err := http.NewRequest(http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = inbound.Sign(queries.ProviderStripe, s.secret, body, now)
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// storm repeats do from many clients, each with a connection of its own, and gives every duration and the rate.
func storm(clients int, span time.Duration, do func(*http.Client) error) (times, float64, error) {
	var mu sync.Mutex
	var all times
	var failed error
	var group sync.WaitGroup
	began := time.Now()
	for range clients {
		group.Go(func() {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
			var mine times
			for time.Since(began) < span {
				at := time.Now()
				if err := do(client); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	group.Wait()
	return all.sorted(), float64(len(all)) / time.Since(began).Seconds(), failed
}

// commits is the machine's limit: transactions that write one small row, from as many connections.
func commits(ctx context.Context, p *program) (float64, error) {
	if _, err := p.pool.Exec(ctx, "CREATE TABLE IF NOT EXISTS bench_rows (id bigserial PRIMARY KEY, body text)"); err != nil {
		return 0, err
	}
	var n atomic.Int64
	var group sync.WaitGroup
	began := time.Now()
	failed := make(chan error, doorClients)
	for range doorClients {
		group.Go(func() {
			conn, err := pgx.Connect(ctx, p.pg.URL())
			for err == nil && time.Since(began) < commitsFor {
				_, err = conn.Exec(ctx, "INSERT INTO bench_rows (body) VALUES ($1)", "one small row of a delivery")
				n.Add(1)
			}
			if err != nil {
				failed <- err
				return
			}
			conn.Close(ctx)
		})
	}
	group.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
		return float64(n.Load()) / time.Since(began).Seconds(), nil
	}
}

// warm brings a Postgres that is seconds old to where one is after a day: its log segments are made, which stops all
// commits while 16 MB go to the disk, and are reused from then on.
func (p *program) warm(ctx context.Context) error {
	if _, err := commits(ctx, p); err != nil {
		return err
	}
	for range 16 {
		if _, err := p.pool.Exec(ctx, "SELECT pg_switch_wal()"); err != nil {
			return err
		}
		if _, err := p.pool.Exec(ctx, "INSERT INTO bench_rows (body) VALUES ('the first of a segment')"); err != nil {
			return err
		}
	}
	_, err := p.pool.Exec(ctx, "CHECKPOINT")
	return err
}

// drained waits until the workers have applied everything.
func (p *program) drained(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		var waiting int
		if err := p.pool.QueryRow(ctx, "SELECT count(*) FROM webhook_logs WHERE status = 'accepted'").Scan(&waiting); err != nil {
			return err
		}
		if waiting == 0 {
			return nil
		}
	}
	return nil
}
