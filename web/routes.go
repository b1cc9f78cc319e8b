package web

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/static"
)

// access is who may call a route.
type access int

const (
	anyone   access = iota
	staff           // of an organisation, in any role
	manager         // of an organisation, or its owner
	owner           // of an organisation
	couple          // a member of a couple
	operator        // named in WEDSYNC_OPERATORS
	demo            // anyone, but only in demo mode
)

type route struct {
	method, path string
	access       access
	handle       echo.HandlerFunc
}

// routes is the whole site map. A test calls each of them as a stranger, in too low a role and from another tenant.
func (s *Server) routes() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/", anyone, s.landing},
		{get, "/signup", anyone, s.signupForm},
		{post, "/signup", anyone, s.signup},
		{get, "/login", anyone, s.loginForm},
		{post, "/login", anyone, s.login},
		{post, "/logout", anyone, s.signOut},
		{get, "/forgot", anyone, s.forgotForm},
		{post, "/forgot", anyone, s.forgot},
		{get, "/reset/:token", anyone, s.resetForm},
		{post, "/reset/:token", anyone, s.reset},
		{post, "/magic", anyone, s.createMagic},
		{get, "/magic/:token", anyone, s.magicForm},
		{post, "/magic/:token", anyone, s.magic},
		{get, "/verify/:token", anyone, s.verifyForm},
		{post, "/verify/:token", anyone, s.verify},

		{get, "/app", staff, s.today},
		{get, "/app/calendar", staff, s.calendar},
		{get, "/app/calendar/why", staff, s.why},
		{post, "/app/bookings", manager, s.createBooking},
		{get, "/app/bookings/new", manager, s.bookingForm},
		{get, "/app/bookings/:id", staff, s.booking},
		{post, "/app/bookings/:id/confirmation", manager, s.confirmBooking},
		{post, "/app/bookings/:id/release", manager, s.releaseBooking},
		{post, "/app/bookings/:id/cancellation", manager, s.cancelBooking},
		{post, "/app/bookings/:id/times", manager, s.moveBooking},
		{post, "/app/bookings/:id/notes", staff, s.noteBooking},
		{get, "/app/resources", staff, s.resources},
		{post, "/app/resources", manager, s.createResource},
		{post, "/app/resources/:id", manager, s.changeResource},
		{post, "/app/resources/:id/retirement", manager, s.retireResource},
		{post, "/app/availability", manager, s.changeAvailability},
		{get, "/free/:token", anyone, s.free},
		{get, "/app/weddings", staff, s.weddings},
		{get, "/app/clients", staff, s.clients},
		{get, "/app/payments", staff, s.payments},
		{get, "/app/connections", staff, s.connections},
		{get, "/app/connections/new", manager, s.connectionForm},
		{post, "/app/connections", manager, s.createConnection},
		{get, "/app/connections/:id", staff, s.connection},
		{post, "/app/connections/:id/secrets", manager, s.createSecret},
		{get, "/app/connections/:id/guide", manager, s.guide},
		{post, "/app/connections/:id/account", manager, s.setAccount},
		{post, "/app/connections/:id/tests", manager, s.createTest},
		{get, "/app/connections/:id/mapping", manager, s.mapping},
		{post, "/app/connections/:id/mapping", manager, s.createMapping},
		{post, "/app/connections/:id/mapping/preview", manager, s.previewMapping},
		{post, "/app/connections/:id/mapping/version", manager, s.createMappingVersion},
		{get, "/app/connections/:id/readback", manager, s.readback},
		{post, "/app/connections/:id/readback", manager, s.createReadback},
		{post, "/app/connections/:id/unit", manager, s.createUnit},
		{post, "/app/connections/:id/bell", manager, s.createBell},
		{post, "/app/connections/:id/hooks", manager, s.changeHooks},
		{post, "/app/connections/:id/polls", manager, s.createPoll},
		{get, "/app/deliveries/:id", staff, s.delivery},
		{post, "/app/deliveries/:id/runs", manager, s.createRun},
		{get, "/app/imports", staff, s.imports},
		{post, "/app/imports", manager, s.createImport},
		{get, "/app/imports/:id", staff, s.importPage},
		{post, "/app/imports/:id/columns", manager, s.mapImport},
		{post, "/app/imports/:id/start", manager, s.startImport},
		{post, "/app/imports/:id/cancellation", manager, s.cancelImport},
		{post, "/app/imports/:id/resumption", manager, s.resumeImport},
		{get, "/app/endpoints", staff, s.endpoints},
		{get, "/app/endpoints/new", manager, s.endpointForm},
		{post, "/app/endpoints", manager, s.createEndpoint},
		{get, "/app/endpoints/:id", staff, s.endpoint},
		{post, "/app/endpoints/:id/pause", manager, s.pauseEndpoint},
		{post, "/app/endpoints/:id/resumption", manager, s.resumeEndpoint},
		{post, "/app/endpoints/:id/tests", manager, s.testEndpoint},
		{post, "/app/endpoints/:id/secrets", manager, s.renewEndpoint},
		{post, "/app/endpoints/:id/removal", manager, s.removeEndpoint},
		{get, "/app/messages/:id", staff, s.message},
		{post, "/app/messages/:id/runs", manager, s.createMessageRun},
		{post, "/app/connections/:id/rotation", manager, s.createRotation},
		{post, "/app/connections/:id/closures", manager, s.createClosure},
		{post, "/app/deliveries/:id/rehearsals", manager, s.createRehearsal},
		{get, "/app/repairs", staff, s.repairs},
		{post, "/app/repairs/rehearsals", manager, s.createRehearsals},
		{post, "/app/repairs/runs", manager, s.createRuns},
		{get, "/app/inbox", staff, s.inbox},
		{post, "/app/inbox/seen", staff, s.createSeenAll},
		{post, "/app/inbox/:id/seen", staff, s.createSeen},
		{post, "/app/inbox/:id/acknowledgement", staff, s.createAcknowledgement},
		{get, "/app/settings", staff, s.settings},
		{post, "/app/settings/region", owner, s.changeRegion},
		{get, "/app/preferences", staff, s.preferences},
		{post, "/app/preferences", staff, s.keepPreferences},
		{post, "/app/preferences/preview", staff, s.previewPreferences},
		{post, "/app/phone", staff, s.createPhone},
		{post, "/app/phone/proof", staff, s.provePhone},
		{post, "/app/phone/removal", staff, s.removePhone},
		{get, "/app/wording", manager, s.wording},
		{post, "/app/wording", manager, s.createWording},
		{post, "/app/wording/previews", manager, s.previewWording},
		{post, "/app/wording/reset", manager, s.resetWording},
		{post, "/app/wording/look", manager, s.changeLook},
		{post, "/app/wording/couples", manager, s.changeCoupleLetter},
		{post, "/app/wording/tests", manager, s.createWordingTest},
		{post, "/app/account", staff, s.changePerson},
		{post, "/app/account/verification", staff, s.createVerification},
		{post, "/app/account/sign-outs", staff, s.createSignOuts},
		{post, "/app/team", owner, s.createMember},
		{post, "/app/team/:id/role", owner, s.changeRole},
		{post, "/app/team/:id/removal", owner, s.removeMember},
		{get, "/app/notifications", staff, s.sent},
		{get, "/app/notifications/:id", staff, s.sentOne},
		{post, "/app/suppressions/removal", manager, s.removeSuppression},
		{get, "/app/plan", staff, s.plan},
		{post, "/app/plan/requests", owner, s.createPlanRequest},
		{get, "/live", staff, s.live},
		{post, "/app/push", staff, s.createPush},
		{post, "/app/push/:id/removal", staff, s.removePush},
		{get, "/sw.js", anyone, echo.WrapHandler(static.Worker())},

		{get, "/app/calendars", staff, s.calendarAccounts},
		{post, "/app/calendars", manager, s.createCalendarAccount},
		{post, "/app/calendars/google", manager, s.beginGoogle},
		{post, "/app/calendars/microsoft", manager, s.beginMicrosoft},
		{get, "/oauth/google/callback", manager, s.finishConsent},
		{get, "/oauth/microsoft/callback", manager, s.finishConsent},
		{get, "/app/calendars/wording", manager, s.calendarWording},
		{post, "/app/calendars/wording", manager, s.keepCalendarWording},
		{post, "/app/calendars/freshness", owner, s.changeFreshness},
		{get, "/app/calendars/:id", staff, s.calendarAccount},
		{post, "/app/calendars/:id/pause", manager, s.pauseCalendarAccount},
		{post, "/app/calendars/:id/resumption", manager, s.resumeCalendarAccount},
		{post, "/app/calendars/:id/removal", manager, s.removeCalendarAccount},
		{post, "/app/calendars/:id/strategy", manager, s.changeStrategy},
		{post, "/app/calendars/:id/password", manager, s.renewCalendarPassword},
		{post, "/app/calendar-choices/:id", manager, s.changeChoice},
		{post, "/app/calendar-choices/:id/pulls", manager, s.createCalendarPull},
		{get, "/app/conflicts", staff, s.conflicts},
		{get, "/app/conflicts/:id", staff, s.conflict},
		{post, "/app/conflicts/:id/resolution", manager, s.createResolution},
		{post, "/app/conflicts/:id/undo", manager, s.createUndo},
		{post, "/app/feed", manager, s.changeFeed},
		{get, "/feeds/:token", anyone, s.feed},

		{get, "/us", couple, s.wedding},

		{post, "/webhooks/:provider/:token", anyone, s.receive},
		{post, "/webhooks/resend", anyone, s.hearResend},
		{post, "/webhooks/twilio/status", anyone, s.hearTwilio},
		{post, "/webhooks/twilio/sms", anyone, s.hearReply},
		{post, "/webhooks/google", anyone, s.hearGoogle},
		{post, "/webhooks/microsoft", anyone, s.hearMicrosoft},
		{get, "/unsubscribe/:token", anyone, s.unsubscribeForm},
		{post, "/unsubscribe/:token", anyone, s.unsubscribe},

		{get, "/healthz", anyone, s.healthz},
		{get, "/readyz", anyone, s.readyz},
		{get, "/metrics", anyone, s.metrics},
		{get, "/ops", operator, s.operations},
		{get, "/ops/integrations", operator, s.integrations},
		{post, "/ops/plans/:id", operator, s.settlePlan},

		{get, "/sandbox", demo, s.sandbox},
		{post, "/sandbox/sign-in", demo, s.sandboxSignIn},
		{get, "/sandbox/sheets/lightblue.csv", demo, s.sandboxSheet},
		{get, "/sandbox/sheets/lightblue.html", demo, s.sandboxSheet},
		{post, "/sandbox/deliveries", demo, s.sandboxDeliver},
		{get, "/sandbox/vsco/*", demo, s.sandboxVSCO},
		{post, "/sandbox/vsco/*", demo, s.sandboxVSCO},
		{http.MethodDelete, "/sandbox/vsco/*", demo, s.sandboxVSCO},
		{get, "/sandbox/outbox", demo, s.outbox},
		{get, "/sandbox/outbox/:id", demo, s.outboxLetter},
		{get, "/sandbox/outbox/:id/html", demo, s.outboxHTML},
		{post, "/sandbox/outbox/:id/events", demo, s.outboxEvent},
		{post, "/sandbox/troubles", demo, s.sandboxTrouble},
		{get, "/sandbox/resend/*", demo, s.sandboxResend},
		{post, "/sandbox/resend/*", demo, s.sandboxResend},
		{get, "/sandbox/twilio/*", demo, s.sandboxTwilio},
		{post, "/sandbox/twilio/*", demo, s.sandboxTwilio},
		{post, "/sandbox/push/:id", demo, s.sandboxPush},
		{get, "/sandbox/calendars", demo, s.sandboxCalendars},
		{post, "/sandbox/calendars/events", demo, s.createSandboxEvent},
		{post, "/sandbox/calendars/changes", demo, s.changeSandboxEvent},
		{post, "/sandbox/calendars/troubles", demo, s.createCalendarTrouble},
		{get, "/sandbox/google/*", demo, s.sandboxGoogle},
		{post, "/sandbox/google/*", demo, s.sandboxGoogle},
		{http.MethodPut, "/sandbox/google/*", demo, s.sandboxGoogle},
		{http.MethodPatch, "/sandbox/google/*", demo, s.sandboxGoogle},
		{http.MethodDelete, "/sandbox/google/*", demo, s.sandboxGoogle},
		{get, "/sandbox/microsoft/*", demo, s.sandboxMicrosoft},
		{post, "/sandbox/microsoft/*", demo, s.sandboxMicrosoft},
		{http.MethodPatch, "/sandbox/microsoft/*", demo, s.sandboxMicrosoft},
		{http.MethodDelete, "/sandbox/microsoft/*", demo, s.sandboxMicrosoft},
	}
}

