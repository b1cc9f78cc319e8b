package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// sayAgainAfter: while the database is away River reports every failed poll, twenty a second.
const sayAgainAfter = 30 * time.Second

// quiet keeps River's chatter out of the log: its warnings matter, once; its heartbeats do not.
func quiet(log *slog.Logger) *slog.Logger {
	return slog.New(&onceInAWhile{Handler: log.Handler(), said: &said{at: map[string]time.Time{}}})
}

type onceInAWhile struct {
	slog.Handler
	said *said
}

type said struct {
	mu sync.Mutex
	at map[string]time.Time // by message: River's are constants, so they are few
}

func (h *onceInAWhile) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

func (h *onceInAWhile) Handle(ctx context.Context, r slog.Record) error {
	h.said.mu.Lock()
	again := r.Time.Sub(h.said.at[r.Message]) >= sayAgainAfter
	if again {
		h.said.at[r.Message] = r.Time
	}
	h.said.mu.Unlock()
	if !again {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h *onceInAWhile) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &onceInAWhile{Handler: h.Handler.WithAttrs(attrs), said: h.said}
}

func (h *onceInAWhile) WithGroup(name string) slog.Handler {
	return &onceInAWhile{Handler: h.Handler.WithGroup(name), said: h.said}
}
