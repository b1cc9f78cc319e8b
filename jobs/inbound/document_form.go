package inbound

import (
	"net/url"
	"strings"
)

func formDocument(body string) (map[string]any, error) {
	fields, err := url.ParseQuery(body)
	if err != nil {
		return nil, wrong("The form could not be read. Check that its values are URL-encoded.")
	}
	if payload := fields.Get("payload"); len(fields) == 1 && payload != "" {
		return jsonDocument([]byte(payload))
	}
	root := map[string]any{}
	for name, values := range fields {
		if len(values) > 1 {
			return nil, wrong("The form field %s is sent %d times. Send it once.", shown(name), len(values))
		}
		if !place(root, dotted.Replace(name), formText(values[0])) {
			return nil, wrong("The form field %s is both a value and a group, or is nested too deep.", shown(name))
		}
	}
	return root, nil
}

// dotted lets data[client][name], as PHP and Rails write it, stand for data.client.name.
var dotted = strings.NewReplacer("][", ".", "[", ".", "]", "")

func place(root map[string]any, path string, value formText) bool {
	names := strings.Split(path, ".")
	if len(names) > 8 {
		return false
	}
	last := len(names) - 1
	for _, name := range names[:last] {
		if _, there := root[name]; !there {
			root[name] = map[string]any{}
		}
		group, isGroup := root[name].(map[string]any)
		if !isGroup {
			return false
		}
		root = group
	}
	_, there := root[names[last]]
	root[names[last]] = value
	return !there
}
