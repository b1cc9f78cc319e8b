package notify_test

import (
	"encoding/base64"
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
)

// A link in a letter opens its letter, also after the keys were changed; nobody makes one for another's.
func TestUnsubscribeTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	n := w.booking()
	w.announce(t, n)
	id := w.mine(t, n, email).ID
	token, err := notify.UnsubscribeToken(w.box, w.org.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	open := func(token string) (notify.Unsubscription, error) {
		return notify.OpenUnsubscribe(t.Context(), queries.New(w.pool), w.box, token)
	}
	opens := func(when string) {
		t.Helper()
		if u, err := open(token); err != nil || u.OrgID != w.org.ID || u.NotificationID != id || u.Recipient != w.org.Owner.ID || u.Address == "" {
			t.Errorf("%s: %+v, %v", when, u, err)
		}
	}
	opens("fresh")
	if same, err := notify.UnsubscribeToken(w.box, w.org.ID, id); err != nil || same != token {
		t.Errorf("another one for the same letter: %v", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		forged := append([]byte{}, raw...)
		forged[i] ^= 1
		if _, err := open(base64.RawURLEncoding.EncodeToString(forged)); !errors.Is(err, notify.ErrNoSuchLetter) {
			t.Fatalf("with byte %d changed: %v", i, err)
		}
	}
	elsewhere, err := notify.UnsubscribeToken(w.box, w.org.ID, uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "x", token[:len(token)-1], token + "A", token + "=", " " + token, token[:43], elsewhere, "%00"} {
		if _, err := open(bad); !errors.Is(err, notify.ErrNoSuchLetter) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := w.box.Rotate(); err != nil {
		t.Fatal(err)
	}
	opens("after the keys were changed")
}

// pushesOf are another node's.
func (w *world) pushesOf() *notify.Pushes {
	return notify.NewCarriers(w.pool, w.box, outside.New(outside.Config{Pool: w.pool}), notify.Settings{}, w.base).Push
}

// Nodes that start in the same moment sign with the same key: a browser's subscription holds for one only.
func TestAllNodesSignPushesWithOneKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	for range 5 {
		w.sql(t, "DELETE FROM house_secrets")
		keys, start := make([]string, 6), make(chan struct{})
		var all sync.WaitGroup
		for i := range keys {
			p := w.pushesOf()
			all.Go(func() {
				<-start
				wire, err := p.Wire(t.Context())
				if err != nil {
					t.Errorf("a node has no key: %v", err)
					return
				}
				keys[i] = wire.Key.Public()
			})
		}
		close(start)
		all.Wait()
		for _, key := range keys {
			if key != keys[0] || key == "" {
				t.Fatalf("%v", keys)
			}
		}
	}
}

// New keys seal what was sealed under old ones, and it is the same key of pushes.
func TestResealTheHousesSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	before, err := w.pushesOf().Wire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sealed := ask[[]byte](t, w, "SELECT sealed FROM house_secrets WHERE name = 'vapid'")
	if _, err := w.box.Rotate(); err != nil {
		t.Fatal(err)
	}
	if n, err := notify.Reseal(t.Context(), queries.New(w.pool), w.box); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if after := ask[[]byte](t, w, "SELECT sealed FROM house_secrets WHERE name = 'vapid'"); string(after[:5]) == string(sealed[:5]) {
		t.Error("it is sealed under the old key still")
	}
	after, err := w.pushesOf().Wire(t.Context())
	if err != nil || after.Key.Public() != before.Key.Public() {
		t.Errorf("another key of pushes: %v", err)
	}
}
