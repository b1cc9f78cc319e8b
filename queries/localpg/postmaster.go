package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// How often a starting server is asked whether it answers: it has no other way to say so.
const askEvery = 10 * time.Millisecond

func (h home) joinOrLaunch(ctx context.Context, opt Options) (*pgx.Conn, error) {
	conn, vacant, err := h.join(ctx)
	if err != nil || conn != nil {
		return conn, err
	}
	defer vacant.handOver()

	b, err := h.findBuild(ctx, opt)
	if err != nil {
		return nil, err
	}
	log, err := h.openLog()
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if err := h.ensureCluster(ctx, b, vacant, log, opt); err != nil {
		return nil, log.explain(err)
	}
	if err := h.dropStaleLocks(); err != nil {
		return nil, err
	}
	if conn, err = h.launch(ctx, b, vacant, log, opt); err != nil {
		return nil, log.explain(err)
	}
	return conn, nil
}

// join returns a connection to the server that runs here, or else the alive lock as the proof that none does. Between
// the two are a server that is still starting, and the last processes of one that was killed: those it waits for.
func (h home) join(ctx context.Context) (*pgx.Conn, *lock, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("a Postgres runs on the data, but does not answer"))
	defer cancel()
	ask := time.NewTicker(askEvery)
	defer ask.Stop()
	for {
		conn, err := h.connect(ctx)
		if err == nil {
			return conn, nil, nil
		}
		// One started by hand does not hold our lock, but if it refuses us ("is starting up") it is there.
		var refused *pgconn.PgError
		if !errors.As(err, &refused) {
			if vacant, err := h.tryLock(aliveLock); err != nil || vacant != nil {
				return nil, vacant, err
			}
		}
		select {
		case <-ask.C:
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}

// launch starts the server with the alive lock in its hands.
func (h home) launch(ctx context.Context, b build, alive *lock, log *serverLog, opt Options) (*pgx.Conn, error) {
	socket, err := h.socketFolder()
	if err != nil {
		return nil, err
	}
	postgres := h.owner.command(context.WithoutCancel(ctx), filepath.Join(b.bin, "postgres"), h.settings(socket, opt.Volatile)...)
	postgres.Stdout, postgres.Stderr = log.File, log.File // no pipe: the server may outlive us
	postgres.ExtraFiles = []*os.File{alive.file}
	if err := postgres.Start(); err != nil {
		return nil, err
	}
	exited := make(chan error, 1)
	go func() { exited <- postgres.Wait() }()

	return h.awaitReady(ctx, exited)
}

func (h home) settings(socket string, volatile bool) []string {
	args := []string{
		"-D", h.data(), "-k", socket,
		"-c", "listen_addresses=", "-c", "port=" + port,
		"-c", "max_connections=200", "-c", "shared_buffers=256MB",
		// Making a new log segment stops every commit for as long as 16 MB take to the disk: keep enough old ones to use
		// again, write less into them, and begin anew seldom.
		"-c", "min_wal_size=256MB", "-c", "max_wal_size=2GB", "-c", "wal_compression=on", "-c", "checkpoint_timeout=15min",
	}
	if volatile {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
			"-c", "max_connections=500") // every test that runs at the moment has a pool
	}
	return args
}

func (h home) awaitReady(ctx context.Context, exited <-chan error) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ask := time.NewTicker(askEvery)
	defer ask.Stop()
	for {
		conn, err := h.connect(ctx)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ask.C:
		case err := <-exited:
			return nil, fmt.Errorf("postgres ended instead of starting (%v)", err)
		case <-ctx.Done():
			return nil, fmt.Errorf("postgres does not answer: %w: %w", ctx.Err(), err)
		}
	}
}

// shutDown is for the last user. Sessions of others who forgot to leave are ended: "fast" in Postgres's words.
func (h home) shutDown() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	vacant, err := h.tryLock(aliveLock)
	if err != nil {
		return err
	}
	at, errPID := h.readPIDFile()
	if vacant == nil {
		errKill := errPID
		if errPID == nil {
			errKill = h.owner.interrupt(ctx, at.pid)
		}
		if vacant, err = h.lock(ctx, aliveLock, exclusive); err != nil {
			return fmt.Errorf("postgres does not stop: %w", errors.Join(err, errKill))
		}
	}
	defer vacant.release()
	return h.removeSocketFolder(at.socket)
}
