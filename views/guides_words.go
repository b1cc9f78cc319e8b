package views

import (
	"strings"

	"github.com/wedsync/wedsync/queries"
)

// guide is what somebody has to know to connect one system, in the order in which they need it. What stands between
// backticks is typed or read letter by letter.
type guide struct {
	Brings string
	There  []string // what to click on the other side, before anything is sent
	Events []guideEvent
	NoCode string // what to begin a Zap or a scenario with; empty: this system posts by itself, or not at all
	Sure   string
	First  []string // what to check on the first delivery
	// Example is a body that WedSync reads; a test takes it from a fixture and reads it.
	Example, ExampleSays string
	Also                 []guideLink
}

// guideEvent is what one or several kinds of delivery do, and what has to be in them.
type guideEvent struct {
	Names  []string
	Does   string
	Fields string
}

type guideLink struct{ Label, Href, Says string }

// guideOf is nil for a provider that nobody has written a guide for; a test looks for that.
func guideOf(p queries.Provider) *guide {
	switch p {
	case queries.ProviderStripe:
		return &stripeGuide
	case queries.ProviderTave:
		return &taveGuide
	case queries.ProviderHoneybook:
		return &honeybookGuide
	case queries.ProviderLightblue:
		return &lightblueGuide
	case queries.ProviderStudioninja:
		return &studioninjaGuide
	case queries.ProviderShootq:
		return &shootqGuide
	case queries.ProviderWedme:
		return &wedmeGuide
	case queries.ProviderCustom:
		return &customGuide
	default:
		return nil
	}
}

// GuideExample is the body that a guide shows.
func GuideExample(p queries.Provider) string {
	if g := guideOf(p); g != nil {
		return g.Example
	}
	return ""
}

// GuideEvents are all the kinds of delivery that a guide promises an effect or a reason for.
func GuideEvents(p queries.Provider) (names []string) {
	if g := guideOf(p); g != nil {
		for _, e := range g.Events {
			names = append(names, e.Names...)
		}
	}
	return names
}

// cannotSign: nothing that these vendors offer computes a signature, so what comes from them shows a key.
func cannotSign(p queries.Provider) bool {
	switch p {
	case queries.ProviderTave, queries.ProviderHoneybook, queries.ProviderLightblue, queries.ProviderStudioninja, queries.ProviderShootq:
		return true
	}
	return false
}

// headerFact is what each delivery has to carry, and what that proves.
func headerFact(p queries.Provider, proof queries.SenderProof) (headers []string, says string) {
	switch {
	case p == queries.ProviderStripe:
		return []string{"Stripe-Signature"}, "Stripe adds it to every delivery by itself."
	case proof == queries.SenderProofStaticKey:
		return []string{"X-WedSync-Key"}, "Its value is this connection's key. The weaker proof: whoever sees the key can send in your name."
	case proof == queries.SenderProofDoorbell:
		return nil, "None. Nothing in the delivery is believed: it only rings, and WedSync reads the record back by itself."
	default:
		return []string{"X-WedSync-Timestamp", "X-WedSync-Signature"},
			"The time in unix seconds, and `sha256=` with the HMAC-SHA256 of `time.body` in hex, keyed with the whole secret. Standard Webhooks headers (`webhook-id`, `webhook-timestamp`, `webhook-signature`) are taken too."
	}
}

// stepsOf are the whole way up to the first delivery, as both the guide and the page of a new connection tell it.
func stepsOf(p queries.Provider, proof queries.SenderProof) []string {
	g := guideOf(p)
	steps := append([]string{}, g.There...)
	if p == queries.ProviderStripe {
		return steps
	}
	switch proof {
	case queries.SenderProofStaticKey:
		steps = append(steps, "Wherever it is sent from, post JSON (or a form) to the address above, with the header `X-WedSync-Key` and the key as its value.")
	case queries.SenderProofDoorbell:
		steps = append(steps, "Have it post to the address above. No header is needed; keep the address to yourself.")
	default:
		steps = append(steps, "Wherever it is sent from, post JSON to the address above, and sign the raw body: `X-WedSync-Timestamp` with the unix seconds, `X-WedSync-Signature` with `sha256=` and the HMAC-SHA256 of `time.body`.")
	}
	return append(steps, "Look at the first delivery of each kind on the connection's page: what came, and what WedSync made of it.")
}

// zapierSteps and makeSteps name menus as their makers did when this was written.
func zapierSteps(g *guide, proof queries.SenderProof) []string {
	steps := []string{"Make one Zap for each thing that should reach WedSync. Trigger: " + g.NoCode + "."}
	if proof == queries.SenderProofSigned {
		return append(steps,
			"Zapier's own webhook step cannot sign, and this connection asks for signatures. Either make another connection that takes a fixed key, or sign in a step of code:",
			"Action: `Code by Zapier`, `Run Javascript`. Put `event_type` with one of the words of the list below into its input data, the fields beside that word, and `url` and `secret` (this connection's); then paste the code below.",
			"Test the step. The delivery shows up on the connection's page, used or with the reason why not.")
	}
	return append(steps,
		"Action: `Webhooks by Zapier`, then `POST`. URL: the address above. Payload type: `json`.",
		noCodeHeader(proof, "Headers"),
		"Data: `event_type`, with one of the words of the list below typed in, and then the fields beside that word, mapped from the trigger.",
		"Dates as `2027-06-12`: where the trigger writes them otherwise, put a `Formatter` step in between.",
		"Test the step. The delivery shows up on the connection's page, used or with the reason why not.")
}

