// Command wedsync is the whole product: the pages, the jobs behind them, and what operators type.
//
// main reads the environment once, opens what is needed and runs one subcommand. It hides nothing and decides nothing
// that a package could decide.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // weddings have zones, and small machines have no zone files

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/outbound"
	"github.com/wedsync/wedsync/migrations"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/localpg"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/web"
)

// Config is the environment, read once.
type Config struct {
	Addr        string   // WEDSYNC_ADDR
	URL         *url.URL // WEDSYNC_URL
	Data        string   // WEDSYNC_DATA
	DatabaseURL string   // DATABASE_URL; empty: the embedded Postgres
	Postgres    string   // WEDSYNC_POSTGRES: binaries of the embedded Postgres; empty: found or fetched
	Keys        string   // WEDSYNC_KEYS; empty: a file under Data
	Operators   []string // WEDSYNC_OPERATORS
	Gather      int      // WEDSYNC_GATHER: most deliveries that one commit makes durable
	Private     bool     // WEDSYNC_ALLOW_PRIVATE_URLS
	TaveURL     string   // TAVE_URL
	Carriers    notify.Settings
	Calendars   calendar.Settings
}

// configure shows every default, and answers a bad value with one line that names it.
func configure(getenv func(string) string) (Config, error) {
	or := func(name, otherwise string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return otherwise
	}
	c := Config{
		Addr:        or("WEDSYNC_ADDR", "127.0.0.1:8080"),
		Data:        or("WEDSYNC_DATA", ".data"),
		DatabaseURL: getenv("DATABASE_URL"),
		Postgres:    getenv("WEDSYNC_POSTGRES"),
		Keys:        getenv("WEDSYNC_KEYS"),
		Operators:   strings.FieldsFunc(getenv("WEDSYNC_OPERATORS"), func(r rune) bool { return r == ',' || r == ' ' }),
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return c, fmt.Errorf("WEDSYNC_ADDR takes host:port, such as 127.0.0.1:8080; it is %q", c.Addr)
	}
	var err error
	if c.URL, err = url.Parse(or("WEDSYNC_URL", "http://"+c.Addr)); err != nil || c.URL.Host == "" || c.URL.Scheme != "http" && c.URL.Scheme != "https" {
		return c, fmt.Errorf("WEDSYNC_URL takes the public address, such as https://app.example.com; it is %q", getenv("WEDSYNC_URL"))
	}
	if c.Gather, err = strconv.Atoi(or("WEDSYNC_GATHER", "200")); err != nil || c.Gather < 1 || c.Gather > 1000 {
		return c, fmt.Errorf("WEDSYNC_GATHER takes a number from 1 (each delivery commits alone) to 1000; it is %q", getenv("WEDSYNC_GATHER"))
	}
	c.TaveURL = or("TAVE_URL", inbound.TaveURL)
	if u, err := url.Parse(c.TaveURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return c, fmt.Errorf("TAVE_URL takes the address of Tave's API, such as %s; it is %q", inbound.TaveURL, c.TaveURL)
	}
	c.Carriers = notify.Settings{ResendKey: getenv("RESEND_API_KEY"), ResendURL: or("RESEND_URL", notify.ResendURL), ResendSecret: getenv("RESEND_WEBHOOK_SECRET"),
		SMTPURL: getenv("SMTP_URL"), MailFrom: getenv("MAIL_FROM"), VAPIDKey: getenv("VAPID_PRIVATE_KEY"),
		TwilioSID: getenv("TWILIO_ACCOUNT_SID"), TwilioToken: getenv("TWILIO_AUTH_TOKEN"), TwilioFrom: getenv("TWILIO_FROM"), TwilioURL: or("TWILIO_URL", notify.TwilioURL)}
	if err := c.Carriers.Check(); err != nil {
		return c, err
	}
	if c.Calendars, err = calendar.SettingsFrom(getenv); err != nil {
		return c, err
	}
	switch v := getenv("WEDSYNC_ALLOW_PRIVATE_URLS"); v {
	case "", "0":
	case "1":
		c.Private = true
	default:
		return c, fmt.Errorf("WEDSYNC_ALLOW_PRIVATE_URLS takes 1 or 0; it is %q", v)
	}
	if c.DatabaseURL != "" {
		if _, err := pgconn.ParseConfig(c.DatabaseURL); err != nil {
			return c, errors.New("DATABASE_URL takes a Postgres address, such as postgres://user:password@host/database; it cannot be read as one")
		}
	}
	return c, nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	p := &program{getenv: os.Getenv, out: os.Stdout, err: os.Stderr}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// program is one run: what main gives it is all it knows of the outside.
type program struct {
	getenv func(string) string
	out    io.Writer
	err    io.Writer
	config Config
	log    *slog.Logger
	pool   *pgxpool.Pool
	box    *seal.Box
	local  *localpg.Server
	json   bool // --json: one object on stdout
}

// An exit is an error with a code of its own.
type exit struct {
	code int
	error
}

const usage = `wedsync serve [--demo] [--role all|web|worker]   run it
wedsync migrate                                  bring the database up to date
wedsync supplier add --name N --category C --email E --password P [--tier T] [--timezone Z] [--currency C] [--json]
wedsync couple add --names "Anna & Tom" --email E --password P --date 2027-06-12 [--timezone Z] [--venue V] [--json]
wedsync connection add --org ID --provider P [--secret S] [--static-key] [--json]
wedsync calendar add --org ID --kind caldav|ics --url U [--user U --password P] [--json]
wedsync booking add --org ID --resource NAME --start RFC3339 --end RFC3339 [--hold] [--title T] [--json]
wedsync keys rotate                              seal every secret under a new key, while serving goes on
wedsync doctor                                   what is configured, reachable and missing, in words`

func (p *program) run(ctx context.Context, args []string) int {
	level := slog.LevelWarn // a command's answer is what it prints
	if len(args) > 0 && args[0] == "serve" {
		level = slog.LevelInfo
	}
	p.log = slog.New(slog.NewJSONHandler(p.err, &slog.HandlerOptions{Level: level}))
	err := p.dispatch(ctx, args)
	var e exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		fmt.Fprintln(p.err, e.error)
		return e.code
	case errors.Is(err, flag.ErrHelp):
		return 0
	default:
		fmt.Fprintln(p.err, "wedsync:", err)
		return 1
	}
}

