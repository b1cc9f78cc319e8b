package mail

import (
	"encoding/json"
	"strings"
)

// Note is what a browser shows of a push.
type Note struct {
	Title string `json:"title"`
	Body  string `json:"body"`
	URL   string `json:"url"` // a page of ours
	Tag   string `json:"tag"` // a newer one with the same tag takes its place
	ID    string `json:"id"`  // of the notification: who opens it says so
}

const maxPush = 2000 // bytes of JSON: what every push service takes, once encrypted

// Push is the news as a browser shows it: what happened, and where it leads.
func Push(n News, b Brand) Note {
	s := setting(n, b, Reader{Audience: Team}, Links{})
	title, body := s.line()
	p := Note{Title: cut(title, 90), Body: cut(body, 180), URL: orApp(s.Path), Tag: tag(s)}
	if s.supplier != "" && s.Kind != Security && len(p.Body)+len(s.supplier) < 150 {
		p.Body = strings.Join(some(p.Body, s.supplier), "\n")
	}
	for size := 160; !p.fits() && size > 0; size -= 20 {
		p.Title, p.Body = cut(p.Title, 20+size/2), cut(p.Body, 20+size)
	}
	return p
}

func (p Note) fits() bool {
	body, err := json.Marshal(p)
	return err == nil && len(body) <= maxPush
}

func orApp(path string) string {
	if path == "" || len(path) > 200 {
		return "/app"
	}
	return path
}

// tag lets later news of the same thing replace earlier news; two payments are two things.
func tag(s scene) string {
	switch s.Kind {
	case Booking, WeddingDayChange, Conflict, Emergency, Connection, Allowance, InviteReminder:
		return cut(clean(string(s.Kind)+":"+s.Title+":"+s.Path, 100), 60)
	}
	return ""
}
