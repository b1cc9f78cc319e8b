package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// RFC 9106's second recommendation (memory-constrained): 64 MiB, three passes. Stored in the hash, so they can grow.
const (
	argonTime    = 3
	argonMemory  = 64 * 1024 // KiB
	argonThreads = 4
	argonKeyLen  = 32
)

// At most this many hashes at once: each holds 64 MiB, and a burst of sign-ins must not take the machine's memory.
var argonSlots = make(chan struct{}, max(2, runtime.NumCPU()/2))

// HashPassword gives the PHC text of an argon2id hash with its own salt.
func HashPassword(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails: crypto/rand ends the program instead
	key := argon(password, salt, argonTime, argonMemory, argonThreads, argonKeyLen)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, b64(salt), b64(key))
}

// CheckPassword compares in constant time. A hash it cannot read matches nothing, and takes as long:
// an unknown address must not answer faster than a wrong password.
func CheckPassword(hash, password string) bool {
	time, memory, threads, salt, want, ok := parseHash(hash)
	if !ok {
		argon(password, make([]byte, 16), argonTime, argonMemory, argonThreads, argonKeyLen)
		return false
	}
	got := argon(password, salt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}

func parseHash(hash string) (time, memory uint32, threads uint8, salt, key []byte, ok bool) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil {
		return
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	ok = saltErr == nil && keyErr == nil && len(key) > 0 && time > 0 && threads > 0
	return
}

func argon(password string, salt []byte, time, memory uint32, threads uint8, length uint32) []byte {
	argonSlots <- struct{}{}
	defer func() { <-argonSlots }()
	return argon2.IDKey([]byte(password), salt, time, memory, threads, length)
}

// NewToken is 32 random bytes as base64url, and the hash under which it is kept.
func NewToken() (token string, hash []byte) {
	raw := make([]byte, 32)
	rand.Read(raw)
	token = base64.RawURLEncoding.EncodeToString(raw)
	return token, TokenHash(token)
}

// TokenHash finds a token's row without keeping the token. Plain SHA-256 is enough for 256 random bits.
func TokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// NewSecret is a signing secret in the form that Stripe and Standard Webhooks use.
func NewSecret() string {
	raw := make([]byte, 32)
	rand.Read(raw)
	return "whsec_" + base64.StdEncoding.EncodeToString(raw)
}
