package sandbox

import (
	"errors"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

const alternative = "From: =?utf-8?q?WedSync_f=C3=BCr_Ada?= <hello@wedsync.example>\r\nTo: anna@example.com\r\nReply-To: ada@demo.example\r\n" +
	"Subject: =?utf-8?b?WmHFvMOzxYLEhyDigJMgeW91ciBkYXk=?=\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <n-1@wedsync.example>\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n" +
	"--in\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C2=A3500 was pa=\r\nid\r\n" +
	"--in\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+wqM1MDAgd2FzIHBhaWQ8L3A+\r\n--in--\r\n--out--\r\n"

func (h *hosted) post(t *testing.T, to, mail string) error {
	t.Helper()
	at, err := url.Parse(h.Carriers(h.Resend.Base).SMTPURL)
	if err != nil || at.Scheme != "smtp" {
		t.Fatal(err, at)
	}
	c, err := smtp.Dial(at.Host)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.SendMail("bounces@wedsync.example", []string{to}, strings.NewReader(mail))
}

func TestTheMailServerTakesAMailApart(t *testing.T) {
	t.Parallel()
	h := host(t)
	if err := h.post(t, "anna@example.com", alternative); err != nil {
		t.Fatal(err)
	}
	got := h.Outbox.Newest(Email, "")[0]
	if got.From != "WedSync für Ada <hello@wedsync.example>" || got.Subject != "Zażółć – your day" || got.Text != "£500 was paid" || got.HTML != "<p>£500 was paid</p>" ||
		got.To[0] != "anna@example.com" || got.Headers["Message-Id"] != "<n-1@wedsync.example>" || got.Carrier != "smtp" {
		t.Errorf("%+v", got)
	}
	if err := h.post(t, "anna@example.com", "From: a@b.example\r\nDate: x\r\nSubject: plain\r\n\r\nhello\r\n"); err != nil {
		t.Error(err)
	}
}

func TestTheMailServerRefuses(t *testing.T) {
	t.Parallel()
	h := host(t)
	var fault *smtp.SMTPError
	if err := h.post(t, "Nobody@example.com", alternative); !errors.As(err, &fault) || fault.Code != 550 || fault.EnhancedCode != (smtp.EnhancedCode{5, 1, 1}) {
		t.Errorf("nobody: %v", err)
	}
	for why, mail := range map[string]string{
		"not a mail": "hello\r\n", "no sender": "Subject: x\r\nDate: x\r\n\r\nx\r\n", "parts without a boundary": "From: a@b.example\r\nDate: x\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n",
		"too large": alternative + strings.Repeat("x\r\n", 1<<19),
	} {
		if err := h.post(t, "anna@example.com", mail); !errors.As(err, &fault) || fault.Code/100 != 5 {
			t.Errorf("%s: %v", why, err)
		}
	}
	if n := h.Outbox.Count(Email); n != 0 {
		t.Errorf("%d were taken all the same", n)
	}
}

func TestTheMailServersTroubles(t *testing.T) {
	t.Parallel()
	h := host(t)
	for trouble, taken := range map[Trouble]int{Down: 0, KeyRefused: 0, HangsUp: 1} {
		before := h.Outbox.Count(Email)
		if err := h.SetTrouble("smtp", trouble); err != nil {
			t.Fatal(err)
		}
		err := h.post(t, "anna@example.com", alternative)
		if err == nil || h.Outbox.Count(Email)-before != taken {
			t.Errorf("%s: %v, %d taken", trouble, err, h.Outbox.Count(Email)-before)
		}
		var fault *textproto.Error
		if trouble == HangsUp && errors.As(err, &fault) {
			t.Errorf("it answered: %v", err)
		}
	}
	if err := h.SetTrouble("smtp", Fine); err != nil || h.post(t, "anna@example.com", alternative) != nil {
		t.Errorf("it does not get well: %v", err)
	}
}
