package inbound

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// Connection is what Connect made. Token and Secret are in the clear, for showing once.
type Connection struct {
	ID     uuid.UUID
	Token  string
	Secret string
}

// Path is where the outside posts to, below the public address.
func Path(p queries.Provider, token string) string { return "/webhooks/" + string(p) + "/" + token }

// Connect gives an organisation an address for a provider. An empty secret asks for a new one.
func Connect(ctx context.Context, pool *pgxpool.Pool, box *seal.Box, org uuid.UUID, by *uuid.UUID, p queries.Provider, proof queries.SenderProof, secret string) (Connection, error) {
	if secret == "" {
		secret = seal.NewSecret()
	}
	token, hash := seal.NewToken()
	made := Connection{ID: uuid.Must(uuid.NewV7()), Token: token, Secret: secret}
	sealedToken, err := box.Seal([]byte(token), owner(org, made.ID))
	if err != nil {
		return made, fmt.Errorf("connect: %w", err)
	}
	sealedSecret, err := box.Seal([]byte(secret), owner(org, made.ID))
	if err != nil {
		return made, fmt.Errorf("connect: %w", err)
	}
	return made, pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		err := q.CreateConnection(ctx, queries.CreateConnectionParams{OrgID: org, ID: made.ID, Provider: p, Proof: proof, TokenSha256: hash, TokenSealed: sealedToken})
		if err != nil {
			return err
		}
		if _, err := q.AddConnectionSecret(ctx, queries.AddConnectionSecretParams{OrgID: org, ConnectionID: made.ID, Sealed: sealedSecret}); err != nil {
			return err
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: org, UserID: by, Action: "connection.created", Subject: made.ID.String(), Detail: string(p)})
	})
}

// AddSecret makes another secret verify a connection's deliveries, beside the ones before it until it has shown itself (see
// CleanEnough).
func AddSecret(ctx context.Context, pool *pgxpool.Pool, box *seal.Box, org, connection uuid.UUID, by *uuid.UUID, secret string) error {
	sealed, err := box.Seal([]byte(secret), owner(org, connection))
	if err != nil {
		return fmt.Errorf("add a secret: %w", err)
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if _, err := q.AddConnectionSecret(ctx, queries.AddConnectionSecretParams{OrgID: org, ConnectionID: connection, Sealed: sealed}); err != nil {
			return err
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: org, UserID: by, Action: "connection.secret", Subject: connection.String()})
	})
}

// OpenSecrets opens the live secrets of a connection. One that does not open is an error: letting it pass silently would
// turn true deliveries away as forged.
func OpenSecrets(box *seal.Box, org, connection uuid.UUID, sealed [][]byte) ([]string, error) {
	secrets := make([]string, len(sealed))
	for i, s := range sealed {
		plain, err := box.Open(s, owner(org, connection))
		if err != nil {
			return nil, fmt.Errorf("a secret of connection %s does not open with this keyset: %w", connection, err)
		}
		secrets[i] = string(plain)
	}
	return secrets, nil
}

// OpenToken gives the token of a connection's address, to show it again.
func OpenToken(box *seal.Box, org, connection uuid.UUID, sealed []byte) (string, error) {
	plain, err := box.Open(sealed, owner(org, connection))
	return string(plain), err
}

// Reseal puts every token and secret under the newest key, one short transaction each, while serving goes on.
func Reseal(ctx context.Context, pool *pgxpool.Pool, box *seal.Box) (int, error) {
	q := queries.New(pool)
	rows, err := q.AllOrgsSealed(ctx)
	if err != nil {
		return 0, err
	}
	for i, row := range rows {
		plain, err := box.Open(row.Sealed, owner(row.OrgID, row.ID))
		if err != nil {
			return i, fmt.Errorf("connection %s: %w", row.ID, err)
		}
		sealed, err := box.Seal(plain, owner(row.OrgID, row.ID))
		if err != nil {
			return i, err
		}
		if row.SecretID == nil {
			err = q.ResealToken(ctx, queries.ResealTokenParams{OrgID: row.OrgID, ID: row.ID, Sealed: sealed})
		} else {
			err = q.ResealSecret(ctx, queries.ResealSecretParams{OrgID: row.OrgID, ConnectionID: row.ID, ID: *row.SecretID, Sealed: sealed})
		}
		if err != nil {
			return i, err
		}
	}
	return len(rows), nil
}

func owner(org, connection uuid.UUID) string { return org.String() + "/" + connection.String() }
