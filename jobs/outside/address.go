package outside

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// ErrPrivate: the address is in a private network. Nothing was sent.
var ErrPrivate = errors.New("the address leads into a private network, where WedSync does not send: use one that can be reached from the internet")

// addressFault is every other fault of an address.
type addressFault string

func (f addressFault) Error() string { return string(f) }

// CheckURL judges an address that somebody typed, for forms: an error is in words. What the name leads to is judged when it
// is dialled, whatever was said here.
func CheckURL(raw string, allowPrivate bool) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || u.Hostname() == "" {
		return nil, addressFault("This is not a whole address. Copy it from the other side: it begins with https://.")
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	switch {
	case u.Scheme == "http" && !allowPrivate:
		return nil, addressFault("Anybody on the way could read what is sent to an address with http://. Use the one that begins with https://.")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, addressFault("WedSync can only send to addresses that begin with https://.")
	case u.User != nil:
		return nil, addressFault("Leave the name and password out of the address: they would stand in logs.")
	case len(raw) > 2000:
		return nil, addressFault("An address has at most 2,000 characters.")
	case strings.ContainsAny(host, "%_ \\"): // a zone of this machine's, or what resolvers read in ways of their own
		return nil, addressFault("This is not a server's name. Copy the address from the other side.")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return u, may(ip, allowPrivate)
	}
	if number(host[strings.LastIndexByte(host, '.')+1:]) {
		return nil, addressFault("This is not a server's name, nor a number that is written as usual. Copy the address from the other side.")
	}
	if !allowPrivate && here(host) {
		return nil, ErrPrivate
	}
	return u, nil
}

// number says that a name ends like a number: 2130706433, 0x7f.1 and 0177.0.0.1 are 127.0.0.1 to some resolvers.
func number(label string) bool {
	digits, hex := strings.CutPrefix(label, "0x")
	if label == "" || hex {
		return true
	}
	return strings.Trim(digits, "0123456789") == ""
}

// here: names that only this machine or this network knows.
func here(host string) bool {
	for _, suffix := range []string{".localhost", ".local", ".internal", ".lan", ".home.arpa", ".intranet"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return !strings.Contains(host, ".")
}

func prefixes(all ...string) (list []netip.Prefix) {
	for _, p := range all {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}

var (
	// inside is refused unless private addresses are allowed: this machine and this network.
	inside = prefixes("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7")
	// nowhere is refused always: no server that anybody means is there, and the cloud's own metadata is.
	nowhere = prefixes("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"224.0.0.0/4", "240.0.0.0/4", "::/128", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fe80::/10", "fec0::/10", "ff00::/8",
		"fd00:ec2::/32")
	sixToFour = netip.MustParsePrefix("2002::/16")
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	nat64Own  = netip.MustParsePrefix("64:ff9b:1::/48")
	v4Compat  = netip.MustParsePrefix("::/96")
	givenOut  = netip.MustParsePrefix("2000::/3") // the only part of IPv6 that servers have addresses in
)

// may judges the address that is dialled.
func may(ip netip.Addr, allowPrivate bool) error {
	ip = ip.Unmap().WithZone("") // ::ffff:127.0.0.1 is 127.0.0.1
	for _, p := range nowhere {
		if p.Contains(ip) {
			return ErrPrivate
		}
	}
	for _, p := range inside {
		if p.Contains(ip) {
			if allowPrivate {
				return nil
			}
			return ErrPrivate
		}
	}
	switch raw := ip.As16(); {
	case ip.Is4():
		return nil
	case sixToFour.Contains(ip):
		return may(netip.AddrFrom4([4]byte(raw[2:6])), allowPrivate)
	case nat64.Contains(ip), v4Compat.Contains(ip):
		return may(netip.AddrFrom4([4]byte(raw[12:16])), allowPrivate)
	case nat64Own.Contains(ip):
		return ErrPrivate
	case !givenOut.Contains(ip):
		return ErrPrivate
	}
	return nil
}
