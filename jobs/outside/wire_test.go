package outside

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// world is a wire whose names are answered by us, and which dials in truth only the servers that it is told of.
type world struct {
	wire
	mu     sync.Mutex
	asked  map[string]int
	passed []netip.AddrPort // what the rule let through
}

var errWouldDial = errors.New("the rule let this through; the test goes no further")

// newWorld resolves names by answers: the first question gets the first list of addresses, and the last one stays.
func newWorld(t *testing.T, allowPrivate bool, answers map[string][][]string, real ...*httptest.Server) *world {
	t.Helper()
	w := &world{asked: map[string]int{}}
	known := map[netip.AddrPort]bool{}
	roots := x509.NewCertPool()
	for _, s := range real {
		known[netip.MustParseAddrPort(s.Listener.Addr().String())] = true
		if s.Certificate() != nil {
			roots.AddCert(s.Certificate())
		}
	}
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go w.answer(theirs, answers)
		return ours, nil
	}}
	w.wire = newWire(allowPrivate, lines{resolver: resolver, tls: &tls.Config{RootCAs: roots}, may: func(to netip.AddrPort) error {
		if known[to] {
			return nil
		}
		if err := may(to.Addr(), allowPrivate); err != nil {
			return err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.passed = append(w.passed, to)
		return errWouldDial
	}})
	return w
}

// answer speaks DNS over a stream.
func (w *world) answer(c net.Conn, answers map[string][][]string) {
	defer c.Close()
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return
	}
	raw := make([]byte, binary.BigEndian.Uint16(size[:]))
	var m dnsmessage.Message
	if _, err := io.ReadFull(c, raw); err != nil || m.Unpack(raw) != nil {
		return
	}
	question := m.Questions[0]
	m.Header.Response, m.Header.RecursionAvailable, m.Additionals = true, true, nil
	name := strings.TrimSuffix(question.Name.String(), ".")
	lists, known := answers[name]
	if !known {
		m.Header.RCode = dnsmessage.RCodeNameError
	} else {
		w.mu.Lock()
		turn := min(w.asked[name+question.Type.String()], len(lists)-1)
		w.asked[name+question.Type.String()]++
		w.mu.Unlock()
		for _, text := range lists[turn] {
			ip := netip.MustParseAddr(text)
			head := dnsmessage.ResourceHeader{Name: question.Name, Type: question.Type, Class: dnsmessage.ClassINET}
			switch {
			case ip.Is4() && question.Type == dnsmessage.TypeA:
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: ip.As4()}})
			case !ip.Is4() && question.Type == dnsmessage.TypeAAAA:
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
			}
		}
	}
	packed, err := m.Pack()
	if err != nil {
		return
	}
	binary.BigEndian.PutUint16(size[:], uint16(len(packed)))
	c.Write(append(size[:], packed...)) //nolint:errcheck // the asker may have gone
}

func (w *world) get(t *testing.T, address string, change ...func(*Call, *http.Request)) (Answer, error) {
	t.Helper()
	return w.do(t, http.MethodGet, address, change...)
}

func (w *world) do(t *testing.T, method, address string, change ...func(*Call, *http.Request)) (Answer, error) {
	t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(`{"a":1}`)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	call := Call{Typed: true, Deadline: 5 * time.Second, Limit: bodyLimit}
	for _, f := range change {
		f(&call, req)
	}
	return w.send(t.Context(), call, req)
}

