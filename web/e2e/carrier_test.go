package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	svix "github.com/svix/svix-webhooks/go"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/notify/carrier"
	door "github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries/testdb"
)

// way is a door that carriers go through, and somebody who sends.
type way struct {
	door *door.Door
	org  uuid.UUID
}

func newWay(t *testing.T) way {
	t.Helper()
	pool := testdb.New(t)
	return way{door.New(door.Config{Pool: pool, Log: slog.New(slog.DiscardHandler), AllowPrivate: true}), testdb.Org(t, pool).ID}
}

func (w way) mail() carrier.Mail {
	return carrier.Mail{OrgID: w.org, ID: uuid.Must(uuid.NewV7()), From: `"Kay & Fry, Photography" <post@wedsync.example>`, To: "anna@example.com", ReplyTo: "kay@example.com",
		Subject: "Liebe Grüße — 12 June", HTML: "<p>Hello, <b>Anna</b></p>", Text: "Hello, Anna\n.\nSee you", Headers: map[string]string{
			"List-Unsubscribe": "<https://wedsync.example/u/" + strings.Repeat("k", 90) + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}}
}

// postOffice is a real SMTP server of somebody else's making.
type postOffice struct {
	mails chan envelope
}

type envelope struct{ from, to, letter string }

func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &counter{office: p}, nil }

type counter struct {
	office *postOffice
	known  bool
	envelope
}

func (c *counter) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *counter) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if c.known = user == "kay" && password == "p@ss word"; !c.known {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (c *counter) Mail(from string, _ *smtp.MailOptions) error {
	if !c.known {
		return smtp.ErrAuthRequired
	}
	c.from = from
	return nil
}

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	}
	c.to = to
	return nil
}

func (c *counter) Data(r io.Reader) error {
	letter, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.letter = string(letter)
	c.office.mails <- c.envelope
	return nil
}

func (c *counter) Reset()        { c.envelope = envelope{} }
func (c *counter) Logout() error { return nil }

func TestARealMailServerGetsARealMail(t *testing.T) {
	t.Parallel()
	office := &postOffice{mails: make(chan envelope, 10)}
	server := smtp.NewServer(office)
	server.AllowInsecureAuth, server.Domain = true, "localhost"
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	go server.Serve(listener) //nolint:errcheck // it ends when it is closed
	t.Cleanup(func() { server.Close() })
	w := newWay(t)
	address := func(user *url.Userinfo) string {
		return (&url.URL{Scheme: "smtp", User: user, Host: listener.Addr().String()}).String()
	}
	at := carrier.SMTP{Door: w.door, URL: address(url.UserPassword("kay", "p@ss word"))}
	m := w.mail()
	if out := at.Send(t.Context(), m); out.Fate != carrier.Accepted {
		t.Fatalf("%+v", out)
	}
	got := <-office.mails
	if got.from != "post@wedsync.example" || got.to != m.To {
		t.Errorf("%+v", got)
	}
	letter := must(mail.ReadMessage(strings.NewReader(got.letter)))(t)
	for name, want := range map[string]string{"Message-Id": "<" + m.ID.String() + "@wedsync.example>", "From": m.From, "List-Unsubscribe": m.Headers["List-Unsubscribe"],
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Mime-Version": "1.0"} {
		if letter.Header.Get(name) != want {
			t.Errorf("%s: %q", name, letter.Header.Get(name))
		}
	}
	if !strings.Contains(got.letter, "\r\n.\r\nSee you") || !strings.Contains(got.letter, "<b>Anna</b>") {
		t.Errorf("what was said is not what was heard:\n%s", got.letter)
	}
	m.To = "nobody@example.com"
	if out := at.Send(t.Context(), m); out.Fate != carrier.Refused || out.Suppress != carrier.Bounced {
		t.Errorf("no such mailbox: %+v", out)
	}
	for _, user := range []*url.Userinfo{url.UserPassword("kay", "wrong"), nil} {
		if out := (carrier.SMTP{Door: w.door, URL: address(user)}).Send(t.Context(), w.mail()); out.Fate != carrier.Misconfigured {
			t.Errorf("%v: %+v", user, out)
		}
	}
	if len(office.mails) != 0 {
		t.Error("another mail came")
	}
}

// Behind TLS from the first byte, a certificate that is nobody's is not trusted, and nothing is said.
func TestAMailServerHasToShowItsCertificate(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewTLSServer(http.NotFoundHandler()) // only for its certificate
	defer stranger.Close()
	office := &postOffice{mails: make(chan envelope, 1)}
	server := smtp.NewServer(office)
	server.TLSConfig = stranger.TLS
	server.ErrorLog = log.New(io.Discard, "", 0) // it is hung up on
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	go server.Serve(listener) //nolint:errcheck // it ends when it is closed
	t.Cleanup(func() { server.Close() })
	w := newWay(t)
	out := carrier.SMTP{Door: w.door, URL: "smtp://kay:pw@" + listener.Addr().String() + "?tls=mandatory"}.Send(t.Context(), w.mail())
	if out.Fate != carrier.Later || out.Code != "certificate" || len(office.mails) != 0 {
		t.Errorf("%+v", out)
	}
}

