package inbound

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// MaxAttempts bounds the retries of what may pass by itself: a good four hours of Backoff.
const MaxAttempts = 10

// TriedEnough is said of a delivery that is given up.
const TriedEnough = "WedSync tried this as often as it may. The delivery is kept: use “Run again” once the trouble is over."

const (
	triesAgain = "WedSync could not save this yet and tries again by itself."
	doesNotFit = "A value does not fit: %s. The delivery is kept; mend it at its source and send it again, or ask support to run it again."
)

// fate sorts what reading and writing came to: applied, ignored, failed for good, or an error that may pass.
func fate(err error) (queries.DeliveryStatus, string, error) {
	var ignored Ignored
	var wrong WrongShape
	switch {
	case err == nil:
		return queries.DeliveryStatusApplied, "", nil
	case errors.As(err, &ignored):
		return queries.DeliveryStatusIgnored, ignored.Reason, nil
	case errors.As(err, &wrong):
		return queries.DeliveryStatusFailed, wrong.Reason, nil
	default:
		return "", "", err
	}
}

// tries is how often a delivery was tried since a person last ran it again: what was given up and is run again once the
// trouble is over has all its tries before it, or one more fault in its lane would give it up without a look.
func tries(row queries.InLaneRow) int { return int(row.Attempts - row.Forgiven) }

// Backoff is how long a delivery that failed so many times waits: attempts to the fourth power in seconds, and up to a
// tenth more or less, so that what failed together is not tried together. The same delivery always waits the same time,
// which is how the page can tell the schedule that the queue keeps.
func Backoff(delivery uuid.UUID, attempts int) time.Duration {
	h := fnv.New32a()
	h.Write(delivery[:])
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(attempts)))
	wait := time.Duration(attempts*attempts*attempts*attempts) * time.Second
	return wait + time.Duration((float64(h.Sum32())/(1<<32)-0.5)*0.2*float64(wait))
}

// Schedule is when a delivery that has failed so many times, and is next tried at next, will be tried if it goes on failing.
func Schedule(delivery uuid.UUID, attempts int, next time.Time) []time.Time {
	var all []time.Time
	for ; attempts < MaxAttempts; attempts++ {
		all = append(all, next)
		next = next.Add(Backoff(delivery, attempts+1))
	}
	return all
}

// particular is what differs between two deliveries that failed for one reason: what they said, and the numbers in it.
var particular = regexp.MustCompile(`"[^"]*"|[0-9]+(?:[.,:][0-9]+)*`)

// asides are the parts of a reason that help with one delivery: an example, and what stood there instead.
var asides = regexp.MustCompile(`, e\.g\.[^;]*|; it was .*`)

// causeOf is the reason without what is particular to one delivery.
func causeOf(reason string) string {
	if short := asides.ReplaceAllString(reason, ""); short != reason {
		reason = strings.TrimSuffix(short, ".") + "."
	}
	return particular.ReplaceAllString(reason, "…")
}