func TestCase19ANameThatResolvesToAPrivateAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false, map[string][][]string{
		"inside.example.com":    {{"10.0.0.5"}},
		"metadata.example.com":  {{"169.254.169.254"}},
		"six.example.com":       {{"fd00::5"}},
		"mapped.example.com":    {{"::ffff:127.0.0.1"}},
		"both.example.com":      {{"10.0.0.5", "fd00::5", "127.0.0.1"}},
		"rebinding.example.com": {{"8.8.8.8"}, {"127.0.0.1"}},
		"mixed.example.com":     {{"127.0.0.1", "8.8.4.4"}},
		"fine.example.com":      {{"8.8.8.8"}},
	})
	for _, name := range []string{"inside", "metadata", "six", "mapped", "both"} {
		if _, err := w.get(t, "https://"+name+".example.com/"); !errors.Is(err, ErrPrivate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.passed) != 0 {
		t.Fatalf("dialled: %v", w.passed)
	}
	// Public when it was checked, private when it was dialled: what is dialled is what is checked.
	if _, err := w.get(t, "https://rebinding.example.com/"); errors.Is(err, ErrPrivate) || len(w.passed) != 1 {
		t.Errorf("the first time it is public: %v, %v", err, w.passed)
	}
	if _, err := w.get(t, "https://rebinding.example.com/"); !errors.Is(err, ErrPrivate) {
		t.Errorf("the second time it is private: %v", err)
	}
	for _, name := range []string{"mixed", "fine"} {
		if _, err := w.get(t, "https://"+name+".example.com/"); err == nil {
			t.Errorf("%s: no error, and the test never dials", name)
		}
	}
	for _, to := range w.passed {
		if !to.Addr().IsGlobalUnicast() || to.Addr().IsPrivate() {
			t.Errorf("%s was dialled", to)
		}
	}
	var later *Later
	if _, err := w.get(t, "https://nobody.example.com/"); !errors.As(err, &later) || !strings.Contains(err.Error(), "no server has that name") {
		t.Errorf("an unknown name: %v", err)
	}
	// What we wrote ourselves may be anywhere: a stand-in beside us, a proxy of the operator's.
	if _, err := w.get(t, "https://inside.example.com/", func(c *Call, r *http.Request) { c.Typed, c.Deadline = false, 50*time.Millisecond }); errors.Is(err, ErrPrivate) {
		t.Error("an address of ours was refused")
	}
}

func TestCase19NoProxyDialsForUs(t *testing.T) {
	proxied := false
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied = true }))
	defer proxy.Close()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	w := newWorld(t, false, map[string][][]string{"inside.example.com": {{"10.0.0.5"}}})
	if _, err := w.get(t, "https://inside.example.com/"); !errors.Is(err, ErrPrivate) || proxied {
		t.Errorf("%v; by proxy: %t", err, proxied)
	}
	for _, c := range []*http.Client{w.ours, w.typed} {
		if c.Transport.(*http.Transport).Proxy != nil {
			t.Error("a transport asks for a proxy")
		}
	}
}

