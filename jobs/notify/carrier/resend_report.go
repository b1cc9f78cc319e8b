package carrier

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// reportLimit is more than any callback has: they quote no mail.
const reportLimit = 256 << 10

// ErrReport: a callback that cannot be read. It was signed, so somebody should see it.
var ErrReport = errors.New("this callback cannot be read")

// resendTypes are their types that tell of a mail of ours, and what each makes of it. Others are kept and change nothing.
var resendTypes = map[string]string{
	"email.scheduled": "queued", "email.sent": "accepted", "email.delivery_delayed": "accepted", "email.delivered": "delivered",
	"email.opened": "seen", "email.clicked": "seen", "email.bounced": "bounced", "email.suppressed": "bounced", "email.complained": "complained", "email.failed": "failed",
}

type resendData struct {
	EmailID string          `json:"email_id"`
	To      []string        `json:"to"`
	Tags    json.RawMessage `json:"tags"`
	Bounce  struct {
		Type, SubType, Message string
	} `json:"bounce"`
	Failed     struct{ Reason string }          `json:"failed"`
	Suppressed struct{ Reason, Message string } `json:"suppressed"`
}

// ReadResendReport reads the body of a callback that was verified; id is its svix-id.
func ReadResendReport(id string, body []byte) (Report, error) {
	if len(body) > reportLimit {
		return Report{}, fmt.Errorf("%w: it is too large", ErrReport)
	}
	var said struct {
		Type      string          `json:"type"`
		CreatedAt string          `json:"created_at"`
		Data      json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &said); err != nil || said.Type == "" {
		return Report{}, fmt.Errorf("%w: %v", ErrReport, err)
	}
	r := Report{ID: plain(id, idLimit), Type: plain(said.Type, idLimit), At: moment(said.CreatedAt)}
	if r.ID == "" {
		sum := sha256.Sum256(body)
		r.ID = hex.EncodeToString(sum[:])
	}
	status, ours := resendTypes[said.Type]
	if !ours {
		return r, nil
	}
	var data resendData
	if err := json.Unmarshal(said.Data, &data); err != nil {
		return Report{}, fmt.Errorf("%w: %v", ErrReport, err)
	}
	r.Status, r.Ref = status, plain(data.EmailID, idLimit)
	if len(data.To) > 0 {
		r.Address = plain(data.To[0], addressLimit)
	}
	r.NotificationID, r.OrgID = resendIDs(data.Tags)
	data.explain(&r)
	return r, nil
}

// explain says why, and whether the address is to be left alone. A bounce that is not for good is a failure of one mail.
func (d resendData) explain(r *Report) {
	switch r.Type {
	case "email.delivery_delayed":
		r.Detail = "It is delayed: the recipient's server does not take it yet."
	case "email.complained":
		r.Suppress, r.Detail = Complained, "The recipient marked it as spam."
	case "email.bounced":
		r.Detail = sentence(bounceWords(d.Bounce.SubType), d.Bounce.Message)
		if r.Suppress = Bounced; d.Bounce.Type != "Permanent" {
			r.Status, r.Suppress = "failed", ""
		}
	case "email.failed":
		r.Detail = sentence("Resend could not send it", strings.ReplaceAll(d.Failed.Reason, "_", " "))
	case "email.suppressed":
		r.Suppress, r.Detail = Bounced, sentence("Resend does not send to this address any more: a mail to it came back", d.Suppressed.Message)
		if d.Suppressed.Reason == "previous_complaint" {
			r.Suppress, r.Detail = Complained, sentence("Resend does not send to this address any more: a mail to it was marked as spam", d.Suppressed.Message)
		}
	}
}

func bounceWords(subType string) string {
	switch subType {
	case "NoEmail":
		return "There is no such mailbox"
	case "MailboxFull":
		return "The mailbox is full"
	case "MessageTooLarge":
		return "The e-mail is too large for the recipient's server"
	case "ContentRejected", "AttachmentRejected":
		return "The recipient's server does not take what is in it"
	default:
		return "The recipient's server did not take it"
	}
}

// sentence is our words, with the carrier's behind them.
func sentence(ours, theirs string) string {
	if theirs = plain(theirs, wordsLimit); theirs == "" {
		return ours + "."
	}
	return ours + ": " + theirs
}

// resendIDs are ours, from the tags: an object here, though they are sent as a list.
func resendIDs(raw json.RawMessage) (notification, org uuid.UUID) {
	tags := map[string]string{}
	var list []resendTag
	if json.Unmarshal(raw, &tags) != nil && json.Unmarshal(raw, &list) == nil {
		for _, t := range list {
			tags[t.Name] = t.Value
		}
	}
	return parseID(tags["notification_id"]), parseID(tags["org_id"])
}

// parseID takes only what we write; nil for anything else.
func parseID(text string) uuid.UUID {
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return uuid.Nil
	}
	return id
}

// moment reads both of the ways that they write times; zero for anything else.
func moment(text string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999-07", "2006-01-02 15:04:05.999999999-07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}
