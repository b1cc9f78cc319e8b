package carrier

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Key proves to push services who sends (RFC 8292). Its public half is part of every subscription, so a new key means that
// every browser has to be asked again.
type Key struct {
	private *ecdsa.PrivateKey
	public  string
	tokens  *tokens
}

// tokens are kept per audience: push services ask senders not to make a new one for every note.
type tokens struct {
	mu  sync.Mutex
	all map[string]token
}

type token struct {
	text    string
	renewAt time.Time
}

const (
	tokenLife  = 12 * time.Hour // RFC 8292 allows 24; clocks differ
	tokenRenew = 6 * time.Hour
	maxTokens  = 500 // audiences come from browsers
)

// NewVAPIDKey makes a private key, as VAPID_PRIVATE_KEY takes it.
func NewVAPIDKey() string {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return base64.RawURLEncoding.EncodeToString(key.Bytes())
}

// ParseVAPIDKey reads a private key: 32 bytes in base64url, as every tool for Web Push writes them.
func ParseVAPIDKey(text string) (Key, error) {
	raw, err := unbase64(text)
	if err != nil || len(raw) != 32 {
		return Key{}, errors.New("a VAPID private key is 32 bytes written in base64url: 43 characters")
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		return Key{}, errors.New("this is no private key of the curve P-256")
	}
	public, err := private.PublicKey.Bytes()
	if err != nil {
		return Key{}, err
	}
	return Key{private, base64.RawURLEncoding.EncodeToString(public), &tokens{all: map[string]token{}}}, nil
}

// Public is what the browser is given to subscribe with: applicationServerKey, in base64url.
func (k Key) Public() string { return k.public }

// authorization is the header's value for an audience, which is the scheme and host of an endpoint.
func (k Key) authorization(audience, subject string, now time.Time) (string, error) {
	k.tokens.mu.Lock()
	defer k.tokens.mu.Unlock()
	kept, there := k.tokens.all[audience+" "+subject]
	if !there || !now.Before(kept.renewAt) {
		text, err := k.sign(audience, subject, now.Add(tokenLife))
		if err != nil {
			return "", err
		}
		if len(k.tokens.all) >= maxTokens {
			clear(k.tokens.all)
		}
		kept = token{"vapid t=" + text + ", k=" + k.public, now.Add(tokenRenew)}
		k.tokens.all[audience+" "+subject] = kept
	}
	return kept.text, nil
}

// sign makes the JWT: ES256, whose signature is the two numbers side by side and not ASN.1.
func (k Key) sign(audience, subject string, expires time.Time) (string, error) {
	claims, err := json.Marshal(struct {
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
		Subject  string `json:"sub"`
	}{audience, expires.Unix(), subject})
	if err != nil {
		return "", err
	}
	const header = `{"typ":"JWT","alg":"ES256"}`
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, k.private, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign for a push service: %w", err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature[:]), nil
}

// unbase64 reads both alphabets, with and without padding: browsers and tools differ.
func unbase64(text string) ([]byte, error) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(strings.TrimSpace(text), "="))
	return base64.RawURLEncoding.DecodeString(text)
}
