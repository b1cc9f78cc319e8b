package carrier

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/netip"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/wedsync/wedsync/jobs/outside"
)

// SMTP sends e-mail through a mail server: smtp://user:password@host:587, smtps://host:465, smtp://127.0.0.1:2525.
// smtp:// speaks TLS where the server can, and always with ?tls=mandatory; a server on this machine may be spoken to plainly.
type SMTP struct {
	Door *outside.Door
	URL  string
}

const smtpDeadline = 30 * time.Second // a server may look at a mail for a while before it takes it

// relay is what SMTP_URL says.
type relay struct {
	host           string
	port           int
	user, password string
	implicit       bool // TLS from the first byte
	policy         gomail.TLSPolicy
	local          bool
}

// CheckSMTP judges an SMTP_URL, in words.
func CheckSMTP(raw string) error {
	_, err := readRelay(raw)
	return err
}

func readRelay(raw string) (relay, error) {
	fault := errors.New("SMTP_URL takes an address such as smtp://user:password@mail.example.com:587 or smtps://mail.example.com:465")
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Path != "" && u.Path != "/" {
		return relay{}, fault
	}
	r := relay{host: u.Hostname(), port: 587, user: u.User.Username(), implicit: u.Scheme == "smtps", policy: gomail.TLSOpportunistic}
	r.password, _ = u.User.Password()
	if r.implicit {
		r.port = 465
	}
	if u.Port() != "" {
		if r.port, err = strconv.Atoi(u.Port()); err != nil || r.port < 1 || r.port > 65535 {
			return relay{}, fault
		}
	}
	ip, err := netip.ParseAddr(r.host)
	r.local = r.host == "localhost" || err == nil && ip.IsLoopback()
	switch mode := u.Query().Get("tls"); {
	case mode == "mandatory":
		r.policy = gomail.TLSMandatory
	case mode != "":
		return relay{}, errors.New("SMTP_URL takes ?tls=mandatory, or nothing behind the address")
	case r.local && !r.implicit:
		r.policy = gomail.NoTLS // nobody can listen, and its certificate is nobody's
	}
	return r, nil
}

// Send hands one mail over. It has no key: an ambiguous try is never made again.
func (s SMTP) Send(ctx context.Context, m Mail) (out Outcome) {
	if out = m.fault(); out.Fate != "" {
		return out
	}
	to, err := readRelay(s.URL)
	if err != nil {
		return Outcome{Fate: Misconfigured, Words: err.Error()}
	}
	letter, err := m.letter()
	if err != nil {
		return Outcome{Fate: Refused, Code: "unfit", Words: "The e-mail was not sent: it cannot be written as one. " + plain(err.Error(), wordsLimit)}
	}
	call := outside.Call{OrgID: m.OrgID, Peer: "smtp", Shared: true, Purpose: "send an e-mail", Deadline: smtpDeadline}
	err = s.Door.Attempt(ctx, call, "SMTP", to.host, func(within context.Context) (outside.Verdict, string) {
		out = s.talk(within, call, to, letter)
		return smtpVerdict(out), "ended " + strings.TrimSpace(string(out.Fate)+" "+out.Code)
	})
	if err != nil {
		return unanswered(err)
	}
	if errors.Is(ctx.Err(), context.Canceled) && out.Fate != Accepted {
		out.Err = ctx.Err()
	}
	return out
}

// talk is the conversation, stage by stage: what an end means depends on how far it came.
func (s SMTP) talk(ctx context.Context, call outside.Call, to relay, letter *gomail.Msg) Outcome {
	client, err := to.client(letter, func(dialling context.Context, network, _ string) (net.Conn, error) {
		conn, err := s.Door.Dial(dialling, call, network, net.JoinHostPort(to.host, strconv.Itoa(to.port)))
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { conn.Close() }) // the deadline ends the conversation wherever it is; dialling ends sooner
		if to.implicit {
			return tls.Client(conn, &tls.Config{ServerName: to.host, MinVersion: tls.VersionTLS12}), nil
		}
		return conn, nil
	})
	if err != nil {
		return Outcome{Fate: Misconfigured, Words: "SMTP_URL cannot be used.", Err: err}
	}
	line, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return smtpOutcome(stageHello, err)
	}
	defer line.Close()
	return handOver(line, letter)
}

func (r relay) client(letter *gomail.Msg, dial gomail.DialContextFunc) (*gomail.Client, error) {
	options := []gomail.Option{gomail.WithPort(r.port), gomail.WithTimeout(smtpDeadline), gomail.WithTLSPolicy(r.policy), gomail.WithDialContextFunc(dial)}
	if !foreign(letter) {
		options = append(options, gomail.WithoutSMTPUTF8()) // a server on the way that lacks it may not take mail that asks for it
	}
	if r.user != "" {
		kind := gomail.SMTPAuthAutoDiscover // never a password in clear
		if r.local {
			kind = gomail.SMTPAuthPlainNoEnc
		}
		options = append(options, gomail.WithSMTPAuth(kind), gomail.WithUsername(r.user), gomail.WithPassword(r.password))
	}
	return gomail.NewClient(r.host, options...)
}

// foreign: an address has letters beyond ASCII.
func foreign(letter *gomail.Msg) bool {
	from, _ := letter.GetSender(false)
	to, _ := letter.GetRecipients()
	return strings.IndexFunc(from+strings.Join(to, ""), func(r rune) bool { return r > 127 }) >= 0
}

type stage string

const (
	stageHello     stage = "hello" // connection, TLS, password
	stageSender    stage = "sender"
	stageRecipient stage = "recipient"
	stageData      stage = "data"    // asked to listen, nothing of the mail said
	stageContent   stage = "content" // from its first line on
)

