package outbound

import (
	"errors"
	"net/http"
	"time"

	"github.com/wedsync/wedsync/jobs/outside"
)

// pauses lie between the tries of a message: ten tries in about a day. The first few outlive a restart on the other side,
// the last ones a night.
var pauses = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	2 * time.Hour, 5 * time.Hour, 7 * time.Hour, 10 * time.Hour,
}

// Pause is how long to wait after so many tries; no more after the last. jitter in [0, 1) spreads messages that failed
// together over a fifth of the pause.
func Pause(tries int, jitter float64) (wait time.Duration, more bool) {
	if tries < 1 || tries > len(pauses) {
		return 0, false
	}
	wait = pauses[tries-1]
	return wait + time.Duration(jitter*float64(wait)/5), true
}

const (
	offAfterFailures = 10
	offAfterHours    = time.Hour
)

// Tally is how an endpoint has done lately, over all its messages.
type Tally struct {
	Failures     int // in a row
	FailingSince time.Time
}

// After counts one try. off: it failed ten times in a row and for an hour; both, so that neither a blip under load nor a
// quiet night of few messages switches it off.
func (t Tally) After(ok bool, now time.Time) (after Tally, off bool) {
	if ok {
		return Tally{}, false
	}
	t.Failures++
	if t.FailingSince.IsZero() {
		t.FailingSince = now
	}
	return t, t.Failures >= offAfterFailures && now.Sub(t.FailingSince) >= offAfterHours
}

// result is how a try ended.
type result struct {
	status int // 0: nothing was answered
	words  string
	gone   bool          // the endpoint asked for no more
	after  time.Duration // it asked to be left alone for so long
}

func (r result) ok() bool { return r.words == "" }

// judge: a refusal is tried again like any failure, since somebody may mend the other side; only 410 means what it says.
func judge(answer outside.Answer, err error) result {
	r := result{status: answer.Status}
	var later *outside.Later
	if err == nil || errors.Is(err, outside.ErrTooLarge) { // it was taken, however much was said about it
		return r
	}
	if errors.As(err, &later) {
		r.after = later.After
	}
	r.words, r.gone = err.Error(), answer.Status == http.StatusGone
	return r
}

const (
	whyGone    = "It answered 410 (Gone): it asked to be sent nothing more."
	whyFailing = "Ten messages in a row failed, for more than an hour. The last time: "
)
