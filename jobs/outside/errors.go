package outside

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Open: the breaker is open and nothing was sent.
type Open struct {
	Peer  string
	Until time.Time // when somebody may try again
	Since time.Time // when it stopped answering
	Last  string    // what was wrong last, in words
}

func (e *Open) Error() string {
	words := "It has not answered since " + e.Since.UTC().Format("15:04") + " UTC, so WedSync leaves it alone until " + e.Until.UTC().Format("15:04:05") + " UTC"
	if e.Last != "" {
		words += " (" + e.Last + ")"
	}
	return words
}

// Refused: the server answered, and trying the same again will not change its mind.
type Refused struct {
	Status int // 0: the address itself was refused, by us
	Answer Answer
	host   string
	words  string
}

func (e *Refused) Error() string {
	switch {
	case e.words != "":
		return e.words
	case e.Status < 400:
		return e.host + " has moved: it answered " + statusWords(e.Status) + ", which WedSync does not follow. Use the address that it has now"
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden:
		return e.host + " did not let WedSync in: it answered " + statusWords(e.Status) + ". Check the key or the address"
	case e.Status == http.StatusNotFound:
		return e.host + " knows no such address: it answered " + statusWords(e.Status)
	case e.Status == http.StatusGone:
		return e.host + " does not want this any more: it answered " + statusWords(e.Status)
	default:
		return e.host + " refused it: it answered " + statusWords(e.Status)
	}
}

// Later: it did not work now, and may work later.
type Later struct {
	Status int           // 0: nothing was answered
	After  time.Duration // what the server asked for; 0: it did not say
	Sent   bool          // the request may have reached the server: an answer may have been lost
	Err    error         // of the network
	words  string
}

func (e *Later) Error() string { return e.words }
func (e *Later) Unwrap() error { return e.Err }

// NotNow is a Later that a server told in a way of its own: Google says 403 where it means 429. After is its Retry-After.
func NotNow(status int, after, words string) *Later {
	return &Later{Status: status, Sent: true, After: retryAfter(after, time.Now()), words: words}
}

// maxAfter bounds how long a server may ask us to wait.
const maxAfter = time.Hour

// judge makes an error of an answer that is not good.
func judge(host string, a Answer, now time.Time) error {
	switch {
	case a.Status < 300, a.Status == http.StatusNotModified:
		return nil
	case a.Status == http.StatusRequestTimeout, a.Status == http.StatusTooEarly, a.Status == http.StatusTooManyRequests, a.Status >= 500:
		words := host + " cannot take it now: it answered " + statusWords(a.Status)
		if a.Status == http.StatusTooManyRequests {
			words = host + " was asked too often: it answered " + statusWords(a.Status)
		}
		return &Later{Status: a.Status, Sent: true, After: retryAfter(a.Header.Get("Retry-After"), now), words: words}
	default:
		return &Refused{Status: a.Status, Answer: a, host: host}
	}
}

// retryAfter reads seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseUint(strings.TrimSpace(header), 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxAfter)
}

func statusWords(status int) string {
	if text := http.StatusText(status); text != "" {
		return fmt.Sprintf("%d (%s)", status, text)
	}
	return strconv.Itoa(status)
}

func plainSeconds(d time.Duration) string {
	return fmt.Sprintf("%g seconds", d.Seconds())
}
