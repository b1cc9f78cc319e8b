package inbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// received answers as it is told, and keeps what came.
func received(t *testing.T, status int, answer string) (address string, body *[]byte, header *http.Header) {
	t.Helper()
	body, header = new([]byte), new(http.Header)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*body, _ = io.ReadAll(r.Body)
		*header = r.Header
		if status >= 300 && status < 400 {
			w.Header().Set("Location", "http://"+r.Host+"/elsewhere")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL, body, header
}

const aReceipt = `{"id":"01a00000-0000-7000-8000-000000000001","status":"accepted"}`

// What is sent is what Verify believes, for every provider and proof; and the secret itself goes only where it is the proof.
func TestATestProvesItselfAsTheConnectionAsks(t *testing.T) {
	t.Parallel()
	const secret = "whsec_of_sixteen_or_more"
	for _, p := range queries.AllProviderValues() {
		for _, proof := range queries.AllSenderProofValues() {
			now := time.Now()
			address, body, header := received(t, http.StatusAccepted, aReceipt)
			if got := SendTest(t.Context(), address, p, proof, secret, now); got != TestTaken {
				t.Errorf("%s %s: %s", p, proof, got)
			}
			if _, err := Verify(p, proof, *header, *body, []string{secret}, now); err != nil && proof != queries.SenderProofDoorbell {
				t.Errorf("%s %s: %v", p, proof, err)
			}
			inClear := slices.Contains(header.Values("X-WedSync-Key"), secret)
			if want := p != queries.ProviderStripe && proof == queries.SenderProofStaticKey; inClear != want {
				t.Errorf("%s %s: the secret was sent: %v", p, proof, inClear)
			}
			if _, err := Read(p, header.Get("Content-Type"), *body, Defaults{}); err != (Ignored{testArrived}) {
				t.Errorf("%s: %s: %v", p, *body, err)
			}
			if peeked := Peek(p, *header, *body, now); peeked.EventType != TestType {
				t.Errorf("%s: %+v", p, peeked)
			}
		}
	}
}

func TestTwoTestsAreTwoDeliveries(t *testing.T) {
	t.Parallel()
	for _, p := range queries.AllProviderValues() {
		a, b := Peek(p, nil, testBody(p, fuzzNow), fuzzNow), Peek(p, nil, testBody(p, fuzzNow), fuzzNow)
		if a.EventID == b.EventID {
			t.Errorf("%s: both are %s", p, a.EventID)
		}
	}
}

func TestWhatAnAnswerToATestMeans(t *testing.T) {
	t.Parallel()
	fault := func(code string) string { return `{"error":{"code":"` + code + `","message":"m"}}` }
	for _, c := range []struct {
		status int
		answer string
		want   TestResult
	}{
		{202, aReceipt, TestTaken},
		{200, strings.Replace(aReceipt, "accepted", "duplicate", 1), TestTaken},
		{201, aReceipt, TestElsewhere},
		{200, `{"ok":true}`, TestElsewhere},
		{200, `<html>Welcome to nginx!</html>`, TestElsewhere},
		{200, ``, TestElsewhere},
		{404, `404 page not found`, TestElsewhere},
		{404, fault("not_found"), TestUnknown},
		{401, fault("bad_signature"), TestUnproved},
		{401, ``, TestElsewhere},
		{429, fault("too_many_failures"), TestBusy},
		{503, fault("away"), TestBusy},
		{502, `bad gateway`, TestElsewhere},
		{415, fault("content_type"), TestElsewhere},
		{301, aReceipt, TestElsewhere}, // and it is not followed
		{202, aReceipt + strings.Repeat(" ", 1<<20), TestTaken},
		{202, strings.Repeat("[", 1<<20), TestElsewhere},
	} {
		address, _, _ := received(t, c.status, c.answer)
		if got := SendTest(t.Context(), address, queries.ProviderCustom, queries.SenderProofSigned, "s", time.Now()); got != c.want {
			t.Errorf("%d %.60s: %s, want %s", c.status, c.answer, got, c.want)
		}
	}
}

func TestWhereATestEndsOnItsWay(t *testing.T) {
	t.Parallel()
	send := func(ctx context.Context, address string) TestResult {
		return SendTest(ctx, address, queries.ProviderCustom, queries.SenderProofSigned, "s", time.Now())
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	if got := send(t.Context(), closed.URL); got != TestRefused {
		t.Errorf("nobody listens: %s", got)
	}
	secure := httptest.NewTLSServer(nil) // its certificate is nobody's that we trust
	t.Cleanup(secure.Close)
	if got := send(t.Context(), secure.URL); got != TestUntrusted {
		t.Errorf("a certificate of its own: %s", got)
	}
	plain, _, _ := received(t, 202, aReceipt)
	if got := send(t.Context(), strings.Replace(plain, "http:", "https:", 1)); got != TestUntrusted {
		t.Errorf("https to a plain port: %s", got)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if got := send(soon, "http://"+silent.Addr().String()); got != TestTimedOut {
		t.Errorf("no answer: %s", got)
	}
	if got := send(t.Context(), "http://[::1"); got != TestUnreachable {
		t.Errorf("no address: %s", got)
	}
	for err, want := range map[error]TestResult{
		&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}: TestNoName,
		&net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}:            TestUnreachable,
		&net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}:               TestTimedOut,
		errors.New("something else"):                                   TestUnreachable,
	} {
		if got := testFailure(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}
