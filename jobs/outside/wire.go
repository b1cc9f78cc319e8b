package outside

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"
)

// wire is the network: ours is for addresses that we wrote, typed for those that somebody else did.
type wire struct {
	allowPrivate bool
	ours, typed  *http.Client
	plain, guard *net.Dialer // what they dial with
}

// lines are what tests put in the place of the world. Empty: the world.
type lines struct {
	resolver *net.Resolver
	may      func(netip.AddrPort) error
	tls      *tls.Config
}

const (
	maxRedirects   = 3
	maxHeaderBytes = 64 << 10
	idleOurs       = 64 // connections kept to one host: a burst to a carrier dials once, not for every message
	idleTyped      = 4
)

// ErrTooLarge comes with the beginning of an answer that is larger than its caller reads.
var ErrTooLarge = errors.New("the answer is larger than WedSync reads")

func newWire(allowPrivate bool, l lines) wire {
	if l.may == nil {
		l.may = func(to netip.AddrPort) error { return may(to.Addr(), allowPrivate) }
	}
	// Control sees the very address that is dialled, after the name was resolved: a name that answers differently the
	// second time, or a redirect, gains nothing.
	guard := &net.Dialer{Timeout: deadline, Resolver: l.resolver, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return ErrPrivate
		}
		return l.may(to)
	}}
	w := wire{allowPrivate: allowPrivate, plain: &net.Dialer{Timeout: deadline, Resolver: l.resolver}, guard: guard}
	w.ours = &http.Client{Transport: transport(w.plain, l.tls, idleOurs), CheckRedirect: w.redirect(false)}
	w.typed = &http.Client{Transport: transport(w.guard, l.tls, idleTyped), CheckRedirect: w.redirect(true)}
	return w
}

// transport takes no proxy from the environment, which would dial where we cannot see.
func transport(dialer *net.Dialer, config *tls.Config, idle int) *http.Transport {
	return &http.Transport{
		Proxy: nil, DialContext: dialer.DialContext, TLSClientConfig: config, ForceAttemptHTTP2: true,
		MaxIdleConns: 2 * idleOurs, MaxIdleConnsPerHost: idle, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: deadline,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// redirect follows three times at most, never from https to http, and gives another host no credentials. What would turn a
// POST into a GET is not followed: it would look delivered.
func (w wire) redirect(typed bool) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		first, last := via[0], via[len(via)-1]
		if len(via) > maxRedirects || next.Method != first.Method || last.URL.Scheme == "https" && next.URL.Scheme != "https" {
			return http.ErrUseLastResponse
		}
		if typed {
			if _, err := CheckURL(next.URL.String(), w.allowPrivate); err != nil {
				return err
			}
		}
		next.Header.Del("Referer") // it would hold the address before it, whose path may be a secret
		if next.URL.Host != first.URL.Host {
			harmless(next.Header)
		}
		return nil
	}
}

// harmless leaves what may be said to anybody: which header holds a key is not known here.
func harmless(h http.Header) {
	for name := range h {
		switch name {
		case "Accept", "Content-Type", "User-Agent", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature":
		default:
			h.Del(name)
		}
	}
}

// send makes the call, with nothing of our database in it.
func (w wire) send(ctx context.Context, call Call, req *http.Request) (Answer, error) {
	client := w.ours
	if call.Typed {
		client = w.typed
		if _, err := CheckURL(req.URL.String(), w.allowPrivate); err != nil {
			return Answer{}, notReached(ctx, call, req.URL.Hostname(), false, err)
		}
	}
	if call.Stay {
		stays := *client // the same transport: the same connections, and the same rule of what may be dialled
		stays.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		client = &stays
	}
	within, cancel := context.WithTimeout(ctx, call.Deadline)
	defer cancel()
	var sent atomic.Bool // what is written may arrive, whatever becomes of the answer
	req = req.Clone(httptrace.WithClientTrace(within, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}))
	req.Header.Del("Accept-Encoding") // so that the transport unpacks, and the limit counts what is unpacked
	began := time.Now()               // of the world, not of a test: a date in Retry-After is the server's
	response, err := client.Do(req)
	if err != nil {
		return Answer{}, notReached(ctx, call, req.URL.Hostname(), sent.Load(), err)
	}
	defer response.Body.Close()
	answer := Answer{Status: response.StatusCode, Header: response.Header}
	answer.Body, err = io.ReadAll(io.LimitReader(response.Body, call.Limit+1))
	if err != nil && answer.Status < 300 {
		return Answer{}, notReached(ctx, call, req.URL.Hostname(), sent.Load(), err) // an answer that broke off is none
	}
	if int64(len(answer.Body)) > call.Limit {
		answer.Body = answer.Body[:call.Limit]
		if answer.Status < 300 {
			return answer, fmt.Errorf("%w (%d KiB)", ErrTooLarge, call.Limit>>10)
		}
	}
	return answer, judge(req.URL.Hostname(), answer, began)
}

// dial is for conversations that are not HTTP's.
func (w wire) dial(ctx context.Context, call Call, network, address string) (net.Conn, error) {
	dialer := w.plain
	if call.Typed {
		dialer = w.guard
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		host, _, _ := net.SplitHostPort(address)
		return nil, notReached(ctx, call, host, false, err)
	}
	return conn, nil
}

// notReached says in words why there was no answer. The words never hold the address itself, only its host.
func notReached(ctx context.Context, call Call, host string, sent bool, err error) error {
	if errors.Is(err, ErrPrivate) {
		return ErrPrivate
	}
	var fault addressFault
	if errors.As(err, &fault) {
		return &Refused{words: host + ": " + string(fault)}
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return &Later{words: "WedSync was restarted in the middle of it", Sent: sent, Err: context.Canceled}
	}
	return &Later{words: host + " " + networkWords(err, call.Deadline), Sent: sent, Err: withoutAddress(err)}
}

// withoutAddress: what net/http wraps its errors in holds the whole URL.
func withoutAddress(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

func networkWords(err error, after time.Duration) string {
	var name *net.DNSError
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &certificate):
		return "shows a certificate that is not valid for it"
	case errors.As(err, &name) && name.IsNotFound:
		return "is not known: no server has that name"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "did not answer within " + plainSeconds(after)
	case errors.As(err, &op) && op.Op == "dial":
		return "could not be reached"
	default:
		return "broke the connection off"
	}
}
