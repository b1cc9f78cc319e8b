// Package outside is the one door to other people's servers: every call has a deadline, a breaker and a row that tells of it.
//
// It hides the network: which addresses may be dialled, redirects, how much of an answer is read, and who may try a server
// that has stopped answering. What comes back is an answer, or an error that says in words whether trying again is worth it.
// jobs and its rooms import it; nothing on the way in does, so a breaker never keeps a delivery out.
package outside

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries"
)

// Config is what main decides.
type Config struct {
	Pool         *pgxpool.Pool
	Log          *slog.Logger
	AllowPrivate bool // WEDSYNC_ALLOW_PRIVATE_URLS: typed addresses may lead to this machine and this network, and be plain http
}

// Door makes calls. One is enough for a process: it keeps connections open.
type Door struct {
	pool *pgxpool.Pool
	log  *slog.Logger
	now  func() time.Time
	wire wire
	busy busy
}

// New builds the door.
func New(c Config) *Door {
	return &Door{pool: c.Pool, log: c.Log, now: time.Now, wire: newWire(c.AllowPrivate, lines{})}
}

const (
	deadline  = 10 * time.Second
	bodyLimit = 1 << 20
)

// Call says on whose behalf and why.
type Call struct {
	OrgID    uuid.UUID
	Peer     string        // whose breaker: "tave", "endpoint:<id>", "resend"
	Shared   bool          // the peer serves all organisations: one breaker of the house's; the row that tells stays the organisation's
	Purpose  string        // for the audit row, in words: "read a job back"
	Typed    bool          // the address was typed by a user: private networks are refused at dial time
	Deadline time.Duration // 0: 10 s
	Limit    int64         // of the answer's body; 0: 1 MiB
	Stay     bool          // follow no redirect: it comes as *Refused with where it points, for callers who judge that themselves
}

// owner is whose breaker it is.
func (c Call) owner() uuid.UUID {
	if c.Shared {
		return queries.House
	}
	return c.OrgID
}

// Answer is what the other side said. Its body is whole, or there is an error.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do makes one call, never inside a transaction. Besides *Open, *Refused, *Later, ErrPrivate and ErrTooLarge it can only
// fail where our own database does. Where the server answered, its answer comes beside the error.
func (d *Door) Do(ctx context.Context, call Call, req *http.Request) (Answer, error) {
	call = call.whole()
	probe, err := d.admit(ctx, call)
	if err != nil {
		return Answer{}, err
	}
	began := d.now()
	answer, err := d.wire.send(ctx, call, req)
	d.tell(ctx, call, told{method: req.Method, host: req.URL.Hostname(), began: began, probe: probe, status: answer.Status,
		verdict: verdictOf(call, answer, err), outcome: outcome(answer, err)})
	return answer, err
}

// Attempt is Do for a conversation that is not HTTP's: the same breaker, deadline and row. talk says what it proved about the
// peer and, in words without secrets, how it went; what it made of that is its own to keep. Besides *Open it can only fail
// where our own database does, and then nothing was said. A conversation that we cut short proves nothing.
func (d *Door) Attempt(ctx context.Context, call Call, protocol, host string, talk func(ctx context.Context) (Verdict, string)) error {
	call = call.whole()
	probe, err := d.admit(ctx, call)
	if err != nil {
		return err
	}
	t := told{method: protocol, host: host, began: d.now(), probe: probe}
	within, cancel := context.WithTimeout(ctx, call.Deadline)
	defer cancel()
	t.verdict, t.outcome = talk(within)
	if t.verdict == Failed && errors.Is(ctx.Err(), context.Canceled) {
		t.verdict = Nothing
	}
	d.tell(ctx, call, t)
	return nil
}

// Dial is how a conversation inside Attempt begins: by the same rule of which addresses may be dialled. It fails as Do does.
func (d *Door) Dial(ctx context.Context, call Call, network, address string) (net.Conn, error) {
	return d.wire.dial(ctx, call.whole(), network, address)
}

func (c Call) whole() Call {
	if c.Deadline == 0 {
		c.Deadline = deadline
	}
	if c.Limit == 0 {
		c.Limit = bodyLimit
	}
	return c
}

// verdictOf says what a call proves about its peer: that it works, that it does not, or nothing. Whoever serves all
// organisations and is asked too often is there: one organisation's thousand must not shut the others out.
func verdictOf(call Call, answer Answer, err error) Verdict {
	var later *Later
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, ErrPrivate):
		return Nothing
	case call.Shared && answer.Status == http.StatusTooManyRequests:
		return Answered
	case answer.Status >= 500, answer.Status == http.StatusTooManyRequests:
		return Failed
	case answer.Status != 0:
		return Answered // also by a refusal: whoever refuses is there
	case errors.As(err, &later):
		return Failed
	default:
		return Nothing
	}
}

const (
	keepCalls  = 90 * 24 * time.Hour
	pruneBatch = 5000 // as in AllOrgsPruneCalls
)

// Prune deletes old audit rows, a batch at a time.
func (d *Door) Prune(ctx context.Context) error {
	q := queries.New(d.pool)
	for {
		n, err := q.AllOrgsPruneCalls(ctx, d.now().Add(-keepCalls))
		if err != nil || n < pruneBatch {
			return err
		}
	}
}
