package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// QueueName is the queue of what leaves the house, FanQueue that of what decides to whom: neither waits for the other.
const (
	QueueName = "notify"
	FanQueue  = "notify_fan"
)

// Notice is something that happened and is worth telling.
type Notice struct {
	OrgID  uuid.UUID
	ID     uuid.UUID // follows from what happened, where it may be announced twice; zero: a new one
	At     time.Time
	Urgent bool
	News   mail.News
	Secret []byte           // what Sealed took out of the news
	UserID *uuid.UUID       // for this person alone; nil: for the team
	Only   queries.Audience // empty: for everybody whom it concerns; a person: the test of a letter, for UserID alone
	// Whom of the couple's side it is about, as far as is known.
	Connection       *uuid.UUID
	ClientExternalID string
	ClientEmail      string
}

// Announce keeps notices in the transaction of what they tell of, and queues the work of telling. One that is there already
// is left as it is, so announcing twice tells once.
func Announce(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], notices ...Notice) error {
	fresh, err := keepNotices(ctx, tx, notices)
	if err != nil || len(fresh) == 0 {
		return err
	}
	if _, err := client.InsertManyFastTx(ctx, tx, fanOuts(fresh)); err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	return nil
}

// keepNotices gives those that are new.
func keepNotices(ctx context.Context, tx pgx.Tx, notices []Notice) ([]queries.AddNoticesRow, error) {
	if len(notices) == 0 {
		return nil, nil
	}
	rows := queries.AddNoticesParams{}
	for _, n := range notices {
		if err := n.into(&rows); err != nil {
			return nil, err
		}
	}
	fresh, err := queries.New(tx).AddNotices(ctx, rows)
	if err != nil {
		return nil, fmt.Errorf("announce: %w", err)
	}
	return fresh, nil
}

func (n Notice) into(rows *queries.AddNoticesParams) error {
	if n.News.Link != "" || n.News.Code != "" {
		return fmt.Errorf("announce: %w", errUnsealed)
	}
	facts, err := json.Marshal(n.News)
	if err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	if n.ID == uuid.Nil {
		n.ID = uuid.Must(uuid.NewV7())
	}
	rows.OrgIds, rows.Ids, rows.Ats = append(rows.OrgIds, n.OrgID), append(rows.Ids, n.ID), append(rows.Ats, n.At)
	rows.Kinds, rows.Urgents = append(rows.Kinds, string(n.News.Kind)), append(rows.Urgents, n.Urgent)
	rows.Facts, rows.Secrets = append(rows.Facts, withoutNUL(facts)), append(rows.Secrets, n.Secret)
	rows.UserIds, rows.ConnectionIds = append(rows.UserIds, orZero(n.UserID)), append(rows.ConnectionIds, orZero(n.Connection))
	rows.Onlys = append(rows.Onlys, string(n.Only))
	rows.ClientExternalIds, rows.ClientEmails = append(rows.ClientExternalIds, n.ClientExternalID), append(rows.ClientEmails, n.ClientEmail)
	return nil
}

// withoutNUL drops the one letter that jsonb does not take. Somebody may also have typed the six characters that stand for it;
// those are escaped, and stay.
func withoutNUL(facts []byte) string {
	var b strings.Builder
	for len(facts) > 0 {
		n := 1
		switch {
		case bytes.HasPrefix(facts, []byte(`\u0000`)):
			facts = facts[6:]
			continue
		case facts[0] == '\\' && len(facts) > 1:
			n = 2
		}
		b.Write(facts[:n])
		facts = facts[n:]
	}
	return b.String()
}

// fanOuts is one job for each organisation.
func fanOuts(fresh []queries.AddNoticesRow) []river.InsertManyParams {
	var order []uuid.UUID
	of := map[uuid.UUID][]uuid.UUID{}
	for _, row := range fresh {
		if of[row.OrgID] == nil {
			order = append(order, row.OrgID)
		}
		of[row.OrgID] = append(of[row.OrgID], row.ID)
	}
	jobs := make([]river.InsertManyParams, len(order))
	for i, org := range order {
		jobs[i] = river.InsertManyParams{Args: FanOutArgs{OrgID: org, NoticeIDs: of[org]}}
	}
	return jobs
}

// NoticeID follows from what is told and of what, so that an event that is applied again is not told again. It begins with
// the moment in the source's id, where that has one (version 7).
func NoticeID(source uuid.UUID, what string) uuid.UUID { return derived(source, []byte(what)) }

// notificationID is one for each notice, recipient and channel. A carrier that knows ids (Resend) therefore sends one mail.
func notificationID(notice, recipient uuid.UUID, ch queries.Channel) uuid.UUID {
	return derived(notice, recipient[:], []byte(ch))
}

func derived(source uuid.UUID, parts ...[]byte) uuid.UUID {
	hash := sha256.New()
	hash.Write(source[:])
	for _, part := range parts {
		hash.Write(part)
		hash.Write([]byte{0})
	}
	id := uuid.UUID(hash.Sum(nil)[:16])
	copy(id[:6], source[:6])
	id[6] = id[6]&0x0f | 0x80 // version 8: of our own making
	id[8] = id[8]&0x3f | 0x80
	return id
}

func orZero(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}
