package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// bench is where a reading is tried: a connection, and the last deliveries that its sender really made.
type bench struct {
	id      uuid.UUID
	row     queries.ReadingOfConnectionRow
	samples []sample
	at      int // the sample that the page shows; -1: there is none
}

type sample struct {
	queries.SamplesRow
	doc    map[string]any
	reason string // why there is no doc
}

// bench knows no Stripe: its format is confirmed, and read by one reader only.
func (s *Server) bench(c echo.Context, wanted string) (*bench, error) {
	ctx, org := c.Request().Context(), visitorOf(c).OrgID
	id, err := idOf(c)
	if err != nil {
		return nil, err
	}
	b := &bench{id: id, at: -1}
	if b.row, err = s.q.ReadingOfConnection(ctx, queries.ReadingOfConnectionParams{OrgID: org, ID: id}); err != nil {
		return nil, err
	}
	if b.row.Provider == queries.ProviderStripe {
		return nil, errNotFound
	}
	rows, err := s.q.Samples(ctx, queries.SamplesParams{OrgID: org, ConnectionID: id})
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		b.samples = append(b.samples, takenApart(row))
		if row.ID.String() == wanted || b.at < 0 && b.samples[i].doc != nil {
			b.at = i
		}
	}
	if b.at < 0 && len(rows) > 0 {
		b.at = 0
	}
	return b, nil
}

// takenApart is a delivery taken apart, or the words why it cannot be.
func takenApart(row queries.SamplesRow) sample {
	if row.TooLarge {
		return sample{SamplesRow: row, reason: "It is larger than 64 KB."}
	}
	doc, err := inbound.Document(row.ContentType, row.Body)
	if err != nil {
		return sample{SamplesRow: row, reason: err.Error()}
	}
	return sample{SamplesRow: row, doc: doc}
}

func (b *bench) defaults() inbound.Defaults {
	zone, err := time.LoadLocation(b.row.Timezone)
	if err != nil {
		zone = time.UTC
	}
	d := inbound.Defaults{Zone: zone, Currency: b.row.Currency}
	if b.row.MoneyUnit != nil {
		d.Unit = *b.row.MoneyUnit
	}
	return d
}

func (s *Server) mapping(c echo.Context) error {
	b, err := s.bench(c, c.QueryParam("sample"))
	if err != nil {
		return err
	}
	m, err := s.firstGuess(c.Request().Context(), visitorOf(c).OrgID, b)
	if err != nil {
		return err
	}
	return s.drawMapping(c, http.StatusOK, b, b.knowing(m), nil)
}

// firstGuess is the reading in use; without one, what the names of the fields suggest: the sample's first, then those of
// the other deliveries, since a payment's fields do not come with a booking.
func (s *Server) firstGuess(ctx context.Context, org uuid.UUID, b *bench) (inbound.Mapping, error) {
	kept, err := inbound.LoadMapping(ctx, s.q, org, b.id, int(b.row.MappingVersion))
	switch {
	case err != nil:
		return inbound.Mapping{}, err
	case kept != nil:
		return *kept, nil
	}
	if b.at < 0 || b.samples[b.at].doc == nil {
		return inbound.Mapping{}, nil
	}
	m := inbound.Suggest(b.samples[b.at].doc)
	for _, other := range b.samples {
		m = m.Completed(inbound.Suggest(other.doc))
	}
	if b.row.MoneyUnit != nil {
		m.Unit = *b.row.MoneyUnit
	}
	return m, nil
}

// knowing has heard every word that the last deliveries use for what happened.
func (b *bench) knowing(m inbound.Mapping) inbound.Mapping {
	for _, s := range b.samples {
		m = m.Knowing(s.doc)
	}
	return m
}

// previewMapping changes nothing. htmx asks for the preview alone; a browser without JavaScript gets the page with it.
func (s *Server) previewMapping(c echo.Context) error {
	b, err := s.bench(c, c.FormValue("sample"))
	if err != nil {
		return err
	}
	m, _, err := mappingForm(c)
	if err != nil {
		return err
	}
	m = b.knowing(m)
	if c.Request().Header.Get("HX-Request") == "" {
		return s.drawMapping(c, http.StatusOK, b, m, nil)
	}
	view := s.mappingView(c, b, m, nil)
	return draw(c, http.StatusOK, views.MappingTried(view))
}

// createMapping keeps the form as the connection's next version, and reads by it from now on.
func (s *Server) createMapping(c echo.Context) error {
	b, err := s.bench(c, c.FormValue("sample"))
	if err != nil {
		return err
	}
	m, unheard, err := mappingForm(c)
	if err != nil {
		return err
	}
	faults := m.Faults()
	if unheard {
		faults["kind"] = "These words are new here. Say what each of them means."
	}
	if len(faults) > 0 {
		return s.drawMapping(c, http.StatusUnprocessableEntity, b, b.knowing(m), faults)
	}
	version, err := s.keepMapping(c, b.id, m)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/connections/"+b.id.String()+"/mapping?kept="+strconv.Itoa(int(version)))
}

func (s *Server) keepMapping(c echo.Context, id uuid.UUID, m inbound.Mapping) (version int32, err error) {
	v, ctx := visitorOf(c), c.Request().Context()
	spec, err := json.Marshal(m)
	if err != nil {
		return 0, err
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if _, err := q.LockReading(ctx, queries.LockReadingParams{OrgID: v.OrgID, ID: id}); err != nil {
			return err
		}
		if version, err = q.AddMapping(ctx, queries.AddMappingParams{OrgID: v.OrgID, ConnectionID: id, Spec: spec, MadeBy: &v.UserID}); err != nil {
			return err
		}
		return switchReading(ctx, q, v, id, version)
	})
	return version, err
}

func switchReading(ctx context.Context, q *queries.Queries, v visitor, id uuid.UUID, version int32) error {
	switched, err := q.SwitchReading(ctx, queries.SwitchReadingParams{OrgID: v.OrgID, ID: id, Version: version})
	if err != nil {
		return err
	}
	if switched == 0 {
		return errNotFound
	}
	return q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "mapping.kept", Subject: id.String(), Detail: readingInWords(version)})
}

func readingInWords(version int32) string {
	if version == 0 {
		return "the default"
	}
	return "reading " + strconv.Itoa(int(version))
}

// createMappingVersion goes back (or forth) to a version that was kept, or to the provider's default.
func (s *Server) createMappingVersion(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	version, err := strconv.ParseInt(c.FormValue("version"), 10, 32)
	if err != nil {
		return errNotFound
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		return switchReading(ctx, queries.New(tx), v, id, int32(version))
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/connections/"+id.String()+"/mapping?kept="+strconv.FormatInt(version, 10))
}
