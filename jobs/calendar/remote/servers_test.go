package remote

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries/testdb"
)

// server is a real CalDAV server of Debian's, with a calendar in it that holds nothing yet.
type server struct {
	name, url            string
	user, password       string
	principal, home, own string // paths; own is the calendar's
}

const calendarName = "Hochzeiten für Zoë & Co"

// servers are those that we are held against: they differ in most of what the standard leaves open.
var servers = map[string]func(t *testing.T, folder, port string) (server, *exec.Cmd){
	"radicale": func(t *testing.T, folder, port string) (server, *exec.Cmd) {
		put(t, filepath.Join(folder, "users"), "anna:geheim & süß\n")
		put(t, filepath.Join(folder, "config"), "[server]\nhosts = 127.0.0.1:"+port+"\n[auth]\ntype = htpasswd\nhtpasswd_filename = "+filepath.Join(folder, "users")+
			"\nhtpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = "+filepath.Join(folder, "kept")+"\n[logging]\nlevel = critical\n")
		return server{user: "anna", password: "geheim & süß", principal: "/anna/", home: "/anna/", own: "/anna/weddings/"},
			exec.Command("radicale", "--config", filepath.Join(folder, "config"))
	},
	"xandikos": func(_ *testing.T, folder, port string) (server, *exec.Cmd) {
		return server{principal: "/user/", home: "/user/calendars/", own: "/user/calendars/weddings/"},
			exec.Command("xandikos", "-d", filepath.Join(folder, "kept"), "--defaults", "-l", "127.0.0.1", "-p", port)
	},
}

// each runs a test against every server.
func each(t *testing.T, test func(t *testing.T, s server)) {
	t.Helper()
	t.Parallel()
	for name := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t, name))
		})
	}
}

// start runs a server until the test ends. Root on Debian has them (make servers): there, one that is missing is a failure.
func start(t *testing.T, name string) server {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if _, apt := os.Stat("/usr/bin/apt-get"); apt == nil && os.Getuid() == 0 {
			t.Fatalf("%s is not installed: make servers installs it", name)
		}
		t.Skipf("%s is not installed, so nothing is tried against it: apt-get install %s", name, name)
	}
	for range 3 { // somebody may take the port between our letting go of it and the server's asking
		if s, ok := try(t, name); ok {
			if status, _, body := s.raw(t, "MKCALENDAR", s.own, `<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop><displayname>`+escaped(calendarName)+
				`</displayname></prop></set></C:mkcalendar>`, "Content-Type", "application/xml"); status != 201 {
				t.Fatalf("%s makes no calendar: %d %s", name, status, body)
			}
			s.raw(t, "PROPPATCH", s.own, `<propertyupdate xmlns="DAV:"><set><prop><displayname>`+escaped(calendarName)+`</displayname></prop></set></propertyupdate>`, "Content-Type", "application/xml")
			return s
		}
	}
	t.Fatalf("%s does not start", name)
	return server{}
}

func try(t *testing.T, name string) (server, bool) {
	t.Helper()
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	s, command := servers[name](t, t.TempDir(), port)
	s.name, s.url = name, "http://"+address
	var said strings.Builder
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		command.Wait() //nolint:errcheck // it is killed
		close(ended)
	}()
	t.Cleanup(func() {
		command.Process.Kill() //nolint:errcheck // it may have ended
		<-ended
		if t.Failed() {
			t.Logf("%s said: %s", name, said.String())
		}
	})
	deadline, tick := time.After(60*time.Second), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return s, true
		}
		select {
		case <-ended:
			return server{}, false
		case <-deadline:
			return server{}, false
		case <-tick.C:
		}
	}
}

var ports sync.Map

// freeAddress is outside the range from which the system takes ports for whoever wants any: nobody else gets it meanwhile.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.N(10_000))
		if _, twice := ports.LoadOrStore(address, true); twice {
			continue
		}
		if free, err := net.Listen("tcp", address); err == nil {
			free.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// raw is another client, who knows nothing of ours.
func (s server) raw(t *testing.T, method, path, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if s.user != "" {
		req.SetBasicAuth(s.user, s.password)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(answer)
}

// save is what somebody's telephone does.
func (s server) save(t *testing.T, name string, lines ...string) {
	t.Helper()
	if status, _, body := s.raw(t, http.MethodPut, s.own+name, theirs(lines...), "Content-Type", "text/calendar; charset=utf-8"); status != 201 && status != 204 {
		t.Fatalf("%s does not save %s: %d %s", s.name, name, status, body)
	}
}

func (s server) discard(t *testing.T, path string) {
	t.Helper()
	if status, _, body := s.raw(t, http.MethodDelete, path, ""); status != 200 && status != 204 {
		t.Fatalf("%s does not delete %s: %d %s", s.name, path, status, body)
	}
}

// theirs is an object as another program writes it.
func theirs(lines ...string) string {
	all := append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Somebody//Telephone//EN"}, lines...)
	return strings.Join(append(all, "END:VCALENDAR", ""), "\r\n")
}

func simple(uid, title, day string) []string {
	return []string{"BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20270101T000000Z", "DTSTART:" + day + "T120000Z", "DTEND:" + day + "T140000Z", "SUMMARY:" + title, "END:VEVENT"}
}

// client is ours, at a door of its own.
func (s server) client(t *testing.T, path string) CalDAV {
	t.Helper()
	c := CalDAV{URL: s.url + path, User: s.user, Password: s.password, Box: "test"}
	c.Door, c.OrgID = door(t, true)
	return c
}

func door(t *testing.T, private bool) (*outside.Door, [16]byte) {
	t.Helper()
	pool := testdb.New(t)
	return outside.New(outside.Config{Pool: pool, Log: slog.New(slog.DiscardHandler), AllowPrivate: private}), testdb.Org(t, pool).ID
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// pulled is what Changes gave, by id.
type pulled struct {
	Pull
	objects map[string]Object
}

func pull(t *testing.T, a Account, calendar, token string) pulled {
	t.Helper()
	p, err := tryPull(t.Context(), a, calendar, token)
	if err != nil {
		t.Fatalf("changes since %q: %v", token, err)
	}
	return p
}

func tryPull(ctx context.Context, a Account, calendar, token string) (pulled, error) {
	p := pulled{objects: map[string]Object{}}
	var err error
	p.Pull, err = a.Changes(ctx, calendar, token, Window{}, func(some []Object) error {
		for _, o := range some {
			if _, twice := p.objects[o.ID]; twice {
				return fmt.Errorf("%s is ports twice", o.ID)
			}
			p.objects[o.ID] = o
		}
		return nil
	})
	return p, err
}

// titles are what there is, in words that can be compared.
func (p pulled) titles() map[string]string {
	all := map[string]string{}
	for id, o := range p.objects {
		if o.Gone {
			all[id] = "gone"
			continue
		}
		var titles []string
		for _, e := range o.Events {
			titles = append(titles, e.Title)
		}
		all[id] = strings.Join(titles, " / ")
	}
	return all
}