// mount puts the routes behind their checks, and River's own pages behind the operators'.
func (s *Server) mount() error {
	for _, r := range s.routes() {
		if s.config.Serves || r.path == "/healthz" || r.path == "/readyz" || r.path == "/metrics" {
			s.echo.Add(r.method, r.path, r.handle, s.only(r.access))
		}
	}
	if !s.config.Serves {
		return nil
	}
	s.echo.GET("/static/*", echo.WrapHandler(static.Handler()))
	s.echo.GET("/favicon.ico", func(c echo.Context) error { return c.Redirect(http.StatusMovedPermanently, static.URL("favicon.ico")) })
	return s.mountRiver()
}

// only lets through who may, and tells the handler who it is.
func (s *Server) only(a access) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if a == anyone {
				return next(c)
			}
			if a == demo {
				if !s.config.Demo {
					return errNotFound
				}
				return next(c)
			}
			v, err := s.who(c)
			if err == errSignIn && c.Path() != "/live" {
				return c.Redirect(http.StatusSeeOther, signInAddress(c.Request()))
			}
			if err != nil {
				return err
			}
			if !s.may(v, a) {
				return errNotYours
			}
			c.Set("visitor", v)
			return next(c)
		}
	}
}

func (s *Server) may(v visitor, a access) bool {
	switch a {
	case staff:
		return v.Role != ""
	case manager:
		return v.Role == queries.RoleManager || v.Role == queries.RoleOwner
	case owner:
		return v.Role == queries.RoleOwner
	case couple:
		return v.CoupleID != [16]byte{}
	case operator:
		return s.isOperator(v)
	default:
		return false
	}
}

// signInAddress comes back to a page after signing in; a form that was sent is not sent again.
func signInAddress(r *http.Request) string {
	if r.Method != http.MethodGet {
		return "/login"
	}
	return "/login?next=" + url.QueryEscape(r.URL.RequestURI())
}