func handOver(line *smtp.Client, letter *gomail.Msg) Outcome {
	from, err := letter.GetSender(false)
	if err != nil {
		return smtpOutcome(stageSender, err)
	}
	to, err := letter.GetRecipients()
	if err != nil {
		return smtpOutcome(stageRecipient, err)
	}
	if err := line.Mail(from); err != nil {
		return smtpOutcome(stageSender, err)
	}
	for _, one := range to {
		if err := line.Rcpt(one); err != nil {
			return smtpOutcome(stageRecipient, err)
		}
	}
	content, err := line.Data()
	if err != nil {
		return smtpOutcome(stageData, err)
	}
	if _, err := letter.WriteTo(content); err != nil {
		return smtpOutcome(stageContent, err)
	}
	if err := content.Close(); err != nil {
		return smtpOutcome(stageContent, err)
	}
	out := Outcome{Fate: Accepted, Ref: plain(strings.Trim(letter.GetMessageID(), "<>"), idLimit)}
	if said, ok := content.(*smtp.DataCloser); ok {
		out.Words = plain(said.ServerResponse(), wordsLimit)
	}
	line.Quit() //nolint:errcheck // it has the mail
	return out
}

var enhanced = regexp.MustCompile(`^([245]\.\d{1,3}\.\d{1,3})\b`)

// unknownMailbox are codes of RFC 3463 by which no mail to this address will ever arrive.
var unknownMailbox = []string{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"}

// smtpOutcome is what an end at a stage means: the server's word where it gave one, else how the connection ended.
func smtpOutcome(at stage, err error) Outcome {
	var said *textproto.Error
	if !errors.As(err, &said) {
		return smtpLost(at, err)
	}
	out := Outcome{Fate: Later, Code: strconv.Itoa(said.Code)}
	detail := enhanced.FindString(said.Msg)
	if detail != "" {
		out.Code += " " + detail
	}
	words := "The mail server cannot take it now"
	switch {
	case said.Code == 421 && at == stageContent:
		out.Fate, words = Ambiguous, "The mail server hung up in the middle of the e-mail"
	case said.Code < 400 && at == stageContent:
		out.Fate, words = Ambiguous, "The mail server said something else than whether it took the e-mail"
	case said.Code < 500:
	case at == stageHello, at == stageSender, said.Code == 530, said.Code == 535:
		out.Fate, words = Misconfigured, "The mail server does not let WedSync in, or not with this sender"
	case at == stageRecipient && slices.Contains(unknownMailbox, detail):
		out.Fate, out.Suppress, words = Refused, Bounced, "There is no such mailbox"
	case at == stageRecipient:
		out.Fate, words = Refused, "The mail server does not take mail to this address"
	default:
		out.Fate, words = Refused, "The mail server did not take this e-mail"
	}
	out.Words = fmt.Sprintf("%s: %d %s", words, said.Code, plain(said.Msg, wordsLimit))
	return out
}

// smtpLost: the connection ended without a word, or never began.
func smtpLost(at stage, err error) Outcome {
	var later *outside.Later
	var network net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &later):
		return Outcome{Fate: Later, Words: later.Error()}
	case errors.Is(err, outside.ErrPrivate):
		return Outcome{Fate: Misconfigured, Words: err.Error()}
	case at == stageContent:
		return Outcome{Fate: Ambiguous, Code: "cut", Words: "The connection to the mail server ended in the middle of the e-mail."}
	case errors.As(err, &certificate):
		return Outcome{Fate: Later, Code: "certificate", Words: "The mail server shows a certificate that is not valid for it."}
	case at == stageHello && !errors.As(err, &network) && !lost(err):
		return Outcome{Fate: Misconfigured, Code: "hello", Words: "The mail server cannot be used like this: " + plain(err.Error(), wordsLimit)}
	default:
		return Outcome{Fate: Later, Code: "lost", Words: "The mail server ended the connection before it heard the e-mail."}
	}
}

func lost(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// smtpVerdict: whoever refuses is there, and so is whoever has no time for this one mail (45x, such as a greylist).
func smtpVerdict(out Outcome) outside.Verdict {
	switch {
	case out.Fate == Accepted, out.Fate == Refused, out.Fate == Misconfigured && out.Code != "", strings.HasPrefix(out.Code, "45"):
		return outside.Answered
	case out.Fate == Misconfigured:
		return outside.Nothing
	default:
		return outside.Failed
	}
}

// letter is the mail as go-mail writes it. Its Message-ID is the notification's, so a recipient's server that is handed the
// same mail twice can tell.
func (m Mail) letter() (*gomail.Msg, error) {
	from, err := mail.ParseAddress(m.From)
	if err != nil {
		return nil, err
	}
	letter := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(letter.From(m.From), letter.To(m.To)); err != nil {
		return nil, err
	}
	if m.ReplyTo != "" {
		if err := letter.ReplyTo(m.ReplyTo); err != nil {
			return nil, err
		}
	}
	letter.Subject(m.Subject)
	letter.SetDate()
	letter.SetMessageIDWithValue(m.ID.String() + from.Address[strings.LastIndexByte(from.Address, '@'):])
	for name, value := range m.Headers {
		letter.SetGenHeader(gomail.Header(name), value)
	}
	switch {
	case m.Text == "":
		letter.SetBodyString(gomail.TypeTextHTML, m.HTML)
	default:
		letter.SetBodyString(gomail.TypeTextPlain, m.Text)
		if m.HTML != "" {
			letter.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
		}
	}
	return letter, nil
}
