package notify

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/views/mail"
)

// Notice is something that happened and is worth telling.
type Notice struct {
	OrgID, ID                     uuid.UUID
	At                            time.Time
	Urgent                        bool
	News                          mail.News
	UserID                        *uuid.UUID
	Connection                    *uuid.UUID
	ClientExternalID, ClientEmail string
}

// Announce writes notices, and the job that tells of them.
func Announce(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], notices ...Notice) error {
	return nil
}
