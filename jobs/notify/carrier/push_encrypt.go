package carrier

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

const (
	recordSize = 4096
	padTo      = 256 // the length would tell a push service which kind of note it carries
)

// encrypt seals a payload for one browser, with a sender's key and salt of its own each time.
func encrypt(payload, p256dh, auth []byte) ([]byte, error) {
	sender, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	var salt [16]byte
	rand.Read(salt[:]) //nolint:errcheck // crypto/rand does not fail
	return seal(pad(payload), p256dh, auth, sender, salt)
}

// pad ends the one record (2) and fills it with nothing.
func pad(payload []byte) []byte {
	padded := make([]byte, (len(payload)/padTo+1)*padTo)
	copy(padded, payload)
	padded[len(payload)] = 2
	return padded
}

// seal is RFC 8291 over RFC 8188, in one record.
func seal(record, p256dh, auth []byte, sender *ecdh.PrivateKey, salt [16]byte) ([]byte, error) {
	browser, err := ecdh.P256().NewPublicKey(p256dh)
	if err != nil {
		return nil, fmt.Errorf("the browser's key: %w", err)
	}
	shared, err := sender.ECDH(browser)
	if err != nil {
		return nil, fmt.Errorf("the browser's key: %w", err)
	}
	own := sender.PublicKey().Bytes()
	secret, err := hkdf.Key(sha256.New, shared, auth, "WebPush: info\x00"+string(p256dh)+string(own), 32)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, secret, salt[:], "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, secret, salt[:], "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	body := append(make([]byte, 0, 86+len(record)+gcm.Overhead()), salt[:]...)
	body = binary.BigEndian.AppendUint32(body, recordSize)
	body = append(append(body, byte(len(own))), own...)
	return gcm.Seal(body, nonce, record, nil), nil
}
