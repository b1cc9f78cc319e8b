package web

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
	"github.com/wedsync/wedsync/views/mail"
)

// withPost is a town whose jobs run and whose carriers are the sandbox's stand-ins.
func withPost(t *testing.T) (*town, *sandbox.World) {
	t.Helper()
	s, world := tellingSite(t)
	w := townOf(t, s)
	w.work(t)
	return w, world
}

// delivered waits for the n-th message on a channel to somebody, and gives the newest.
func delivered(t *testing.T, world *sandbox.World, channel, to string, n int) (newest sandbox.Sent) {
	t.Helper()
	eventually(t, "a message by "+channel+" to "+to, func() bool {
		all := world.Outbox.Newest(channel, to)
		if len(all) < n {
			return false
		}
		newest = all[0]
		return true
	})
	return newest
}

func TestALinkIsSealedUntilItIsHandedOver(t *testing.T) {
	t.Parallel()
	w, world := withPost(t)
	if err := world.SetTrouble("resend", sandbox.Down); err != nil {
		t.Fatal(err)
	}
	if err := world.SetTrouble("smtp", sandbox.Down); err != nil {
		t.Fatal(err)
	}
	anna := w.org.Owner
	path := w.magicLink(t, anna)
	const kept = "SELECT count(*) FROM notices WHERE secret IS NOT NULL AND user_id = $1"
	if n := w.count(t, "SELECT count(*) FROM notices n WHERE n::text LIKE '%' || $1 || '%'", strings.TrimPrefix(path, "/magic/")); n != 0 || w.count(t, kept, anna.ID) != 1 {
		t.Errorf("%d notices say the link in plain text", n)
	}
	if _, err := w.box.Rotate(); err != nil {
		t.Fatal(err)
	}
	var was, is []byte
	read := func(into *[]byte) {
		if err := w.pool.QueryRow(t.Context(), "SELECT secret FROM notices WHERE user_id = $1", anna.ID).Scan(into); err != nil {
			t.Fatal(err)
		}
	}
	read(&was)
	if n, err := notify.Reseal(t.Context(), w.q, w.box); err != nil || n < 1 {
		t.Errorf("%d sealed anew, %v", n, err)
	}
	if read(&is); string(was) == string(is) {
		t.Error("it is still sealed by the old key")
	}
	for _, carrier := range []string{"resend", "smtp"} {
		if err := world.SetTrouble(carrier, sandbox.Fine); err != nil {
			t.Fatal(err)
		}
	}
	if got := delivered(t, world, sandbox.Email, anna.Email, 1); !strings.Contains(got.HTML, w.base+path) {
		t.Errorf("the letter has another link: %s", got.HTML)
	}
	eventually(t, "the secret is forgotten", func() bool { return w.count(t, kept, anna.ID) == 0 })
}

func TestASecretIsNotAnnouncedInPlainText(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for _, news := range []mail.News{{Kind: mail.Security, Link: "https://x.example/magic/1"}, {Kind: mail.Security, Code: "123456"}} {
		err := pgx.BeginFunc(t.Context(), w.pool, func(tx pgx.Tx) error {
			return notify.Announce(t.Context(), tx, w.jobs.River, notify.Notice{OrgID: queries.House, UserID: &w.org.Owner.ID, At: time.Now(), News: news})
		})
		if err == nil || w.count(t, "SELECT count(*) FROM notices") != 0 {
			t.Errorf("%+v was announced, %v", news, err)
		}
	}
	stranger := testdb.Org(t, w.pool)
	one, err := notify.Notice{OrgID: queries.House, News: mail.News{Code: "123456"}}.Sealed(w.box)
	if err != nil || one.News.Code != "" {
		t.Fatalf("%+v %v", one, err)
	}
	var news mail.News
	if err := notify.Unseal(w.box, queries.House, stranger.ID, one.Secret, &news); err == nil {
		t.Error("another notice's secret opens")
	}
	if err := notify.Unseal(w.box, queries.House, one.ID, one.Secret, &news); err != nil || news.Code != "123456" {
		t.Errorf("%+v %v", news, err)
	}
}
