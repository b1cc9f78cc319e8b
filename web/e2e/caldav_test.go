package e2e

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-ical"
	"github.com/emersion/go-webdav"
	"github.com/emersion/go-webdav/caldav"

	ours "github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	door "github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries/testdb"
)

// calendarServers are Debian's own; what they hold them by is in jobs/calendar/remote.
var calendarServers = map[string]func(folder, addr string) []string{
	"radicale": func(folder, addr string) []string {
		return []string{"--hosts", addr, "--auth-type", "none", "--storage-filesystem-folder", folder, "--config", ""}
	},
	"xandikos": func(folder, addr string) []string {
		host, port, _ := net.SplitHostPort(addr)
		return []string{"-d", folder, "--defaults", "-l", host, "-p", port}
	},
}

func startCalendars(t *testing.T, name string) (address, calendar string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if _, apt := os.Stat("/usr/bin/apt-get"); apt == nil && os.Getuid() == 0 {
			t.Fatalf("%s is not installed: make servers installs it", name)
		}
		t.Skipf("%s is not installed, so nothing is tried against it: apt-get install %s", name, name)
	}
	addr := FreeAddr()
	command := exec.Command(name, calendarServers[name](filepath.Join(t.TempDir(), "kept"), addr)...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill() //nolint:errcheck // it may have ended
		command.Wait()         //nolint:errcheck // it was killed
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := Await(ctx, name, func() (bool, error) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err == nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	calendar = "/user/calendars/weddings/"
	if name == "radicale" {
		calendar = "/user/weddings/"
	}
	req, err := http.NewRequestWithContext(t.Context(), "MKCALENDAR", "http://"+addr+calendar, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("user", "any")
	response, err := http.DefaultClient.Do(req)
	if err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("%v, %v", response, err)
	}
	response.Body.Close()
	return "http://" + addr, calendar
}

// Somebody else's client, which knows nothing of ours, reads what we wrote, changes it and deletes it; and we follow.
func TestCalDAVBesideAnotherClient(t *testing.T) {
	t.Parallel()
	for name := range calendarServers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, calendar := startCalendars(t, name)
			pool := testdb.New(t)
			account := remote.CalDAV{Door: door.New(door.Config{Pool: pool, Log: slog.New(slog.DiscardHandler), AllowPrivate: true}), OrgID: testdb.Org(t, pool).ID,
				URL: address, User: "user", Password: "any", Box: "e2e"}
			other, err := caldav.NewClient(webdav.HTTPClientWithBasicAuth(http.DefaultClient, "user", "any"), address)
			if err != nil {
				t.Fatal(err)
			}
			both(t, account, other, calendar)
		})
	}
}

func both(t *testing.T, account remote.CalDAV, other *caldav.Client, calendar string) {
	ctx := t.Context()
	wall := time.Date(2027, 6, 12, 13, 0, 0, 0, time.UTC)
	event := ours.Event{Title: "Zoë & Théo", Venue: "Schloß Grünau; Saal 2, links", Description: strings.Repeat("Grüße aus Wien. ", 20), Busy: ours.Blocks, Ours: "booking-1", OursRev: "r1",
		Starts: ours.Moment{Wall: wall, Zone: "Europe/Vienna"}, Ends: ours.Moment{Wall: wall.Add(time.Hour), Zone: "Europe/Vienna"}}
	written, err := account.Put(ctx, calendar, remote.Draft{Key: "0123456789abcdef0123456789abcdef", Event: event})
	if err != nil {
		t.Fatal(err)
	}
	object, err := other.GetCalendarObject(ctx, written.ID)
	if err != nil || len(object.Data.Events()) != 1 {
		t.Fatalf("%+v, %v", object, err)
	}
	theirs := object.Data.Events()[0]
	title, _ := theirs.Props.Text(ical.PropSummary)
	venue, _ := theirs.Props.Text(ical.PropLocation)
	starts, err := theirs.DateTimeStart(nil)
	if err != nil || title != event.Title || venue != event.Venue || !starts.Equal(event.Starts.Instant(time.UTC)) {
		t.Errorf("they read %q at %q, %v (%v)", title, venue, starts, err)
	}
	seen := map[string]string{}
	page := func(some []remote.Object) error {
		for _, o := range some {
			seen[o.ID] = "gone"
			if !o.Gone {
				seen[o.ID] = o.Events[0].Title
			}
		}
		return nil
	}
	pull, err := account.Changes(ctx, calendar, "", remote.Window{}, page)
	if err != nil || seen[written.ID] != event.Title {
		t.Fatalf("%v, %v", seen, err)
	}
	theirs.Props.SetText(ical.PropSummary, "Zoë und Max")
	if _, err := other.PutCalendarObject(ctx, written.ID, object.Data); err != nil {
		t.Fatal(err)
	}
	if pull, err = account.Changes(ctx, calendar, pull.Token, remote.Window{}, page); err != nil || seen[written.ID] != "Zoë und Max" || pull.Whole {
		t.Errorf("after their change: %v, %+v, %v", seen, pull, err)
	}
	if err := other.RemoveAll(ctx, written.ID); err != nil {
		t.Fatal(err)
	}
	if pull, err = account.Changes(ctx, calendar, pull.Token, remote.Window{}, page); err != nil || seen[written.ID] != "gone" || pull.Whole {
		t.Errorf("after they deleted it: %v, %+v, %v", seen, pull, err)
	}
}
