package views

// Three rows that every system but Stripe and WedMe shares: our own names for what happened are read everywhere.
var ourOwnWords = guideEvent{
	Names:  []string{"booking.cancelled", "booking.updated", "payment.refunded"},
	Does:   "what the words above have no word for: cancels, changes, counts a refund",
	Fields: "the booking's id; for a refund `payment_id`, `refund_id`, `amount`",
}

var sheetsToo = guideLink{"Import a sheet", "/app/imports", "A CSV file, or a page of a list that you saved in your browser, for what is there already."}

var stripeGuide = guide{
	Brings: "Payments, failed payments, refunds and disputes, the moment Stripe tells of them.",
	There: []string{
		"In Stripe, open Developers, then Webhooks, and add an endpoint with the address above. Choose snapshot payloads, not thin ones.",
		"Choose the events `payment_intent.succeeded`, `payment_intent.payment_failed`, `charge.refunded`, `refund.created`, `refund.updated`, `refund.failed`, `charge.dispute.created`, `charge.dispute.closed`, `charge.dispute.funds_reinstated`, `checkout.session.completed`, `checkout.session.async_payment_succeeded`, `checkout.session.async_payment_failed`, `invoice.paid` and `invoice_payment.paid`. More does no harm: what tells of one payment is counted once.",
		"Stripe then shows a signing secret of its own, which begins with `whsec_`. Paste it here:",
	},
	Events: []guideEvent{
		{[]string{"payment_intent.succeeded", "charge.succeeded", "charge.captured", "checkout.session.completed", "checkout.session.async_payment_succeeded", "invoice.paid", "invoice_payment.paid"},
			"counts the payment once, however many of these come", ""},
		{[]string{"payment_intent.payment_failed", "charge.failed", "checkout.session.async_payment_failed", "invoice.payment_failed"},
			"shows it as failed, with Stripe's reason; it becomes paid if it succeeds later", ""},
		{[]string{"charge.refunded", "refund.created", "refund.updated", "refund.failed", "charge.refund.updated"},
			"counts the refund once it has succeeded, at most what was paid", ""},
		{[]string{"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"},
			"tells you of the dispute; the money counts as refunded only if you lose it", ""},
		{[]string{"payment_intent.processing", "payment_intent.requires_action", "payment_intent.canceled", "checkout.session.expired", "invoice.payment_action_required"},
			"is kept, with a sentence that says why nothing is counted", ""},
	},
	Sure: "Stripe publishes its events, its field names and its signature, and WedSync reads them as published, in old and new API versions. One thing is not tried on a live account: that an invoice marked as paid outside Stripe sends `invoice_payment.paid` in API versions from 2025-03-31 on.",
	First: []string{
		"The secret is Stripe's own: with the one that WedSync made, Stripe's deliveries are answered 401 while the test below still passes.",
		"The amount and the currency are those of the payment in Stripe.",
		"“test” in what WedSync read says that it came from Stripe's test mode. Such events count like any other: connect test mode to an account that is for trying things out.",
		"There is one connection for the account. Two would count each payment twice.",
	},
	Example: `{
  "id": "evt_1WedSync0001",
  "object": "event",
  "type": "payment_intent.succeeded",
  "created": 1798452000,
  "data": {
    "object": {
      "id": "pi_3WedKayFry001",
      "object": "payment_intent",
      "amount_received": 50000,
      "currency": "gbp",
      "latest_charge": "ch_3WedKayFry001",
      "receipt_email": "anna.kay@example.com",
      "metadata": {
        "booking_external_id": "b-7"
      }
    }
  }
}`,
	ExampleSays: "£500.00 paid (Stripe writes pence), and tied to the booking whose id stands in the metadata.",
}

