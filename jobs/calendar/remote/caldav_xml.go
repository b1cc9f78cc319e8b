package remote

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

const (
	nsDAV    = "DAV:"
	nsCalDAV = "urn:ietf:params:xml:ns:caldav"
	nsServer = "http://calendarserver.org/ns/"

	maxDepth     = 32     // of elements in each other
	maxElements  = 20_000 // in one response: rights and reports are told at length, never at this one
	maxResponses = 200_000
)

var errXML = errors.New("the calendar server's answer cannot be read: it is not the XML that was asked for")

// node is an element of what a server told.
type node struct {
	name xml.Name
	attr string // its name="…": of a component
	text string
	kids []*node
}

// multistatus is what WebDAV answers most questions with: how each of several things stands.
type multistatus struct {
	token     string
	responses []response
}

type response struct {
	href   string
	status int      // of the thing itself; 0: its properties tell
	faults []string // what stood in the way, by the names that RFC 3744 and 4791 give them
	props  []*node  // the properties that are there
}

// readMultistatus reads bounded and strictly: a document type, and with it every entity of one's own, is refused.
func readMultistatus(body []byte) (m multistatus, err error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	root, err := begin(d)
	if err != nil || root.Name != (xml.Name{Space: nsDAV, Local: "multistatus"}) {
		return multistatus{}, errXML
	}
	for {
		switch t, err := d.Token(); t := t.(type) {
		case xml.EndElement:
			return m, nil
		case xml.StartElement:
			left := maxElements
			n, err := element(d, t, 1, &left)
			if err != nil {
				return multistatus{}, errXML
			}
			switch n.name {
			case xml.Name{Space: nsDAV, Local: "response"}:
				m.responses = append(m.responses, n.response())
			case xml.Name{Space: nsDAV, Local: "sync-token"}:
				m.token = strings.TrimSpace(n.text)
			}
			if len(m.responses) > maxResponses {
				return multistatus{}, errXML
			}
		case nil, xml.Directive:
			return multistatus{}, errXML
		default:
			if err != nil {
				return multistatus{}, errXML
			}
		}
	}
}

// readFaults reads the body of a refusal: DAV:error with what stood in the way. Anything else is none.
func readFaults(body []byte) []string {
	d := xml.NewDecoder(bytes.NewReader(body))
	root, err := begin(d)
	if err != nil || root.Name != (xml.Name{Space: nsDAV, Local: "error"}) {
		return nil
	}
	left := maxElements
	n, err := element(d, root, 0, &left)
	if err != nil {
		return nil
	}
	return n.names()
}

// begin finds the first element.
func begin(d *xml.Decoder) (xml.StartElement, error) {
	for {
		t, err := d.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t, nil
		case xml.Directive:
			return xml.StartElement{}, errXML
		}
	}
}

func element(d *xml.Decoder, start xml.StartElement, depth int, left *int) (*node, error) {
	if *left--; depth > maxDepth || *left < 0 {
		return nil, errXML
	}
	n := &node{name: start.Name}
	for _, a := range start.Attr {
		if a.Name == (xml.Name{Local: "name"}) {
			n.attr = a.Value
		}
	}
	var text strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			return nil, noEnd(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			kid, err := element(d, t, depth+1, left)
			if err != nil {
				return nil, err
			}
			n.kids = append(n.kids, kid)
		case xml.EndElement:
			n.text = text.String()
			return n, nil
		case xml.CharData:
			text.Write(t)
		case xml.Directive:
			return nil, errXML
		}
	}
}

func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (n *node) response() (r response) {
	for _, kid := range n.kids {
		switch kid.name {
		case xml.Name{Space: nsDAV, Local: "href"}:
			r.href = strings.TrimSpace(kid.text)
		case xml.Name{Space: nsDAV, Local: "status"}:
			r.status = statusCode(kid.text)
		case xml.Name{Space: nsDAV, Local: "error"}:
			r.faults = kid.names()
		case xml.Name{Space: nsDAV, Local: "propstat"}:
			if kid.is("status", 200) {
				if props := kid.kid(nsDAV, "prop"); props != nil {
					r.props = append(r.props, props.kids...)
				}
			}
		}
	}
	return r
}

func (n *node) is(local string, status int) bool {
	kid := n.kid(nsDAV, local)
	return kid != nil && statusCode(kid.text) == status
}

// statusCode reads "HTTP/1.1 404 Not Found". What cannot be read is an outage, never an absence.
func statusCode(line string) int {
	words := strings.Fields(line)
	if len(words) < 2 {
		return 500
	}
	code, err := strconv.Atoi(words[1])
	if err != nil || code < 100 || code > 999 {
		return 500
	}
	return code
}

func (n *node) names() (all []string) {
	for _, kid := range n.kids {
		all = append(all, kid.name.Local)
	}
	return all
}

func (n *node) kid(space, local string) *node {
	if n == nil {
		return nil
	}
	return find(n.kids, space, local)
}

func find(among []*node, space, local string) *node {
	for _, n := range among {
		if n.name.Local == local && n.name.Space == space {
			return n
		}
	}
	return nil
}

// under finds an element at any depth: not all servers wrap what they list as RFC 3253 says.
func (n *node) under(space, local string) bool {
	if n == nil {
		return false
	}
	for _, kid := range n.kids {
		if kid.name.Local == local && kid.name.Space == space || kid.under(space, local) {
			return true
		}
	}
	return false
}

func (r response) prop(space, local string) *node { return find(r.props, space, local) }

func (r response) text(space, local string) string {
	if n := r.prop(space, local); n != nil {
		return strings.TrimSpace(n.text)
	}
	return ""
}

// hrefs are the addresses in a property, such as where somebody's calendars are.
func (r response) hrefs(space, local string) (all []string) {
	if n := r.prop(space, local); n != nil {
		for _, kid := range n.kids {
			if kid.name == (xml.Name{Space: nsDAV, Local: "href"}) {
				all = append(all, strings.TrimSpace(kid.text))
			}
		}
	}
	return all
}

// escaped is text as it may stand in XML.
func escaped(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text)) //nolint:errcheck // a Builder takes everything
	return b.String()
}
