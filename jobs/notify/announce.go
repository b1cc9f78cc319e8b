package notify

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// Notice is something that happened and is worth telling.
type Notice struct {
	OrgID, ID        uuid.UUID
	At               time.Time
	Urgent           bool
	News             mail.News
	UserID           *uuid.UUID // for this person alone; nil: for the team
	Connection       *uuid.UUID
	ClientExternalID string
	ClientEmail      string
}

// Announce keeps notices in the transaction of what they tell of.
func Announce(ctx context.Context, tx pgx.Tx, _ *river.Client[pgx.Tx], notices ...Notice) error {
	var all queries.AddNoticesParams
	for _, n := range notices {
		facts, err := json.Marshal(n.News)
		if err != nil {
			return err
		}
		all.OrgIds, all.Ids, all.Ats = append(all.OrgIds, n.OrgID), append(all.Ids, n.ID), append(all.Ats, n.At)
		all.Kinds, all.Urgents, all.Facts = append(all.Kinds, string(n.News.Kind)), append(all.Urgents, n.Urgent), append(all.Facts, string(facts))
		all.UserIds, all.ConnectionIds = append(all.UserIds, orNone(n.UserID)), append(all.ConnectionIds, orNone(n.Connection))
		all.ClientExternalIds, all.ClientEmails = append(all.ClientExternalIds, n.ClientExternalID), append(all.ClientEmails, n.ClientEmail)
	}
	_, err := queries.New(tx).AddNotices(ctx, all)
	return err
}

func orNone(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}
