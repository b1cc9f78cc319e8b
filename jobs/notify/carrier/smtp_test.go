package carrier

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/jobs/outside"
)

// mailServer speaks SMTP by a script: what it answers to each word. An answer "cut" hangs up; "content" answers the whole
// mail. What it heard comes over the channel when the conversation ends.
func mailServer(t *testing.T, script map[string]string) (address string, heard chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	heard = make(chan string, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go converse(conn, script, heard)
		}
	}()
	return listener.Addr().String(), heard
}

func converse(conn net.Conn, script map[string]string, heard chan string) {
	var all strings.Builder
	defer func() { conn.Close(); heard <- all.String() }()
	lines := textproto.NewReader(bufio.NewReader(conn))
	usual := map[string]string{"": "220 hello", "EHLO": "250-mail.example.com\r\n250 ENHANCEDSTATUSCODES", "MAIL": "250 2.1.0 ok", "RCPT": "250 2.1.5 ok", "DATA": "354 go on",
		"content": "250 2.0.0 kept as 42", "QUIT": "221 bye", "RSET": "250 ok", "AUTH": "235 2.7.0 ok"}
	say := func(word string) bool {
		answer, special := script[word]
		if !special {
			answer = usual[word]
		}
		if answer == "cut" || answer == "" {
			return false
		}
		fmt.Fprintf(conn, "%s\r\n", answer)
		return true
	}
	if !say("") {
		return
	}
	for {
		line, err := lines.ReadLine()
		if err != nil {
			return
		}
		all.WriteString(line + "\n")
		word := strings.ToUpper(strings.SplitN(line, " ", 2)[0])
		if !say(word) {
			return
		}
		if word == "DATA" && script["DATA"] == "" {
			letter, err := lines.ReadDotBytes()
			all.Write(letter)
			if err != nil || !say("content") {
				return
			}
		}
	}
}

func TestAMailServerTakesAMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address, heard := mailServer(t, nil)
	m := w.mail()
	link := "<https://wedsync.example/u/" + strings.Repeat("x", 120) + ">"
	m.Headers = map[string]string{"List-Unsubscribe": link, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Auto-Submitted": "auto-generated"}
	m.Text = "Hello\n.\nQUIT\n"
	out := SMTP{w.door, "smtp://" + address}.Send(t.Context(), m)
	if out.Fate != Accepted || out.Ref != m.ID.String()+"@wedsync.example" || !strings.Contains(out.Words, "kept as 42") || out.Err != nil {
		t.Fatalf("%+v", out)
	}
	said := <-heard
	for _, line := range []string{"MAIL FROM:<post@wedsync.example>\n", "RCPT TO:<anna@example.com>\n"} {
		if !strings.Contains(said, line) {
			t.Errorf("not said: %q\n%s", line, said)
		}
	}
	_, letter, _ := strings.Cut(said, "DATA\n")
	got, err := mail.ReadMessage(strings.NewReader(letter))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Message-Id": "<" + m.ID.String() + "@wedsync.example>", "From": `"Kay Photography" <post@wedsync.example>`, "To": "<anna@example.com>", "Reply-To": "<kay@example.com>",
		"Subject": "=?UTF-8?q?Your_booking_=E2=80=94_12_June?=", "List-Unsubscribe": link, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Auto-Submitted": "auto-generated"} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || !strings.HasPrefix(got.Header.Get("Content-Type"), "multipart/alternative") || !strings.Contains(string(body), "<p>Hello</p>") || !strings.Contains(string(body), "Hello\n.\nQUIT") {
		t.Errorf("%v: %s", err, body)
	}
	if n := w.count(t, "SELECT count(*) FROM outside_calls WHERE org_id = $1 AND peer = 'smtp' AND method = 'SMTP' AND host = '127.0.0.1' AND outcome = 'ended accepted'", w.org); n != 1 {
		t.Error("no row tells")
	}
}

func TestEveryEndOfAConversationByMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		what     string
		script   map[string]string
		url      string
		fate     Fate
		suppress string
	}{
		{"hangs up at once", map[string]string{"": "cut"}, "smtp://", Later, ""},
		{"has no time", map[string]string{"": "421 4.3.2 later"}, "smtp://", Later, ""},
		{"does not talk to us", map[string]string{"": "554 5.7.1 go away"}, "smtp://", Misconfigured, ""},
		{"is not a mail server", map[string]string{"": "HTTP/1.1 400 Bad Request"}, "smtp://", Misconfigured, ""},
		{"hangs up at hello", map[string]string{"EHLO": "cut"}, "smtp://", Later, ""},
		{"wants a password", map[string]string{"MAIL": "530 5.7.0 authentication required"}, "smtp://", Misconfigured, ""},
		{"wrong password", map[string]string{"EHLO": "250-x\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 no"}, "smtp://user:wrong@", Misconfigured, ""},
		{"password service away", map[string]string{"EHLO": "250-x\r\n250 AUTH PLAIN", "AUTH": "454 4.7.0 later"}, "smtp://user:pw@", Later, ""},
		{"takes no passwords", nil, "smtp://user:pw@", Misconfigured, ""},
		{"right password", map[string]string{"EHLO": "250-x\r\n250 AUTH PLAIN"}, "smtp://user:pw@", Accepted, ""},
		{"sender not known", map[string]string{"MAIL": "550 5.7.1 not yours"}, "smtp://", Misconfigured, ""},
		{"sender later", map[string]string{"MAIL": "451 4.3.0 later"}, "smtp://", Later, ""},
		{"hangs up at the sender", map[string]string{"MAIL": "cut"}, "smtp://", Later, ""},
		{"no such mailbox", map[string]string{"RCPT": "550 5.1.1 unknown"}, "smtp://", Refused, Bounced},
		{"no such domain", map[string]string{"RCPT": "550 5.1.2 unknown"}, "smtp://", Refused, Bounced},
		{"mailbox full for good", map[string]string{"RCPT": "552 5.2.2 full"}, "smtp://", Refused, ""},
		{"relaying denied", map[string]string{"RCPT": "550 5.7.1 no relay"}, "smtp://", Refused, ""},
		{"a bare 550", map[string]string{"RCPT": "550 no"}, "smtp://", Refused, ""},
		{"the sender's domain at the recipient", map[string]string{"RCPT": "550 5.1.8 bad sender"}, "smtp://", Refused, ""},
		{"greylisted", map[string]string{"RCPT": "450 4.7.1 come again"}, "smtp://", Later, ""},
		{"hangs up at the recipient", map[string]string{"RCPT": "cut"}, "smtp://", Later, ""},
		{"does not want to listen", map[string]string{"DATA": "554 5.5.1 no"}, "smtp://", Refused, ""},
		{"hangs up before it listens", map[string]string{"DATA": "cut"}, "smtp://", Later, ""},
		{"content refused", map[string]string{"content": "550 5.7.1 spam"}, "smtp://", Refused, ""},
		{"content later", map[string]string{"content": "451 4.3.0 disk full"}, "smtp://", Later, ""},
		{"goes down in the middle", map[string]string{"content": "421 4.3.2 bye"}, "smtp://", Ambiguous, ""},
		{"hangs up in the middle", map[string]string{"content": "cut"}, "smtp://", Ambiguous, ""},
		{"talks nonsense in the end", map[string]string{"content": "354 what"}, "smtp://", Ambiguous, ""},
		{"hangs up once it has the mail", map[string]string{"QUIT": "cut"}, "smtp://", Accepted, ""},
	} {
		address, _ := mailServer(t, tt.script)
		if out := (SMTP{w.door, tt.url + address}).Send(t.Context(), w.mail()); out.Fate != tt.fate || out.Suppress != tt.suppress || out.Words == "" || out.Err != nil {
			t.Errorf("%s: %+v", tt.what, out)
		}
		if _, err := w.pool.Exec(t.Context(), "DELETE FROM breakers"); err != nil {
			t.Fatal(err)
		}
	}
	address, _ := mailServer(t, nil)
	if out := (SMTP{w.door, "smtp://" + address + "?tls=mandatory"}).Send(t.Context(), w.mail()); out.Fate != Misconfigured {
		t.Errorf("no TLS where it must be: %+v", out)
	}
	if out := (SMTP{w.door, "smtp://127.0.0.1:1"}).Send(t.Context(), w.mail()); out.Fate != Later {
		t.Errorf("nobody there: %+v", out)
	}
	if n := w.count(t, "SELECT count(*) FROM outside_calls WHERE outcome LIKE '%anna%' OR outcome LIKE '%wrong%' OR outcome LIKE '%pw%'"); n != 0 {
		t.Error("rows tell of the recipient or the password")
	}
}

// A greylisting server is there; one that says 421, or hangs up, is not.
func TestWhatAnEndProvesOfTheMailServer(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]outside.Verdict{450: outside.Answered, 451: outside.Answered, 421: outside.Failed, 550: outside.Answered} {
		if got := smtpVerdict(smtpOutcome(stageRecipient, &textproto.Error{Code: code, Msg: "x"})); got != want {
			t.Errorf("%d: %d", code, got)
		}
	}
	for at, want := range map[stage]outside.Verdict{stageHello: outside.Failed, stageContent: outside.Failed} {
		if got := smtpVerdict(smtpOutcome(at, io.EOF)); got != want {
			t.Errorf("%s: %d", at, got)
		}
	}
	if smtpVerdict(smtpOutcome(stageHello, errors.New("server does not support SMTP AUTH"))) != outside.Answered || smtpVerdict(Outcome{Fate: Misconfigured}) != outside.Nothing {
		t.Error("a server that speaks is there; one that was not asked proves nothing")
	}
}

func TestCheckSMTP(t *testing.T) {
	t.Parallel()
	for raw, fine := range map[string]bool{
		"smtp://mail.example.com": true, "smtp://user:p%40ss@mail.example.com:587": true, "smtps://mail.example.com": true, "smtps://mail.example.com:465/": true, "smtp://127.0.0.1:2525": true,
		"smtp://[::1]:25": true, "smtp://mail.example.com?tls=mandatory": true,
		"": false, "mail.example.com:25": false, "http://mail.example.com": false, "smtp://": false, "smtp://:25": false, "smtp://mail.example.com:99999": false, "smtp://mail.example.com:x": false,
		"smtp://mail.example.com/inbox": false, "smtp://mail.example.com?tls=none": false, "smtp://%zz": false,
	} {
		if err := CheckSMTP(raw); (err == nil) != fine || err != nil && !strings.Contains(err.Error(), "SMTP_URL") {
			t.Errorf("%q: %v", raw, err)
		}
	}
	if r, err := readRelay("smtp://user:p%40ss@mail.example.com"); err != nil || r.password != "p@ss" || r.port != 587 || r.implicit || r.local || r.policy.String() != "TLSOpportunistic" {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := readRelay("smtps://mail.example.com"); err != nil || r.port != 465 || !r.implicit {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := readRelay("smtp://[::1]"); err != nil || !r.local || r.policy.String() != "NoTLS" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := readRelay((&url.URL{Scheme: "smtp", User: url.UserPassword("u", "secret"), Host: "h:x"}).String()); err == nil || strings.Contains(err.Error(), "secret") {
		t.Error("the password stands in an error")
	}
}
