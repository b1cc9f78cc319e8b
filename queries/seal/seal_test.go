package seal

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

func TestSealedOpensOnlyForItsOwner(t *testing.T) {
	t.Parallel()
	box, err := FromFile(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := box.Seal([]byte("whsec_x"), "org-a")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("whsec_x")) {
		t.Error("the secret stands in the clear")
	}
	if plain, err := box.Open(sealed, "org-a"); err != nil || string(plain) != "whsec_x" {
		t.Errorf("Open = %q, %v", plain, err)
	}
	if _, err := box.Open(sealed, "org-b"); err == nil {
		t.Error("a secret moved to another organisation opened")
	}
}

func TestRotationByAnotherProcessIsNoticed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	serving, err := FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old, err := serving.Seal([]byte("old"), "x")
	if err != nil {
		t.Fatal(err)
	}
	rotating, err := FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := rotating.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := rotating.Seal([]byte("fresh"), "x")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := serving.Open(fresh, "x"); err != nil || string(plain) != "fresh" {
		t.Errorf("the serving process: Open = %q, %v", plain, err)
	}
	fromText, err := FromText(text)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := fromText.Open(old, "x"); err != nil || string(plain) != "old" {
		t.Errorf("an old secret after rotation: Open = %q, %v", plain, err)
	}
}

// What is marked again is marked the same, which a letter that is sent again under one key needs.
func TestMarks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	box, err := FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := FromFile(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	mark := func(b *Box) []byte {
		m, err := b.Mark([]byte("letter"), "a")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	first := mark(box)
	if !bytes.Equal(first, mark(box)) || !box.Marked([]byte("letter"), first, "a") {
		t.Error("the same is not marked the same")
	}
	if box.Marked([]byte("Letter"), first, "a") || box.Marked([]byte("letter"), first, "b") || box.Marked([]byte("letter"), nil, "a") || box.Marked([]byte("letter"), mark(other), "a") {
		t.Error("a mark of something else holds")
	}
	rotating, err := FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rotating.Rotate(); err != nil {
		t.Fatal(err)
	}
	fresh := mark(rotating)
	if bytes.Equal(fresh, first) || !rotating.Marked([]byte("letter"), first, "a") || !box.Marked([]byte("letter"), fresh, "a") {
		t.Error("rotation ends marks, or another process does not notice it")
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	hash := HashPassword("correct horse")
	for _, c := range []struct {
		hash, password string
		want           bool
	}{
		{hash, "correct horse", true},
		{hash, "correct horsf", false},
		{hash, "", false},
		{"", "", false},
		{"$argon2id$v=19$m=0,t=0,p=0$$", "", false},
		{strings.Replace(hash, "argon2id", "argon2i", 1), "correct horse", false},
	} {
		if got := CheckPassword(c.hash, c.password); got != c.want {
			t.Errorf("CheckPassword(%.20q…, %q) = %v, want %v", c.hash, c.password, got, c.want)
		}
	}
	if again := HashPassword("correct horse"); again == hash {
		t.Error("two hashes of one password are the same: no salt")
	}
}