func TestCase19RedirectsAreCheckedAgain(t *testing.T) {
	t.Parallel()
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	insideTLS := httptest.NewTLSServer(inside.Config.Handler)
	defer insideTLS.Close()
	var to string
	status := http.StatusFound
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, status) }))
	defer front.Close()
	// The certificate of httptest is for example.com; its port makes it the one server that may be dialled.
	at := "https://example.com:" + port(front)
	w := newWorld(t, false, map[string][][]string{"example.com": {{"127.0.0.1"}}, "inside.example.com": {{"127.0.0.1"}}}, front)
	for _, target := range []string{insideTLS.URL, "https://localhost:" + port(insideTLS), "https://inside.example.com:" + port(insideTLS), "https://example.com:" + port(insideTLS),
		"https://[::1]:" + port(insideTLS), "https://169.254.169.254/", "https://[::ffff:127.0.0.1]:" + port(insideTLS)} {
		if to = target; true {
			if _, err := w.get(t, at); !errors.Is(err, ErrPrivate) {
				t.Errorf("a redirect to %s: %v", target, err)
			}
		}
	}
	for _, target := range []string{inside.URL, "http://example.com/", "ftp://example.com/", "https://2130706433/", "https://user:pw@example.com/", "file:///etc/passwd"} {
		to = target
		var refused *Refused
		if _, err := w.get(t, at); !errors.As(err, &refused) {
			t.Errorf("a redirect to %s: %v", target, err)
		}
	}
	if reached {
		t.Error("a server inside was reached")
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	var seen []http.Header
	second := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, r.Header)
		fmt.Fprintf(w, "%s %s", r.Method, body)
	}))
	defer second.Close()
	first := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, status := 0, 0
		if _, err := fmt.Sscanf(r.URL.Path, "/%d/%d", &n, &status); err != nil {
			t.Error(err)
		}
		to := fmt.Sprintf("/%d/%d", n-1, status)
		if n == 1 {
			to = second.URL + "/end?secret=no"
		}
		http.Redirect(w, r, to, status)
	}))
	defer first.Close()
	w := newWorld(t, true, nil, first, second)
	for _, tt := range []struct {
		method, path string
		ok           bool
	}{
		{"GET", "/1/302", true}, {"GET", "/3/302", true}, {"GET", "/4/302", false}, {"POST", "/1/307", true}, {"POST", "/3/308", true}, {"POST", "/1/302", false}, {"POST", "/1/303", false},
	} {
		seen = nil
		answer, err := w.do(t, tt.method, first.URL+tt.path, func(_ *Call, r *http.Request) {
			r.Header.Set("Authorization", "Bearer secret")
			r.Header.Set("X-Api-Key", "secret")
			r.Header.Set("Cookie", "secret=1")
			r.Header.Set("Webhook-Id", "msg_1")
		})
		var refused *Refused
		if !tt.ok {
			if !errors.As(err, &refused) || len(seen) != 0 {
				t.Errorf("%s %s: %v, %d reached", tt.method, tt.path, err, len(seen))
			}
			continue
		}
		if err != nil || !strings.HasPrefix(string(answer.Body), tt.method) || tt.method == "POST" && !strings.Contains(string(answer.Body), `{"a":1}`) {
			t.Errorf("%s %s: %s, %v", tt.method, tt.path, answer.Body, err)
			continue
		}
		for _, name := range []string{"Authorization", "X-Api-Key", "Cookie", "Referer"} {
			if seen[0].Get(name) != "" {
				t.Errorf("%s %s: another host hears %s: %q", tt.method, tt.path, name, seen[0].Get(name))
			}
		}
		if seen[0].Get("Webhook-Id") != "msg_1" {
			t.Error("what anybody may hear was left out")
		}
	}
}

