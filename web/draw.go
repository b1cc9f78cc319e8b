package web

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// draw writes a page whole or not at all: a component that fails half-way must not leave half a page behind a 200.
func draw(c echo.Context, status int, page templ.Component) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if err := page.Render(c.Request().Context(), buf); err != nil {
		return err
	}
	return c.HTMLBlob(status, buf.Bytes())
}

// snapshot runs reads that must agree with each other: a region and the version it is drawn from.
func (s *Server) snapshot(ctx context.Context, read func(q *queries.Queries) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error { return read(queries.New(tx)) })
}

// page is the frame for whoever is signed in.
func (s *Server) page(c echo.Context, title, place string) views.Page {
	v := visitorOf(c)
	p := views.Page{Title: title, Place: place, Person: v.Person, Org: v.OrgName, Demo: s.config.Demo, Operator: s.isOperator(v)}
	if !v.Verified {
		p.Unproven = v.Email
	}
	if v.Role != "" {
		p.Role = views.RoleName(v.Role)
		s.hang(c.Request().Context(), v, &p)
	}
	return p
}

// open is the frame of pages for everybody.
func (s *Server) open(title, lead string) views.Page {
	return views.Page{Title: title, Lead: lead, Demo: s.config.Demo}
}

// weeks are the ends of the last twelve weeks up to now, oldest first.
func weeks(now time.Time) []time.Time {
	ends := make([]time.Time, 12)
	for i := range ends {
		ends[i] = now.AddDate(0, 0, -7*(11-i))
	}
	return ends
}
