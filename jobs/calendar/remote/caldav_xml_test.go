package remote

import (
	"fmt"
	"strings"
	"testing"
)

const some = `<?xml version="1.0" encoding="utf-8"?><n:multistatus xmlns:n="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><n:response><n:href> /a/b.ics </n:href><n:propstat><n:status>HTTP/1.1 200 OK</n:status>
<n:prop><n:getetag>"1"</n:getetag><c:calendar-data><![CDATA[BEGIN:VCALENDAR]]></c:calendar-data></n:prop></n:propstat><n:propstat><n:prop><n:displayname/></n:prop><n:status>HTTP/1.1 404 Not Found</n:status></n:propstat></n:response>
<n:response><n:href>/a/c.ics</n:href><n:status>HTTP/1.1 404 Not Found</n:status><n:error><c:no-uid-conflict/></n:error></n:response><n:sync-token>t&amp;1</n:sync-token></n:multistatus>`

func TestReadMultistatus(t *testing.T) {
	t.Parallel()
	m, err := readMultistatus([]byte(some))
	if err != nil || m.token != "t&1" || len(m.responses) != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
	there, gone := m.responses[0], m.responses[1]
	if there.href != "/a/b.ics" || there.status != 0 || there.text(nsDAV, "getetag") != `"1"` || there.text(nsCalDAV, "calendar-data") != "BEGIN:VCALENDAR" || there.prop(nsDAV, "displayname") != nil {
		t.Errorf("%+v", there)
	}
	if gone.status != 404 || fmt.Sprint(gone.faults) != "[no-uid-conflict]" {
		t.Errorf("%+v", gone)
	}
	if faults := readFaults([]byte(`<error xmlns="DAV:"><valid-sync-token/></error>`)); fmt.Sprint(faults) != "[valid-sync-token]" {
		t.Errorf("%v", faults)
	}
}

func TestReadMultistatusRefusesWhatIsNotOne(t *testing.T) {
	t.Parallel()
	inside := func(text string) string { return `<multistatus xmlns="DAV:">` + text + `</multistatus>` }
	for name, body := range map[string]string{
		"nothing": "", "a page": "<!DOCTYPE html><html></html>", "words": "500 Internal Server Error", "another root": `<error xmlns="DAV:"/>`, "no namespace": "<multistatus/>",
		"cut off": some[:len(some)-20], "entities of its own": `<!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + inside("<sync-token>&b;</sync-token>"),
		"an outside entity": `<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + inside("<sync-token>&a;</sync-token>"), "an unknown entity": inside("<sync-token>&a;</sync-token>"),
		"a type within": inside(`<!DOCTYPE x>`), "too deep": inside(strings.Repeat("<a>", maxDepth+1) + strings.Repeat("</a>", maxDepth+1)),
		"too many": inside("<response>" + strings.Repeat("<a/>", maxElements+1) + "</response>"), "another encoding": `<?xml version="1.0" encoding="ebcdic"?>` + inside(""),
		"half a letter": inside("<sync-token>\xc3</sync-token>"), "a letter that may not be": inside("<sync-token>\x0b</sync-token>"),
	} {
		if m, err := readMultistatus([]byte(body)); err == nil {
			t.Errorf("%s: %+v", name, m)
		}
	}
	for line, want := range map[string]int{"HTTP/1.1 200 OK": 200, "HTTP/2 404": 404, "": 500, "200": 500, "HTTP/1.1 abc": 500, "HTTP/1.1 99999 x": 500, "HTTP/1.1 -1 x": 500} {
		if got := statusCode(line); got != want {
			t.Errorf("%q: %d", line, got)
		}
	}
}

// Whatever a server sends, it is read within bounds, and a status that cannot be read is never an absence.
func FuzzMultistatus(f *testing.F) {
	f.Add([]byte(some))
	f.Add([]byte(`<multistatus xmlns="DAV:"><response><status>HTTP/1.1 404</status></response></multistatus>`))
	f.Add([]byte(`<!DOCTYPE m [<!ENTITY a "x">]><multistatus xmlns="DAV:">&a;</multistatus>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		readFaults(body)
		m, err := readMultistatus(body)
		if err != nil {
			return
		}
		if strings.Contains(string(body), "<!ENTITY") && strings.HasPrefix(string(body), "<!DOCTYPE") {
			t.Error("a document type passed")
		}
		for _, r := range m.responses {
			if r.status < 0 || r.status > 999 || len(r.href) > len(body) {
				t.Errorf("%+v", r)
			}
		}
	})
}
