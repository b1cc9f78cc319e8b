package notify

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// write puts a notification into words for its channel. It happens at the last moment, so that a supplier's new wording
// holds for what waits as well.
func (s *Send) write(ctx context.Context, w *wave, h held) (parcel, error) {
	var news mail.News
	if err := json.Unmarshal(h.Facts, &news); err != nil {
		return parcel{}, fmt.Errorf("the facts of notice %s: %w", h.NoticeID, err)
	}
	if err := Unseal(s.Box, h.OrgID, h.NoticeID, h.Secret, &news); err != nil {
		return parcel{}, err
	}
	brand := mail.Brand{Name: h.OrgName, Colour: h.Colour}
	switch h.Channel {
	case queries.ChannelEmail:
		return s.letter(ctx, h, news, brand)
	case queries.ChannelSms:
		return parcel{text: carrier.Text{OrgID: h.OrgID, ID: h.ID, To: h.Address, Body: mail.SMS(news, brand, s.link(news)),
			Callback: s.URL + "/webhooks/twilio/status?" + carrier.CallbackQuery(h.OrgID, h.ID)}}, nil
	default:
		return s.note(ctx, w, h, news, brand)
	}
}

func (s *Send) letter(ctx context.Context, h held, news mail.News, brand mail.Brand) (parcel, error) {
	reader := mail.Reader{Name: h.Recipient, Audience: mail.Audience(h.Audience), Zone: zoneOf(h.OwnZone, h.OrgZone)}
	if news.Test != "" {
		reader.Audience = news.Test
	}
	if news.Test == mail.Couple { // as they will read it
		reader.Name = orElse(news.Who, h.Recipient)
	}
	links, err := s.links(h)
	if err != nil {
		return parcel{}, err
	}
	letter := mail.Write(news, brand, reader, mail.Wording{Subject: h.Subject, Opening: h.Opening, Closing: h.Closing}, links)
	html, err := letter.HTML(ctx)
	if err != nil {
		return parcel{}, err
	}
	m := carrier.Mail{OrgID: h.OrgID, ID: h.ID, From: s.Carriers.From, To: h.Address, Subject: letter.Subject, HTML: html, Text: letter.Text(), Headers: map[string]string{}}
	if reader.Audience == mail.Couple { // the supplier speaks, by our address
		m.From, m.ReplyTo = sender(h.OrgName, s.Carriers.From), h.ReplyTo
	}
	if links.Unsubscribe != "" {
		m.Headers["List-Unsubscribe"], m.Headers["List-Unsubscribe-Post"] = "<"+links.Unsubscribe+">", "List-Unsubscribe=One-Click" // RFC 8058
	}
	return parcel{mail: m}, nil
}

func (s *Send) links(h held) (mail.Links, error) {
	l := mail.Links{Base: s.URL, Acknowledge: s.URL + "/app/inbox"}
	category, known := CategoryOf(h.Kind)
	if h.Audience == queries.AudiencePerson || known && category.Fixed || h.Kind == string(mail.Digest) {
		return l, nil
	}
	token, err := UnsubscribeToken(s.Box, h.OrgID, h.ID)
	l.Unsubscribe = s.URL + "/unsubscribe/" + token
	return l, err
}

// note is a push. What is urgent wakes the device; the topic lets a push service keep only the newest of one notice.
func (s *Send) note(ctx context.Context, w *wave, h held, news mail.News, brand mail.Brand) (parcel, error) {
	devices, err := w.q.PushDevices(ctx, h.RecipientID)
	if err != nil {
		return parcel{}, err
	}
	push := mail.Push(news, brand)
	if push.ID = h.ID.String(); push.Tag == "" {
		push.Tag = push.ID // the same one twice is one
	}
	payload, err := json.Marshal(push)
	if err != nil {
		return parcel{}, err
	}
	note := carrier.Note{OrgID: h.OrgID, ID: h.ID, Payload: payload, TTL: 12 * time.Hour, Urgency: "normal", Topic: hex.EncodeToString(h.NoticeID[:])}
	if h.Urgent {
		note.TTL, note.Urgency = time.Hour, "high"
	}
	return parcel{note: note, devices: devices, user: h.RecipientID}, nil
}

// link is where a text message leads; a code needs none.
func (s *Send) link(news mail.News) string {
	if news.Code != "" || news.Path == "" {
		return ""
	}
	return s.URL + news.Path
}

// sender is our address under a supplier's name, encoded where the name needs it.
func sender(name, from string) string {
	ours, err := netmail.ParseAddress(from)
	if err != nil {
		return from
	}
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, name)
	return (&netmail.Address{Name: clean, Address: ours.Address}).String()
}
