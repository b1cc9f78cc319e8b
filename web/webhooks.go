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
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
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
	at, err := s.addressOf(ctx, queries.Provider(c.Param("provider")), c.Param("token"), now, false)
	if err != nil {
		return s.refused(c, err)
	}
	contentType, body, err := readBody(c)
	if err != nil {
		return s.refused(c, err)
	}
	d := inbound.Delivery{OrgID: at.OrgID, ConnectionID: at.ID, Provider: queries.Provider(c.Param("provider")), ContentType: contentType,
		Body: body, ReceivedAt: now}
	vouching := s.vouched(ctx, c, at, &d)
	if vouching != nil && !d.Late {
		return s.refused(c, vouching)
	}
	receipts, err := s.door.Deliver(ctx, inbound.Arrivals(d, c.Request().Header)...)
	if err != nil {
		s.log.Error("a delivery was not taken; its sender tries again", "id", requestIDOf(ctx), "org_id", at.OrgID, "error", err)
		return s.refused(c, errAway)
	}
	s.waiting.watch(at.OrgID)
	if d.Late { // kept, but not believed: the sender hears what the contract says, and so tries again
		return s.refused(c, vouching)
	}
	return s.taken(c, receipts)
}

// taken answers for the first of a list that is new; all doubles is a double.
func (s *Server) taken(c echo.Context, receipts []inbound.Receipt) error {
	for _, r := range receipts {
		if !r.Duplicate {
			s.counts.delivery("accepted")
			return c.JSON(http.StatusAccepted, receipt{r.ID, "accepted"})
		}
	}
	s.counts.delivery("duplicate")
	return c.JSON(http.StatusOK, receipt{receipts[0].ID, "duplicate"})
}

func (s *Server) refused(c echo.Context, err error) error {
	s.counts.delivery(kindOf(err).code)
	return err
}

// readBody takes what inbound can read, and no more than 1 MiB of it.
func readBody(c echo.Context) (string, []byte, error) {
	contentType, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if err != nil || !readable(contentType) {
		return "", nil, errContentType
	}
	if c.Request().Header.Get("Content-Encoding") != "" {
		return "", nil, errPacked
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
func (s *Server) vouched(ctx context.Context, c echo.Context, at address, d *inbound.Delivery) error {
	caller := c.RealIP() + " " + at.ID.String()
	err := believe(c.Request().Header, at, d)
	if err != nil && at.read != d.ReceivedAt {
		afresh, lookup := s.addressOf(ctx, d.Provider, c.Param("token"), d.ReceivedAt, true)
		if lookup != nil {
			return lookup
		}
		err = believe(c.Request().Header, afresh, d)
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

func believe(h http.Header, at address, d *inbound.Delivery) error {
	scheme, err := inbound.Verify(d.Provider, at.Proof, h, d.Body, at.secrets, d.ReceivedAt)
	d.Late = errors.Is(err, inbound.ErrStale)
	if err != nil && !d.Late {
		return err
	}
	d.Proof = scheme
	if i := inbound.WhichSecret(d.Provider, at.Proof, h, d.Body, at.secrets, d.ReceivedAt); i >= 0 {
		d.SecretID = &at.SecretIds[i]
	}
	return err
}
