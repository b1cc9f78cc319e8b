package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// courier posts the carriers' callbacks: a few at a time, in the background, as real ones come while we go on sending.
type courier struct {
	client *http.Client
	errand chan func(context.Context)
}

func newCourier() *courier {
	return &courier{
		client: &http.Client{Timeout: 15 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		errand: make(chan func(context.Context), 40_000),
	}
}

// after runs an errand once a while has passed; more than forty thousand at once are dropped, as nobody promises callbacks.
func (c *courier) after(d time.Duration, errand func(context.Context)) {
	time.AfterFunc(d, func() {
		select {
		case c.errand <- errand:
		default:
		}
	})
}

func (c *courier) run(ctx context.Context) {
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for {
				select {
				case errand := <-c.errand:
					errand(ctx)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	workers.Wait()
}

// post gives the answer in words that the outbox shows.
func (c *courier) post(ctx context.Context, url string, header http.Header, body []byte) (answer string, taken bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err.Error(), false
	}
	req.Header = header
	res, err := c.client.Do(req)
	if err != nil {
		return "WedSync did not answer: " + err.Error(), false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	return fmt.Sprintf("WedSync answered %d %s", res.StatusCode, http.StatusText(res.StatusCode)), res.StatusCode < 300
}
