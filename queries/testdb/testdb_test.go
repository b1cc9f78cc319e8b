package testdb

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

func TestNew(t *testing.T) {
	t.Parallel()
	one, other := New(t), New(t)
	for _, table := range []string{"orgs", "river_job"} {
		if n := count(t, one, "SELECT count(*) FROM pg_class WHERE relname = $1", table); n != 1 {
			t.Errorf("no table %s: not migrated", table)
		}
	}
	if _, err := one.Exec(t.Context(), "CREATE TABLE mine ()"); err != nil {
		t.Fatal(err)
	}
	if n := count(t, other, "SELECT count(*) FROM pg_class WHERE relname = 'mine'"); n != 0 {
		t.Error("two tests share a database")
	}
	if got := one.Config().MaxConns; got != poolMaxConns {
		t.Errorf("%d connections", got)
	}
}

func TestItGoesWhenTheTestEnds(t *testing.T) {
	t.Parallel()
	outer := New(t)
	var name string
	t.Run("inner", func(t *testing.T) {
		pool := New(t)
		name = pool.Config().ConnConfig.Database
		// A session that the test forgets about must not keep the database.
		if _, err := pgx.ConnectConfig(t.Context(), pool.Config().ConnConfig); err != nil {
			t.Fatal(err)
		}
	})
	if n := count(t, outer, "SELECT count(*) FROM pg_database WHERE datname = $1", name); n != 0 {
		t.Errorf("%s is still there", name)
	}
}

func TestManyBuildOneTemplate(t *testing.T) {
	t.Parallel()
	pool := New(t)
	template := templatePrefix + strings.ToLower(rand.Text())
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			s, err := dial(t.Context(), current.server.base.String()) // what another process would do
			if err != nil {
				t.Error(err)
				return
			}
			defer s.admin.Close()
			if err := s.build(t.Context(), template); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := count(t, pool, "SELECT count(*) FROM pg_database WHERE datname = $1", template); n != 1 {
		t.Errorf("%d templates", n)
	}
	if err := current.server.drop(t.Context(), template); err != nil {
		t.Error(err)
	}
}

func TestManyClonesAtOnce(t *testing.T) {
	t.Parallel()
	for range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			New(t)
		})
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	pool := New(t)
	old, fresh := New(t).Config().ConnConfig.Database, New(t).Config().ConnConfig.Database
	age(t, pool, old)
	err := current.server.admin.AcquireFunc(t.Context(), func(c *pgxpool.Conn) error { return sweep(t.Context(), c.Conn()) })
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, pool, "SELECT count(*) FROM pg_database WHERE datname = $1", old); n != 0 {
		t.Error("an old one is still there")
	}
	if n := count(t, pool, "SELECT count(*) FROM pg_database WHERE datname = $1", fresh); n != 1 {
		t.Error("a fresh one is gone")
	}
}

// age makes the database two days old.
func age(t *testing.T, pool *pgxpool.Pool, database string) {
	t.Helper()
	var folder, version string
	const where = "SELECT current_setting('data_directory'), 'base/' || oid || '/PG_VERSION' FROM pg_database WHERE datname = $1"
	if err := pool.QueryRow(t.Context(), where, database).Scan(&folder, &version); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-48 * time.Hour)
	err := os.Chtimes(filepath.Join(folder, version), then, then)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		t.Skip("the server's files are out of reach")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, pool *pgxpool.Pool, query string, args ...any) int {
	t.Helper()
	var n int
	if err := pool.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func BenchmarkNew(b *testing.B) {
	URL(b) // the server and the template
	for b.Loop() {
		s := current.server
		name, err := s.clone(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if err := s.drop(b.Context(), name); err != nil {
			b.Fatal(err)
		}
	}
}