func (p *program) dispatch(ctx context.Context, args []string) (err error) {
	if p.config, err = configure(p.getenv); err != nil {
		return exit{2, err}
	}
	commands := []struct {
		words []string
		run   func(context.Context, []string) error
	}{
		{[]string{"serve"}, p.serve},
		{[]string{"migrate"}, p.migrate},
		{[]string{"supplier", "add"}, p.addSupplier},
		{[]string{"couple", "add"}, p.addCouple},
		{[]string{"connection", "add"}, p.addConnection},
		{[]string{"calendar", "add"}, p.addCalendar},
		{[]string{"booking", "add"}, p.addBooking},
		{[]string{"keys", "rotate"}, p.rotateKeys},
		{[]string{"doctor"}, p.doctor},
	}
	for _, c := range commands {
		if len(args) >= len(c.words) && strings.Join(args[:len(c.words)], " ") == strings.Join(c.words, " ") {
			defer p.close()
			return c.run(ctx, args[len(c.words):])
		}
	}
	if len(args) == 1 && (args[0] == "help" || args[0] == "--help" || args[0] == "-h") {
		fmt.Fprintln(p.out, usage)
		return nil
	}
	return exit{2, errors.New(usage)}
}

// open connects to the database, ours or the embedded one, and to the keys.
func (p *program) open(ctx context.Context) (err error) {
	address := p.config.DatabaseURL
	if address == "" {
		if p.local, err = p.startLocal(ctx); err != nil {
			return err
		}
		address = p.local.URL()
	}
	pool, err := pgxpool.ParseConfig(address)
	if err != nil {
		return errors.New("DATABASE_URL cannot be read")
	}
	if !strings.Contains(address, "pool_max_conns") {
		pool.MaxConns = 32 // pgx would take as many as there are processors
	}
	if p.pool, err = pgxpool.NewWithConfig(ctx, pool); err != nil {
		return err
	}
	if p.config.Keys != "" {
		p.box, err = seal.FromText(p.config.Keys)
	} else {
		p.box, err = seal.FromFile(filepath.Join(p.config.Data, "keys.json"))
	}
	if err != nil {
		return fmt.Errorf("WEDSYNC_KEYS: %w", err)
	}
	return nil
}

