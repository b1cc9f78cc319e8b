package notify

import "time"

// pauses lie between the tries of what was certainly not taken; what is urgent is tried sooner, and not for long: by then
// somebody else has been asked.
var (
	pauses       = []time.Duration{2 * time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 20 * time.Minute, time.Hour, 3 * time.Hour, 8 * time.Hour}
	urgentPauses = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute}
)

// Pause is how long to wait after so many attempts; no more after the last. jitter in [0, 1) spreads what failed together
// over a fifth of the pause. asked is what the other side asked for.
func Pause(attempts int, urgent bool, asked time.Duration, jitter float64) (wait time.Duration, more bool) {
	steps := stepsOf(urgent)
	if attempts < 1 || attempts > len(steps) {
		return 0, false
	}
	wait = steps[attempts-1]
	return max(asked, wait+time.Duration(jitter*float64(wait)/5)), true
}

// askAgain is how long to wait before a carrier that may have taken something is asked again: as long as anybody else waits,
// and then as long as the last time.
func askAgain(attempts int, urgent bool, asked time.Duration, jitter float64) time.Duration {
	wait, _ := Pause(min(max(attempts, 1), len(stepsOf(urgent))), urgent, asked, jitter)
	return wait
}

func stepsOf(urgent bool) []time.Duration {
	if urgent {
		return urgentPauses
	}
	return pauses
}

// lookAgain is when to ask next whether a carrier has what may have reached it, so long after it was handed over: a carrier
// may list a message a little later than it took it. no more: by then it would.
func lookAgain(since time.Duration) (wait time.Duration, more bool) {
	switch {
	case since < 5*time.Second:
		return 3 * time.Second, true
	case since < 30*time.Second:
		return 20 * time.Second, true
	case since < 2*time.Minute:
		return 2 * time.Minute, true
	default:
		return 0, false
	}
}

// late says that something is of no use any more: what is urgent after two hours, a link after one, the rest after three days.
func late(kind string, urgent bool, age time.Duration) bool {
	switch {
	case kind == "security":
		return age > time.Hour
	case urgent:
		return age > 2*time.Hour
	default:
		return age > 72*time.Hour
	}
}
