// Package jobs does what happens after the answer: it applies deliveries, and keeps the house tidy by the clock.
//
// New lists every worker, queue and cron line of the product. It hides River. web inserts through it; main starts and
// stops it. It may import what stands below it (views, queries) and its own rooms.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/outbound"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// Config is what main decides.
type Config struct {
	Pool  *pgxpool.Pool
	Waker *queries.Waker
	Log   *slog.Logger
	Node  string // this process's own name, new at every start
	Work  bool   // false on a node that only serves pages: it inserts jobs and works none
	Box   *seal.Box
	URL   *url.URL // the public address, of which links in letters are made

	AllowPrivate bool   // outside.Config
	TaveURL      string // inbound.Tave

	Carriers  notify.Settings
	Calendars calendar.Settings
}

// A job's transaction is short; what takes longer hangs. Rescue stands beside presence (presence.go), which is faster.
const (
	jobTimeout  = 30 * time.Second
	rescueAfter = 2 * time.Minute
)

// Jobs is River with our workers.
type Jobs struct {
	River    *river.Client[pgx.Tx]
	Outside  *outside.Door
	Tave     *inbound.Tave
	Ear      *notify.Ear
	Calendar *calendar.Sync
	config   Config
	own      *pgxpool.Pool
	presence *presence

	clocks     chan struct{} // closed when bookings follow today's rules of the clocks
	stopClocks context.CancelFunc
}

// New builds the client. Nothing runs before Start.
func New(c Config) (*Jobs, error) {
	rc := &river.Config{
		ID:                          c.Node,
		Logger:                      quiet(c.Log),
		CompletedJobRetentionPeriod: time.Hour,
		// A person watches the other end. This is also the pace of River's own NOTIFYs, which take a lock of the whole
		// cluster for a commit: no lower.
		FetchCooldown:     5 * time.Millisecond,
		FetchPollInterval: time.Second,
	}
	door := outside.New(outside.Config{Pool: c.Pool, Log: c.Log, AllowPrivate: c.AllowPrivate})
	tave := &inbound.Tave{Pool: c.Pool, Box: c.Box, Out: door, URL: c.TaveURL}
	carriers := notify.NewCarriers(c.Pool, c.Box, door, c.Carriers, c.URL)
	calendars := &calendar.Sync{Pool: c.Pool, Box: c.Box, Door: door, Settings: c.Calendars, Base: c.URL, Log: c.Log, Waker: c.Waker, AllowPrivate: c.AllowPrivate}
	hush := &silence{pool: c.Pool, waker: c.Waker, log: c.Log}
	if c.Work {
		workers := river.NewWorkers()
		river.AddWorker(workers, &inbound.Drain{Pool: c.Pool, Waker: c.Waker, Log: c.Log, Tell: &notify.AtOnce{Carriers: carriers}})
		river.AddWorker(workers, &inbound.Apply{Pool: c.Pool, Waker: c.Waker, Log: c.Log})
		river.AddWorker(workers, &tidy{pool: c.Pool, waker: c.Waker, log: c.Log, outside: door})
		river.AddWorker(workers, &inbound.TaveRead{Tave: tave, Waker: c.Waker, Log: c.Log})
		river.AddWorker(workers, &inbound.TavePoll{Tave: tave, Log: c.Log})
		river.AddWorker(workers, &inbound.TaveDue{Pool: c.Pool})
		river.AddWorker(workers, &inbound.Import{Pool: c.Pool, Waker: c.Waker, Log: c.Log})
		river.AddWorker(workers, &forget{pool: c.Pool})
		river.AddWorker(workers, &asked{pool: c.Pool, box: c.Box, base: c.URL})
		river.AddWorker(workers, &outbound.Send{Pool: c.Pool, Door: door, Box: c.Box, Log: c.Log})
		river.AddWorker(workers, hush)
		river.AddWorker(workers, &unwell{pool: c.Pool, waker: c.Waker})
		river.AddWorker(workers, &notify.FanOut{Pool: c.Pool, Waker: c.Waker, Carriers: carriers, Log: c.Log})
		river.AddWorker(workers, &notify.Send{Pool: c.Pool, Waker: c.Waker, Carriers: carriers, Box: c.Box, Log: c.Log, URL: strings.TrimSuffix(c.URL.String(), "/")})
		river.AddWorker(workers, &notify.CloseDigest{Pool: c.Pool, Carriers: carriers})
		river.AddWorker(workers, &notify.Clock{Pool: c.Pool, Log: c.Log})
		river.AddWorker(workers, &booking.Lapse{Pool: c.Pool, Waker: c.Waker})
		river.AddWorker(workers, &booking.Line{Pool: c.Pool, Waker: c.Waker, Log: c.Log})
		calendars.AddWorkers(workers)
		rc.Workers = workers
		rc.Queues = map[string]river.QueueConfig{
			inbound.Queue:        {MaxWorkers: 8, FetchPollInterval: 50 * time.Millisecond},
			inbound.RetryQueue:   {MaxWorkers: 2},
			inbound.OutsideQueue: {MaxWorkers: 8, FetchPollInterval: 250 * time.Millisecond},
			inbound.ImportQueue:  {MaxWorkers: 2}, // few, so that a long import leaves the database to what arrives live
			river.QueueDefault:   {MaxWorkers: 4, FetchCooldown: 20 * time.Millisecond},
			outbound.QueueName:   {MaxWorkers: 16, FetchCooldown: 20 * time.Millisecond}, // most of them wait for somebody's server
			booking.QueueName:    {MaxWorkers: 4},
			calendar.QueueName:   {MaxWorkers: 16, FetchCooldown: time.Millisecond, FetchPollInterval: 25 * time.Millisecond}, // they wait for calendars' servers
			notify.FanQueue:      {MaxWorkers: 4, FetchCooldown: time.Millisecond, FetchPollInterval: 250 * time.Millisecond},
			notify.QueueName:     {MaxWorkers: 24, FetchCooldown: time.Millisecond, FetchPollInterval: 250 * time.Millisecond}, // they wait for carriers
		}
		rc.JobTimeout, rc.RescueStuckJobsAfter = jobTimeout, rescueAfter
		rc.PeriodicJobs = []*river.PeriodicJob{
			river.NewPeriodicJob(river.PeriodicInterval(time.Minute), func() (river.JobArgs, *river.InsertOpts) { return tidyArgs{}, nil },
				&river.PeriodicJobOpts{RunOnStart: true}),
			river.NewPeriodicJob(river.PeriodicInterval(listenEvery), func() (river.JobArgs, *river.InsertOpts) { return silenceArgs{}, nil },
				&river.PeriodicJobOpts{RunOnStart: true}),
			river.NewPeriodicJob(river.PeriodicInterval(lookAtUnwell), func() (river.JobArgs, *river.InsertOpts) { return unwellArgs{}, nil }, nil),
			river.NewPeriodicJob(river.PeriodicInterval(time.Minute), func() (river.JobArgs, *river.InsertOpts) { return inbound.TaveDueArgs{}, nil },
				&river.PeriodicJobOpts{RunOnStart: true}),
			river.NewPeriodicJob(river.PeriodicInterval(30*time.Second), func() (river.JobArgs, *river.InsertOpts) { return calendar.DueArgs{}, nil },
				&river.PeriodicJobOpts{RunOnStart: true}),
			river.NewPeriodicJob(river.PeriodicInterval(time.Hour), func() (river.JobArgs, *river.InsertOpts) { return forgetArgs{}, nil }, nil),
			river.NewPeriodicJob(river.PeriodicInterval(time.Hour), func() (river.JobArgs, *river.InsertOpts) { return notify.ClockArgs{}, nil },
				&river.PeriodicJobOpts{RunOnStart: true}),
		}
	}
	own, err := riversPool(c.Pool)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(own), rc)
	if err != nil {
		own.Close()
		return nil, fmt.Errorf("jobs: %w", err)
	}
	hush.river, calendars.River = client, client
	ear := &notify.Ear{Pool: c.Pool, River: client, Carriers: carriers}
	return &Jobs{River: client, Outside: door, Tave: tave, Ear: ear, Calendar: calendars, config: c, own: own, presence: &presence{config: c, back: tidyUp(client, c.Log)}}, nil
}

