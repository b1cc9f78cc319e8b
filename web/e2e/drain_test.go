package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"
)

// TestDrain: SIGTERM ends what is open and finishes what has begun.
func TestDrain(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{})
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	session := must(h.SignIn(ada.email, password))(t)
	streams := make([]*Stream, 50)
	for i := range streams {
		streams[i] = must(h.Live(t.Context(), session, "kpis=0"))(t)
	}
	body := paid(1, 50_000)
	slow := h.begin(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nStripe-Signature: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		ada.stripe.url[len(h.Base):], h.Addr(), webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: ada.stripe.secret}).Header, len(body)))
	if status, _ := slow.answer(); status != http.StatusContinue { // the handler waits for the body: the request has begun
		t.Fatalf("the slow request was answered by %d before it was sent", status)
	}

	ended := make(chan error, 1)
	began := time.Now()
	go func() {
		code, _, err := h.Terminate(soon(t))
		if err == nil && code != 0 {
			err = fmt.Errorf("exit code %d", code)
		}
		ended <- err
	}()
	for i, s := range streams {
		if !s.EndsWithin(10*time.Second - time.Since(began)) {
			t.Errorf("stream %d did not end", i)
		}
	}
	t.Logf("50 streams had ended %s after SIGTERM", since(began))

	if status, words, err := h.Get("/readyz"); err == nil && status != http.StatusServiceUnavailable {
		t.Errorf("readyz said %d %q while going down, want nobody there or 503", status, words)
	}
	select {
	case err := <-ended:
		t.Fatalf("the program ended before its slow request had an answer: %v", err)
	default:
	}
	slow.send(string(body))
	if status, words := slow.answer(); status != http.StatusAccepted {
		t.Errorf("the slow request was answered by %d %s, want 202", status, words)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	t.Logf("exit 0 %d ms after SIGTERM", took.Milliseconds())
	if took > 15*time.Second {
		t.Errorf("it took %v, want less than 15 s", took)
	}

	h.again()
	await(t, "what was taken while going down to be applied", func() (bool, error) {
		return ask[int](h, `SELECT count(*) FROM webhook_logs WHERE status = 'applied'`) == 1, nil
	})
}

// slowly is a request that takes its time.
type slowly struct {
	h       *house
	conn    net.Conn
	answers *bufio.Reader
}

// begin sends the first part of a request.
func (h *house) begin(text string) slowly {
	h.t.Helper()
	conn := must(net.Dial("tcp", h.Addr()))(h.t)
	h.t.Cleanup(func() { conn.Close() })
	r := slowly{h, conn, bufio.NewReader(conn)}
	r.send(text)
	return r
}

func (r slowly) send(text string) {
	r.h.t.Helper()
	must(io.WriteString(r.conn, text))(r.h.t)
}

func (r slowly) answer() (int, string) {
	r.h.t.Helper()
	res := must(http.ReadResponse(r.answers, nil))(r.h.t)
	defer res.Body.Close()
	return res.StatusCode, string(must(io.ReadAll(res.Body))(r.h.t))
}
