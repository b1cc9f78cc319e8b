package sandbox

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/mail"
	"net/url"
	"strings"
	"time"
)

// headerFault is about what stands in the clear before a record of RFC 8188: salt, size of record, the sender's key.
func headerFault(body []byte) *pushFault {
	if len(body) < 16+4+1+65+17 || body[20] != 65 || body[21] != 4 {
		return &pushFault{400, 101, "Bad Request", "Missing necessary crypto keys."}
	}
	return nil
}

// open is the receiver's half of RFC 8291: one record, ended by 2 and as many zeros as there may be.
func (d Device) open(body []byte) ([]byte, error) {
	if headerFault(body) != nil {
		return nil, errors.New("the record's header is not that of aes128gcm")
	}
	salt, size, sender, sealed := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:86], body[86:]
	if size < 18 || uint64(len(sealed)) > uint64(size) {
		return nil, fmt.Errorf("%d bytes do not fit a record of %d", len(sealed), size)
	}
	public, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, fmt.Errorf("the sender's key: %w", err)
	}
	secret, err := d.private.ECDH(public)
	if err != nil {
		return nil, fmt.Errorf("the keys' agreement: %w", err)
	}
	ikm, err1 := hkdf.Key(sha256.New, secret, d.Auth, "WebPush: info\x00"+string(d.P256dh)+string(sender), 32)
	key, err2 := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	nonce, err3 := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	block, err4 := aes.NewCipher(key)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nonce, sealed, nil)
	if err != nil {
		return nil, errors.New("it was sealed for other keys")
	}
	plain = bytes.TrimRight(plain, "\x00")
	if len(plain) == 0 || plain[len(plain)-1] != 2 {
		return nil, errors.New("the last record does not end as it must")
	}
	return plain[:len(plain)-1], nil
}

// vapidFault is about RFC 8292: who sends, until when, to whom, and whether the device knows that key.
func (p *PushService) vapidFault(authorization string, device Device, now time.Time) *pushFault {
	parts, ok := strings.CutPrefix(authorization, "vapid ")
	token, key := "", ""
	for part := range strings.SplitSeq(parts, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			token = value
		case "k":
			key = value
		}
	}
	if !ok || token == "" || key == "" {
		return &pushFault{401, 109, "Unauthorized", "Missing VAPID token or key."}
	}
	if err := vapidError(token, key, p.origin(), now); err != nil {
		return &pushFault{401, 109, "Unauthorized", "Invalid VAPID token: " + err.Error()}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.keys[device.ID]; known != "" && known != key {
		return &pushFault{403, 109, "Forbidden", "The VAPID key is not the one that the subscription was made with."}
	}
	p.keys[device.ID] = key
	return nil
}

func (p *PushService) origin() string {
	if p.Base == nil {
		return ""
	}
	return p.Base.Scheme + "://" + p.Base.Host
}

// vapidError reads the token as a push service does: ES256 under the key beside it, for us, for at most a day.
func vapidError(token, key, origin string, now time.Time) error {
	pieces := strings.Split(token, ".")
	if len(pieces) != 3 {
		return errors.New("it is no JWT")
	}
	var head struct{ Typ, Alg string }
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	raw := make([][]byte, 3)
	for i, piece := range pieces {
		var err error
		if raw[i], err = base64.RawURLEncoding.DecodeString(piece); err != nil {
			return fmt.Errorf("part %d: %w", i+1, err)
		}
	}
	if err := errors.Join(json.Unmarshal(raw[0], &head), json.Unmarshal(raw[1], &claims)); err != nil {
		return err
	}
	until := time.Unix(claims.Exp, 0)
	switch {
	case head.Alg != "ES256" || head.Typ != "" && head.Typ != "JWT":
		return errors.New("the algorithm must be ES256")
	case claims.Aud != origin:
		return fmt.Errorf("aud is %q, not %q", claims.Aud, origin)
	case !until.After(now) || until.After(now.Add(24*time.Hour)):
		return errors.New("exp must lie within the next 24 hours")
	case !isContact(claims.Sub):
		return errors.New("sub must be a mailto: or https: address")
	}
	return verifyES256(key, pieces[0]+"."+pieces[1], raw[2])
}

func verifyES256(key, signed string, signature []byte) error {
	point, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return fmt.Errorf("k: %w", err)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return fmt.Errorf("k: %w", err)
	}
	hash := sha256.Sum256([]byte(signed))
	if len(signature) != 64 || !ecdsa.Verify(public, hash[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return errors.New("the signature does not fit k")
	}
	return nil
}

// isContact holds the sender to an address that somebody can write to: "mailto:mailto:a@b" is one that Apple refuses.
func isContact(sub string) bool {
	if address, ok := strings.CutPrefix(sub, "mailto:"); ok {
		parsed, err := mail.ParseAddress(address)
		return err == nil && parsed.Address == address
	}
	u, err := url.Parse(sub)
	return err == nil && u.Scheme == "https" && u.Host != ""
}
