package outbound

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
)

var noon = time.Date(2027, 6, 12, 12, 0, 0, 0, time.UTC)

func TestThePausesGrowAndEndAfterADay(t *testing.T) {
	t.Parallel()
	var total, before time.Duration
	tries := 1
	for ; ; tries++ {
		least, more := Pause(tries, 0)
		if !more {
			break
		}
		most, _ := Pause(tries, 0.999)
		if least <= before || most < least || most > least+least/5 {
			t.Errorf("after %d tries: %v to %v", tries, least, most)
		}
		before, total = least, total+least
	}
	if tries != 10 || total < 23*time.Hour || total > 26*time.Hour {
		t.Errorf("%d tries within %v", tries, total)
	}
	if _, more := Pause(0, 0); more {
		t.Error("a pause before the first try")
	}
}

func TestAnEndpointIsSwitchedOffByTenFailuresAndAnHour(t *testing.T) {
	t.Parallel()
	tests := []struct {
		what  string
		tries string // o: it went well, f: it failed; a blank is ten minutes
		off   bool
	}{
		{"nothing yet", "", false}, {"ten at once", "ffffffffff", false}, {"a hundred at once", strings.Repeat("f", 100), false},
		{"nine over two hours", "f f f f f f f f            f", false}, {"ten over two hours", "f f f f f f f f f            f", true},
		{"ten over exactly an hour", "fffffffff      f", true}, {"ten over nearly an hour", "fffffffff     f", false},
		{"one that went well in between", "fffffffff   o    f", false}, {"and ten more", "f o fffffffff      f", true},
	}
	for _, tt := range tests {
		tally, now, off := Tally{}, noon, false
		for _, c := range tt.tries {
			if c == ' ' {
				now = now.Add(10 * time.Minute)
				continue
			}
			if off {
				t.Errorf("%s: off too early", tt.what)
			}
			tally, off = tally.After(c == 'o', now)
		}
		if off != tt.off {
			t.Errorf("%s: off is %t: %+v", tt.what, off, tally)
		}
	}
}

func TestWhatATryMeans(t *testing.T) {
	t.Parallel()
	later := &outside.Later{Status: 429, After: time.Minute}
	tests := []struct {
		what   string
		answer outside.Answer
		err    error
		ok     bool
		gone   bool
		after  time.Duration
	}{
		{"taken", outside.Answer{Status: 204}, nil, true, false, 0}, {"taken, with a long speech", outside.Answer{Status: 200}, outside.ErrTooLarge, true, false, 0},
		{"gone", outside.Answer{Status: 410}, &outside.Refused{Status: 410}, false, true, 0}, {"not found", outside.Answer{Status: 404}, &outside.Refused{Status: 404}, false, false, 0},
		{"busy", outside.Answer{Status: 429}, errors.Join(errors.New("busy"), later), false, false, time.Minute}, {"private", outside.Answer{}, outside.ErrPrivate, false, false, 0},
	}
	for _, tt := range tests {
		if r := judge(tt.answer, tt.err); r.ok() != tt.ok || r.gone != tt.gone || r.after != tt.after || r.status != tt.answer.Status {
			t.Errorf("%s: %+v", tt.what, r)
		}
	}
}

// The example of the specification (and of Svix's manual).
func TestSign(t *testing.T) {
	t.Parallel()
	const secret, want = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	got, err := Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), []string{secret})
	if err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	two, err := Sign("a", noon, nil, []string{secret, "whsec_AAAA"})
	if parts := strings.Split(two, " "); err != nil || len(parts) != 2 || parts[0] == parts[1] || !strings.HasPrefix(parts[1], "v1,") {
		t.Errorf("%q, %v", two, err)
	}
	if _, err := Sign("a", noon, nil, []string{"whsec_not base64!"}); err == nil {
		t.Error("a secret that no library could read signs")
	}
}

func TestBodyIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("01a00000-0000-7000-8000-000000000001")
	const want = `{"id":"01a00000-0000-7000-8000-000000000001","type":"booking.created","timestamp":"2027-06-12T12:00:00Z","data":{"b":1,"a":[2]}}`
	for _, at := range []time.Time{noon, noon.In(time.FixedZone("", 3600))} {
		if got, err := Body(id, "booking.created", at, []byte(`{"b":1,"a":[2]}`)); err != nil || string(got) != want {
			t.Errorf("%s, %v", got, err)
		}
	}
}

func TestAMessagesIdFollowsFromItsSource(t *testing.T) {
	t.Parallel()
	e1, e2 := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	d1, d2 := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	if messageID(e1, d1) != messageID(e1, d1) {
		t.Error("not the same")
	}
	seen := map[uuid.UUID]bool{messageID(e1, d1): true, messageID(e1, d2): true, messageID(e2, d1): true, messageID(d1, e1): true}
	if len(seen) != 4 {
		t.Error("two are the same")
	}
	if id := messageID(e1, d1); id.Version() != 8 || id.Variant() != uuid.RFC4122 || [6]byte(id[:6]) != [6]byte(d1[:6]) {
		t.Error(id)
	}
}

func TestWhoHearsOfWhat(t *testing.T) {
	t.Parallel()
	all, some, off := uuid.New(), uuid.New(), uuid.New()
	rows := addressed(uuid.New(), []queries.EndpointsToTellRow{{ID: all}, {ID: some, Types: []string{"payment.completed"}}, {ID: off, Held: true}}, []Happened{
		{DeliveryID: uuid.New(), Type: "booking.created", Data: []byte("{ \"a\" : \"\xff\\u0000\" }")}, {DeliveryID: uuid.New(), Type: "payment.completed", Data: []byte("{broken")},
	})
	got := map[uuid.UUID]int{}
	for i, id := range rows.EndpointIds {
		got[id]++
		if rows.Held[i] != (id == off) || !strings.HasPrefix(rows.Data[i], "{") || strings.ContainsRune(rows.Data[i], 0) {
			t.Errorf("%d: %+v", i, rows)
		}
	}
	if got[all] != 2 || got[some] != 1 || got[off] != 2 {
		t.Errorf("%v", got)
	}
}