func (p *program) startLocal(ctx context.Context) (*localpg.Server, error) {
	return localpg.Start(ctx, p.config.Data, localpg.Options{Log: p.log, Binaries: p.config.Postgres})
}

func (p *program) close() {
	if p.pool != nil {
		p.pool.Close()
	}
	if p.local != nil {
		if err := p.local.Stop(); err != nil {
			p.log.Error("the embedded Postgres did not stop", "error", err)
		}
	}
}

// ready opens and migrates: every command finds the database in the shape that it needs.
func (p *program) ready(ctx context.Context) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	_, err := migrations.Apply(ctx, p.pool)
	return err
}

func (p *program) migrate(ctx context.Context, args []string) error {
	if err := p.flags("migrate", args, func(*flag.FlagSet) {}); err != nil {
		return err
	}
	if err := p.open(ctx); err != nil {
		return err
	}
	applied, err := migrations.Apply(ctx, p.pool)
	if err != nil {
		return err
	}
	if p.json {
		return p.print(map[string]any{"applied": append([]string{}, applied...)})
	}
	for _, name := range applied {
		fmt.Fprintln(p.out, "applied", name)
	}
	fmt.Fprintln(p.out, "the database is up to date")
	return nil
}

func (p *program) serve(ctx context.Context, args []string) error {
	var demo bool
	var role string
	err := p.flags("serve", args, func(f *flag.FlagSet) {
		f.BoolVar(&demo, "demo", false, "made-up suppliers and couples, and the sandbox")
		f.StringVar(&role, "role", "all", "all, web or worker")
	})
	if err != nil {
		return err
	}
	if role != "all" && role != "web" && role != "worker" {
		return exit{2, fmt.Errorf("--role takes all, web or worker; it is %q", role)}
	}
	if err := p.ready(ctx); err != nil {
		return err
	}
	if p.local != nil {
		nursing, stop := context.WithCancel(context.WithoutCancel(ctx))
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.nurse(nursing)
		}()
		defer func() { stop(); <-done }()
	}
	if demo && p.getenv("TAVE_URL") == "" {
		p.config.TaveURL = p.config.URL.JoinPath(web.SandboxVSCO).String()
	}
	node := web.Node{Addr: p.config.Addr, Out: p.out, Name: "wedsync-" + uuid.NewString(), Config: web.Config{
		Pool: p.pool, Box: p.box, Log: p.log, URL: p.config.URL, Operators: p.config.Operators,
		Demo: demo, Works: role != "web", Serves: role != "worker", Gather: p.config.Gather, AllowPrivate: p.config.Private || demo, TaveURL: p.config.TaveURL, Carriers: p.config.Carriers, Calendars: p.config.Calendars,
	}}
	// The collector runs when the heap has doubled, and ours is small: in a storm of deliveries it would run ten times a
	// second. Address space that is never touched counts as heap and costs no memory, so it waits for more.
	ballast := make([]byte, 64<<20)
	defer runtime.KeepAlive(ballast)
	return node.Run(ctx)
}