// Who stays hears where it would have gone, and nobody else hears anything.
func TestStayFollowsNothing(t *testing.T) {
	t.Parallel()
	reached := false
	second := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer second.Close()
	status := 0
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, second.URL+"/there", status) }))
	defer first.Close()
	w := newWorld(t, true, nil, first, second)
	for _, method := range []string{"GET", "PROPFIND", "REPORT", "PUT"} {
		for _, status = range []int{301, 302, 303, 307, 308} {
			_, err := w.do(t, method, first.URL, func(c *Call, _ *http.Request) { c.Stay = true })
			var refused *Refused
			if !errors.As(err, &refused) || refused.Status != status || refused.Answer.Header.Get("Location") != second.URL+"/there" {
				t.Errorf("%s %d: %v", method, status, err)
			}
		}
	}
	if reached {
		t.Error("it went on")
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size := map[string]int{"/small": 10, "/whole": bodyLimit, "/large": bodyLimit + 1, "/bomb": 64 << 20}[r.URL.Path]
		if r.URL.Path == "/headers" {
			w.Header().Set("X-Large", strings.Repeat("x", 2*maxHeaderBytes))
		}
		if r.URL.Path == "/cut" {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "short")
			return
		}
		if r.URL.Path == "/bomb" {
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			for range size >> 16 {
				if _, err := packed.Write(make([]byte, 1<<16)); err != nil {
					return // they read no further
				}
			}
			packed.Close()
			return
		}
		w.Write(bytes.Repeat([]byte("x"), size)) //nolint:errcheck // they may read no further
	}))
	defer s.Close()
	w := newWorld(t, true, nil, s)
	for path, want := range map[string]struct {
		size int
		err  error
	}{"/small": {10, nil}, "/whole": {bodyLimit, nil}, "/large": {bodyLimit, ErrTooLarge}, "/bomb": {bodyLimit, ErrTooLarge}} {
		answer, err := w.get(t, s.URL+path, func(_ *Call, r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })
		if len(answer.Body) != want.size || !errors.Is(err, want.err) || answer.Status != 200 {
			t.Errorf("%s: %d bytes, %v", path, len(answer.Body), err)
		}
	}
	var later *Later
	for _, path := range []string{"/headers", "/cut"} {
		if _, err := w.get(t, s.URL+path); !errors.As(err, &later) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	const fine, refused, later = "fine", "refused", "later"
	for status, want := range map[int]struct {
		kind    string
		verdict Verdict
	}{
		200: {fine, Answered}, 202: {fine, Answered}, 204: {fine, Answered}, 304: {fine, Answered}, 300: {refused, Answered}, 302: {refused, Answered},
		400: {refused, Answered}, 401: {refused, Answered}, 403: {refused, Answered}, 404: {refused, Answered}, 409: {refused, Answered}, 410: {refused, Answered}, 422: {refused, Answered},
		408: {later, Answered}, 425: {later, Answered}, 429: {later, Failed}, 500: {later, Failed}, 502: {later, Failed}, 503: {later, Failed}, 599: {later, Failed},
	} {
		answer := Answer{Status: status, Header: http.Header{"Retry-After": {"7"}}}
		err := judge("example.com", answer, noon)
		got, r, l := fine, (*Refused)(nil), (*Later)(nil)
		switch {
		case errors.As(err, &r):
			got = refused
		case errors.As(err, &l):
			got = later
		}
		if got != want.kind || verdictOf(Call{}, answer, err) != want.verdict || l != nil && l.After != 7*time.Second || err != nil && !strings.Contains(err.Error(), "example.com") {
			t.Errorf("%d: %s (%v), verdict %d", status, got, err, verdictOf(Call{}, answer, err))
		}
	}
}

// The words of a failure are read by suppliers and kept in rows: the address, whose path may be a secret, is not in them.
func TestWordsHoldNoSecret(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	address := s.URL
	s.Close()
	w := newWorld(t, true, nil, s)
	_, err := w.get(t, address+"/hooks/catch/SECRET?key=SECRET")
	var later *Later
	if !errors.As(err, &later) || later.Err == nil || strings.Contains(err.Error()+later.Err.Error(), "SECRET") || !strings.Contains(err.Error(), "could not be reached") {
		t.Errorf("%v / %v", err, later)
	}
	if u := (&url.Error{Op: "Get", URL: "https://SECRET", Err: io.EOF}); withoutAddress(fmt.Errorf("x: %w", u)) != io.EOF {
		t.Error("the URL stays in the error")
	}
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	untrusted.Config.ErrorLog = nil
	stranger := newWire(true, lines{})
	req, _ := http.NewRequest(http.MethodGet, untrusted.URL, nil)
	if _, err := stranger.send(t.Context(), Call{Typed: true, Deadline: 5 * time.Second, Limit: 10}, req); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of nobody's: %v", err)
	}
}

func TestADeadlineHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		go io.Copy(io.Discard, theirs) //nolint:errcheck // it hears, and never answers
		client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return ours, nil }}}
		w := wire{allowPrivate: true, ours: client, typed: client}
		began := time.Now()
		req, _ := http.NewRequest(http.MethodGet, "http://example.com/", nil)
		_, err := w.send(t.Context(), Call{Deadline: 10 * time.Second, Limit: 10}, req)
		if took := time.Since(began); took != 10*time.Second || err == nil || !strings.Contains(err.Error(), "within 10 seconds") || verdictOf(Call{}, Answer{}, err) != Failed {
			t.Errorf("after %v: %v", took, err)
		}
		client.CloseIdleConnections()
	})
}

func port(s *httptest.Server) string {
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	return port
}
