package web

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

const (
	largestBody  = 1 << 20
	doorPatience = 5 * time.Second // a database that takes longer is away, as far as the sender is concerned
)

type receipt struct {
	ID     uuid.UUID `json:"id"`
	Status string    `json:"status"`
}

// receive is the door: it answers 202 only once the delivery and the job that applies it are durable.
func (s *Server) receive(c echo.Context) error {
	now := time.Now()
	ctx, cancel := context.WithTimeout(c.Request().Context(), doorPatience)
	defer cancel()
	connection, secrets, err := s.connectionAt(ctx, queries.Provider(c.Param("provider")), c.Param("token"))
	if err != nil {
		return s.refused(c, err)
	}
	contentType, body, err := readBody(c)
	if err != nil {
		return s.refused(c, err)
	}
	d := inbound.Delivery{OrgID: connection.OrgID, ConnectionID: connection.ID, Provider: queries.Provider(c.Param("provider")), ContentType: contentType,
		Body: body, ReceivedAt: now}
	vouching := s.vouched(c, connection, secrets, &d)
	if vouching != nil && !d.Late {
		return s.refused(c, vouching)
	}
	d.Peeked = inbound.Peek(d.Provider, c.Request().Header, body, now)
	taken, err := s.door.Deliver(ctx, d)
	if err != nil {
		s.log.Error("a delivery was not taken; its sender tries again", "id", requestIDOf(ctx), "org_id", connection.OrgID, "error", err)
		return s.refused(c, errAway)
	}
	if d.Late { // kept, but not believed: the sender hears what the contract says, and so tries again
		s.waiting.watch(connection.OrgID)
		return s.refused(c, vouching)
	}
	if taken.Duplicate {
		s.counts.delivery("duplicate")
		return c.JSON(http.StatusOK, receipt{taken.ID, "duplicate"})
	}
	s.counts.delivery("accepted")
	s.waiting.watch(connection.OrgID)
	return c.JSON(http.StatusAccepted, receipt{taken.ID, "accepted"})
}

func (s *Server) refused(c echo.Context, err error) error {
	s.counts.delivery(kindOf(err).code)
	return err
}

// connectionAt finds whose address this is. What is not there and what is not this provider's look the same from outside.
func (s *Server) connectionAt(ctx context.Context, provider queries.Provider, token string) (queries.AllOrgsConnectionByTokenRow, []string, error) {
	if !provider.Valid() {
		return queries.AllOrgsConnectionByTokenRow{}, nil, errNotFound
	}
	row, err := s.q.AllOrgsConnectionByToken(ctx, queries.AllOrgsConnectionByTokenParams{TokenSha256: seal.TokenHash(token), Provider: provider})
	if errors.Is(err, pgx.ErrNoRows) {
		return row, nil, errNotFound
	}
	if err != nil {
		return row, nil, errors.Join(errAway, err)
	}
	secrets, err := inbound.OpenSecrets(s.config.Box, row.OrgID, row.ID, row.SealedSecrets)
	return row, secrets, err
}

// readBody takes what inbound can read, and no more than 1 MiB of it.
func readBody(c echo.Context) (string, []byte, error) {
	contentType, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if err != nil || !readable(contentType) || c.Request().Header.Get("Content-Encoding") != "" {
		return "", nil, errContentType
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, largestBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return "", nil, errTooLarge
	}
	if err != nil {
		return "", nil, echo.ErrBadRequest
	}
	return contentType, body, nil
}

func readable(contentType string) bool {
	switch contentType {
	case "application/json", "application/x-www-form-urlencoded", "text/plain":
		return true
	default:
		return strings.HasPrefix(contentType, "application/") && strings.HasSuffix(contentType, "+json")
	}
}

// vouched verifies the raw bytes and notes who vouched for them. Verifying comes before counting: a true delivery is taken
// however many false ones came before it from the same address, and clears the count. One whose signature is genuine and
// only its time is not, is late.
func (s *Server) vouched(c echo.Context, connection queries.AllOrgsConnectionByTokenRow, secrets []string, d *inbound.Delivery) error {
	caller, header := c.RealIP()+" "+connection.ID.String(), c.Request().Header
	scheme, err := inbound.Verify(d.Provider, connection.Proof, header, d.Body, secrets, d.ReceivedAt)
	if err == nil || errors.Is(err, inbound.ErrStale) {
		d.Proof, d.Late = scheme, err != nil
		if i := inbound.WhichSecret(d.Provider, connection.Proof, header, d.Body, secrets, d.ReceivedAt); i >= 0 {
			d.SecretID = &connection.SecretIds[i]
		}
	}
	if err == nil {
		s.badProofs.clear(caller)
		return nil
	}
	if s.badProofs.strike(caller, d.ReceivedAt) {
		d.Late = false // who sends the same old delivery over and over is not helped by keeping it
		return errTooOften
	}
	return err
}
