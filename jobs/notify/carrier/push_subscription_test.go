package carrier

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestParseSubscription(t *testing.T) {
	t.Parallel()
	d := newDevice(t)
	key, auth := base64.RawURLEncoding.EncodeToString(d.private.PublicKey().Bytes()), base64.RawURLEncoding.EncodeToString(d.auth)
	offCurve := d.private.PublicKey().Bytes()
	offCurve[64] ^= 1
	const endpoint = "https://fcm.googleapis.com/fcm/send/abc:d-e_f"
	tests := []struct {
		what, endpoint, key, auth string
		private, fine             bool
	}{
		{"a browser's", endpoint, key, auth, false, true},
		{"padded", " " + endpoint + " ", key + "=", auth + "==", false, true},
		{"the usual alphabet", endpoint, base64.StdEncoding.EncodeToString(d.private.PublicKey().Bytes()), base64.StdEncoding.EncodeToString(d.auth), false, true},
		{"loopback in a test", "http://127.0.0.1:9/x", key, auth, true, true},
		{"loopback", "https://127.0.0.1/x", key, auth, false, false},
		{"loopback by number", "https://2130706433/x", key, auth, false, false},
		{"the cloud's metadata", "http://169.254.169.254/latest", key, auth, true, false},
		{"a name of this network", "https://printer.local/x", key, auth, false, false},
		{"not encrypted", "http://push.example/x", key, auth, false, false},
		{"another scheme", "ftp://push.example/x", key, auth, true, false},
		{"a file", "file:///etc/passwd", key, auth, true, false},
		{"with a name and password", "https://a:b@push.example/x", key, auth, false, false},
		{"nothing", "", key, auth, false, false},
		{"too long", endpoint + strings.Repeat("x", 1000), key, auth, false, false},
		{"a header put in", endpoint + "\r\nX: y", key, auth, false, false},
		{"blanks in it", endpoint + " x", key, auth, false, false},
		{"letters of elsewhere", "https://púsh.example/x", key, auth, false, false},
		{"a place in a page", endpoint + "#x", key, auth, false, false},
		{"no key", endpoint, "", auth, false, false},
		{"a key that is none", endpoint, "BAAA", auth, false, false},
		{"a point off the curve", endpoint, base64.RawURLEncoding.EncodeToString(offCurve), auth, false, false},
		{"a key in brackets", endpoint, "<script>", auth, false, false},
		{"no secret", endpoint, key, "", false, false},
		{"a short secret", endpoint, key, auth[:20], false, false},
		{"a long secret", endpoint, key, auth + "AAAA", false, false},
	}
	for _, tt := range tests {
		s, err := ParseSubscription(tt.endpoint, tt.key, tt.auth, tt.private)
		if (err == nil) != tt.fine {
			t.Errorf("%s: %v", tt.what, err)
		}
		if err == nil && (s.Endpoint != strings.TrimSpace(tt.endpoint) || len(s.P256dh) != 65 || len(s.Auth) != 16) {
			t.Errorf("%s: %+v", tt.what, s)
		}
	}
}

// Whatever is taken can be sent to, and is never this machine.
func FuzzParseSubscription(f *testing.F) {
	d := newDevice(f)
	key, auth := base64.RawURLEncoding.EncodeToString(d.private.PublicKey().Bytes()), base64.RawURLEncoding.EncodeToString(d.auth)
	for _, endpoint := range []string{"https://push.example/x", "https://[::1]/x", "https://0x7f.1/", "http://localhost", "https://push.example:443/x?y=z", "https://push.example\\@127.0.0.1/"} {
		f.Add(endpoint, key, auth)
	}
	f.Add("https://push.example/x", "BAAA", "")
	f.Fuzz(func(t *testing.T, endpoint, key, auth string) {
		s, err := ParseSubscription(endpoint, key, auth, false)
		if err != nil {
			return
		}
		p := WebPush{Key: newKey(t), Subject: "mailto:post@wedsync.test"}
		req, refused := p.request(t.Context(), Note{Endpoint: s.Endpoint, P256dh: s.P256dh, Auth: s.Auth, Payload: []byte("{}")}, noon)
		if req == nil {
			t.Fatalf("%q is taken and cannot be sent to: %+v", endpoint, refused)
		}
		if host := req.URL.Hostname(); req.URL.Scheme != "https" || strings.HasPrefix(host, "127.") || host == "localhost" || host == "::1" {
			t.Fatalf("%q leads to %s", endpoint, host)
		}
	})
}