// nurse starts the embedded Postgres again when it has died under us. One of the operator's own is the operator's.
func (p *program) nurse(ctx context.Context) {
	look := time.NewTicker(2 * time.Second)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		if p.pool.Ping(ctx) == nil || ctx.Err() != nil {
			continue
		}
		again, err := p.startLocal(ctx)
		if err != nil {
			p.log.Error("the embedded Postgres does not answer and did not start again; tried again in 2 s", "error", err)
			continue
		}
		before := p.local
		p.local = again
		if err := before.Stop(); err != nil { // gives back our share; the new one keeps the server up
			p.log.Warn("the share in the Postgres that died was not given back", "error", err)
		}
		p.log.Warn("the embedded Postgres was started again")
	}
}

func (p *program) addSupplier(ctx context.Context, args []string) error {
	n := web.NewSupplier{Verified: true}
	var tier string
	err := p.flags("supplier add", args, func(f *flag.FlagSet) {
		f.StringVar(&n.Name, "name", "", "name of the business")
		f.StringVar(&n.Category, "category", "", "photographer, venue, florist, caterer…")
		f.StringVar(&n.Email, "email", "", "the owner's address")
		f.StringVar(&n.Person, "person", "", "the owner's name (the business's, if empty)")
		f.StringVar(&n.Password, "password", "", "at least 10 characters")
		f.StringVar(&tier, "tier", "free", "free, starter, professional, scale or enterprise")
		f.StringVar(&n.Timezone, "timezone", "Europe/London", "IANA name")
		f.StringVar(&n.Currency, "currency", "GBP", "ISO 4217 code")
	})
	if err != nil {
		return err
	}
	n.Tier = queries.Tier(strings.ToLower(tier))
	if !n.Tier.Valid() {
		return exit{2, fmt.Errorf("--tier takes free, starter, professional, scale or enterprise; it is %q", tier)}
	}
	if n.Person == "" {
		n.Person = n.Name
	}
	if err := p.ready(ctx); err != nil {
		return err
	}
	made, faults, err := web.OpenSupplier(ctx, p.pool, n)
	if err != nil {
		return err
	}
	return p.printOr(faults, map[string]any{"org_id": made.OrgID, "user_id": made.UserID})
}

func (p *program) addCouple(ctx context.Context, args []string) error {
	var n web.NewCouple
	err := p.flags("couple add", args, func(f *flag.FlagSet) {
		f.StringVar(&n.Names, "names", "", `"Anna & Tom"`)
		f.StringVar(&n.Email, "email", "", "their address")
		f.StringVar(&n.Password, "password", "", "at least 10 characters")
		f.StringVar(&n.Date, "date", "", "the wedding's day, such as 2027-06-12")
		f.StringVar(&n.Timezone, "timezone", "Europe/London", "the venue's zone")
		f.StringVar(&n.Venue, "venue", "", "the venue")
	})
	if err != nil {
		return err
	}
	if err := p.ready(ctx); err != nil {
		return err
	}
	made, faults, err := web.OpenCouple(ctx, p.pool, n)
	if err != nil {
		return err
	}
	return p.printOr(faults, map[string]any{"couple_id": made.CoupleID, "wedding_id": made.WeddingID, "user_id": made.UserID})
}

