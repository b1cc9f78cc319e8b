package web

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
)

// TestTheDemoTellsFromTheFirstMinute: a newcomer finds an e-mail, a text and a push in the outbox, and a button that makes more.
func TestTheDemoTellsFromTheFirstMinute(t *testing.T) {
	t.Parallel()
	w, world := withPost(t)
	if err := world.Seed(t.Context(), w.pool, w.box, w.door, time.Now()); err != nil {
		t.Fatal(err)
	}
	const adas, sams = "Ada Lindqvist’s phone", "Sam Okafor’s phone"
	for channel, to := range map[string]string{sandbox.Email: "ada@demo.example", sandbox.SMS: "+447700900901", sandbox.Push: adas} {
		if got := delivered(t, world, channel, to, 1); got.Fault != "" || !strings.Contains(got.Subject+got.Text, "Anna") && !strings.Contains(got.Subject+got.Text, "Priya") {
			t.Errorf("by %s: %q %q %s", channel, got.Subject, got.Text, got.Fault)
		}
	}
	eventually(t, "a letter to a couple", func() bool {
		return slices.ContainsFunc(world.Outbox.Newest(sandbox.Email, ""), func(s sandbox.Sent) bool {
			return strings.Join(s.ReplyTo, "") == "flowers@demo.example" && strings.Contains(s.From, "Wild Thyme Flowers") && strings.HasSuffix(s.To[0], "@example.com")
		})
	})
	eventually(t, "the florist's day is nearly used", func() bool {
		return w.count(t, "SELECT count(*) FROM notices n JOIN orgs o ON o.id = n.org_id WHERE o.name = 'Wild Thyme Flowers' AND n.kind = 'allowance'") == 1
	})
	if n := w.count(t, "SELECT count(*) FROM push_subscriptions WHERE label = $1", sams); n != 1 {
		t.Errorf("Sam has %d phones", n)
	}
	w.nearWeddingMoves(t, world, 2)
	again := sandbox.NewWorld(time.Now()) // after a restart the button still moves it
	if err := again.Seed(t.Context(), w.pool, w.box, w.door, time.Now()); err != nil {
		t.Fatal(err)
	}
	w.nearWeddingMoves(t, again, 3)
	delivered(t, world, sandbox.SMS, "+447700900901", 3)
	delivered(t, world, sandbox.Push, adas, 3)
}

// nearWeddingMoves presses the button, and waits for the n-th change that is told.
func (w *town) nearWeddingMoves(t *testing.T, world *sandbox.World, n int64) {
	t.Helper()
	var org, connection uuid.UUID
	const tave = "SELECT c.org_id, c.id FROM connections c JOIN orgs o ON o.id = c.org_id WHERE o.name LIKE 'Ada %' AND c.provider = 'tave'"
	if err := w.pool.QueryRow(t.Context(), tave).Scan(&org, &connection); err != nil {
		t.Fatal(err)
	}
	all := sandbox.Scenarios()
	i := slices.IndexFunc(all, func(s sandbox.Scenario) bool { return s.Key == "tave_moved" })
	body, now := world.Body(all[i], org.String(), time.Now()), time.Now()
	d := inbound.Delivery{OrgID: org, ConnectionID: connection, Provider: queries.ProviderTave, ContentType: "application/json", Proof: "wedsync",
		Peeked: inbound.Peek(queries.ProviderTave, nil, body, now), Body: body, ReceivedAt: now}
	if _, err := w.door.Accept(t.Context(), []inbound.Delivery{d}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the wedding has moved", func() bool {
		return int64(w.count(t, "SELECT count(*) FROM notices WHERE org_id = $1 AND kind = 'wedding_day_change'", org)) >= n
	})
}
