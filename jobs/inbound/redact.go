package inbound

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

const (
	hidden   = "•••"
	maxShown = 64 << 10 // a page is read by a person; the whole body stays in the row
	cutShort = "\n… (cut short)"
)

var errFull = errors.New("enough is shown")

// Redact is a body for the deliveries page: laid out if it is JSON, without what should not be on a screen.
func Redact(contentType string, body []byte) (text string, isJSON bool) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if pretty, ok := redactJSON(body); ok {
		return pretty, true
	}
	media, _, _ := strings.Cut(contentType, ";")
	if strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded") {
		if lines, ok := redactForm(string(body)); ok {
			return lines, false
		}
	}
	return redactText(string(body)), false
}

// redactJSON goes token by token: fields stay in the sender's order, and a name written twice shows twice.
func redactJSON(body []byte) (string, bool) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	r := redactor{dec: dec}
	err := r.value("", false)
	if err == nil {
		if _, after := dec.Token(); !errors.Is(after, io.EOF) {
			return "", false
		}
	}
	// What was cut short may be broken further on, but what is shown of it is JSON.
	if err != nil && !errors.Is(err, errFull) {
		return "", false
	}
	return shortened(r.out.String()), true
}

type redactor struct {
	dec *json.Decoder
	out strings.Builder
}

func (r *redactor) value(indent string, secret bool) error {
	token, err := r.dec.Token()
	if err != nil {
		return err
	}
	if r.out.Len() > maxShown {
		return errFull
	}
	if len(indent)/2 > maxDepth {
		return errors.New("nested too deep")
	}
	switch token {
	case json.Delim('{'):
		return r.group(indent, secret, "{", "}")
	case json.Delim('['):
		return r.group(indent, secret, "[", "]")
	}
	if token != nil && (secret || isCard(token)) {
		token = hidden
	}
	return r.write(token)
}

func (r *redactor) group(indent string, secret bool, open, closing string) error {
	r.out.WriteString(open)
	inner, empty := indent+"  ", true
	for r.dec.More() {
		if !empty {
			r.out.WriteString(",")
		}
		empty = false
		r.out.WriteString("\n" + inner)
		under := secret
		if open == "{" {
			name, err := r.dec.Token()
			if err != nil {
				return err
			}
			key, _ := name.(string)
			under = secret || looksSecret(key)
			if err := r.write(key); err != nil {
				return err
			}
			r.out.WriteString(": ")
		}
		if err := r.value(inner, under); err != nil {
			return err
		}
	}
	if !empty {
		r.out.WriteString("\n" + indent)
	}
	r.out.WriteString(closing)
	_, err := r.dec.Token()
	return err
}

// write leaves < and & readable; the page's template escapes them for HTML.
func (r *redactor) write(token any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(token)
	r.out.Write(bytes.TrimSpace(b.Bytes()))
	return err
}
