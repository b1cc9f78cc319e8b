// Package sandbox is the made-up world of the demo and of tests: suppliers with a season behind them, and the outside
// systems that post to them, signed as the real ones sign, over real HTTP.
//
// main and web use it in demo mode only; tests use it freely. It imports what stands below jobs, and inbound.
package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
)

// Scenario is one thing that an outside system can send.
type Scenario struct {
	Key, Label, Hint string
	Provider         queries.Provider
	body             func(w *World, org string, n int, now time.Time) []byte
}

// World remembers what was sent, so that a refund can follow its payment, and keeps what WedSync sends.
type World struct {
	mu   sync.Mutex
	n    int
	paid map[string]int         // by organisation: the number of its latest payment
	near map[string]nearWedding // by organisation: its wedding of this week

	carriers
}

// NewWorld begins at a number that an earlier run has not used: ids must be new after a restart.
func NewWorld(now time.Time) *World {
	return &World{n: int(now.UnixMilli() % 1_000_000_000 * 100), paid: map[string]int{}, near: map[string]nearWedding{}, carriers: newCarriers(now)}
}

// Body makes the delivery of a scenario for an organisation, different each time.
func (w *World) Body(s Scenario, org string, now time.Time) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	return s.body(w, org, w.n, now)
}

// Post signs a body as its provider does and posts it. It gives the status and the answer.
func Post(ctx context.Context, base string, p queries.Provider, token, secret string, body []byte, now time.Time) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+inbound.Path(p, token), bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header = inbound.Sign(p, secret, body, now)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", fmt.Errorf("post a delivery: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	return res.StatusCode, string(answer), err
}