func makeSteps(g *guide, proof queries.SenderProof) []string {
	steps := []string{
		"Make one scenario for each thing. It begins with " + g.NoCode + ".",
		"Add the module `HTTP`, then `Make a request`. URL: the address above. Method: `POST`. Body type: `Raw`, content type `application/json`.",
	}
	if proof == queries.SenderProofSigned {
		return append(steps,
			"Put the whole body into a variable first. Header `X-WedSync-Signature`: `sha256=` followed by Make's function `sha256(body; hex; secret)`. Without the timestamp header the signature is of the body alone.",
			"Request content: JSON with `event_type` and the fields of the list below; exactly the text that was signed.",
			"Run it once, and look at the connection's page.")
	}
	return append(steps,
		noCodeHeader(proof, "Headers"),
		"Request content: JSON with `event_type`, one of the words of the list below, and the fields beside it.",
		"Run it once. The delivery shows up on the connection's page, used or with the reason why not.")
}

func noCodeHeader(proof queries.SenderProof, field string) string {
	if proof == queries.SenderProofDoorbell {
		return field + ": none are needed. But what comes this way is not believed, only looked up: to send the fields themselves, make another connection that takes a fixed key."
	}
	return field + ": `X-WedSync-Key`, and the key as its value."
}

// zapierCode signs as docs/custom.md does.
const zapierCode = `const { createHmac } = require('crypto')
const { url, secret, ...fields } = inputData
const body = JSON.stringify(fields)
const ts = String(Math.floor(Date.now() / 1000))
const signature = createHmac('sha256', secret).update(ts + '.' + body).digest('hex')
const answer = await fetch(url, { method: 'POST', body, headers: { 'Content-Type': 'application/json',
  'X-WedSync-Timestamp': ts, 'X-WedSync-Signature': 'sha256=' + signature } })
output = { status: answer.status, answer: await answer.text() }`

// testSays is what a test shows, and what only the other side's own first delivery does.
func testSays(p queries.Provider, proof queries.SenderProof) string {
	const way = "WedSync posts to the address above, over the internet, as the other side would. It changes nothing. It shows that the address is reached"
	switch {
	case p != queries.ProviderStripe && proof == queries.SenderProofDoorbell:
		return way + "; that the other side rings there, only its own first delivery shows."
	case p != queries.ProviderStripe && proof == queries.SenderProofStaticKey:
		return way + " and that the newest key is taken; only the other side's own first delivery shows that it has the right key."
	default:
		return way + " and that a signature by the newest secret is taken; only the other side's own first delivery shows that it has the right secret."
	}
}

// testTrouble says why a test did not arrive, and what to do. Every result but "taken" has words.
func testTrouble(result string) (happened, do string) {
	switch result {
	case "unproved":
		return "It arrived, but its signature was not right when it did.", "Something between the internet and WedSync changes what passes through, the headers or the body. Ask whoever runs WedSync to look at the proxy in front of it."
	case "unknown":
		return "A WedSync answered that does not know this address.", "The public address of this WedSync (WEDSYNC_URL) leads to another one. Ask whoever runs it to set it right."
	case "busy":
		return "WedSync answered that it cannot take anything just now.", "Wait a minute and send the test again. True senders try again by themselves."
	case "elsewhere":
		return "Something answered, but it is not WedSync.", "The public address (WEDSYNC_URL) leads to another program, or a proxy in front of WedSync answers in its place or sends callers on. Ask whoever runs it to let /webhooks/ through as it is."
	case "refused":
		return "Nobody listens at that address.", "WedSync's public address (WEDSYNC_URL) has another port than it is reached by, or the proxy in front of it is down. Ask whoever runs it."
	case "name":
		return "The name in that address is nobody's.", "WedSync's public address (WEDSYNC_URL) is not a name that the internet knows. Ask whoever runs it."
	case "timeout":
		return "Nothing answered within ten seconds.", "A firewall may keep callers away, or WedSync cannot reach its own public address from inside. Ask whoever runs it to try the address from elsewhere."
	case "certificate":
		return "The connection is not one that a sender would trust.", "The certificate has run out, is for another name, or is not there at all. Ask whoever runs WedSync to renew it; Stripe and the others refuse to send until then."
	case "unreachable":
		return "The address could not be reached.", "Ask whoever runs WedSync whether its public address (WEDSYNC_URL) works from elsewhere."
	default:
		return "", ""
	}
}

// piece is a part of a sentence: words, or something to be typed letter by letter.
type piece struct {
	Text string
	Code bool
}

func pieces(text string) (all []piece) {
	for i, part := range strings.Split(text, "`") {
		if part != "" {
			all = append(all, piece{part, i%2 == 1})
		}
	}
	return all
}