func (p *program) addConnection(ctx context.Context, args []string) error {
	var org, provider, secret string
	proof := queries.SenderProofSigned
	err := p.flags("connection add", args, func(f *flag.FlagSet) {
		f.StringVar(&org, "org", "", "the organisation's id")
		f.StringVar(&provider, "provider", "", "stripe, tave, honeybook, lightblue, studioninja, shootq, wedme or custom")
		f.StringVar(&secret, "secret", "", "the sender's signing secret; one is made if empty")
		f.BoolFunc("static-key", "the sender shows the secret in X-WedSync-Key and does not sign (weaker)", func(string) error {
			proof = queries.SenderProofStaticKey
			return nil
		})
	})
	if err != nil {
		return err
	}
	id, err := uuid.Parse(org)
	if err != nil {
		return exit{2, fmt.Errorf("--org takes an organisation's id, as supplier add prints it; it is %q", org)}
	}
	kind := queries.Provider(provider)
	if !kind.Valid() {
		return exit{2, fmt.Errorf("--provider takes stripe, tave, honeybook, lightblue, studioninja, shootq, wedme or custom; it is %q", provider)}
	}
	if kind == queries.ProviderStripe && proof == queries.SenderProofStaticKey {
		return exit{2, errors.New("--static-key is not for stripe, which signs every delivery: it would only let others in")}
	}
	if err := p.ready(ctx); err != nil {
		return err
	}
	if there, err := queries.New(p.pool).OrgExists(ctx, id); err != nil || !there {
		return errors.Join(err, exit{1, fmt.Errorf("there is no organisation %s; nothing was made", id)})
	}
	made, err := inbound.Connect(ctx, p.pool, p.box, id, nil, kind, proof, secret)
	if err != nil {
		return err
	}
	return p.printOr(nil, map[string]any{"connection_id": made.ID, "secret": made.Secret, "url": p.config.URL.JoinPath(inbound.Path(kind, made.Token)).String()})
}

// addBooking exits 3 where something stands against it, and says what.
func (p *program) addBooking(ctx context.Context, args []string) error {
	var org, resource, title, start, end string
	status := queries.BookingStatusConfirmed
	err := p.flags("booking add", args, func(f *flag.FlagSet) {
		f.StringVar(&org, "org", "", "the organisation's id")
		f.StringVar(&resource, "resource", "", "what it takes, by its name")
		f.StringVar(&title, "title", "Booking", "what it is called")
		f.StringVar(&start, "start", "", "when it begins, such as 2027-06-12T12:00:00+01:00")
		f.StringVar(&end, "end", "", "when it ends")
		f.BoolFunc("hold", "hold it for the usual time instead of confirming it", func(string) error {
			status = queries.BookingStatusHeld
			return nil
		})
	})
	if err != nil {
		return err
	}
	id, err := uuid.Parse(org)
	if err != nil {
		return exit{2, fmt.Errorf("--org takes an organisation's id, as supplier add prints it; it is %q", org)}
	}
	from, err := time.Parse(time.RFC3339, start)
	if err != nil {
		return exit{2, fmt.Errorf("--start takes a time such as 2027-06-12T12:00:00+01:00; it is %q", start)}
	}
	until, err := time.Parse(time.RFC3339, end)
	if err != nil {
		return exit{2, fmt.Errorf("--end takes a time such as 2027-06-12T23:00:00+01:00; it is %q", end)}
	}
	if err := p.ready(ctx); err != nil {
		return err
	}
	if there, err := queries.New(p.pool).OrgExists(ctx, id); err != nil || !there {
		return errors.Join(err, exit{1, fmt.Errorf("there is no organisation %s; nothing was made", id)})
	}
	if err := p.freshen(ctx, id, resource); err != nil {
		return err
	}
	taken, err := booking.Add(ctx, p.pool, id, resource, title, from, until, status, time.Now())
	var refused *booking.Refused
	var wrong *booking.Wrong
	switch {
	case errors.As(err, &refused):
		return errors.Join(p.print(map[string]any{"conflict": refused.Tell()}), exit{3, err})
	case errors.As(err, &wrong):
		return exit{2, fmt.Errorf("--%s %s", cmp.Or(map[string]string{"starts": "start", "ends": "end"}[wrong.Field], wrong.Field), wrong.Words)}
	case err != nil:
		return err
	}
	return p.print(map[string]any{"booking_id": taken.ID})
}

// freshen asks the calendars that block a resource for their latest word.
func (p *program) freshen(ctx context.Context, org uuid.UUID, resource string) error {
	sync, done, err := p.calendars(ctx)
	if err != nil {
		return err
	}
	defer done()
	needs, err := booking.Known(ctx, queries.New(p.pool), org, resource)
	if err != nil {
		return err
	}
	return sync.Freshen(ctx, org, needs)
}