var taveGuide = guide{
	Brings: "New contacts, new jobs, booked orders and payments from VSCO Workspace, which was Tave.",
	There: []string{
		"VSCO's own REST hooks carry no signature, cannot add a header, and tell only of things that are made: `contact.created`, `job.created`, `order.booked`, `payment.created`. Give WedSync a key to read the records back, or send through Zapier or Make instead.",
		"For reading back: in VSCO Workspace, open Settings, then API Integrations, and make a read-only key. Keep it here on the page “Read records back”, to which the guide leads.",
	},
	Events: []guideEvent{
		{[]string{"contact.created"}, "adds a client", "`id` of the contact, `name`, `email`"},
		{[]string{"job.created"}, "adds an enquiry", "`id` of the job, `name`, `stage`, `eventDate`, `totalRevenue`, `contactId`"},
		{[]string{"order.booked"}, "confirms the booking", "`jobId` (not only the order's own id), `name`, `eventDate`"},
		{[]string{"payment.created"}, "counts the payment if it is posted; a planned one is kept", "`id` of the payment, `jobId`, `amount`, `status`, `received`"},
		{ourOwnWords.Names, ourOwnWords.Does, "`jobId`; for a refund `paymentId`, `refund_id`, `amount`"},
	},
	NoCode: "your Tave or VSCO Workspace trigger, or a webhook of Zapier's or Make's that the hook posts to",
	Sure:   "VSCO publishes the shape of its records and these four events, but not what a hook posts, nor any signature, nor whether an amount of 200 is 200 pounds or 200 pence.",
	First: []string{
		"One real payment: a hundred times too much or too little means that the unit of its amounts is the other one.",
		"An order that was booked stands on its job's booking, not beside it as a second one: `jobId` has to be in it.",
		"A changed date, a cancellation and a refund never come by a hook. Read them back, or send them through Zapier.",
	},
	Example: `{
  "event": "job.created",
  "id": "01jz5job",
  "name": "Kay & Fry wedding",
  "stage": "lead",
  "eventDate": "2027-06-12",
  "totalRevenue": 2500
}`,
	ExampleSays: "An enquiry for 12 June 2027, worth 2,500 of your currency.",
}

var honeybookGuide = guide{
	Brings: "Clients, enquiries, booked projects and payments, by Zaps of your own.",
	There:  []string{"HoneyBook has no webhooks for everybody and no public API. Zapier or Make is the way in: the guide has a recipe for each."},
	Events: []guideEvent{
		{[]string{"New Client"}, "adds a client", "`client_id` or `client_email`, `client_name`, `client_phone`"},
		{[]string{"New Inquiry"}, "adds an enquiry", "`project_id`, `project_name`, `client_name`, `client_email`, `event_date`"},
		{[]string{"Project Booked"}, "confirms the booking", "the same, and `project_total`"},
		{[]string{"Project Stage Changed"}, "changes the booking", "`project_id`, `status` (confirmed, held, enquiry or cancelled)"},
		{[]string{"Payment Received"}, "counts a payment", "`payment_id`, `amount`, `project_id`, `payment_date`"},
		ourOwnWords,
	},
	NoCode: "HoneyBook, and one of its triggers (New Client, New Inquiry, Project Booked, Payment Received, Project Stage Changed)",
	Sure:   "HoneyBook publishes no field names. The triggers' names are reported by others, and the field names are the ones that you choose in your Zap: choose those of the list.",
	First: []string{
		"`payment_id` is different for each payment. Not the invoice's number: the second instalment would be taken for the first.",
		"The date is read: “June 12, 2027” is refused, `2027-06-12` is not.",
		"An enquiry and its booking have the same `project_id`, and are one.",
	},
	Example: `{
  "event_type": "Project Booked",
  "project_id": "hb-77",
  "project_name": "Kay & Fry",
  "client_name": "Anna Kay",
  "client_email": "anna.kay@example.com",
  "project_date": "2027-06-12",
  "project_total": "2,500.00"
}`,
	ExampleSays: "A confirmed booking on 12 June 2027 worth 2,500.00 of your currency, of a client who is added with it.",
	Also:        []guideLink{sheetsToo},
}

