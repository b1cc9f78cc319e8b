package carrier

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

const (
	notificationID = "0198c2f0-0000-7000-8000-000000000001"
	orgID          = "0198c2f0-0000-7000-8000-000000000002"
)

func resendBody(kind, more string) []byte {
	return fmt.Appendf(nil, `{"type":%q,"created_at":"2027-06-12T12:00:00.5Z","data":{"email_id":"e-1","created_at":"2027-06-12T11:59:00Z","from":"Kay <post@wedsync.example>",
		"to":["anna@example.com"],"subject":"Hello","tags":{"notification_id":%q,"org_id":%q}%s}}`, kind, notificationID, orgID, more)
}

func TestEveryReportOfResend(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, more, status, suppress, words string }{
		{"email.sent", "", "accepted", "", ""},
		{"email.delivered", "", "delivered", "", ""},
		{"email.delivery_delayed", "", "accepted", "", "delayed"},
		{"email.scheduled", "", "queued", "", ""},
		{"email.opened", "", "seen", "", ""},
		{"email.clicked", `,"click":{"link":"https://x","ipAddress":"1.1.1.1","timestamp":"2027-06-12T12:00:00Z","userAgent":"x"}`, "seen", "", ""},
		{"email.bounced", `,"bounce":{"type":"Permanent","subType":"NoEmail","message":"unknown user","diagnosticCode":["smtp; 550"]}`, "bounced", Bounced, "no such mailbox: unknown user"},
		{"email.bounced", `,"bounce":{"type":"Permanent","subType":"General","message":""}`, "bounced", Bounced, "did not take it."},
		{"email.bounced", `,"bounce":{"type":"Transient","subType":"MailboxFull","message":"full"}`, "failed", "", "mailbox is full"},
		{"email.bounced", `,"bounce":{"type":"Undetermined","subType":"Undetermined","message":"?"}`, "failed", "", "did not take it"},
		{"email.bounced", "", "failed", "", "did not take it"},
		{"email.complained", "", "complained", Complained, "spam"},
		{"email.failed", `,"failed":{"reason":"reached_daily_quota"}`, "failed", "", "reached daily quota"},
		{"email.suppressed", `,"suppressed":{"reason":"previous_bounce","type":"Suppressed","message":"x","diagnosticCode":[]}`, "bounced", Bounced, "came back"},
		{"email.suppressed", `,"suppressed":{"reason":"previous_complaint","type":"OnAccountSuppressionList","message":"x","diagnosticCode":[]}`, "bounced", Complained, "spam"},
	} {
		r, err := ReadResendReport("msg_1", resendBody(tt.kind, tt.more))
		want := Report{ID: "msg_1", NotificationID: uuid.MustParse(notificationID), OrgID: uuid.MustParse(orgID), Ref: "e-1", Status: tt.status, Type: tt.kind,
			Detail: r.Detail, At: noon.Add(500 * time.Millisecond), Address: "anna@example.com", Suppress: tt.suppress}
		if err != nil || r != want || !strings.Contains(r.Detail, tt.words) || (r.Detail == "") != (tt.words == "") {
			t.Errorf("%s: %+v, %v", tt.kind, r, err)
		}
	}
	// All types of the specification are known, or change nothing.
	for _, kind := range []string{"email.received", "contact.created", "contact.updated", "contact.deleted", "domain.created", "domain.updated", "domain.deleted", "email.unheard_of"} {
		r, err := ReadResendReport("msg_1", fmt.Appendf(nil, `{"type":%q,"created_at":"2023-10-06 23:47:56.678+00","data":{"id":"x","to":"nobody"}}`, kind))
		if err != nil || r.Status != "" || r.Type != kind || r.Suppress != "" || r.At.IsZero() {
			t.Errorf("%s: %+v, %v", kind, r, err)
		}
	}
}

