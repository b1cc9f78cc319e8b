package live

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// connectPatience bounds what would otherwise hang for minutes on a server that has vanished.
const connectPatience = 5 * time.Second

// listen turns NOTIFYs into hints. Its connection is its own and never in a transaction; whenever it is new, anything may
// have been missed, so everything is looked at.
func (h *Hub) listen(ctx context.Context) {
	said := false // an outage is one line, not four in a second
	for {
		err := h.listenOnce(ctx, func() { said = false })
		if ctx.Err() != nil {
			return
		}
		if !said {
			h.config.Log.Warn("the live listener lost its connection; pages follow by looking every 250 ms meanwhile", "error", err)
		}
		said = true
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return
		}
	}
}

func (h *Hub) listenOnce(ctx context.Context, heard func()) error {
	conn, err := h.startListening(ctx)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		conn.Close(ctx) //nolint:errcheck // it is given up
	}()
	heard()
	h.hint()
	for {
		notice, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		h.hint(parse(notice.Payload)...)
	}
}

func (h *Hub) startListening(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, h.config.Pool.Config().ConnConfig)
	if err != nil {
		return nil, err
	}
	var started time.Time
	err = conn.QueryRow(ctx, "SELECT pg_postmaster_start_time()").Scan(&started)
	if err == nil {
		_, err = conn.Exec(ctx, "LISTEN live")
	}
	if err != nil {
		conn.Close(ctx) //nolint:errcheck // the first error says more
		return nil, err
	}
	h.met(started)
	return conn, nil
}

// met remembers which server this is. Work is applied without waiting for the disk, so one that crashed may have gone back
// a moment and reached the same versions by another way: after a restart nothing that pages show is taken for certain.
func (h *Hub) met(started time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	restarted := !h.server.IsZero() && !h.server.Equal(started)
	h.server = started
	if !restarted {
		return
	}
	for _, r := range h.rooms {
		r.unsettled = true
		for _, reg := range r.regions {
			reg.last = nil
		}
		for s := range r.streams {
			for name := range s.shown {
				s.shown[name] = unknown
			}
		}
	}
}

// parse reads the ids of a wake-up. One that cannot be read is a hint about everything.
func parse(payload string) []uuid.UUID {
	var audiences []uuid.UUID
	for _, word := range strings.Fields(payload) {
		id, err := uuid.Parse(word)
		if err != nil {
			return nil
		}
		audiences = append(audiences, id)
	}
	return audiences
}
