package inbound

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

const (
	maxBody  = 1 << 20 // the door's own limit (contract); the readers hold it too, since a replay does not pass the door
	maxDepth = 64      // a recursive reader must not be driven into the ground by a megabyte of '['
	maxWords = 400     // a reason is read by a person
)

// formText is a value out of a form, where everything is text: it may stand where JSON would want a number.
type formText string

// document is the one object that a sender posted: as JSON, as JSON called text/plain (some browser-side senders do),
// as a form with dotted keys, or as a form whose payload field holds the JSON.
//
// encoding/json into structs would not do: it takes "ID" for "id", and the last of two equal names, where another
// reader on the way took the first.
func document(contentType string, body []byte) (map[string]any, error) {
	if len(body) > maxBody {
		return nil, wrong("The delivery is larger than 1 MiB. Send one event at a time, without attachments.")
	}
	media, _, _ := strings.Cut(contentType, ";")
	looksJSON := bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{"))
	// curl -d calls everything a form.
	if strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded") && !looksJSON {
		return formDocument(string(body))
	}
	return jsonDocument(body)
}

// Document is document for the page on which a supplier takes a delivery apart. Its error is a WrongShape.
func Document(contentType string, body []byte) (map[string]any, error) {
	return document(contentType, body)
}

func jsonDocument(body []byte) (map[string]any, error) {
	// Windows tools put a byte order mark before the text; JSON has no place for one.
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	dec.UseNumber()
	value, err := parseValue(dec, 0)
	if err != nil {
		return nil, notJSON(err, dec.InputOffset())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, wrong("The body holds more than one JSON document. Send one event at a time.")
	}
	if list, isList := value.([]any); isList {
		if len(list) != 1 {
			return nil, wrong("The body is a list of %d things, and WedSync takes up to 200 events at once, each an object. Send them in smaller lists.", len(list))
		}
		value = list[0]
	}
	object, isObject := value.(map[string]any)
	if !isObject {
		return nil, wrong("The body is JSON, but not an object: it must begin with { and hold fields such as \"type\" and \"data\".")
	}
	return object, nil
}

func notJSON(err error, offset int64) error {
	if _, isWrong := errors.AsType[WrongShape](err); isWrong {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return wrong("The body ends in the middle of its JSON. Check that the sender posts the whole of it.")
	}
	return wrong("The body is not valid JSON (near character %d: %v). Check the template that the sender fills in: quotes and commas are the usual cause.", offset, err)
}

// parseValue keeps numbers as they are written, so that no amount passes through a float.
func parseValue(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, wrong("The JSON is nested more than %d levels deep. Send only the fields of the event.", maxDepth)
	}
	switch token {
	case json.Delim('{'):
		return parseObject(dec, depth)
	case json.Delim('['):
		return parseList(dec, depth)
	}
	return token, nil
}

func parseObject(dec *json.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := name.(string) // the decoder allows nothing else here
		if _, twice := object[key]; twice {
			return nil, wrong("The field %s is written twice in one object, and WedSync will not guess which one is meant. Send it once.", shown(key))
		}
		if object[key], err = parseValue(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return object, err
}

func parseList(dec *json.Decoder, depth int) (any, error) {
	list := []any{}
	for dec.More() {
		value, err := parseValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := dec.Token()
	return list, err
}
