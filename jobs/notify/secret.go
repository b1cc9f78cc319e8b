package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/views/mail"
)

// secret is what only the reader of a letter may know. It is sealed beside the facts until a carrier has it: whoever reads
// the database, or a copy of it, finds no link that signs in.
type secret struct {
	Link string `json:"link,omitempty"`
	Code string `json:"code,omitempty"`
}

var errUnsealed = errors.New("a link or a code would be lost: seal the notice first")

// Sealed puts the notice's link and its code under seal.
func (n Notice) Sealed(box *seal.Box) (Notice, error) {
	s := secret{n.News.Link, n.News.Code}
	if s == (secret{}) {
		return n, nil
	}
	if n.ID == uuid.Nil {
		n.ID = uuid.Must(uuid.NewV7())
	}
	plain, err := json.Marshal(s)
	if err == nil {
		n.Secret, err = box.Seal(plain, ownerOf(n.OrgID, n.ID))
	}
	n.News.Link, n.News.Code = "", ""
	return n, err
}

// Unseal puts back what Sealed took out. What has been handed over is there no more.
func Unseal(box *seal.Box, org, notice uuid.UUID, sealed []byte, news *mail.News) error {
	if len(sealed) == 0 {
		return nil
	}
	var s secret
	plain, err := box.Open(sealed, ownerOf(org, notice))
	if err == nil {
		err = json.Unmarshal(plain, &s)
	}
	if err != nil {
		return fmt.Errorf("the secret of notice %s: %w", notice, err)
	}
	news.Link, news.Code = s.Link, s.Code
	return nil
}

func ownerOf(org, notice uuid.UUID) string { return "notice " + org.String() + " " + notice.String() }

// resealNotices seals what waits for a carrier under the newest key.
func resealNotices(ctx context.Context, q *queries.Queries, box *seal.Box) (int, error) {
	rows, err := q.AllOrgsSecrets(ctx)
	if err != nil {
		return 0, err
	}
	for i, row := range rows {
		plain, err := box.Open(row.Secret, ownerOf(row.OrgID, row.ID))
		if err != nil {
			return i, fmt.Errorf("the secret of notice %s: %w", row.ID, err)
		}
		sealed, err := box.Seal(plain, ownerOf(row.OrgID, row.ID))
		if err != nil {
			return i, err
		}
		if err := q.ResealNotice(ctx, queries.ResealNoticeParams{OrgID: row.OrgID, ID: row.ID, Secret: sealed, Before: row.Secret}); err != nil {
			return i, err
		}
	}
	return len(rows), nil
}
