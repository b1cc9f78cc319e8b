package queries_test

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// commits lets 1,000 tenants write until the time is over, each commit bumping its tenant's region, and counts them.
func commits(t *testing.T, pool *pgxpool.Pool, tenants []uuid.UUID, wake func(...uuid.UUID)) int64 {
	t.Helper()
	var done, next atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	for range 7 {
		all.Go(func() {
			for ctx.Err() == nil {
				tenant := tenants[next.Add(1)%int64(len(tenants))]
				err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
					return queries.New(tx).TouchRegions(t.Context(), queries.TouchRegionsParams{Audiences: []uuid.UUID{tenant}, Regions: []string{"kpis"}})
				})
				if err != nil {
					t.Error(err)
					return
				}
				wake(tenant)
				done.Add(1)
			}
		})
	}
	all.Wait()
	return done.Load()
}

func TestCase18ManyWritersAreNotSerialisedByTheWakeUp(t *testing.T) {
	t.Parallel()
	pool := testdb.New(t)
	tenants := make([]uuid.UUID, 1000)
	for i := range tenants {
		tenants[i] = uuid.New()
	}
	waker := queries.NewWaker(queries.New(pool), slog.New(slog.DiscardHandler))
	go waker.Run(t.Context())
	heard := listener(t, pool)
	var plain, waking int64
	ratios := make([]float64, 0, 8)
	for range cap(ratios) { // side by side, so that a machine busy with other tests is equally busy with both
		a, b := commits(t, pool, tenants, func(...uuid.UUID) {}), commits(t, pool, tenants, waker.Wake)
		plain, waking = plain+a, waking+b
		ratios = append(ratios, float64(b)/float64(a))
	}
	slices.Sort(ratios)
	median := (ratios[len(ratios)/2-1] + ratios[len(ratios)/2]) / 2
	t.Logf("%d commits without a wake-up, %d with one: %.2f (median)", plain, waking, median)
	if median < 0.6 {
		t.Errorf("the wake-up slows the writers to %.2f of their pace", median)
	}
	if n := heard(); n == 0 || n > waking {
		t.Errorf("%d wake-ups were heard", n)
	}
}

// listener counts the wake-ups that come.
func listener(t *testing.T, pool *pgxpool.Pool) func() int64 {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), pool.Config().ConnConfig.Copy())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "LISTEN live"); err != nil {
		t.Fatal(err)
	}
	var heard atomic.Int64
	var listening sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	listening.Go(func() {
		defer conn.Close(context.WithoutCancel(ctx))
		for {
			if _, err := conn.WaitForNotification(ctx); err != nil {
				return
			}
			heard.Add(1)
		}
	})
	t.Cleanup(func() { cancel(); listening.Wait() })
	return heard.Load
}

// A NOTIFY inside a writing transaction makes every commit of the cluster queue behind it. So one statement of ours has
// one, nothing but the Waker sends it, and no trigger or function hides another. (River's own stands in its module.)
func TestCase18OnlyTheWakerNotifies(t *testing.T) {
	t.Parallel()
	var notifying, waking []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "node_modules" || d.Name() == "e2e") {
			return filepath.SkipDir
		}
		ext := filepath.Ext(path)
		if ext != ".go" && ext != ".sql" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		path = strings.TrimPrefix(path, "../")
		for line := range strings.Lines(string(raw)) {
			if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "//") || strings.HasPrefix(trimmed, "--") {
				continue
			}
			if strings.Contains(line, "pg_notify") || strings.Contains(line, "NOTIFY ") {
				notifying = append(notifying, path)
			}
			if strings.Contains(line, "q.Wake(") {
				waking = append(waking, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(notifying)
	if !slices.Equal(notifying, []string{"queries/regions.sql", "queries/regions.sql.go"}) {
		t.Errorf("a NOTIFY stands in %q", notifying)
	}
	if !slices.Equal(waking, []string{"queries/wake.go"}) {
		t.Errorf("the NOTIFY is sent by %q", waking)
	}
}

// The Waker's query must run outside any transaction: one that is open elsewhere does not hold a wake-up back.
func TestAWakeUpDoesNotWaitForAnOpenTransaction(t *testing.T) {
	t.Parallel()
	pool := testdb.New(t)
	waker := queries.NewWaker(queries.New(pool), slog.New(slog.DiscardHandler))
	go waker.Run(t.Context())
	heard := listener(t, pool)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context()) //nolint:errcheck // nothing to keep
	if err := queries.New(tx).TouchRegions(t.Context(), queries.TouchRegionsParams{Audiences: []uuid.UUID{uuid.New()}, Regions: []string{"kpis"}}); err != nil {
		t.Fatal(err)
	}
	waker.Wake(uuid.New())
	deadline, tick := time.After(20*time.Second), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for heard() == 0 {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the wake-up waits for a transaction that is none of its business")
		}
	}
}
