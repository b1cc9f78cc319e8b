// Package testdb gives a test a migrated database of its own, on a real Postgres.
//
// It hides the server: $WEDSYNC_TEST_DATABASE_URL if set (a postgres:// URL of somebody who may create databases), else
// one in RAM that all test processes of a run share and the last of them stops. It also hides how a database is made in
// milliseconds: as a clone of a template that is migrated once for each state of the migrations.
// For tests and dev only; nothing that ships may import it.
package testdb

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// Spelled out, since pgx's own default depends on the machine's cores and hides or shows deadlocks by it.
	poolMaxConns = 8

	patience = 30 * time.Second
)

// New is an open pool on a database that goes when the test ends.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), URL(t))
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	t.Cleanup(func() { closePool(t, pool) })
	return pool
}

// URL is for what opens its own pool, such as the whole program. As pool_max_conns is in it, it is for pgxpool only.
func URL(t testing.TB) string {
	t.Helper()
	s, err := current.enter(t.Context())
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	t.Cleanup(func() {
		if err := current.leave(); err != nil {
			t.Errorf("testdb: %v", err)
		}
	})
	name, err := s.clone(t.Context())
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.drop(ctx, name); err != nil {
			t.Errorf("testdb: %v", err)
		}
	})
	return s.url(name, "pool_max_conns", strconv.Itoa(poolMaxConns))
}

// closePool fails the test that kept a connection, for which Close alone would wait until the run times out.
func closePool(t testing.TB, pool *pgxpool.Pool) {
	closed := make(chan struct{})
	go func() {
		pool.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Errorf("testdb: %d connections were never given back to the pool", pool.Stat().AcquiredConns())
	}
}
