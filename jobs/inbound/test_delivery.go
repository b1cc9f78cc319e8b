package inbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// TestType is the type of the delivery that a supplier sends themselves, to see whether what they set up works. It goes
// the whole way that a real one goes, and changes nothing.
const TestType = "wedsync.test"

const (
	testArrived  = "This is a test that you sent from WedSync: it arrived, its signature was right, and nothing was changed."
	testPatience = 10 * time.Second
	maxAnswer    = 4 << 10
)

func isTest(doc map[string]any) bool {
	kind, _ := doc["type"].(string)
	return strings.TrimSpace(kind) == TestType
}

// TestResult is what came of a test; the pages have words for each.
type TestResult string

const (
	TestTaken       TestResult = "taken"       // the door took it
	TestUnproved    TestResult = "unproved"    // the door does not believe it: something on the way changes what is sent
	TestUnknown     TestResult = "unknown"     // a door, but not the one that this address is of
	TestBusy        TestResult = "busy"        // the door asks for patience
	TestElsewhere   TestResult = "elsewhere"   // something answered that is no door of WedSync
	TestRefused     TestResult = "refused"     // nobody listens there
	TestNoName      TestResult = "name"        // the name is nobody's
	TestTimedOut    TestResult = "timeout"     // no answer
	TestUntrusted   TestResult = "certificate" // an answer that no sender would trust
	TestUnreachable TestResult = "unreachable" // anything else on the way
)

// TestResults are all of them.
var TestResults = []TestResult{TestTaken, TestUnproved, TestUnknown, TestBusy, TestElsewhere, TestRefused, TestNoName, TestTimedOut, TestUntrusted, TestUnreachable}

// SendTest posts a delivery to our own public address, over the network and truly signed, as the other side would.
func SendTest(ctx context.Context, address string, p queries.Provider, proof queries.SenderProof, secret string, now time.Time) TestResult {
	ctx, cancel := context.WithTimeout(ctx, testPatience)
	defer cancel()
	body := testBody(p, now)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return TestUnreachable
	}
	req.Header = testHeaders(p, proof, secret, body, now)
	// A sender does not follow either, and a key must not go where somebody else points.
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return testFailure(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return testFailure(err)
	}
	return testAnswer(res.StatusCode, answer)
}

// testBody is as the provider would shape it, and new each time: a repeat would be a duplicate, and seen nowhere.
func testBody(p queries.Provider, now time.Time) []byte {
	id := "wedsync_test_" + uuid.Must(uuid.NewV7()).String()
	doc := map[string]any{"id": id, "type": TestType, "sent_at": now.UTC().Format(time.RFC3339)}
	if p == queries.ProviderStripe {
		doc = map[string]any{"id": "evt_" + id, "object": "event", "type": TestType, "created": now.Unix(), "livemode": false,
			"data": map[string]any{"object": map[string]any{"object": TestType}}}
	}
	body, _ := json.Marshal(doc) // texts, numbers and a truth
	return body
}

func testHeaders(p queries.Provider, proof queries.SenderProof, secret string, body []byte, now time.Time) http.Header {
	h := http.Header{}
	switch {
	case p == queries.ProviderStripe || proof == queries.SenderProofSigned:
		h = Sign(p, secret, body, now)
	case proof == queries.SenderProofStaticKey:
		h.Set("X-WedSync-Key", secret)
	}
	h.Set("Content-Type", "application/json")
	return h
}

// testFailure says on which step of the way it ended.
func testFailure(err error) TestResult {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var network net.Error
	switch {
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &alert), errors.Is(err, http.ErrSchemeMismatch):
		return TestUntrusted
	case errors.Is(err, syscall.ECONNREFUSED):
		return TestRefused
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return TestTimedOut
	case errors.As(err, &name):
		return TestNoName
	default:
		return TestUnreachable
	}
}

// testAnswer knows our door by its receipt, or by the shape of its errors: a status alone could be anybody's.
func testAnswer(status int, body []byte) TestResult {
	var answer struct {
		ID     uuid.UUID `json:"id"`
		Status string    `json:"status"`
		Error  struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return TestElsewhere
	}
	taken := answer.ID != uuid.Nil && (answer.Status == "accepted" || answer.Status == "duplicate")
	switch {
	case taken && (status == http.StatusAccepted || status == http.StatusOK):
		return TestTaken
	case answer.Error.Code == "":
		return TestElsewhere
	case status == http.StatusUnauthorized:
		return TestUnproved
	case status == http.StatusNotFound:
		return TestUnknown
	case status == http.StatusTooManyRequests || status >= 500:
		return TestBusy
	default:
		return TestElsewhere
	}
}
