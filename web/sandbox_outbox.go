package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

// outboxShown is how many the page shows; whoever looks for an older one chooses its recipient.
const outboxShown = 60

func (s *Server) outbox(c echo.Context) error {
	o, now := s.world.Outbox, time.Now()
	v := views.OutboxView{Channel: c.QueryParam("channel"), To: c.QueryParam("to"), Recipients: o.Recipients(), Carriers: s.outboxCarriers(),
		Emails: o.Count(sandbox.Email), Texts: o.Count(sandbox.SMS), Pushes: o.Count(sandbox.Push)}
	found := o.Newest(v.Channel, v.To)
	v.Older = max(0, len(found)-outboxShown)
	for _, sent := range found[:len(found)-v.Older] {
		title := outboxDay(now, sent.At)
		if n := len(v.Days); n == 0 || v.Days[n-1].Title != title {
			v.Days = append(v.Days, views.OutboxDay{Title: title})
		}
		day := &v.Days[len(v.Days)-1]
		day.Items = append(day.Items, outboxItem(sent))
	}
	return draw(c, http.StatusOK, views.Outbox(views.Page{Title: "Outbox"}, v))
}

func outboxDay(now, at time.Time) string {
	switch at.Format(time.DateOnly) {
	case now.Format(time.DateOnly):
		return "Today"
	case now.AddDate(0, 0, -1).Format(time.DateOnly):
		return "Yesterday"
	}
	return ui.Day(at)
}

func outboxItem(sent sandbox.Sent) views.OutboxItem {
	i := views.OutboxItem{ID: sent.ID, Channel: sent.Channel, Carrier: carrierNames[sent.Carrier], At: sent.At, From: sent.From, To: strings.Join(sent.To, ", "),
		ReplyTo: strings.Join(sent.ReplyTo, ", "), Subject: sent.Subject, Text: sent.Text, HTML: sent.HTML != "", Link: sent.Link, Terms: sent.Terms, Fault: sent.Fault,
		Replies: sent.Carrier == "twilio"}
	if sent.Channel == sandbox.Email {
		i.Preheader = sent.Preheader()
	}
	i.Status, i.Tone = outboxStatus(sent.Status)
	for _, told := range sent.Told {
		i.Told = append(i.Told, views.OutboxTold(told))
	}
	for _, act := range sandbox.Acts[sent.Carrier] {
		i.Acts = append(i.Acts, views.OutboxAct(act))
	}
	return i
}

// outboxStatus is a carrier's word in ours.
func outboxStatus(word string) (string, ui.Tone) {
	switch word {
	case "queued", "taken":
		return "Taken", ui.Neutral
	case "sent":
		return "On its way", ui.Neutral
	case "delivered", "opened":
		return strings.ToUpper(word[:1]) + word[1:], ui.Good
	case "delivery_delayed":
		return "Delayed", ui.Warn
	case "suppressed":
		return "Left alone", ui.Warn
	case "complained":
		return "Marked as spam", ui.Bad
	case "gone":
		return "Device gone", ui.Bad
	case "back":
		return "Device is back", ui.Good
	default: // bounced, undelivered, failed
		return strings.ToUpper(word[:1]) + word[1:], ui.Bad
	}
}

func (s *Server) sentOf(c echo.Context) (sandbox.Sent, error) {
	id, err := uuid.Parse(c.Param("id"))
	sent, there := s.world.Outbox.Get(id)
	if err != nil || !there {
		return sent, errNotFound
	}
	return sent, nil
}

func (s *Server) outboxLetter(c echo.Context) error {
	sent, err := s.sentOf(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Security-Policy", contentPolicy+"; frame-src 'self'") // the letter is shown in a frame
	return draw(c, http.StatusOK, views.OutboxLetter(views.Page{Title: "Outbox"}, outboxItem(sent)))
}

// letterPolicy lets an e-mail be what it is in a mail program: styled, with pictures, and unable to run or load anything else.
// Its links open beside it.
const letterPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; " +
	"sandbox allow-popups allow-popups-to-escape-sandbox"

func (s *Server) outboxHTML(c echo.Context) error {
	sent, err := s.sentOf(c)
	if err != nil || sent.HTML == "" {
		return errNotFound
	}
	c.Response().Header().Set("Content-Security-Policy", letterPolicy)
	c.Response().Header().Del("Cross-Origin-Opener-Policy") // browsers refuse a sandboxed page that asks for a window of its own
	return c.HTML(http.StatusOK, besideIt(sent.HTML))
}

// besideIt makes a letter's links open beside it.
func besideIt(page string) string {
	const target = `<base target="_blank">`
	if i := strings.Index(strings.ToLower(page), "<head"); i >= 0 {
		if end := strings.IndexByte(page[i:], '>'); end >= 0 {
			return page[:i+end+1] + target + page[i+end+1:]
		}
	}
	return target + page
}

// outboxEvent lets something happen to what was sent; its carrier posts its callback before this answers.
func (s *Server) outboxEvent(c echo.Context) error {
	sent, err := s.sentOf(c)
	if err != nil {
		return err
	}
	if err := s.world.Happen(c.Request().Context(), sent.ID, c.FormValue("do"), strings.TrimSpace(c.FormValue("text"))); err != nil {
		return errNotFound
	}
	return c.Redirect(http.StatusSeeOther, "/sandbox/outbox/"+sent.ID.String())
}