var lightblueGuide = guide{
	Brings: "Shoots, sales and payments, from the systems around Light Blue, and from what you export.",
	There: []string{
		"Light Blue's interface takes data in; nothing that sends data out of it was found, and WedSync never asks for your Light Blue password. So bring over what is there once, by an import.",
		"For what is new, post your website's contact form to both, from its server, and send what Light Blue offers you in Zapier or Make: the guide has a recipe for each.",
	},
	Events: []guideEvent{
		{[]string{"Contact Form", "New Shoot"}, "adds an enquiry", "`shoot_id`, `shoot_name`, `client_name`, `client_email`, `wedding_date`, `venue`"},
		{[]string{"New Contact"}, "adds a client", "`contact_id` or `email`, `name`, `phone`"},
		{[]string{"Shoot Confirmed"}, "confirms the booking", "`shoot_id`, and what has changed"},
		{[]string{"Shoot Cancelled"}, "cancels it", "`shoot_id`"},
		{[]string{"New Sale"}, "changes what the booking is worth; it is no payment", "`shoot_id`, `total`"},
		{[]string{"Payment Received"}, "counts a payment", "`payment_id`, `amount`, `shoot_id`, `payment_date`"},
		ourOwnWords,
	},
	NoCode: "Light Blue, as far as Zapier or Make offers you a trigger of it, or with your form's own trigger",
	Sure:   "Light Blue documents what it takes in and nothing that it sends. The words and the field names are ours, for you to use.",
	First: []string{
		"An enquiry from your form and the booking it becomes have the same `shoot_id`. A form has no id by itself: have it make one, and note it in Light Blue.",
		"Dates are `2027-06-12`; `12/06/2027` is refused.",
		"No key stands in a page that visitors can read: post from the server.",
	},
	Example: `{
  "event": "Shoot Confirmed",
  "shoot_id": "lb-3",
  "shoot_name": "Kay & Fry",
  "date": "2027-06-12",
  "venue": "Holm House"
}`,
	ExampleSays: "A confirmed booking for the whole of 12 June 2027 at Holm House.",
	Also:        []guideLink{{"Import a saved page or a CSV file", "/app/imports", "Save a list of Light Blue's in your browser, or export it as CSV. You see what would be written before anything is."}},
}

var studioninjaGuide = guide{
	Brings: "Leads, jobs, clients and payments, as far as Zapier or Make can send them.",
	There: []string{
		"No webhooks and no public API of Studio Ninja were found, and WedSync never asks for your password there. Zapier or Make is the way in: the guide has a recipe for each.",
		"If you are paid through Stripe inside Studio Ninja, connect Stripe for the payments and leave them out here: two connections would count them twice.",
	},
	Events: []guideEvent{
		{[]string{"New Lead", "Lead Created"}, "adds an enquiry", "`job_id`, `job_name`, `client_name`, `client_email`, `event_date`"},
		{[]string{"New Job", "Job Accepted", "Lead Accepted"}, "confirms the booking", "the same, and `total`"},
		{[]string{"Job Updated"}, "changes it", "`job_id`, and what has changed"},
		{[]string{"Job Cancelled"}, "cancels it", "`job_id`"},
		{[]string{"New Client"}, "adds a client", "`client_id` or `email`, `name`, `phone`"},
		{[]string{"Payment Received", "Invoice Paid"}, "counts a payment", "`payment_id`, `amount`, `job_id`, `payment_date`"},
		ourOwnWords,
	},
	NoCode: "Studio Ninja, as far as Zapier or Make offers you a trigger of it; else its calendar in Google",
	Sure:   "Studio Ninja publishes neither triggers nor field names. The words are our guess at its vocabulary, for you to use.",
	First: []string{
		"A lead and the job it becomes have the same `job_id`, and are one.",
		"`payment_id` is different for each payment.",
		"Dates are `2027-06-12`, with the time if there is one: `2027-06-12T12:00`.",
	},
	Example: `{
  "trigger": "Job accepted",
  "job_id": "sn-5",
  "job_name": "Kay & Fry",
  "start": "2027-06-12T12:00",
  "end": "2027-06-12T23:00"
}`,
	ExampleSays: "A confirmed booking on 12 June 2027 from noon to eleven, in your own time zone.",
	Also:        []guideLink{sheetsToo},
}

var shootqGuide = guide{
	Brings: "Leads, bookings and payments, from Zapier, Make or a script of your own.",
	There:  []string{"The only interface of ShootQ that we found takes contact forms in. Send what you have through Zapier, through Make, or from a script."},
	Events: []guideEvent{
		{[]string{"Contact Form", "New Lead"}, "adds an enquiry", "`shoot_id`, `shoot_name`, `client_name`, `email`, `phone`, `event_date`, `event_location`"},
		{[]string{"Shoot Booked"}, "confirms the booking", "the same, and `total`"},
		{[]string{"Shoot Updated"}, "changes it", "`shoot_id`, and what has changed"},
		{[]string{"Shoot Cancelled"}, "cancels it", "`shoot_id`"},
		{[]string{"Payment Received"}, "counts a payment", "`payment_id`, `amount`, `shoot_id`, `payment_date`"},
		ourOwnWords,
	},
	NoCode: "your website's form, a spreadsheet, or whatever else you use beside ShootQ; a trigger of ShootQ's own was not found",
	Sure:   "ShootQ publishes a form for leads that come in (2018) and nothing that goes out. The words and the field names are ours, for you to use.",
	First: []string{
		"An enquiry and its booking have the same `shoot_id`, and are one.",
		"`first_name` and `last_name` are not read: join them into `client_name`.",
		"Dates are `2027-06-12`; `06/12/2027` is refused.",
	},
	Example: `{
  "type": "Shoot Booked",
  "shoot_id": 4411,
  "shoot_name": "Kay & Fry",
  "wedding_date": "2027-06-12"
}`,
	ExampleSays: "A confirmed booking for the whole of 12 June 2027.",
	Also:        []guideLink{sheetsToo},
}

