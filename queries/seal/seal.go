// Package seal keeps secrets at rest: what we must read again is sealed with AES-256-GCM (Tink, with key ids, so that
// keys rotate while serving goes on); what we only compare is hashed (passwords with argon2id, tokens with SHA-256).
//
// It hides the keyset and where it lives. queries, jobs, web and main may import it; it imports nothing of ours.
package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Box seals and opens. Its keyset is a file under the data directory, or the text of WEDSYNC_KEYS.
type Box struct {
	path string // empty when the keyset came from the environment

	mu     sync.RWMutex
	handle *keyset.Handle
	aead   tink.AEAD
}

// FromText opens a box whose keyset is the given text (base64 of Tink's JSON), as WEDSYNC_KEYS holds it.
func FromText(text string) (*Box, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the keyset is not base64: %w", err)
	}
	b := &Box{}
	return b, b.use(raw)
}

// FromFile opens the keyset at path, making it on the first start. Only its owner can read it.
func FromFile(path string) (*Box, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = newKeyset()
		if err == nil {
			err = writeOnce(path, raw)
		}
		if errors.Is(err, fs.ErrExist) { // two first starts at once: the other one's keyset is the keyset
			raw, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("keyset %s: %w", path, err)
	}
	b := &Box{path: path}
	return b, b.use(raw)
}

// Seal encrypts plain so that it opens only for the same owner (the ids of the row that holds it).
func (b *Box) Seal(plain []byte, owner string) ([]byte, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.aead.Encrypt(plain, []byte(owner))
}

// Open decrypts what Seal made for the same owner. A key that this process has not seen yet makes it read the file
// again: another process may have rotated the keys meanwhile.
func (b *Box) Open(sealed []byte, owner string) ([]byte, error) {
	plain, err := b.open(sealed, owner)
	if err == nil || b.path == "" {
		return plain, err
	}
	raw, readErr := os.ReadFile(b.path)
	if readErr != nil {
		return nil, err
	}
	if useErr := b.use(raw); useErr != nil {
		return nil, err
	}
	return b.open(sealed, owner)
}

func (b *Box) open(sealed []byte, owner string) ([]byte, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.aead.Decrypt(sealed, []byte(owner))
}

// Mark proves that data comes from us, for this owner. The same data has the same mark under the same keys, which what is sealed
// has not; it hides nothing.
func (b *Box) Mark(data []byte, owner string) ([]byte, error) {
	marks, err := b.marks(data, owner)
	if err != nil {
		return nil, err
	}
	return marks[0], nil
}

// Marked says whether this is data's mark, under the newest key or one before it. Like Open it looks for keys that it has not
// seen yet.
func (b *Box) Marked(data, mark []byte, owner string) bool {
	known := func() bool {
		marks, err := b.marks(data, owner)
		return err == nil && slices.ContainsFunc(marks, func(m []byte) bool { return hmac.Equal(m, mark) })
	}
	if known() {
		return true
	}
	if b.path == "" {
		return false
	}
	raw, err := os.ReadFile(b.path)
	return err == nil && b.use(raw) == nil && known()
}

// marks are those of all keys, the primary one's first. Each key makes another one for marking, which tells nothing of it.
func (b *Box) marks(data []byte, owner string) (all [][]byte, err error) {
	b.mu.RLock()
	handle := b.handle
	b.mu.RUnlock()
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, err
		}
		key, ok := entry.Key().(*aesgcm.Key)
		if !ok {
			return nil, fmt.Errorf("key %d is of a kind that cannot mark", entry.KeyID())
		}
		marking, err := hkdf.Key(sha256.New, key.KeyBytes().Data(insecuresecretdataaccess.Token{}), nil, "mark "+owner, sha256.Size)
		if err != nil {
			return nil, err
		}
		m := hmac.New(sha256.New, marking)
		m.Write(data)
		if all = append(all, m.Sum(nil)); entry.IsPrimary() {
			all[0], all[i] = all[i], all[0]
		}
	}
	return all, nil
}

// Rotate adds a new primary key and keeps the old ones for opening. It returns the keyset's text for whoever keeps it
// in the environment. What is sealed already stays readable; the caller seals it again under the new key.
func (b *Box) Rotate() (text string, err error) {
	b.mu.RLock()
	manager := keyset.NewManagerFromHandle(b.handle)
	b.mu.RUnlock()
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", err
	}
	if err := manager.SetPrimary(id); err != nil {
		return "", err
	}
	handle, err := manager.Handle()
	if err != nil {
		return "", err
	}
	raw, err := encode(handle)
	if err != nil {
		return "", err
	}
	if b.path != "" {
		if err := replace(b.path, raw); err != nil {
			return "", err
		}
	}
	return base64.StdEncoding.EncodeToString(raw), b.use(raw)
}

func (b *Box) use(raw []byte) error {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
	if err != nil {
		return fmt.Errorf("the keyset cannot be read: %w", err)
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return fmt.Errorf("the keyset does not fit: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.handle, b.aead = handle, primitive
	return nil
}

func newKeyset() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	return encode(handle)
}

func encode(handle *keyset.Handle) ([]byte, error) {
	var out bytes.Buffer
	err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out))
	return out.Bytes(), err
}

// writeOnce never replaces: a keyset that is lost is every secret lost.
func writeOnce(path string, raw []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temp, err := written(path, raw)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	return os.Link(temp, path)
}

func replace(path string, raw []byte) error {
	temp, err := written(path, raw)
	if err != nil {
		return err
	}
	return os.Rename(temp, path)
}

func written(path string, raw []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".keyset-*") // made with mode 0600
	if err != nil {
		return "", err
	}
	defer f.Close()
	if _, err := f.Write(raw); err != nil {
		return f.Name(), err
	}
	return f.Name(), f.Sync()
}
