package sandbox

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"
)

var b64 = base64.RawURLEncoding

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := b64.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The vector is RFC 8291's own, in its section 5.
func TestADeviceOpensTheRFCsMessage(t *testing.T) {
	t.Parallel()
	private, err := ecdh.P256().NewPrivateKey(bytesOf(t, "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
	if err != nil {
		t.Fatal(err)
	}
	d := Device{private: private, P256dh: private.PublicKey().Bytes(), Auth: bytesOf(t, "BTBZMqHH6r4Tts7J_aSIgg")}
	body := bytesOf(t, "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
	plain, err := d.open(body)
	if err != nil || string(plain) != "When I grow up, I want to be a watermelon" {
		t.Errorf("%q %v", plain, err)
	}
	for i := range body {
		bad := append([]byte{}, body...)
		bad[i] ^= 1
		if _, err := d.open(bad); err == nil && (i < 16 || i > 19) { // the record size may be another as long as it is large enough
			t.Errorf("byte %d may be another", i)
		}
		if _, err := d.open(body[:i]); err == nil {
			t.Errorf("%d bytes are enough", i)
		}
	}
}

// vapid signs a token as a sender does.
func vapid(t *testing.T, key *ecdsa.PrivateKey, claims string) string {
	t.Helper()
	signed := b64.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + b64.EncodeToString([]byte(claims))
	hash := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	public, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return "vapid t=" + signed + "." + b64.EncodeToString(signature) + ", k=" + b64.EncodeToString(public)
}

// sealed is the sender's half of RFC 8291, for these tests.
func sealed(t *testing.T, d Device, plain string) string {
	t.Helper()
	sender, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	device, err := ecdh.P256().NewPublicKey(d.P256dh)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := sender.ECDH(device)
	if err != nil {
		t.Fatal(err)
	}
	public, salt := sender.PublicKey().Bytes(), make([]byte, 16)
	_, _ = rand.Read(salt)
	ikm, _ := hkdf.Key(sha256.New, secret, d.Auth, "WebPush: info\x00"+string(d.P256dh)+string(public), 32)
	key, _ := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	nonce, _ := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	head := append(binary.BigEndian.AppendUint32(salt, 4096), 65)
	return string(gcm.Seal(append(head, public...), nonce, []byte(plain+"\x02\x00\x00"), nil))
}

var senderKey = func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}()

func (h *hosted) claims(lasts time.Duration) string {
	return `{"aud":"` + h.at + `","exp":` + strconv.FormatInt(time.Now().Add(lasts).Unix(), 10) + `,"sub":"mailto:ops@wedsync.example"}`
}

func (h *hosted) push(t *testing.T, label string, change map[string]string) int {
	t.Helper()
	d := h.Push.NewDevice(label)
	header := map[string]string{"TTL": "60", "Content-Encoding": "aes128gcm", "Urgency": "high", "Topic": "n1", "Authorization": vapid(t, senderKey, h.claims(time.Hour))}
	maps.Copy(header, change)
	for name, value := range change {
		if value == "" {
			delete(header, name)
		}
	}
	body := header["body"]
	delete(header, "body")
	if body == "" {
		body = sealed(t, d, `{"title":"A payment","body":"Anna & Tom have paid","url":"/app/payments"}`)
	}
	status, answer, head := h.ask(t, "POST", strings.TrimPrefix(d.Endpoint, h.at), header, body)
	if status == 201 && (!strings.HasPrefix(head.Get("Location"), h.at) || head.Get("TTL") != "60") {
		t.Errorf("201 with %v", head)
	}
	if status >= 400 && answer["code"] != float64(status) {
		t.Errorf("%d with %v", status, answer)
	}
	return status
}

func TestThePushServiceRefuses(t *testing.T) {
	t.Parallel()
	h := host(t)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(old, new string) map[string]string {
		return map[string]string{"Authorization": vapid(t, senderKey, strings.Replace(h.claims(time.Hour), old, new, 1))}
	}
	good := vapid(t, senderKey, h.claims(time.Hour))
	if status := h.push(t, "Ada’s phone", nil); status != 201 {
		t.Fatal(status)
	}
	for why, c := range map[string]struct {
		change map[string]string
		status int
	}{
		"no TTL":                   {map[string]string{"TTL": ""}, 400},
		"a TTL of words":           {map[string]string{"TTL": "soon"}, 400},
		"a TTL below nothing":      {map[string]string{"TTL": "-1"}, 400},
		"a TTL of two months":      {map[string]string{"TTL": "5184000"}, 400},
		"no encoding":              {map[string]string{"Content-Encoding": ""}, 400},
		"the old encoding":         {map[string]string{"Content-Encoding": "aesgcm"}, 400},
		"a topic that is too long": {map[string]string{"Topic": strings.Repeat("a", 33)}, 400},
		"a topic with a blank":     {map[string]string{"Topic": "a b"}, 400},
		"an urgency of ours":       {map[string]string{"Urgency": "urgent"}, 400},
		"nobody says who sends":    {map[string]string{"Authorization": ""}, 401},
		"another scheme":           {map[string]string{"Authorization": "Bearer x"}, 401},
		"for another push service": {signed(h.at, "https://push.example"), 401},
		"expired":                  {map[string]string{"Authorization": vapid(t, senderKey, h.claims(-time.Second))}, 401},
		"for two days":             {map[string]string{"Authorization": vapid(t, senderKey, h.claims(48*time.Hour))}, 401},
		"mailto twice":             {signed("mailto:", "mailto:mailto:"), 401},
		"no contact":               {signed("mailto:ops@wedsync.example", ""), 401},
		"a key that did not sign":  {map[string]string{"Authorization": good[:strings.Index(good, ", k=")] + vapid(t, other, "{}")[strings.Index(vapid(t, other, "{}"), ", k="):]}, 401},
		"the key of somebody else": {map[string]string{"Authorization": vapid(t, other, h.claims(time.Hour))}, 403},
		"too large":                {map[string]string{"body": strings.Repeat("x", 4097)}, 413},
		"nothing sealed":           {map[string]string{"body": "hello"}, 400},
	} {
		if status := h.push(t, "Ada’s phone", c.change); status != c.status {
			t.Errorf("%s: %d, want %d", why, status, c.status)
		}
	}
	for _, path := range []string{"/sandbox/push/x", "/sandbox/push/QWRh.0000000000000000", "/sandbox/push/"} {
		if status, _, _ := h.ask(t, "POST", path, nil, "x"); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestThePushServiceShowsWhatTheDeviceWould(t *testing.T) {
	t.Parallel()
	h := host(t)
	if again := NewWorld(time.Now()).Push.NewDevice("Ada’s phone"); string(again.Auth) != string(h.Push.NewDevice("Ada’s phone").Auth) || string(again.P256dh) == string(h.Push.NewDevice("Ada’s laptop").P256dh) {
		t.Error("a device is not the same one after a restart, or two are the same")
	}
	if status := h.push(t, "Ada’s phone", nil); status != 201 {
		t.Fatal(status)
	}
	got := h.Outbox.Newest(Push, "ada’s phone")[0]
	if got.Subject != "A payment" || got.Text != "Anna & Tom have paid" || got.Link != "/app/payments" || got.Fault != "" || got.Terms != "kept for 60 s, urgency high, replaces topic n1" {
		t.Errorf("%+v", got)
	}
	if status := h.push(t, "Ada’s phone", map[string]string{"body": sealed(t, h.Push.NewDevice("Ada’s laptop"), "x")}); status != 201 {
		t.Error(status) // a push service cannot see whom it was sealed for
	}
	if got := h.Outbox.Newest(Push, "")[0]; got.Fault == "" {
		t.Errorf("it was sealed for another device, and is shown: %+v", got)
	}
	if err := h.Happen(t.Context(), got.ID, "gone", ""); err != nil {
		t.Fatal(err)
	}
	if status := h.push(t, "Ada’s phone", nil); status != 410 || h.LeavesAlone("push") != 1 {
		t.Errorf("gone: %d", status)
	}
	if status := h.push(t, "Ada’s laptop", nil); status != 201 {
		t.Errorf("the other device: %d", status)
	}
	if err := h.Happen(t.Context(), got.ID, "back", ""); err != nil || h.push(t, "Ada’s phone", nil) != 201 {
		t.Errorf("it does not come back: %v", err)
	}
}