func TestReportsOfResendThatAreNotOurs(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "{}", "null", "[]", `"x"`, `{"type":7}`, `{"type":"email.sent"}`, `{"type":"email.sent","data":[]}`, `{"type":"email.bounced","data":{"bounce":"x"}}`,
		`{"type":"email.sent","data":` + strings.Repeat(" ", reportLimit) + `{}}`, strings.Repeat("[", 20000)} {
		if r, err := ReadResendReport("msg_1", []byte(bad)); !errors.Is(err, ErrReport) || r != (Report{}) {
			t.Errorf("%.40q: %+v, %v", bad, r, err)
		}
	}
	list := `{"type":"email.sent","data":{"email_id":"e-1","tags":[{"name":"notification_id","value":"` + notificationID + `"},{"name":"org_id","value":"` + orgID + `"}]}}`
	if r, err := ReadResendReport("", []byte(list)); err != nil || r.NotificationID.String() != notificationID || r.OrgID.String() != orgID || len(r.ID) != 64 {
		t.Errorf("tags as they are sent: %+v, %v", r, err)
	}
	for _, tags := range []string{`{}`, `null`, `7`, `{"notification_id":"x","org_id":"{` + orgID + `}"}`, `{"notification_id":7}`, `[7]`} {
		r, err := ReadResendReport("msg_1", []byte(`{"type":"email.sent","created_at":"then","data":{"email_id":"e-1","tags":`+tags+`}}`))
		if err != nil || r.NotificationID != uuid.Nil || r.OrgID != uuid.Nil || r.Ref != "e-1" || !r.At.IsZero() {
			t.Errorf("%s: %+v, %v", tags, r, err)
		}
	}
}

func TestEveryReportOfTwilio(t *testing.T) {
	t.Parallel()
	query, err := url.ParseQuery(CallbackQuery(uuid.MustParse(orgID), uuid.MustParse(notificationID)))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ said, code, status, suppress, words string }{
		{"queued", "", "accepted", "", ""}, {"accepted", "", "accepted", "", ""}, {"scheduled", "", "accepted", "", ""}, {"sending", "", "accepted", "", ""}, {"sent", "", "accepted", "", ""},
		{"partially_delivered", "", "accepted", "", ""}, {"delivered", "", "delivered", "", ""}, {"delivered", "30003", "delivered", "", ""}, {"read", "", "seen", "", ""},
		{"undelivered", "30003", "failed", "", "may be off (30003)"}, {"undelivered", "30005", "failed", Invalid, "No phone"}, {"undelivered", "30006", "failed", Invalid, "landline"},
		{"failed", "21610", "failed", Stopped, "STOP"}, {"failed", "", "failed", "", "not sent"}, {"failed", "99999", "failed", "", "(99999)."}, {"failed", "-1", "failed", "", "not sent"},
		{"canceled", "", "failed", "", "cancelled"}, {"receiving", "", "", "", ""}, {"received", "", "", "", ""}, {"unheard_of", "", "", "", ""},
	} {
		form := url.Values{"MessageSid": {messageID}, "MessageStatus": {tt.said}, "To": {"+447700900000"}, "RawDlrDoneDate": {"2706121200"}}
		if tt.code != "" {
			form.Set("ErrorCode", tt.code)
		}
		r, err := ReadTwilioReport(form, query)
		want := Report{ID: messageID + ":" + tt.said, NotificationID: uuid.MustParse(notificationID), OrgID: uuid.MustParse(orgID), Ref: messageID, Status: tt.status, Type: tt.said,
			Detail: r.Detail, Address: "+447700900000", Suppress: tt.suppress}
		if err != nil || r != want || !strings.Contains(r.Detail, tt.words) || (r.Detail == "") != (tt.words == "") {
			t.Errorf("%s %s: %+v, %v", tt.said, tt.code, r, err)
		}
	}
	if r, err := ReadTwilioReport(url.Values{"SmsSid": {messageID}, "SmsStatus": {"sent"}}, nil); err != nil || r.Status != "accepted" || r.NotificationID != uuid.Nil || r.OrgID != uuid.Nil {
		t.Errorf("the older names, without ours: %+v, %v", r, err)
	}
	for _, bad := range []url.Values{nil, {"MessageSid": {messageID}}, {"MessageStatus": {"sent"}}, {"MessageSid": {"CA" + messageID[2:]}, "MessageStatus": {"sent"}},
		{"MessageSid": {messageID + "0"}, "MessageStatus": {"sent"}}, {"MessageSid": {messageID}, "MessageStatus": {strings.Repeat("x", idLimit+1)}}} {
		if r, err := ReadTwilioReport(bad, query); !errors.Is(err, ErrReport) || r != (Report{}) {
			t.Errorf("%v: %+v, %v", bad, r, err)
		}
	}
}

