package outside

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestCase19TheAddressItself(t *testing.T) {
	t.Parallel()
	const fine, private, fault = "fine", "private", "fault"
	tests := []struct{ raw, strict, allowed string }{
		{"https://hooks.zapier.com/hooks/catch/1/2/", fine, fine}, {" https://hook.eu1.make.com/abc ", fine, fine}, {"https://8.8.8.8/x", fine, fine},
		{"https://example.com:8443/x?token=1", fine, fine}, {"https://[2606:4700:4700::1111]/", fine, fine}, {"https://bücher.example/", fine, fine},
		{"http://hooks.zapier.com/", fault, fine}, {"http://127.0.0.1:80/", fault, fine}, {"https://127.0.0.1/", private, fine}, {"https://localhost/", private, fine},
		{"https://LOCALHOST./", private, fine}, {"https://db/", private, fine}, {"https://printer.local/", private, fine}, {"https://vault.internal/", private, fine},
		{"https://10.0.0.1/", private, fine}, {"https://172.31.255.255/", private, fine}, {"https://192.168.1.1/", private, fine}, {"https://100.64.0.1/", private, fine},
		{"https://[::1]/", private, fine}, {"https://[fd00::1]/", private, fine}, {"https://[::ffff:127.0.0.1]/", private, fine}, {"https://[::ffff:7f00:1]/", private, fine},
		{"https://[2002:7f00:1::]/", private, fine}, {"https://[64:ff9b::a00:1]/", private, fine}, {"https://[::7f00:1]/", private, fine},
		{"https://169.254.169.254/latest/meta-data/", private, private}, {"https://[::ffff:169.254.169.254]/", private, private}, {"https://[64:ff9b::169.254.169.254]/", private, private},
		{"https://[fd00:ec2::254]/", private, private}, {"https://[fe80::1]/", private, private}, {"https://[64:ff9b:1::1]/", private, private},
		{"https://0.0.0.0/", private, private}, {"https://[::]/", private, private}, {"https://224.0.0.1/", private, private}, {"https://255.255.255.255/", private, private},
		{"https://192.0.2.1/", private, private}, {"https://198.51.100.7/", private, private}, {"https://203.0.113.7/", private, private}, {"https://[2001:db8::1]/", private, private},
		{"https://[ff02::1]/", private, private}, {"https://198.18.0.1/", private, private}, {"https://[2001::1]/", private, private}, {"https://[4000::1]/", private, private},
		{"https://2130706433/", fault, fault}, {"https://0x7f000001/", fault, fault}, {"https://0x7f.1/", fault, fault}, {"https://0177.0.0.1/", fault, fault}, {"https://127.1/", fault, fault},
		{"https://127.0.0.1.", private, fine}, {"https://0x7f.0x0.0x0.0x1/", fault, fault}, {"https://①②⑦.0.0.1/", fault, fault}, {"https://[fe80::1%25eth0]/", fault, fault},
		{"https://user:pw@example.com/", fault, fault}, {"https://user@example.com/", fault, fault}, {"ftp://example.com/", fault, fault}, {"file:///etc/passwd", fault, fault},
		{"gopher://127.0.0.1:25/", fault, fault}, {"javascript:alert(1)", fault, fault}, {"example.com/x", fault, fault}, {"//example.com", fault, fault}, {"https://", fault, fault}, {"", fault, fault},
		{"https:///x", fault, fault}, {"https://:443/", fault, fault}, {"https://exa mple.com/", fault, fault}, {"https://example.com\\@127.0.0.1/", fault, fault},
		{"https://example.com/\r\nHost: x", fault, fault}, {"https://example.com/" + strings.Repeat("x", 2000), fault, fault}, {"https://127.0.0.1%2f.example.com/", fault, fault},
	}
	for _, tt := range tests {
		for allowed, want := range map[bool]string{false: tt.strict, true: tt.allowed} {
			_, err := CheckURL(tt.raw, allowed)
			got := fault
			if err == nil {
				got = fine
			} else if errors.Is(err, ErrPrivate) {
				got = private
			}
			if got != want {
				t.Errorf("%q, private allowed %t: %s (%v), want %s", tt.raw, allowed, got, err, want)
			}
		}
	}
}

// A resolver may answer anything: only what is surely a server on the internet passes.
func FuzzMay(f *testing.F) {
	for _, seed := range []string{"127.0.0.1", "::1", "::ffff:10.0.0.1", "2002:a00:1::", "64:ff9b::7f00:1", "8.8.8.8"} {
		f.Add(netip.MustParseAddr(seed).AsSlice())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		ip, ok := netip.AddrFromSlice(raw)
		if !ok || may(ip, false) != nil {
			return
		}
		if u := ip.Unmap(); u.IsLoopback() || u.IsPrivate() || u.IsLinkLocalUnicast() || u.IsMulticast() || u.IsUnspecified() || !u.IsGlobalUnicast() {
			t.Errorf("%s passes", ip)
		}
		if may(ip, true) != nil {
			t.Errorf("%s passes only where less is allowed", ip)
		}
	})
}
