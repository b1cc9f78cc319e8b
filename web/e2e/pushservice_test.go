package e2e

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// pushService stands in for a browser maker's. It reads what it is sent by the letter of RFC 8188, 8291 and 8292, with
// nothing of the product's in it, and holds the keys of the browsers that it made up, so that it can open what only they could.
type pushService struct {
	*httptest.Server
	t        testing.TB
	mu       sync.Mutex
	browsers map[string]pushBrowser
	notes    []pushed
}

// pushBrowser is a browser's side of a subscription.
type pushBrowser struct {
	Endpoint string
	private  *ecdh.PrivateKey
	auth     []byte
}

func (b pushBrowser) P256dh() string {
	return base64.RawURLEncoding.EncodeToString(b.private.PublicKey().Bytes())
}
func (b pushBrowser) Auth() string { return base64.RawURLEncoding.EncodeToString(b.auth) }

// pushed is a note that was taken.
type pushed struct {
	Header     http.Header
	Size       int
	Plain      []byte
	Subject, K string
}

func newPushService(t testing.TB) *pushService {
	t.Helper()
	s := &pushService{t: t, browsers: map[string]pushBrowser{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *pushService) subscribe() pushBrowser {
	s.t.Helper()
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	path := "/push/" + rand.Text()
	b := pushBrowser{Endpoint: s.URL + path, private: private, auth: []byte(rand.Text()[:16])}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers[path] = b
	return b
}

// ServeHTTP answers as Mozilla's service does: 400 for bad headers, 401 for a bad proof, 404 for nobody, 201.
func (s *pushService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	browser, there := s.browsers[r.URL.Path]
	if !there {
		http.Error(w, "nobody", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 4097))
	if err != nil || len(body) > 4096 {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	note := pushed{Header: r.Header, Size: len(body)}
	if note.Subject, note.K, err = s.proven(r.Header.Get("Authorization")); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	if note.Plain, err = browser.open(body); err != nil || r.Method != http.MethodPost || r.Header.Get("TTL") == "" || r.Header.Get("Content-Encoding") != "aes128gcm" {
		http.Error(w, fmt.Sprint("not a note: ", err), http.StatusBadRequest)
		return
	}
	s.notes = append(s.notes, note)
	w.Header().Set("Location", s.URL+"/message/"+rand.Text())
	w.WriteHeader(http.StatusCreated)
}

// last is the note that came last, of so many.
func (s *pushService) last(of int) pushed {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.notes) != of {
		s.t.Fatalf("%d notes have come, want %d", len(s.notes), of)
	}
	return s.notes[of-1]
}

// proven is RFC 8292: a token by the key that comes with it, for this service, and not for longer than a day.
func (s *pushService) proven(header string) (subject, k string, err error) {
	token, k, ok := strings.Cut(strings.TrimPrefix(header, "vapid t="), ", k=")
	if !ok {
		return "", "", fmt.Errorf("no proof: %q", header)
	}
	raw, err := base64.RawURLEncoding.DecodeString(k)
	if err != nil {
		return "", "", err
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		return "", "", err
	}
	var claims jwt.RegisteredClaims
	_, err = jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(s.URL), jwt.WithExpirationRequired())
	if err == nil && time.Until(claims.ExpiresAt.Time) > 24*time.Hour {
		err = fmt.Errorf("the token is good until %v", claims.ExpiresAt)
	}
	return claims.Subject, k, err
}

// open decrypts, with the standards' own steps in bare HMACs rather than a library's HKDF.
func (b pushBrowser) open(body []byte) ([]byte, error) {
	if len(body) < 21 || len(body) < 21+int(body[20]) {
		return nil, fmt.Errorf("%d bytes have no header", len(body))
	}
	salt, size, keyID, record := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:21+int(body[20])], body[21+int(body[20]):]
	if len(record) > int(size) || size < 18 {
		return nil, fmt.Errorf("a record of %d bytes where %d fit", len(record), size)
	}
	sender, err := ecdh.P256().NewPublicKey(keyID)
	if err != nil {
		return nil, err
	}
	shared, err := b.private.ECDH(sender)
	if err != nil {
		return nil, err
	}
	keyInfo := bytes.Join([][]byte{[]byte("WebPush: info\x00"), b.private.PublicKey().Bytes(), keyID, {1}}, nil)
	ikm := mac(mac(b.auth, shared), keyInfo)
	prk := mac(salt, ikm)
	block, err := aes.NewCipher(mac(prk, []byte("Content-Encoding: aes128gcm\x00\x01"))[:16])
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, mac(prk, []byte("Content-Encoding: nonce\x00\x01"))[:12], record, nil)
	if err != nil {
		return nil, err
	}
	plain = bytes.TrimRight(plain, "\x00")
	if !bytes.HasSuffix(plain, []byte{2}) {
		return nil, fmt.Errorf("the last record does not say so")
	}
	return plain[:len(plain)-1], nil
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}
