package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries/localpg"
)

// TestKillMinus9OfTheProgramAndOfPostgres: both die without a word, in turns, while deliveries pour in. Whatever was
// answered by 202 is applied, and once: the commits that the workers do not wait for may be undone by the crash of the
// database, and then whole.
func TestKillMinus9OfTheProgramAndOfPostgres(t *testing.T) {
	t.Parallel()
	h := withOwnPostgres(t)
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	s := newStorm(300)
	heard := answers{accepted: map[string]int{}}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		s.blow(soon(t), ada.stripe, &heard)
	}()
	kills := 0
	for round := range 4 {
		until := int32(len(s.posts) * (round + 1) / 6)
		await(t, "some deliveries", func() (bool, error) { return heard.total.Load() >= until || ended(sent), nil })
		if round%2 == 0 {
			h.killPostgres()
		} else {
			h.Kill()
			h.again()
		}
		kills++
	}
	<-sent
	await(t, "all deliveries to be applied", func() (bool, error) {
		var left int
		err := h.db.QueryRow(t.Context(), `SELECT count(*) FROM webhook_logs WHERE status = 'accepted' OR status = 'failed' AND next_try_at IS NOT NULL`).Scan(&left)
		return err == nil && left == 0, nil // it may be on its way up
	})
	t.Logf("%d posts, %d answered by 202, %d kills", len(s.posts), heard.total.Load(), kills)
	s.reckon(h, ada, &heard)
}

func ended(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// withOwnPostgres is a program with its embedded Postgres, and a way into that which outlives its deaths.
func withOwnPostgres(t *testing.T) *house {
	t.Helper()
	p := start(t, Options{})
	server, err := localpg.Start(soon(t), p.options.Data, localpg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := pgxpool.New(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		db.Close()
		p.Kill()
		server.Stop()                //nolint:errcheck // it was killed more than once
		p.newCommand("doctor").Run() //nolint:errcheck // the last one to use the embedded server stops it
	})
	return &house{p, t, db}
}

// killPostgres is kill -9 of the server; the program starts it again by itself.
func (h *house) killPostgres() {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.options.Data, "postgres", "data", "postmaster.pid"))
	if err != nil {
		h.t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		h.t.Fatal(fmt.Errorf("postmaster.pid: %w", err))
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		h.t.Fatal(err)
	}
	await(h.t, "Postgres to be back", func() (bool, error) { return h.db.Ping(h.t.Context()) == nil, nil })
}
