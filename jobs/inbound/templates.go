package inbound

import "github.com/wedsync/wedsync/queries"

// Template is the default reading of a vendor that has no shape of its own that we could confirm. These are guesses that
// a supplier can check on their first delivery, and the pages say so with Label.
type Template struct {
	Vendor    string
	Confirmed bool
	Label     string

	words map[string]meaning // a vendor's word for what happened, as word() writes it
	kind  []string           // where the word stands; each list of fields is tried in order

	bookingID, clientID, paymentID []string
}

type meaning struct {
	Type   Type
	status queries.BookingStatus
}

const unconfirmed = "template, field names not confirmed by the vendor"

// TemplateOf is also there for a provider without a template of its own: the flat names that no-code senders use.
func TemplateOf(provider queries.Provider) Template {
	t, known := templates[provider]
	if !known {
		t = templates[queries.ProviderCustom]
	}
	return t
}

var (
	enquiry   = meaning{BookingCreated, queries.BookingStatusEnquiry}
	booked    = meaning{BookingUpdated, queries.BookingStatusConfirmed}
	moved     = meaning{BookingUpdated, ""}
	cancelled = meaning{BookingCancelled, queries.BookingStatusCancelled}
	newClient = meaning{ClientCreated, ""}
	paid      = meaning{PaymentCompleted, ""}

	kinds    = []string{"event_type", "type", "event", "trigger"}
	projects = []string{"project_id", "job_id", "booking_id", "shoot_id", "id"}
	clients  = []string{"client_id", "contact_id"}
	// Not invoice_id: an invoice may be paid in instalments, and the second would then be taken for a repeat of the first.
	payments = []string{"payment_id", "transaction_id"}
)

var templates = map[queries.Provider]Template{
	// The four events of Tave's REST hooks are the whole list (VSCO Workspace OpenAPI v2); the body that comes with them
	// is documented nowhere, and is read as if it were the record of the same API.
	queries.ProviderTave: {
		Vendor: "Táve (VSCO Workspace)", Label: unconfirmed, kind: kinds,
		bookingID: []string{"jobId", "id"}, clientID: []string{"contactId", "clientId"}, paymentID: []string{"paymentId", "id"},
		words: map[string]meaning{"contact created": newClient, "job created": enquiry, "order booked": booked, "payment created": paid},
	},
	// HoneyBook has no public webhooks; these are the names of its Zapier triggers, and the field names are whatever the
	// Zap's author chose (one published consumer's are used here).
	queries.ProviderHoneybook: {
		Vendor: "HoneyBook", Label: unconfirmed, kind: kinds, bookingID: projects, clientID: clients, paymentID: payments,
		words: map[string]meaning{
			"new client": newClient, "new inquiry": enquiry, "project booked": booked,
			"payment received": paid, "project stage changed": moved,
		},
	},
	// Light Blue only takes data in; what comes out goes through Zapier or the supplier's own forms.
	queries.ProviderLightblue: {
		Vendor: "Light Blue", Label: unconfirmed, kind: kinds, bookingID: projects, clientID: clients, paymentID: payments,
		words: map[string]meaning{
			"contact form": enquiry, "new contact": newClient, "new shoot": enquiry, "shoot confirmed": booked,
			"shoot cancelled": cancelled, "new sale": moved, "payment received": paid,
		},
	},
	// A lead becomes a job when the client accepts a quote, signs, or pays (Studio Ninja, help.studioninja.co).
	queries.ProviderStudioninja: {
		Vendor: "Studio Ninja", Label: unconfirmed, kind: kinds, bookingID: projects, clientID: clients, paymentID: payments,
		words: map[string]meaning{
			"new lead": enquiry, "lead created": enquiry, "new job": booked, "job accepted": booked, "lead accepted": booked,
			"job updated": moved, "job cancelled": cancelled, "new client": newClient, "payment received": paid, "invoice paid": paid,
		},
	},
	// ShootQ documents contact forms that come in, and nothing that goes out.
	queries.ProviderShootq: {
		Vendor: "ShootQ", Label: unconfirmed, kind: kinds, bookingID: projects, clientID: clients, paymentID: payments,
		words: map[string]meaning{
			"contact form": enquiry, "new lead": enquiry, "shoot booked": booked, "shoot updated": moved,
			"shoot cancelled": cancelled, "payment received": paid,
		},
	},
	queries.ProviderWedme: {Vendor: "WedMe", Label: unconfirmed, kind: kinds, bookingID: projects, clientID: clients, paymentID: payments},
	queries.ProviderCustom: {
		Vendor: "Your own sender", Label: unconfirmed, kind: kinds, bookingID: projects, clientID: clients, paymentID: payments,
		words: map[string]meaning{
			"new client": newClient, "new contact": newClient, "new inquiry": enquiry, "new enquiry": enquiry, "new lead": enquiry,
			"booking confirmed": booked, "project booked": booked, "payment received": paid,
		},
	},
}
