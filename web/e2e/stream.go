package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Event is one event of a live stream.
type Event struct{ Name, Data string }

// Stream is an open /live, listened to without a browser.
type Stream struct {
	Events chan Event // the newest; who does not take them loses the oldest
	Ended  chan struct{}
	cancel context.CancelFunc
}

// Live opens a stream; regions is its query, such as "kpis=0".
func (p *Program) Live(ctx context.Context, session *http.Cookie, regions string) (*Stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Base+"/live?"+regions, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	req.AddCookie(session)
	res, err := (&http.Client{Transport: &http.Transport{DisableCompression: true}}).Do(req)
	if err != nil {
		cancel()
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		cancel()
		res.Body.Close()
		return nil, fmt.Errorf("GET /live: %s", res.Status)
	}
	s := &Stream{Events: make(chan Event, 256), Ended: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(s.Ended)
		defer res.Body.Close()
		s.read(bufio.NewScanner(res.Body))
	}()
	return s, nil
}

// Close ends the stream from this side.
func (s *Stream) Close() {
	s.cancel()
	<-s.Ended
}

func (s *Stream) read(lines *bufio.Scanner) {
	lines.Buffer(nil, 1<<20)
	var e Event
	var data []string
	for lines.Scan() {
		line := lines.Text()
		switch {
		case line == "" && e.Name != "":
			e.Data = strings.Join(data, "\n")
			s.hear(e)
			e, data = Event{}, nil
		case strings.HasPrefix(line, "event: "):
			e.Name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			data = append(data, line[len("data: "):])
		}
	}
}

func (s *Stream) hear(e Event) {
	for {
		select {
		case s.Events <- e:
			return
		default:
		}
		select {
		case <-s.Events:
		default:
		}
	}
}

// Hear waits for an event that fits.
func (s *Stream) Hear(ctx context.Context, fits func(Event) bool) (Event, error) {
	for {
		select {
		case e := <-s.Events:
			if fits(e) {
				return e, nil
			}
		case <-s.Ended:
			return Event{}, fmt.Errorf("the stream ended")
		case <-ctx.Done():
			return Event{}, fmt.Errorf("waited in vain for an event: %w", context.Cause(ctx))
		}
	}
}

// EndsWithin says whether the other side ends the stream in time.
func (s *Stream) EndsWithin(d time.Duration) bool {
	select {
	case <-s.Ended:
		return true
	case <-time.After(d):
		return false
	}
}
