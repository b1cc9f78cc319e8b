package sandbox

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"
)

// readMail takes a mail apart as a mail program does: head, text, HTML.
func readMail(r io.Reader, now time.Time) (Sent, error) {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return Sent{}, err
	}
	s := Sent{ID: uuid.New(), Channel: Email, Carrier: "smtp", At: now, Status: "taken", Headers: map[string]string{}}
	words := new(mime.WordDecoder)
	for name, values := range m.Header {
		text, err := words.DecodeHeader(values[0])
		if err != nil {
			return Sent{}, fmt.Errorf("header %s: %w", name, err)
		}
		switch name {
		case "From":
			s.From = text
		case "Subject":
			s.Subject = text
		case "Reply-To":
			s.ReplyTo = []string{text}
		case "To", "Date", "Mime-Version", "Content-Type", "Content-Transfer-Encoding":
		default:
			s.Headers[name] = text
		}
	}
	if s.From == "" || m.Header.Get("Date") == "" {
		return Sent{}, errors.New("a mail says from whom and when") // RFC 5322 asks for these two
	}
	return s, s.read(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, 0)
}

// read keeps the first text and the first HTML of a part and of what is inside it.
func (s *Sent) read(contentType, encoding string, body io.Reader, depth int) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if contentType == "" {
		kind, err = "text/plain", nil
	}
	if err != nil || depth > 5 {
		return errors.Join(errors.New("its parts"), err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := s.read(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part, depth+1); err != nil {
				return err
			}
		}
	}
	text, err := io.ReadAll(decoded(encoding, body))
	switch {
	case err != nil:
		return fmt.Errorf("the part %s: %w", kind, err)
	case kind == "text/html" && s.HTML == "":
		s.HTML = string(text)
	case kind == "text/plain" && s.Text == "":
		s.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
	return nil
}

func decoded(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}
