package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// SMTP is a mail server on a free port of this machine. What it takes ends in the outbox.
type SMTP struct {
	mood
	outbox *Outbox

	mu     sync.Mutex
	addr   string
	server *smtp.Server // nil: not listening
	door   net.Listener // closed by us too: a server that has not begun to serve knows nothing of it
	done   sync.WaitGroup
}

func newSMTP(o *Outbox) *SMTP { return &SMTP{outbox: o} }

// Open listens, on the port it had before if it had one.
func (s *SMTP) Open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return nil
	}
	addr := s.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s.addr = listener.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &smtpSession{smtp: s, conn: c}, nil }))
	server.Domain, server.MaxRecipients, server.MaxMessageBytes = "mail.sandbox.example", 50, 1<<20
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	server.ErrorLog = log.New(io.Discard, "", 0)
	s.server, s.door = server, listener
	s.done.Go(func() { _ = server.Serve(listener) }) // ends with Close
	return nil
}

// Close takes no more connections, and ends those that are open.
func (s *SMTP) Close() error {
	s.mu.Lock()
	server, door := s.server, s.door
	s.server = nil
	s.mu.Unlock()
	if server == nil {
		return nil
	}
	err := server.Close()
	_ = door.Close() // most often closed already
	s.done.Wait()
	return err
}

// URL is where it listens: smtp://127.0.0.1:2525. Empty: it was never opened.
func (s *SMTP) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.addr == "" {
		return ""
	}
	return "smtp://" + s.addr
}

// Be switches a trouble on; being down is a port on which nobody listens.
func (s *SMTP) Be(t Trouble) error {
	s.be(t)
	if t == Down {
		return s.Close()
	}
	return s.Open()
}

// smtpSession is one conversation.
type smtpSession struct {
	smtp *SMTP
	conn *smtp.Conn
	from string
	to   []string
}

func (c *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	if c.smtp.is() == KeyRefused {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	c.from = from
	return nil
}

func (c *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(strings.ToLower(to), "nobody@") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user here"}
	}
	c.to = append(c.to, to)
	return nil
}

func (c *smtpSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err // too large, in the server's own words
	}
	mail, err := readMail(bytes.NewReader(raw), time.Now())
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "The message could not be read: " + oneLine(err.Error())}
	}
	c.smtp.dawdle(context.Background())
	mail.To = c.to // the envelope says who gets it
	c.smtp.outbox.take(mail)
	if c.smtp.is() == HangsUp {
		return errors.Join(errors.New("as was asked for"), c.conn.Conn().Close())
	}
	return nil
}

func (c *smtpSession) Reset()        { c.from, c.to = "", nil }
func (c *smtpSession) Logout() error { return nil }

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
