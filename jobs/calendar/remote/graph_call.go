package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/wedsync/wedsync/jobs/outside"
)

const (
	graphAtOnce   = 2 // of the four that Graph allows a mailbox: somebody else's programs want some too
	graphDeadline = 30 * time.Second
	graphLimit    = 16 << 20
	maxPages      = 5000
)

var (
	errGraphEndless   = errors.New("the provider's pages do not end")
	errGraphElsewhere = errors.New("the provider sent us to another server, where WedSync does not show its key")
)

// graphCall is one call. Without a method it is a GET.
type graphCall struct {
	method, at   string // the whole address
	purpose      string
	prefer, etag string
	body         any
}

// boxes holds the turns at each mailbox, for all the Graphs of this process that go there.
var boxes sync.Map

func (g Graph) turn(ctx context.Context) (done func(), err error) {
	held, _ := boxes.LoadOrStore(g.OrgID.String()+"/"+g.Box, make(chan struct{}, graphAtOnce))
	turns := held.(chan struct{})
	select {
	case turns <- struct{}{}:
		return func() { <-turns }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a turn at the mailbox: %w", ctx.Err())
	}
}

// at is an address below ours.
func (g Graph) at(collection string, rest ...string) string {
	at := strings.TrimSuffix(g.URL, "/") + "/" + collection
	for _, part := range rest {
		at += "/" + url.PathEscape(part)
	}
	return at
}

// graphQuery writes a blank as %20: Graph reads a plus in a filter as itself.
func graphQuery(q url.Values) string { return strings.ReplaceAll(q.Encode(), "+", "%20") }

// ours says that an address which the provider gave us is below ours. Nowhere else is a token shown.
func (g Graph) ours(link string) bool {
	base, err := url.Parse(g.URL)
	if err != nil {
		return false
	}
	u, err := url.Parse(link)
	root := strings.TrimSuffix(base.Path, "/") + "/"
	return err == nil && u.Scheme == base.Scheme && u.Host == base.Host && u.User == nil && u.Fragment == "" && strings.HasPrefix(path.Clean(u.Path)+"/", root)
}

// ask makes a call and reads its answer. A token that is refused is asked for anew once.
func (g Graph) ask(ctx context.Context, c graphCall, into any) error {
	if !g.ours(c.at) {
		return errGraphElsewhere
	}
	token, err := g.Grant(ctx, "")
	if err != nil {
		return err
	}
	answer, err := g.send(ctx, c, token)
	if status, _ := graphStatus(err); status == http.StatusUnauthorized {
		if token, err = g.Grant(ctx, token); err != nil {
			return err
		}
		answer, err = g.send(ctx, c, token)
	}
	if status, _ := graphStatus(err); status == http.StatusUnauthorized {
		return &Reconnect{"Microsoft does not accept WedSync's access any more. Connect the account again."}
	}
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return fmt.Errorf("what Microsoft answered cannot be read: %w", err)
	}
	return nil
}

func (g Graph) send(ctx context.Context, c graphCall, token string) (outside.Answer, error) {
	req, err := c.request(token)
	if err != nil {
		return outside.Answer{}, err
	}
	done, err := g.turn(ctx)
	if err != nil {
		return outside.Answer{}, err
	}
	defer done()
	return g.Door.Do(ctx, outside.Call{OrgID: g.OrgID, Peer: "microsoft:" + g.Box, Purpose: c.purpose, Deadline: graphDeadline, Limit: graphLimit}, req)
}

func (c graphCall) request(token string) (*http.Request, error) {
	if c.method == "" {
		c.method = http.MethodGet
	}
	var body bytes.Buffer
	if c.body != nil {
		if err := json.NewEncoder(&body).Encode(c.body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequest(c.method, c.at, &body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	if c.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.prefer != "" {
		req.Header.Set("Prefer", c.prefer)
	}
	if c.etag != "" {
		req.Header.Set("If-Match", c.etag)
	}
	return req, nil
}

// graphStatus is how Graph refused, and its own word for why. Zero: it did not.
func graphStatus(err error) (status int, code string) {
	var refused *outside.Refused
	if !errors.As(err, &refused) {
		return 0, ""
	}
	var said struct{ Error struct{ Code string } }
	_ = json.Unmarshal(refused.Answer.Body, &said) // whoever says nothing has no code
	return refused.Status, said.Error.Code
}