var wedmeGuide = guide{
	Brings: "Invitations from couples, and which of them you accepted.",
	There:  []string{"Give the address and the secret to whoever runs the sending side. Nothing goes back from here: WedSync only hears of invitations."},
	Events: []guideEvent{
		{[]string{"wedme.client.invited"}, "tells you that a couple invited you; they are not your client yet", "`data.invite` with `external_id`, `couple`, `email`"},
		{[]string{"wedme.vendor.signup"}, "adds one to the invitations accepted, once", "`data.invite` with the same `external_id`"},
	},
	Sure: "The names of these events and their fields are our own; the other side has confirmed neither.",
	First: []string{
		"The invitation and its acceptance have the same `external_id`, and are one.",
		"The couple's names are as you want to read them.",
	},
	Example: `{
  "id": "evt-18",
  "type": "wedme.client.invited",
  "occurred_at": "2027-01-05T10:00:00Z",
  "data": {
    "invite": {
      "external_id": "i-1",
      "couple": "Anna & Tom",
      "email": "studio@example.com"
    }
  }
}`,
	ExampleSays: "“Anna & Tom invited you to their wedding”, among what has happened lately.",
}

var customGuide = guide{
	Brings: "Anything that can post to an address: your booking form, a spreadsheet, Zapier, Make, n8n.",
	There:  []string{"Have your system post one event at a time, as it happens, in the shape that the guide shows. Zapier and Make send flat fields instead: it has a recipe for each."},
	Events: []guideEvent{
		{[]string{"client.created", "client.updated", "client.deleted"}, "adds, changes or takes away a client", "`data.client` with `external_id` or `email`, `name`, `partner_name`, `phone`"},
		{[]string{"booking.created", "booking.updated", "booking.cancelled"}, "adds, changes or cancels a booking", "`data.booking` with `external_id`, `title`, `start`, `end`, `timezone`, `venue`, `status`, `value`"},
		{[]string{"payment.completed", "payment.failed"}, "counts a payment, or shows it as failed", "`data.payment` with `external_id`, `amount` in pence, `currency`, `booking_external_id`"},
		{[]string{"payment.refunded"}, "counts a refund", "`data.payment` with `external_id`, and `data.refund` with `external_id`, `amount`"},
		{[]string{"calendar.event.created", "calendar.event.updated"}, "changes the booking that is in it", "`data.booking`"},
		{[]string{"New Client", "New Enquiry", "New Lead", "Booking Confirmed", "Payment Received"}, "the same from flat fields, as Zapier and Make send them; amounts in pounds",
			"`client_name`, `client_email`; `booking_id`, `event_date`, `total`; `payment_id`, `amount`"},
	},
	NoCode: "whatever your system offers there: a new row, a form, a hook",
	Sure:   "The nested shape is our own and does not change. The flat names are what no-code senders mostly use: look at your first delivery.",
	First: []string{
		"The event's `id` is new for each event, and the same when one is sent again: that is how a repeat is known.",
		"Amounts: a whole number of pence in the nested shape (`50000` is £500.00), pounds in the flat one.",
		"Times at the venue are right: without an offset they are the venue's own clock.",
	},
	Example: `{
  "id": "evt-1",
  "type": "booking.created",
  "occurred_at": "2027-01-05T10:00:00Z",
  "data": {
    "client": {
      "external_id": "c-9",
      "name": "Anna Kay",
      "partner_name": "Tom Fry",
      "email": "a@example.com"
    },
    "booking": {
      "external_id": "b-7",
      "title": "Kay & Fry",
      "start": "2027-06-12T12:00:00+01:00",
      "end": "2027-06-12T23:00:00+01:00",
      "timezone": "Europe/London",
      "venue": "Holm House",
      "status": "confirmed",
      "value": {
        "amount": 250000,
        "currency": "GBP"
      }
    }
  }
}`,
	ExampleSays: "A confirmed booking at Holm House worth £2,500.00, and the couple whose it is.",
	Also:        []guideLink{sheetsToo},
}
