package inbound

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// Upload is a file on its way to being an import.
type Upload struct {
	OrgID, ConnectionID uuid.UUID
	By                  *uuid.UUID
	Filename            string
	Raw                 []byte
}

// KeepSheet stores an uploaded sheet with our guess at its columns, tried on every row. Nothing of it is applied.
func KeepSheet(ctx context.Context, pool *pgxpool.Pool, u Upload, s Sheet, d Defaults) (uuid.UUID, error) {
	id := uuid.Must(uuid.NewV7())
	c := Guess(s.Header, s.Rows)
	order := c.Order(s.Rows)
	c.DayFirst = order.Decided()
	spec, err := json.Marshal(c)
	if err != nil {
		return id, err
	}
	lines, reasons := c.Try(s.Rows, d)
	return id, pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		err := q.CreateImport(ctx, queries.CreateImportParams{OrgID: u.OrgID, ID: id, ConnectionID: u.ConnectionID, Filename: clip(clean(u.Filename), 200),
			Format: s.Format, Encoding: s.Encoding, Delimiter: s.Delimiter, Header: s.Header, Raw: u.Raw, Kind: c.Kind, Columns: spec, DayFirst: c.DayFirst,
			Dates: string(order), Rows: int32(len(s.Rows)), Faulty: int32(len(lines)), MadeBy: u.By})
		if err != nil {
			return fmt.Errorf("keep a sheet: %w", err)
		}
		if err := keepRows(ctx, q, u.OrgID, id, s.Rows); err != nil {
			return err
		}
		if err := q.AddImportFaults(ctx, queries.AddImportFaultsParams{OrgID: u.OrgID, ImportID: id, Lines: lines, Reasons: reasons}); err != nil {
			return err
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: u.OrgID, UserID: u.By, Action: "import.uploaded", Subject: id.String(), Detail: clip(clean(u.Filename), 200)})
	})
}

func keepRows(ctx context.Context, q *queries.Queries, org, id uuid.UUID, rows []SheetRow) error {
	for from := 0; from < len(rows); from += importBatch {
		text, err := json.Marshal(rows[from:min(from+importBatch, len(rows))])
		if err != nil {
			return err
		}
		if err := q.AddImportChunk(ctx, queries.AddImportChunkParams{OrgID: org, ImportID: id, FirstRow: int32(from), Lines: text}); err != nil {
			return fmt.Errorf("keep rows: %w", err)
		}
	}
	return nil
}

// Reading is how a supplier wants a sheet to be read.
type Reading struct {
	Columns      // DayFirst counts where the dates do not tell
	Again   bool // apply rows that were imported before once more
	Looked  bool // somebody has seen it: a fresh guess has to be looked at first
}

// MapSheet keeps a reading of an import's columns after it has been tried on every row. It is ready to start when
// somebody has looked at it, no field that it needs is missing and the order of its dates is known.
func MapSheet(ctx context.Context, pool *pgxpool.Pool, org, id uuid.UUID, r Reading, d Defaults) error {
	c := r.Columns
	chunks, err := queries.New(pool).ImportChunks(ctx, queries.ImportChunksParams{OrgID: org, ImportID: id})
	if err != nil {
		return err
	}
	var rows []SheetRow
	for _, chunk := range chunks {
		var some []SheetRow
		if err := json.Unmarshal(chunk, &some); err != nil {
			return err
		}
		rows = append(rows, some...)
	}
	order := c.Order(rows)
	if decided := order.Decided(); decided != nil {
		c.DayFirst = decided
	}
	status := queries.ImportStatusMapped
	if !r.Looked || len(c.Missing()) > 0 || c.DayFirst == nil {
		status = queries.ImportStatusUploaded
	}
	spec, err := json.Marshal(c)
	if err != nil {
		return err
	}
	lines, reasons := c.Try(rows, d)
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		mapped, err := q.MapImport(ctx, queries.MapImportParams{OrgID: org, ID: id, Kind: c.Kind, Columns: spec, DayFirst: c.DayFirst,
			Dates: string(order), Again: r.Again, Status: status, Faulty: int32(len(lines))})
		if err != nil || mapped == 0 {
			return err // it has begun meanwhile, with the reading before this one
		}
		if err := q.ForgetImportFaults(ctx, queries.ForgetImportFaultsParams{OrgID: org, ImportID: id}); err != nil {
			return err
		}
		return q.AddImportFaults(ctx, queries.AddImportFaultsParams{OrgID: org, ImportID: id, Lines: lines, Reasons: reasons})
	})
}

// SampleRows are the first rows of an import, read as the import would read them.
func SampleRows(ctx context.Context, q *queries.Queries, org uuid.UUID, row queries.ImportByIDRow, most int) (Columns, []SheetRow, error) {
	c, err := columnsFrom(row.Kind, row.Header, row.Columns, row.DayFirst)
	if err != nil || !row.Kept {
		return c, nil, err
	}
	rows, err := rowsFrom(ctx, q, ImportArgs{OrgID: org, ImportID: row.ID}, 0)
	return c, rows[:min(len(rows), most)], err
}

// BeginImport starts a mapped import, or resumes one that was stopped, and inserts its job in the same transaction. It
// does nothing to one that is in another state: a second press finds it under way.
func BeginImport(ctx context.Context, pool *pgxpool.Pool, client *river.Client[pgx.Tx], waker *queries.Waker, org, id uuid.UUID, by *uuid.UUID, resume bool, now time.Time) error {
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		run, action, err := int32(0), "import.started", error(nil)
		if resume {
			action = "import.resumed"
			run, err = q.ResumeImport(ctx, queries.ResumeImportParams{OrgID: org, ID: id})
		} else if run, err = q.StartImport(ctx, queries.StartImportParams{OrgID: org, ID: id, Now: now}); err == nil {
			err = q.ForgetImportFaults(ctx, queries.ForgetImportFaultsParams{OrgID: org, ImportID: id})
		}
		if err != nil {
			return err
		}
		if _, err := client.InsertTx(ctx, tx, ImportArgs{OrgID: org, ImportID: id, Run: run}, nil); err != nil {
			return err
		}
		if err := q.Audit(ctx, queries.AuditParams{OrgID: org, UserID: by, Action: action, Subject: id.String()}); err != nil {
			return err
		}
		return q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{org}, Regions: []string{ImportRegion(id)}})
	})
	if err == nil {
		waker.Wake(org)
	}
	return err
}

// StopImport ends a running import before its next batch. What it has stored stays.
func StopImport(ctx context.Context, pool *pgxpool.Pool, waker *queries.Waker, org, id uuid.UUID, as queries.ImportStatus, why string, now time.Time) error {
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		stopped, err := q.StopImport(ctx, queries.StopImportParams{OrgID: org, ID: id, Status: as, Error: why, Now: now})
		if err != nil || stopped == 0 {
			return err
		}
		return q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{org}, Regions: []string{ImportRegion(id)}})
	})
	if err == nil {
		waker.Wake(org)
	}
	return err
}