// tidyUp puts right at once what a crash of the database may have undone, instead of at the next full minute.
func tidyUp(client *river.Client[pgx.Tx], log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		if _, err := client.Insert(ctx, tidyArgs{}, nil); err != nil {
			log.WarnContext(ctx, "tidying after the database was away waits for the next minute", "error", err)
		}
	}
}

// closeOwn does not wait longer than ctx for a job that hangs.
func (j *Jobs) closeOwn(ctx context.Context) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		j.own.Close()
	}()
	select {
	case <-closed:
	case <-ctx.Done():
	}
}

// riversPool is for what River does on its own: fetching, heartbeats, cleaning. None of it need be on the disk at once: a
// crash that undoes a fetch leaves the job to be fetched again. Jobs are inserted and completed in our transactions.
func riversPool(ours *pgxpool.Pool) (*pgxpool.Pool, error) {
	c := ours.Config()
	c.MaxConns = 8
	c.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	return pgxpool.NewWithConfig(context.Background(), c)
}

// Start begins to work jobs. ctx ends only what must end at once; for a clean end call Stop.
func (j *Jobs) Start(ctx context.Context) error {
	if _, err := j.Ear.Carriers.Push.Wire(ctx); err != nil { // made now, so that no page that is only looked at makes it
		j.config.Log.WarnContext(ctx, "the key that signs pushes is not there yet; it is looked for again when it is needed", "error", err)
	}
	if !j.config.Work {
		return nil
	}
	if err := j.presence.start(ctx); err != nil { // before the first job: others would take it for an orphan
		return err
	}
	if err := j.River.Start(ctx); err != nil {
		return err
	}
	j.clocks = make(chan struct{})
	clocks, stop := context.WithCancel(ctx)
	j.stopClocks = stop
	go func() {
		defer close(j.clocks)
		j.followClocks(clocks)
	}()
	return nil
}

// followClocks puts bookings ahead right where this program knows other rules of the clocks than the one that wrote them.
func (j *Jobs) followClocks(ctx context.Context) {
	n, err := booking.Rematerialise(ctx, j.config.Pool, j.River, j.config.Waker, time.Now())
	if err != nil && ctx.Err() == nil {
		j.config.Log.WarnContext(ctx, "bookings were not held against today's rules of the clocks; the next start does that", "error", err)
	}
	if n > 0 {
		j.config.Log.InfoContext(ctx, "bookings follow new rules of the clocks", "count", n)
	}
}

// Stop waits for running jobs until ctx ends, then leaves them to be run again elsewhere.
func (j *Jobs) Stop(ctx context.Context) error {
	defer j.closeOwn(ctx)
	if !j.config.Work {
		return nil
	}
	defer j.presence.stop()
	if j.clocks != nil {
		j.stopClocks()
		<-j.clocks
	}
	return j.River.Stop(ctx)
}
