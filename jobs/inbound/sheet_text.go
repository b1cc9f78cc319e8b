package inbound

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

const asCSV = "In Excel choose Save as → CSV UTF-8; in Numbers or Google Sheets export it as CSV."

// notASheet knows by their first bytes the files that people try instead, and says how to come from each to a CSV.
func notASheet(raw []byte) error {
	for _, known := range []struct{ magic, words string }{
		{"PK\x03\x04", "This is a workbook (such as .xlsx or .numbers), which WedSync does not read. " + asCSV},
		{"\xd0\xcf\x11\xe0", "This is an old Excel workbook (.xls), which WedSync does not read. " + asCSV},
		{"%PDF", "This is a PDF: a picture of a table, not a table. Export the list as CSV instead, or save its page from the browser (Save page as → HTML)."},
		{"\x89PNG", "This is a picture of a table. Export the list as CSV instead."},
		{"\xff\xd8\xff", "This is a picture of a table. Export the list as CSV instead."},
		{"\x1f\x8b", "This file is packed (gzip). Unpack it first and upload what is inside."},
	} {
		if bytes.HasPrefix(raw, []byte(known.magic)) {
			return wrong("%s", known.words)
		}
	}
	return nil
}

var errEncoding = wrong("This file is not text in an encoding WedSync knows, so names in it could come out wrong. Open it where it was made and save it as CSV UTF-8.")

// sheetText decodes. A byte order mark is believed; then UTF-8 where every byte fits; then what a page says of itself;
// then Windows-1252, in which Excel writes its plain CSV. Guessing further would turn names into others.
func sheetText(contentType string, raw []byte) (text, encoding string, err error) {
	switch {
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		return validText(raw[3:], "UTF-8 with a mark")
	case bytes.HasPrefix(raw, []byte("\xff\xfe")):
		return utf16Text(raw, unicode.LittleEndian, "UTF-16 LE")
	case bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return utf16Text(raw, unicode.BigEndian, "UTF-16 BE")
	case utf8.Valid(raw):
		return validText(raw, "UTF-8")
	}
	if damagedUTF8(raw) || unreadable(raw) {
		return "", "", errEncoding
	}
	if looksHTML("", contentType, string(raw[:min(len(raw), 1024)])) {
		e, name, certain := charset.DetermineEncoding(raw, contentType)
		if decoded, err := e.NewDecoder().Bytes(raw); certain && name != "utf-8" && err == nil && !bytes.ContainsRune(decoded, utf8.RuneError) {
			return string(decoded), name, nil
		}
	}
	if holds(raw, "\x81\x8d\x8f\x90\x9d") {
		return "", "", errEncoding // five bytes that Windows-1252 gives no letter
	}
	decoded, err := charmap.Windows1252.NewDecoder().Bytes(raw)
	if err != nil {
		return "", "", errEncoding
	}
	return string(decoded), "Windows-1252", nil
}

func validText(raw []byte, encoding string) (string, string, error) {
	if !utf8.Valid(raw) || unreadable(raw) {
		return "", "", errEncoding
	}
	return string(raw), encoding, nil
}

func utf16Text(raw []byte, order unicode.Endianness, encoding string) (string, string, error) {
	decoded, err := unicode.UTF16(order, unicode.ExpectBOM).NewDecoder().Bytes(raw)
	if err != nil || len(raw)%2 != 0 || bytes.ContainsRune(decoded, utf8.RuneError) {
		return "", "", errEncoding
	}
	return string(decoded), encoding, nil
}

// unreadable: a stray control character is somebody's paste and is dropped; one in fifty is no text.
func unreadable(raw []byte) bool {
	controls := 0
	for _, b := range raw {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' && b != '\f' && b != '\v' {
			controls++
		}
	}
	return controls*50 > len(raw)
}

// damagedUTF8 is text that was UTF-8 and was cut or mended by something that took it for another: more of its letters
// fit than do not. As Windows-1252 it would read "ZoÃ«".
func damagedUTF8(raw []byte) bool {
	good, bad := 0, 0
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		switch {
		case r == utf8.RuneError && size == 1:
			bad++
		case size > 1:
			good++
		}
		raw = raw[size:]
	}
	return good > bad
}

func holds(raw []byte, any string) bool {
	for i := range len(any) {
		if bytes.IndexByte(raw, any[i]) >= 0 {
			return true
		}
	}
	return false
}

func looksHTML(name, contentType, text string) bool {
	start := strings.TrimLeft(text, " \t\r\n\ufeff")
	media, _, _ := strings.Cut(contentType, ";")
	lower := strings.ToLower(name)
	// Some systems call a page .xls so that Excel opens it.
	return strings.HasPrefix(start, "<") && (len(start) > 1 && strings.ContainsAny(start[1:2], "!?abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) ||
		strings.HasSuffix(lower, ".html") || strings.HasSuffix(lower, ".htm") || strings.EqualFold(strings.TrimSpace(media), "text/html")
}