// calendars is the sync of a command: what it causes is queued for whoever serves.
func (p *program) calendars(ctx context.Context) (*calendar.Sync, func(), error) {
	waker := queries.NewWaker(queries.New(p.pool), p.log)
	waking, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); waker.Run(waking) }()
	j, err := jobs.New(jobs.Config{Pool: p.pool, Waker: waker, Log: p.log, Box: p.box, URL: p.config.URL, AllowPrivate: p.config.Private, Calendars: p.config.Calendars})
	if err != nil {
		stop()
		return nil, nil, err
	}
	return j.Calendar, func() {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = j.Stop(within)
		stop()
		<-ended
	}, nil
}

func (p *program) addCalendar(ctx context.Context, args []string) error {
	var org, kind string
	var c calendar.Connecting
	err := p.flags("calendar add", args, func(f *flag.FlagSet) {
		f.StringVar(&org, "org", "", "the organisation's id")
		f.StringVar(&kind, "kind", "", "caldav, or ics for a feed that is only read")
		f.StringVar(&c.URL, "url", "", "the server's or the feed's address")
		f.StringVar(&c.User, "user", "", "CalDAV: the name to sign in with")
		f.StringVar(&c.Password, "password", "", "CalDAV: the password, best one for this app alone")
	})
	if err != nil {
		return err
	}
	if c.OrgID, err = uuid.Parse(org); err != nil {
		return exit{2, fmt.Errorf("--org takes an organisation's id, as supplier add prints it; it is %q", org)}
	}
	if c.Kind = queries.CalendarKind(kind); c.Kind != queries.CalendarKindCaldav && c.Kind != queries.CalendarKindIcs {
		return exit{2, fmt.Errorf("--kind takes caldav or ics; it is %q. Google and Microsoft are connected in the browser, where you consent", kind)}
	}
	if err := p.ready(ctx); err != nil {
		return err
	}
	if there, err := queries.New(p.pool).OrgExists(ctx, c.OrgID); err != nil || !there {
		return errors.Join(err, exit{1, fmt.Errorf("there is no organisation %s; nothing was made", c.OrgID)})
	}
	sync, done, err := p.calendars(ctx)
	if err != nil {
		return err
	}
	defer done()
	id, err := sync.Connect(ctx, c)
	var wrong *calendar.Wrong
	if errors.As(err, &wrong) {
		return exit{2, fmt.Errorf("--%s: %s", wrong.Field, wrong.Words)}
	}
	if err != nil {
		return err
	}
	return p.print(map[string]any{"calendar_id": id})
}

// rotateKeys seals everything under a new key. A keyset in the environment reaches the nodes only by a restart, so there it
// takes two steps: the new keyset is printed first, and --reseal, once every node has it, does the rest.
func (p *program) rotateKeys(ctx context.Context, args []string) error {
	var reseal bool
	err := p.flags("keys rotate", args, func(f *flag.FlagSet) {
		f.BoolVar(&reseal, "reseal", false, "with WEDSYNC_KEYS: the new keyset is on every node, seal everything under it")
	})
	if err != nil {
		return err
	}
	if err := p.ready(ctx); err != nil {
		return err
	}
	if !reseal {
		text, err := p.box.Rotate()
		if err != nil {
			return err
		}
		if p.config.Keys != "" {
			return p.tell(map[string]any{"keys": text}, "Set this as WEDSYNC_KEYS on every node, restart them, then run: wedsync keys rotate --reseal\n"+text)
		}
	}
	n, err := inbound.Reseal(ctx, p.pool, p.box)
	if err != nil {
		return fmt.Errorf("%d are sealed anew, the rest still opens with the old key; run it again: %w", n, err)
	}
	endpoints, err := outbound.Reseal(ctx, p.pool, p.box)
	if n += endpoints; err != nil {
		return fmt.Errorf("%d are sealed anew, the rest still opens with the old key; run it again: %w", n, err)
	}
	calendars, err := calendar.Reseal(ctx, p.pool, p.box)
	if n += calendars; err != nil {
		return fmt.Errorf("%d are sealed anew, the rest still opens with the old key; run it again: %w", n, err)
	}
	house, err := notify.Reseal(ctx, queries.New(p.pool), p.box)
	if n += house; err != nil {
		return fmt.Errorf("%d are sealed anew, the rest still opens with the old key; run it again: %w", n, err)
	}
	return p.tell(map[string]any{"sealed": n}, fmt.Sprintf("%d secrets are sealed under the new key", n))
}