func TestReadReply(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]ReplyKind{
		"STOP": ReplyStop, " stop. ": ReplyStop, "Stop!": ReplyStop, "STOPALL": ReplyStop, "stop all": ReplyStop, "unsubscribe": ReplyStop, "Cancel": ReplyStop, "END": ReplyStop, "quit": ReplyStop,
		"REVOKE": ReplyStop, "opt-out": ReplyStop, "Opt out": ReplyStop, "START": ReplyStart, "yes": ReplyStart, "unstop": ReplyStart, "Help": ReplyHelp, "info": ReplyHelp,
		"": ReplyOther, "please stop writing": ReplyOther, "Don't stop": ReplyOther, "yes, see you at 10": ReplyOther, "bus stop": ReplyOther, "🛑": ReplyOther,
	} {
		if r := ReadReply(url.Values{"MessageSid": {messageID}, "From": {"+447700900000"}, "To": {"+15005550006"}, "Body": {body}}); r.Kind != want || r.From != "+447700900000" || r.To != "+15005550006" || r.ID != messageID {
			t.Errorf("%q: %+v", body, r)
		}
	}
	for kind, want := range map[string]ReplyKind{"STOP": ReplyStop, "start": ReplyStart, "HELP": ReplyHelp, "": ReplyStop, "ELSE": ReplyStop} {
		if r := ReadReply(url.Values{"Body": {"stop"}, "OptOutType": {kind}}); r.Kind != want {
			t.Errorf("%q goes before the words: %+v", kind, r)
		}
	}
	if r := ReadReply(url.Values{"Body": {strings.Repeat("é", 5000) + "\x00"}}); utf8.RuneCountInString(r.Body) != bodyLimit || r.Kind != ReplyOther {
		t.Errorf("%d characters", utf8.RuneCountInString(r.Body))
	}
}

// fit is what any report must be, whatever was sent: it goes into rows and onto pages.
func fit(t *testing.T, r Report) {
	t.Helper()
	known := map[string]bool{"": true, "queued": true, "accepted": true, "delivered": true, "seen": true, "bounced": true, "complained": true, "failed": true}
	if !known[r.Status] || r.ID == "" || r.Type == "" && r.Status != "" {
		t.Errorf("%+v", r)
	}
	for _, text := range []string{r.ID, r.Ref, r.Type, r.Detail, r.Address} {
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\r\n") || utf8.RuneCountInString(text) > 2*wordsLimit {
			t.Errorf("%q", text)
		}
	}
	if r.Suppress != "" && r.Status != "bounced" && r.Status != "complained" && r.Status != "failed" {
		t.Errorf("an address is left alone though nothing failed: %+v", r)
	}
}

func FuzzReadResendReport(f *testing.F) {
	for kind := range resendTypes {
		f.Add("msg_1", resendBody(kind, `,"bounce":{"type":"Permanent","subType":"NoEmail","message":"x"},"failed":{"reason":"y"},"suppressed":{"reason":"previous_bounce"}`))
	}
	f.Add("", []byte(`{"type":"email.sent","data":{"to":["\u0000\r\n"],"tags":[{"name":"org_id"}]}}`))
	f.Fuzz(func(t *testing.T, id string, body []byte) {
		if r, err := ReadResendReport(id, body); err == nil {
			fit(t, r)
			if again, _ := ReadResendReport(id, body); again != r {
				t.Error("it reads the same twice and not alike")
			}
		} else if r != (Report{}) || json.Valid(body) && !errors.Is(err, ErrReport) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func FuzzReadTwilio(f *testing.F) {
	f.Add("MessageSid="+messageID+"&MessageStatus=undelivered&ErrorCode=30005&To=%2B447700900000", "n="+notificationID+"&o="+orgID)
	f.Add("Body=STOP&OptOutType=START&From=%00", "n=x")
	f.Fuzz(func(t *testing.T, body, address string) {
		form, _ := url.ParseQuery(body)
		query, _ := url.ParseQuery(address)
		if r, err := ReadTwilioReport(form, query); err == nil {
			fit(t, r)
		}
		reply := ReadReply(form)
		if !utf8.ValidString(reply.Body) || strings.ContainsRune(reply.Body+reply.From+reply.To+reply.ID, 0) || reply.Kind == "" {
			t.Errorf("%+v", reply)
		}
	})
}
