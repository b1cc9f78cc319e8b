package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/mail"
	"regexp"
	"strings"
)

// resendMail is what POST /emails takes, as far as WedSync needs it; the spec calls it SendEmailRequest.
type resendMail struct {
	From    string            `json:"from"`
	To      someAddresses     `json:"to"`
	ReplyTo someAddresses     `json:"reply_to"`
	Subject string            `json:"subject"`
	HTML    string            `json:"html"`
	Text    string            `json:"text"`
	Headers map[string]string `json:"headers"`
	Tags    []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"tags"`
}

// someAddresses is one address, or a list of them.
type someAddresses []string

func (a *someAddresses) UnmarshalJSON(raw []byte) error {
	var one string
	if err := json.Unmarshal(raw, &one); err == nil {
		*a = someAddresses{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(a))
}

func readResendMail(raw []byte) (resendMail, *resendFault) {
	var m resendMail
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, &resendFault{422, "invalid_parameter", "The request body could not be read: " + err.Error()}
	}
	if _, err := d.Token(); err != io.EOF {
		return m, &resendFault{422, "invalid_parameter", "The request body must be one JSON object."}
	}
	return m, m.fault()
}

func readResendBatch(raw []byte, permissive bool) (good []resendMail, faults []object, fault *resendFault) {
	var all []json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil || len(all) == 0 || len(all) > 100 {
		return nil, nil, &resendFault{422, "validation_error", "The batch must be an array of 1 to 100 emails."}
	}
	for i, one := range all {
		m, fault := readResendMail(one)
		switch {
		case fault == nil:
			good = append(good, m)
		case permissive:
			faults = append(faults, object{"index": i, "message": fault.message})
		default:
			return nil, nil, fault
		}
	}
	return good, faults, nil
}

var tagWord = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// fault is the first thing that is wrong with a mail, in the order in which Resend looks.
func (m resendMail) fault() *resendFault {
	for _, field := range []struct {
		name string
		is   bool
	}{{"from", m.From != ""}, {"to", len(m.To) > 0}, {"subject", m.Subject != ""}, {"html` or `text", m.HTML != "" || m.Text != ""}} {
		if !field.is {
			return &resendFault{422, "missing_required_field", "Missing `" + field.name + "` field."}
		}
	}
	if !isAddress(m.From) {
		return &resendFault{422, "invalid_from_address", "Invalid `from` field. " + addressForm}
	}
	if domain := domainOf(m.From); domain == "unverified.example" {
		return &resendFault{403, "validation_error", "The " + domain + " domain is not verified. Please, add and verify your domain on https://resend.com/domains"}
	}
	if len(m.To) > 50 {
		return &resendFault{422, "validation_error", "The `to` field must have at most 50 recipients."}
	}
	for _, list := range []struct {
		name      string
		addresses []string
	}{{"to", m.To}, {"reply_to", m.ReplyTo}} {
		for _, a := range list.addresses {
			if !isAddress(a) {
				return &resendFault{422, "validation_error", "Invalid `" + list.name + "` field. " + addressForm}
			}
		}
	}
	return m.headFault()
}

const addressForm = "The email address needs to follow the `email@example.com` or `Name <email@example.com>` format."

// headFault is about what ends in the mail's head, where a line break would begin a header of somebody else's.
func (m resendMail) headFault() *resendFault {
	broken := strings.ContainsAny(m.Subject, "\r\n")
	for name, value := range m.Headers {
		broken = broken || name == "" || strings.ContainsAny(name, "\r\n: ") || strings.ContainsAny(value, "\r\n")
	}
	if broken {
		return &resendFault{422, "invalid_parameter", "The `subject` and `headers` must not contain line breaks."}
	}
	for _, tag := range m.Tags {
		if !tagWord.MatchString(tag.Name) || !tagWord.MatchString(tag.Value) {
			return &resendFault{422, "validation_error", fmt.Sprintf("Tags should only contain ASCII letters, numbers, underscores, or dashes. Got %q: %q.", tag.Name, tag.Value)}
		}
	}
	return nil
}

func isAddress(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && strings.Contains(a.Address[strings.LastIndexByte(a.Address, '@')+1:], ".") && !strings.ContainsAny(text, "\r\n")
}

func domainOf(address string) string {
	address = bare(address)
	return address[strings.LastIndexByte(address, '@')+1:]
}
