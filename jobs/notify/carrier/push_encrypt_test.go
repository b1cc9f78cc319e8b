package carrier

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

func b64(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The example of RFC 8291, section 5.
func TestSealIsTheStandardsOwnExample(t *testing.T) {
	t.Parallel()
	browser, err := ecdh.P256().NewPrivateKey(b64(t, "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
	if err != nil {
		t.Fatal(err)
	}
	sender, err := ecdh.P256().NewPrivateKey(b64(t, "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
	if err != nil {
		t.Fatal(err)
	}
	record := append([]byte("When I grow up, I want to be a watermelon"), 2)
	got, err := seal(record, browser.PublicKey().Bytes(), b64(t, "BTBZMqHH6r4Tts7J_aSIgg"), sender, [16]byte(b64(t, "DGv6ra1nlYgDCS1FRnbzlw")))
	if err != nil {
		t.Fatal(err)
	}
	const want = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
	if base64.RawURLEncoding.EncodeToString(got) != want {
		t.Errorf("%x", got)
	}
}

// device is a browser's side of a subscription.
type device struct {
	private *ecdh.PrivateKey
	auth    []byte
}

func newDevice(t testing.TB) device {
	t.Helper()
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return device{private, []byte(rand.Text()[:16])}
}

// open reads what was sealed for the device.
func (d device) open(t testing.TB, body []byte) []byte {
	t.Helper()
	salt, own := body[:16], body[21:86]
	sender, err := ecdh.P256().NewPublicKey(own)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := d.private.ECDH(sender)
	if err != nil {
		t.Fatal(err)
	}
	derive := func(secret, salt []byte, info string, n int) []byte {
		key, err := hkdf.Key(sha256.New, secret, salt, info, n)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	secret := derive(shared, d.auth, "WebPush: info\x00"+string(d.private.PublicKey().Bytes())+string(own), 32)
	block, err := aes.NewCipher(derive(secret, salt, "Content-Encoding: aes128gcm\x00", 16))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	record, err := gcm.Open(nil, derive(secret, salt, "Content-Encoding: nonce\x00", 12), body[86:], nil)
	if err != nil {
		t.Fatal(err)
	}
	record = bytes.TrimRight(record, "\x00")
	if len(record) == 0 || record[len(record)-1] != 2 {
		t.Fatalf("the record does not end: %x", record)
	}
	return record[:len(record)-1]
}

func TestEncryptedNotesOpenAndTellNoLength(t *testing.T) {
	t.Parallel()
	d := newDevice(t)
	lengths := map[int]bool{}
	for _, n := range []int{0, 1, 100, 254, 255, 256, 257, 1999, MaxPush} {
		payload := []byte(strings.Repeat("x", n))
		one, err := encrypt(payload, d.private.PublicKey().Bytes(), d.auth)
		if err != nil {
			t.Fatal(err)
		}
		two, err := encrypt(payload, d.private.PublicKey().Bytes(), d.auth)
		if err != nil || bytes.Equal(one[:86], two[:86]) {
			t.Fatalf("the same salt or key twice: %v", err)
		}
		if got := d.open(t, one); !bytes.Equal(got, payload) {
			t.Errorf("%d bytes came out as %d", n, len(got))
		}
		if len(one) > 2300 || (len(one)-86-16)%padTo != 0 {
			t.Errorf("%d bytes become %d", n, len(one))
		}
		lengths[len(one)] = true
	}
	if len(lengths) != 3 {
		t.Errorf("lengths %v", lengths)
	}
}