// tell prints for machines or for people.
func (p *program) tell(object map[string]any, words string) error {
	if p.json {
		return p.print(object)
	}
	_, err := fmt.Fprintln(p.out, words)
	return err
}

func (p *program) doctor(ctx context.Context, args []string) error {
	if err := p.flags("doctor", args, func(*flag.FlagSet) {}); err != nil {
		return err
	}
	findings := []views.Finding{
		{What: "Address", Healthy: true, Words: p.config.Addr + ", public as " + p.config.URL.String()},
		{What: "Data", Healthy: true, Words: p.config.Data},
	}
	if err := p.open(ctx); err != nil {
		findings = append(findings, views.Finding{What: "Database", Words: "cannot be opened: " + err.Error()})
	} else {
		findings = append(append(findings, p.surroundings(ctx)...), web.Examine(ctx, p.pool, false)...)
	}
	broken := 0
	var lines []string
	for _, f := range findings {
		lines = append(lines, fmt.Sprintf("%-11s %s", f.What, f.Words))
		if !f.Healthy {
			broken++
		}
	}
	if err := p.tell(map[string]any{"healthy": broken == 0, "findings": findings}, strings.Join(lines, "\n")); err != nil {
		return err
	}
	if broken > 0 {
		return exit{1, fmt.Errorf("%d of these need you", broken)}
	}
	return nil
}

// surroundings are what is configured, where the product does without.
func (p *program) surroundings(ctx context.Context) []views.Finding {
	where := views.Finding{What: "Postgres", Healthy: true, Words: "your own, from DATABASE_URL"}
	if p.local != nil {
		where.Words = "embedded, version " + p.local.Version() + ", at " + p.local.URL()
	}
	if err := p.pool.Ping(ctx); err != nil {
		where.Healthy, where.Words = false, where.Words+"; it does not answer: "+err.Error()
	}
	operators := views.Finding{What: "Operators", Healthy: true, Words: strings.Join(p.config.Operators, ", ")}
	if len(p.config.Operators) == 0 {
		operators.Words = "nobody may enter /ops; name their e-mail addresses in WEDSYNC_OPERATORS"
	}
	findings := []views.Finding{where, operators}
	for _, c := range web.CarrierStates(p.config.Carriers) {
		findings = append(findings, views.Finding{What: c.Name, Healthy: true, Words: c.Channel + ", " + c.Words})
	}
	return append(findings, web.CalendarStates(ctx, queries.New(p.pool), p.config.Calendars)...)
}

func (p *program) flags(name string, args []string, define func(*flag.FlagSet)) error {
	f := flag.NewFlagSet("wedsync "+name, flag.ContinueOnError)
	f.SetOutput(p.err)
	f.BoolVar(&p.json, "json", false, "print one JSON object")
	define(f)
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return exit{2, fmt.Errorf("wedsync %s: see --help", name)}
	}
	if f.NArg() > 0 {
		return exit{2, fmt.Errorf("wedsync %s does not know what to do with %q", name, f.Arg(0))}
	}
	return nil
}

// printOr prints what was made as one JSON object, or what is wrong with what was asked for.
func (p *program) printOr(faults views.Faults, made map[string]any) error {
	if len(faults) > 0 {
		var lines []string
		for field, words := range faults {
			lines = append(lines, "--"+field+": "+words)
		}
		return exit{2, errors.New(strings.Join(lines, "\n"))}
	}
	return p.print(made)
}

func (p *program) print(object map[string]any) error { return json.NewEncoder(p.out).Encode(object) }
