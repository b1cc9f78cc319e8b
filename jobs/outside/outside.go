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
	Peer     string        // whose breaker: "tave", "endpoint:<id>"
	Purpose  string        // for the audit row, in words: "read a job back"
	Typed    bool          // the address was typed by a user: private networks are refused at dial time
	Deadline time.Duration // 0: 10 s
	Limit    int64         // of the answer's body; 0: 1 MiB
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
	if call.Deadline == 0 {
		call.Deadline = deadline
	}
	if call.Limit == 0 {
		call.Limit = bodyLimit
	}
	probe, err := d.admit(ctx, call)
	if err != nil {
		return Answer{}, err
	}
	began := d.now()
	answer, err := d.wire.send(ctx, call, req)
	d.tell(ctx, call, told{req.Method, req.URL.Hostname(), began, probe, answer, err})
	return answer, err
}

// verdictOf says what a call proves about its peer: that it works, that it does not, or nothing.
func verdictOf(answer Answer, err error) Verdict {
	var later *Later
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, ErrPrivate):
		return Nothing
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
