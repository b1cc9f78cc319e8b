package inbound

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// CleanEnough is how many deliveries in a row the newest secret must have vouched for before the ones before it are closed:
// by then the sender has surely changed over. No clock closes them, since a quiet sender may need a month for its first.
const CleanEnough = 20

// Clean is how many deliveries in a row the newest secret has vouched for, after these.
func Clean(clean int, newest uuid.UUID, vouched []*uuid.UUID) int {
	for _, secret := range vouched {
		switch {
		case secret == nil: // fetched by us, or a row of a sheet: says nothing about the sender's secret
		case *secret == newest:
			clean++
		default:
			clean = 0
		}
	}
	return clean
}

// roll notes which secrets were used, and closes the older ones once the newest has shown itself.
func (b *batch) roll(ctx context.Context) error {
	if len(b.used) == 0 || b.setup.NewestSecret == nil {
		return nil
	}
	newest, several := *b.setup.NewestSecret, b.setup.LiveSecrets > 1
	clean := 0
	if several {
		clean = Clean(int(b.setup.Clean), newest, b.vouched)
	}
	note := queries.NoteSecretUseParams{OrgID: b.lane.OrgID, ConnectionID: b.lane.ConnectionID, Newest: newest, Clean: int32(clean)}
	for id, at := range b.used {
		note.Ids, note.LastUsed = append(note.Ids, id), append(note.LastUsed, at)
	}
	if err := b.q.NoteSecretUse(ctx, note); err != nil {
		return fmt.Errorf("note the use of secrets: %w", err)
	}
	if !several || clean < CleanEnough {
		return nil
	}
	closed, err := b.q.CloseOlderSecrets(ctx, queries.CloseOlderSecretsParams{At: &b.now, OrgID: b.lane.OrgID, ConnectionID: b.lane.ConnectionID, Newest: newest})
	if err != nil || closed == 0 {
		return err
	}
	return b.q.Audit(ctx, queries.AuditParams{OrgID: b.lane.OrgID, Action: "connection.secret_closed", Subject: b.lane.ConnectionID.String(),
		Detail: fmt.Sprintf("%d closed by themselves after %d deliveries with the newest", closed, clean)})
}
