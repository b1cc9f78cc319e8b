package web

import (
	"net/url"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/views"
)

// CarrierStates are the carriers as the environment names them, in the order of the operators' page.
func CarrierStates(s notify.Settings) []views.CarrierState {
	all := []views.CarrierState{
		carrierState("resend", "Resend", "E-mail", s.ResendKey != "", host(s.ResendURL, notify.ResendURL), "RESEND_API_KEY"),
		carrierState("smtp", "SMTP", "E-mail", s.SMTPURL != "", host(s.SMTPURL, ""), "SMTP_URL"),
		carrierState("twilio", "Twilio", "SMS", s.TwilioSID != "", host(s.TwilioURL, notify.TwilioURL), "TWILIO_ACCOUNT_SID"),
		{Peer: "push", Name: "Web Push", Channel: "Push", Configured: true, Words: "signed with this house's key"},
	}
	if s.ResendKey != "" && s.ResendSecret == "" {
		all[0].Words += "; RESEND_WEBHOOK_SECRET is empty, so nobody hears what became of a mail"
	}
	return all
}

func carrierState(peer, name, channel string, configured bool, at, variable string) views.CarrierState {
	c := views.CarrierState{Peer: peer, Name: name, Channel: channel, Configured: configured, Words: "to " + at}
	if !configured {
		c.Words = "not configured: " + variable + " is empty"
	}
	return c
}

// host is where an address leads, without what may be secret in it.
func host(address, otherwise string) string {
	if address == "" {
		address = otherwise
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