func TestSvixOracle(t *testing.T) {
	t.Parallel()
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	body := []byte(`{"type":"email.delivered","created_at":"2027-06-12T12:00:00Z","data":{"email_id":"e-1"}}`)
	oracle, other := must(svix.NewWebhook(secret))(t), must(svix.NewWebhook("whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))(t)
	now := time.Now()
	sign := func(by *svix.Webhook, id string, d time.Duration) string {
		return must(by.Sign(id, now.Add(d), body))(t)
	}
	good, wrong := sign(oracle, "msg_1", 0), sign(other, "msg_1", 0)
	for _, c := range []struct {
		name, prefix, id string
		age              time.Duration
		signatures       string
		more             map[string]string
		stricter         bool
	}{
		{"signed by the library", "svix-", "msg_1", 0, good, nil, false},
		{"under the standard's names", "webhook-", "msg_1", 0, good, nil, false},
		{"298 s old", "svix-", "msg_1", -298 * time.Second, sign(oracle, "msg_1", -298*time.Second), nil, false},
		{"302 s old", "svix-", "msg_1", -302 * time.Second, sign(oracle, "msg_1", -302*time.Second), nil, false},
		{"302 s ahead", "svix-", "msg_1", 302 * time.Second, sign(oracle, "msg_1", 302*time.Second), nil, false},
		{"several, the last is right", "svix-", "msg_1", 0, wrong + " v1a,xx " + good, nil, false},
		{"by somebody else", "svix-", "msg_1", 0, wrong, nil, false},
		{"another id", "svix-", "msg_2", 0, good, nil, false},
		{"another time", "svix-", "msg_1", time.Second, good, nil, false},
		{"no id", "svix-", "", 0, good, nil, false},
		{"no signature", "svix-", "msg_1", 0, "", nil, false},
		{"half of theirs beside the standard's", "webhook-", "msg_1", 0, good, map[string]string{"svix-id": "msg_2", "svix-timestamp": "1"}, false},
		{"all of theirs wrong beside the standard's", "webhook-", "msg_1", 0, good, map[string]string{"svix-id": "msg_1", "svix-timestamp": fmt.Sprint(now.Unix()), "svix-signature": wrong}, false},
		{"a dot in the id", "svix-", "msg.1", 0, sign(oracle, "msg.1", 0), nil, true},
	} {
		h := http.Header{}
		h.Set(c.prefix+"id", c.id)
		h.Set(c.prefix+"timestamp", fmt.Sprint(now.Add(c.age).Unix()))
		h.Set(c.prefix+"signature", c.signatures)
		for name, value := range c.more {
			h.Set(name, value)
		}
		id, ours := inbound.VerifySvix(h, body, []string{secret}, time.Now())
		agree(t, c.name, c.stricter, oracle.Verify(body, h), ours)
		if ours == nil {
			if r, err := carrier.ReadResendReport(id, body); err != nil || r.ID != c.id || r.Status != "delivered" {
				t.Errorf("%s: %+v, %v", c.name, r, err)
			}
		}
	}
}

// signedByTwilio is providers.md §7.3 in a few lines of our own, since their validator is what the product uses.
func signedByTwilio(token, address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	io.WriteString(mac, address) //nolint:errcheck // a hash takes everything
	for _, name := range slices.Sorted(maps.Keys(form)) {
		io.WriteString(mac, name+form.Get(name)) //nolint:errcheck // a hash takes everything
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestTwilioSignatures(t *testing.T) {
	t.Parallel()
	const sid = "SM00000000000000000000000000000001"
	vector := url.Values{"AccountSid": {"AC" + strings.Repeat("0", 32)}, "From": {"+15005550006"}, "MessageSid": {sid}, "MessageStatus": {"delivered"}, "SmsSid": {sid}, "SmsStatus": {"delivered"}, "To": {"+447700900000"}}
	if got := signedByTwilio("12345", "https://hooks.example.com/twilio/status?c=42", vector); got != "MYuatKLp80Yi9PMGzMp4dfwJcqU=" {
		t.Fatalf("the test's own signature is wrong: %s", got)
	}
	org, id := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	for _, base := range []string{"https://wedsync.example", "https://wedsync.example:8443", "http://127.0.0.1:8080"} {
		address := base + "/webhooks/twilio/status?" + carrier.CallbackQuery(org, id)
		vector.Set("Néw parameter", "söme välue & =?") // they appear without notice
		at := carrier.Twilio{Token: "12345"}
		if !at.Verify(address, vector, signedByTwilio("12345", address, vector)) {
			t.Errorf("%s: refused", address)
		}
		if at.Verify(address, vector, signedByTwilio("12346", address, vector)) || at.Verify(address+"0", vector, signedByTwilio("12345", address, vector)) {
			t.Errorf("%s: accepted", address)
		}
		u := must(url.Parse(address))(t)
		if r, err := carrier.ReadTwilioReport(vector, u.Query()); err != nil || r.OrgID != org || r.NotificationID != id || r.Status != "delivered" || r.Ref != sid {
			t.Errorf("%+v, %v", r, err)
		}
	}
}
