-- Outside calendars: pulling them into the mirror, and writing our copies into them.

-- name: LeaseCalendar :one
-- Whoever pulls a calendar does so alone; who comes meanwhile leaves a word, and the first one goes again. One statement, so
-- that no word is lost between looking and leaving. Primary key.
UPDATE calendars c SET
    pull_again = coalesce(c.leased_until > @now::timestamptz, false),
    leased_until = CASE WHEN c.leased_until > @now THEN c.leased_until ELSE @until::timestamptz END
FROM calendar_connections k, orgs o
WHERE c.org_id = @org_id AND c.id = @id AND c.deleted_at IS NULL AND k.org_id = c.org_id AND k.id = c.connection_id AND o.id = c.org_id
  AND k.paused_at IS NULL
RETURNING (NOT c.pull_again)::boolean AS ours, c.connection_id, c.remote_id, c.name, c.timezone, c.token, c.first_at, c.blocks, c.receives, c.writable,
    c.canary_id, c.canary_rev, c.canary_sent_at, c.canary_seen_at, c.push_dead_at, c.window_until, c.failures, c.failing_since, k.kind, o.timezone AS org_timezone, o.fresh_within_minutes;

-- name: ReleaseCalendar :one
-- Whether somebody left a word meanwhile.
UPDATE calendars SET leased_until = NULL WHERE org_id = @org_id AND id = @id AND leased_until = @until RETURNING pull_again;

-- name: ReadSoFar :exec
UPDATE calendars SET read_so_far = @n WHERE org_id = @org_id AND id = @id;

-- name: LeaseHeld :one
-- A reading that took longer than its lease must not overwrite what came after it. Primary key.
SELECT true::boolean AS held FROM calendars WHERE org_id = @org_id AND id = @id AND leased_until = @until FOR NO KEY UPDATE;

-- name: CalendarPulled :exec
-- What was left out stays said until all is read again.
UPDATE calendars SET token = @token, fresh_at = greatest(fresh_at, @as_of::timestamptz), first_at = coalesce(first_at, @as_of), read_so_far = 0, next_pull_at = @next_pull_at,
    failures = 0, failing_since = NULL, failure = '', capped = CASE WHEN @whole::boolean OR @capped::text <> '' THEN @capped ELSE capped END,
    window_from = coalesce(@window_from, window_from), window_until = coalesce(@window_until, window_until)
WHERE org_id = @org_id AND id = @id;

-- name: CalendarFailed :exec
UPDATE calendars SET failures = failures + 1, failing_since = coalesce(failing_since, @now::timestamptz), failure = @failure, read_so_far = 0, next_pull_at = @next_pull_at
WHERE org_id = @org_id AND id = @id;

-- name: CalendarGone :exec
-- It may be there again one day; then all of it is read.
UPDATE calendars SET deleted_at = @now, failure = @failure, token = '' WHERE org_id = @org_id AND id = @id;

-- name: DropBusyOf :exec
DELETE FROM busy WHERE org_id = @org_id AND calendar_id = @calendar_id;

-- name: DropCopiesIn :exec
DELETE FROM sync_entities WHERE org_id = @org_id AND kind = 'calendar' AND peer_id = @calendar_id;

-- name: CloseConflictsIn :exec
-- Of a calendar that is not there any more nothing is left to settle.
UPDATE sync_conflicts SET resolved_at = @now, resolution = 'gone' WHERE org_id = @org_id AND calendar_id = @calendar_id AND resolved_at IS NULL;

-- name: NeedReconnect :execrows
-- Nothing changes where it was known already.
UPDATE calendar_connections SET reconnect_since = @now, failure = @failure WHERE org_id = @org_id AND id = @id AND reconnect_since IS NULL;

-- name: MirrorIDs :many
-- Primary key.
SELECT remote_id, series_id FROM calendar_events WHERE org_id = @org_id AND calendar_id = @calendar_id;

-- name: KeepEvents :exec
INSERT INTO calendar_events (org_id, calendar_id, remote_id, series_id, etag, parts, booking_id, updated_at)
SELECT @org_id, @calendar_id, e.remote_id, e.series_id, e.etag, e.parts::jsonb, nullif(e.booking_id, '00000000-0000-0000-0000-000000000000'), @now
FROM unnest(@remote_ids::text[], @series_ids::text[], @etags::text[], @parts::text[], @booking_ids::uuid[]) AS e(remote_id, series_id, etag, parts, booking_id)
ON CONFLICT (org_id, calendar_id, remote_id) DO UPDATE SET series_id = excluded.series_id, etag = excluded.etag, parts = excluded.parts, booking_id = excluded.booking_id,
    ignored_at = CASE WHEN calendar_events.parts = excluded.parts THEN calendar_events.ignored_at END, updated_at = excluded.updated_at;

-- name: DropEvents :exec
-- With the exceptions of a series that went. Indexes: primary key, calendar_events_series.
DELETE FROM calendar_events WHERE org_id = @org_id AND calendar_id = @calendar_id AND (remote_id = ANY(@remote_ids::text[]) OR series_id <> '' AND series_id = ANY(@remote_ids));

-- name: SeriesParts :many
-- What makes up these events: each with its exceptions. Indexes: primary key, calendar_events_series.
SELECT remote_id, series_id, parts, booking_id, ignored_at FROM calendar_events
WHERE org_id = @org_id AND calendar_id = @calendar_id AND (remote_id = ANY(@roots::text[]) OR series_id <> '' AND series_id = ANY(@roots));

-- name: DropBusy :exec
DELETE FROM busy WHERE org_id = @org_id AND calendar_id = @calendar_id AND root_id = ANY(@roots::text[]);

-- name: AddBusy :exec
INSERT INTO busy (org_id, calendar_id, root_id, remote_id, during, all_day, tentative, title, changed_at)
SELECT @org_id, @calendar_id, b.root_id, b.remote_id, tstzrange(b.starts_at, b.ends_at), b.all_day, b.tentative, b.title, @now
FROM unnest(@root_ids::text[], @remote_ids::text[], @starts_ats::timestamptz[], @ends_ats::timestamptz[], @all_days::boolean[], @tentatives::boolean[], @titles::text[])
    AS b(root_id, remote_id, starts_at, ends_at, all_day, tentative, title)
ON CONFLICT (org_id, calendar_id, root_id, during) DO NOTHING;

-- name: CopiesIn :many
-- Which of these outside objects are our copies. Index: sync_entities_remote.
SELECT id, subject_id, remote_id, etag, agreed, hash, state FROM sync_entities
WHERE org_id = @org_id AND kind = 'calendar' AND peer_id = @calendar_id AND remote_id <> '' AND remote_id = ANY(@remote_ids::text[]);

-- name: CopiesWritten :many
-- Whose these objects say that they are: a booking's, or the row of a copy. Indexes: sync_entities_pair, primary key.
SELECT id, subject_id, peer_id, remote_id, leased_until FROM sync_entities
WHERE org_id = @org_id AND kind = 'calendar' AND (subject_id = ANY(@ids::uuid[]) OR id = ANY(@ids));

-- name: CopyLocked :one
-- Primary key.
SELECT id, subject_id, remote_id, etag, agreed, hash, writing, state, written_at FROM sync_entities WHERE org_id = @org_id AND id = @id FOR UPDATE;

-- name: CopiesOfBookings :many
-- Index: sync_entities_pair.
SELECT id, subject_id, peer_id, remote_id, etag, agreed, hash, state FROM sync_entities
WHERE org_id = @org_id AND kind = 'calendar' AND subject_id = ANY(@booking_ids::uuid[]);

-- name: BeginCopy :one
-- The row is there before the call: its id is the key under which a lost answer is found again. No row: somebody else writes
-- this copy at this moment. Index: sync_entities_pair.
INSERT INTO sync_entities (org_id, kind, subject_id, peer_id, leased_until) VALUES (@org_id, 'calendar', @booking_id, @calendar_id, @until)
ON CONFLICT (org_id, kind, subject_id, peer_id) DO UPDATE SET leased_until = excluded.leased_until
WHERE sync_entities.leased_until IS NULL OR sync_entities.leased_until <= @now::timestamptz
RETURNING id, subject_id, remote_id, etag, agreed, hash, writing, state;

-- name: CopyWriting :exec
-- What comes back with this is our own echo, even before we have the answer.
UPDATE sync_entities SET writing = @writing WHERE org_id = @org_id AND id = @id;

-- name: EndCopy :exec
UPDATE sync_entities SET leased_until = NULL WHERE org_id = @org_id AND id = @id AND leased_until = @until;

-- name: CopyWritten :execrows
-- Unless somebody was heard meanwhile: what they did stands.
UPDATE sync_entities SET remote_id = @remote_id, etag = @etag, agreed = @agreed, hash = @hash, writing = '', state = 'agreed', failure = '', written_at = @now, updated_at = @now
WHERE org_id = @org_id AND id = @id AND remote_id = @old_remote_id AND etag = @old_etag AND hash = @old_hash AND state = @old_state;

-- name: AdoptEvent :one
-- A pull may have read it before we knew its name. Primary key.
UPDATE calendar_events SET booking_id = @booking_id WHERE org_id = @org_id AND calendar_id = @calendar_id AND remote_id = @remote_id RETURNING etag;

-- name: CopyHeard :exec
-- What came back from outside: its own echo, or what both now agree on.
UPDATE sync_entities SET etag = @etag, agreed = @agreed, hash = @hash, state = @state, updated_at = @now WHERE org_id = @org_id AND id = @id;

-- name: CopyState :exec
UPDATE sync_entities SET state = @state, failure = @failure, updated_at = @now WHERE org_id = @org_id AND id = @id;

-- name: DropCopy :exec
DELETE FROM sync_entities WHERE org_id = @org_id AND id = @id;

-- name: BookingToCopy :one
-- What an outside copy tells of, and no more. Primary key.
SELECT b.id, b.title, b.starts_local, b.ends_local, b.timezone, b.venue, b.status, b.contested_at, b.stamps, o.copy_title, o.copy_body, o.name AS org_name,
       coalesce(c.name, '')::text AS client_name, coalesce(c.partner_name, '')::text AS partner_name, coalesce(c.email, '')::text AS client_email, coalesce(c.phone, '')::text AS client_phone
FROM bookings b JOIN orgs o ON o.id = b.org_id
LEFT JOIN clients c ON c.org_id = b.org_id AND c.connection_id = b.connection_id AND c.external_id = b.client_external_id AND NOT c.deleted
WHERE b.org_id = @org_id AND b.id = @id;

-- name: ReceivingCalendars :many
-- The calendars that a booking is written into.
SELECT DISTINCT c.id, c.connection_id, c.remote_id, c.timezone, k.kind FROM calendars c
JOIN calendar_connections k ON k.org_id = c.org_id AND k.id = c.connection_id
LEFT JOIN booking_needs n ON n.org_id = c.org_id AND n.booking_id = @booking_id AND n.resource_id = c.resource_id
WHERE c.org_id = @org_id AND c.receives AND c.writable AND c.deleted_at IS NULL AND k.paused_at IS NULL AND (c.resource_id IS NULL OR n.booking_id IS NOT NULL);

-- name: CalendarToWrite :one
SELECT c.id, c.connection_id, c.remote_id, c.name, c.timezone, k.kind, (k.paused_at IS NOT NULL OR c.deleted_at IS NOT NULL)::boolean AS closed
FROM calendars c JOIN calendar_connections k ON k.org_id = c.org_id AND k.id = c.connection_id
WHERE c.org_id = @org_id AND c.id = @id;

-- name: BookingsToCopy :many
-- What lies ahead and is to stand in calendars that receive bookings, and what stands in one and should not any more.
SELECT b.id FROM bookings b WHERE b.org_id = @org_id AND (b.status IN ('held', 'confirmed') AND upper(b.during) > @now::timestamptz
    OR b.status NOT IN ('held', 'confirmed') AND EXISTS (SELECT 1 FROM sync_entities e WHERE e.org_id = b.org_id AND e.kind = 'calendar' AND e.subject_id = b.id))
ORDER BY lower(b.during) LIMIT 5000;

-- name: Overlaps :many
-- Where outside events lie over what is held or confirmed, from now on. Indexes: booking_claims_of_resource, busy_during.
SELECT DISTINCT ON (c.booking_id, s.calendar_id, s.remote_id, s.during) c.booking_id, b.title, b.timezone, s.calendar_id, s.remote_id, s.title AS outside, cal.name AS calendar, k.account,
       lower(s.during)::timestamptz AS outside_from, upper(s.during)::timestamptz AS outside_until, lower(b.during)::timestamptz AS booked_from, upper(b.during)::timestamptz AS booked_until,
       r.name AS resource
FROM booking_claims c
JOIN bookings b ON b.org_id = c.org_id AND b.id = c.booking_id
JOIN resources r ON r.org_id = c.org_id AND r.id = c.resource_id
JOIN busy s ON s.org_id = c.org_id AND s.during && c.during
JOIN calendars cal ON cal.org_id = s.org_id AND cal.id = s.calendar_id AND cal.blocks AND cal.deleted_at IS NULL AND (cal.resource_id IS NULL OR cal.resource_id = c.resource_id)
    AND (cal.tentative_busy OR NOT s.tentative)
JOIN calendar_connections k ON k.org_id = cal.org_id AND k.id = cal.connection_id AND k.paused_at IS NULL
WHERE c.org_id = @org_id AND upper(c.during) > @now::timestamptz
ORDER BY c.booking_id, s.calendar_id, s.remote_id, s.during LIMIT 2000;

-- name: OpenOverlaps :many
-- Those that are asked about, and those about which a person has answered. Indexes: sync_conflicts_open, sync_conflicts_settled.
SELECT id, fingerprint, (resolved_at IS NULL)::boolean AS open FROM sync_conflicts
WHERE org_id = @org_id AND kind = 'overlap' AND (resolved_at IS NULL OR resolution <> 'gone' AND undone_at IS NULL);

-- name: OpenConflicts :many
-- An overlap that a person has settled stays settled while it is about the same; an edit is a new one each time. Indexes: sync_conflicts_once, sync_conflicts_settled.
INSERT INTO sync_conflicts (org_id, id, kind, subject, field, booking_id, calendar_id, remote_id, during, base, ours, theirs, fingerprint)
SELECT @org_id, n.id, n.kind, 'booking', n.field, n.booking_id, n.calendar_id, n.remote_id,
       CASE WHEN n.starts_at < n.ends_at THEN tstzrange(n.starts_at, n.ends_at) END, n.base::jsonb, n.ours::jsonb, n.theirs::jsonb, n.fingerprint
FROM unnest(@ids::uuid[], @kinds::text[], @fields::text[], @booking_ids::uuid[], @calendar_ids::uuid[], @remote_ids::text[], @starts_ats::timestamptz[], @ends_ats::timestamptz[],
    @bases::text[], @ours::text[], @theirs::text[], @fingerprints::text[]) AS n(id, kind, field, booking_id, calendar_id, remote_id, starts_at, ends_at, base, ours, theirs, fingerprint)
WHERE n.kind <> 'overlap' OR NOT EXISTS (SELECT 1 FROM sync_conflicts s WHERE s.org_id = @org_id AND s.fingerprint = n.fingerprint AND s.resolved_at IS NOT NULL AND s.resolution <> 'gone' AND s.undone_at IS NULL)
ON CONFLICT (org_id, fingerprint) WHERE resolved_at IS NULL AND fingerprint <> '' DO NOTHING
RETURNING id;

-- name: CloseConflicts :exec
UPDATE sync_conflicts SET resolved_at = @now, resolution = 'gone' WHERE org_id = @org_id AND id = ANY(@ids::uuid[]) AND resolved_at IS NULL;

-- name: CloseConflictsOfCopy :exec
-- Both sides agree again without a person, or it is asked anew about something else.
UPDATE sync_conflicts SET resolved_at = @now, resolution = 'gone'
WHERE org_id = @org_id AND booking_id = @booking_id AND calendar_id = @calendar_id AND kind IN ('edited', 'deleted', 'refused') AND resolved_at IS NULL
  AND fingerprint <> ALL(@but::text[]);

-- name: ConflictToSettle :one
SELECT id, kind, field, booking_id, calendar_id, remote_id, base, ours, theirs, fingerprint, resolved_at, resolution, undo, undone_at
FROM sync_conflicts WHERE org_id = @org_id AND id = @id FOR UPDATE;

-- name: SettleConflict :exec
UPDATE sync_conflicts SET resolved_at = @now, resolution = @resolution, resolved_by = @resolved_by, undo = @undo WHERE org_id = @org_id AND id = @id;

-- name: UnsettleConflict :exec
UPDATE sync_conflicts SET undone_at = @now WHERE org_id = @org_id AND id = @id;

-- name: ReopenConflict :exec
INSERT INTO sync_conflicts (org_id, kind, subject, field, booking_id, calendar_id, remote_id, during, base, ours, theirs, fingerprint)
SELECT org_id, kind, subject, field, booking_id, calendar_id, remote_id, during, base, ours, theirs, fingerprint FROM sync_conflicts s WHERE s.org_id = @org_id AND s.id = @id
ON CONFLICT (org_id, fingerprint) WHERE resolved_at IS NULL AND fingerprint <> '' DO NOTHING;

-- name: IgnoreEvent :execrows
UPDATE calendar_events SET ignored_at = @at WHERE org_id = @org_id AND calendar_id = @calendar_id AND remote_id = @remote_id;

-- name: BookingsLocked :many
SELECT id FROM bookings WHERE org_id = @org_id AND id = ANY(@ids::uuid[]) ORDER BY id FOR NO KEY UPDATE;

-- name: AllOrgsDueCalendars :many
-- What is due to be asked; it moves on at once, so that the next look does not take it again. Index: calendars_due.
UPDATE calendars c SET next_pull_at = @later
FROM calendar_connections k
WHERE k.org_id = c.org_id AND k.id = c.connection_id AND k.paused_at IS NULL AND k.reconnect_since IS NULL
  AND (c.org_id, c.id) IN (SELECT d.org_id, d.id FROM calendars d JOIN calendar_connections dk ON dk.org_id = d.org_id AND dk.id = d.connection_id
      WHERE d.deleted_at IS NULL AND d.next_pull_at <= @now AND (d.blocks OR d.receives) AND dk.paused_at IS NULL AND dk.reconnect_since IS NULL ORDER BY d.next_pull_at LIMIT 500)
RETURNING c.org_id, c.id;

-- name: AddCalendarConnection :one
INSERT INTO calendar_connections (org_id, id, kind, account, url, username, secret, access, access_until, created_by)
VALUES (@org_id, @id, @kind, @account, @url, @username, @secret, @access, @access_until, @created_by) RETURNING id;

-- name: RenewCalendarConnection :execrows
UPDATE calendar_connections SET account = @account, secret = @secret, access = @access, access_until = @access_until, reconnect_since = NULL, failure = '', paused_at = NULL
WHERE org_id = @org_id AND id = @id AND kind = @kind;

-- name: AddCalendar :exec
INSERT INTO calendars (org_id, connection_id, remote_id, name, timezone, writable, blocks, receives)
VALUES (@org_id, @connection_id, @remote_id, @name, @timezone, @writable, @blocks, @receives)
ON CONFLICT (org_id, connection_id, remote_id) DO UPDATE SET name = excluded.name, timezone = excluded.timezone, writable = excluded.writable, deleted_at = NULL, next_pull_at = now();

-- name: CalendarsOf :many
-- Index: the unique key of calendars.
SELECT id, remote_id, name, blocks, receives, writable, deleted_at FROM calendars WHERE org_id = @org_id AND connection_id = @connection_id ORDER BY name, id;

-- name: CalendarConnection :one
SELECT id, kind, account, url, username, secret, access, access_until, strategy, strategies, paused_at, reconnect_since, failure
FROM calendar_connections WHERE org_id = @org_id AND id = @id;

-- name: CalendarConnectionForUpdate :one
-- Two who refresh one grant come one after the other, and the second finds a fresh one. Primary key.
SELECT id, kind, account, url, username, secret, access, access_until, strategy, strategies, paused_at, reconnect_since, failure
FROM calendar_connections WHERE org_id = @org_id AND id = @id FOR UPDATE;

-- name: KeepGrant :exec
UPDATE calendar_connections SET secret = @secret, access = @access, access_until = @access_until, reconnect_since = NULL, failure = '' WHERE org_id = @org_id AND id = @id;

-- name: KeepCalendarPassword :exec
UPDATE calendar_connections SET secret = @secret, reconnect_since = NULL, failure = '' WHERE org_id = @org_id AND id = @id;

-- name: PauseCalendars :exec
UPDATE calendar_connections SET paused_at = @paused_at WHERE org_id = @org_id AND id = @id;

-- name: DropCalendarConnection :execrows
DELETE FROM calendar_connections WHERE org_id = @org_id AND id = @id;

-- name: DropCopiesOfConnection :exec
DELETE FROM sync_entities e USING calendars c
WHERE e.org_id = @org_id AND e.kind = 'calendar' AND c.org_id = e.org_id AND c.id = e.peer_id AND c.connection_id = @connection_id;

-- name: AddOAuthState :exec
INSERT INTO oauth_states (org_id, state_sha256, user_id, kind, connection_id, verifier, expires_at)
VALUES (@org_id, @state_sha256, @user_id, @kind, @connection_id, @verifier, @expires_at);

-- name: AllOrgsUseOAuthState :one
-- Once, and by the one who set out.
DELETE FROM oauth_states WHERE state_sha256 = @state_sha256 AND user_id = @user_id AND expires_at > @now RETURNING org_id, kind, connection_id, verifier;

-- name: AllOrgsPruneOAuthStates :exec
DELETE FROM oauth_states WHERE expires_at <= @now;

-- name: AddChannel :exec
INSERT INTO calendar_channels (org_id, id, calendar_id, token_sha256) VALUES (@org_id, @id, @calendar_id, @token_sha256);

-- name: ChannelOpened :exec
UPDATE calendar_channels SET remote_id = @remote_id, expires_at = @expires_at, renew_at = @renew_at WHERE org_id = @org_id AND id = @id;

-- name: CloseChannel :exec
UPDATE calendar_channels SET closed_at = @now WHERE org_id = @org_id AND id = @id;

-- name: ChannelsOf :many
-- Index: calendar_channels_of.
SELECT id, remote_id, opened_at, expires_at, renew_at, heard_at FROM calendar_channels WHERE org_id = @org_id AND calendar_id = @calendar_id AND closed_at IS NULL ORDER BY opened_at;

-- name: AllOrgsChannel :one
-- Who calls. Indexes: calendar_channels_id, calendar_channels_remote.
SELECT c.org_id, c.id, c.calendar_id, c.remote_id, c.token_sha256, c.opened_at, c.closed_at FROM calendar_channels c
WHERE c.id = @id OR c.remote_id <> '' AND c.remote_id = @remote_id::text LIMIT 1;

-- name: ChannelHeard :exec
UPDATE calendar_channels SET heard_at = @now WHERE org_id = @org_id AND id = @id;

-- name: CanaryHeard :exec
-- The canary's change came back through a channel that was there before it. Primary key.
UPDATE calendars c SET canary_seen_at = n.at, canary_ms = (extract(epoch FROM n.at - c.canary_sent_at) * 1000)::integer, push_dead_at = NULL
FROM (SELECT @now::timestamptz AS at) n
WHERE c.org_id = @org_id AND c.id = @id AND c.canary_sent_at <= n.at AND c.canary_seen_at IS NULL AND c.canary_sent_at > @opened_at::timestamptz;

-- name: AllOrgsPruneChannels :exec
DELETE FROM calendar_channels WHERE closed_at <= @before;

-- name: CalendarHeld :exec
-- Primary key.
SELECT 1 FROM calendars WHERE org_id = @org_id AND id = @id FOR NO KEY UPDATE;

-- name: AllOrgsToWatch :many
-- Calendars whose provider should tell us of changes and does not, or not for long any more.
SELECT c.org_id, c.id FROM calendars c JOIN calendar_connections k ON k.org_id = c.org_id AND k.id = c.connection_id
WHERE k.kind IN ('google', 'microsoft') AND k.paused_at IS NULL AND k.reconnect_since IS NULL AND c.deleted_at IS NULL AND (c.blocks OR c.receives) AND c.first_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM calendar_channels h WHERE h.org_id = c.org_id AND h.calendar_id = c.id AND (h.closed_at IS NULL AND h.renew_at > @now::timestamptz OR h.expires_at IS NULL AND h.opened_at > @just_now::timestamptz))
LIMIT 200;

-- name: AllOrgsToSing :many
-- Calendars whose canary is due: those that we may write into and whose provider calls us.
SELECT c.org_id, c.id FROM calendars c JOIN calendar_connections k ON k.org_id = c.org_id AND k.id = c.connection_id
WHERE k.kind IN ('google', 'microsoft') AND k.paused_at IS NULL AND k.reconnect_since IS NULL AND c.deleted_at IS NULL AND c.writable AND c.receives AND c.first_at IS NOT NULL
  AND (c.canary_sent_at IS NULL OR c.canary_sent_at <= CASE WHEN c.push_dead_at IS NULL THEN @before::timestamptz ELSE @sooner::timestamptz END)
  AND EXISTS (SELECT 1 FROM calendar_channels h WHERE h.org_id = c.org_id AND h.calendar_id = c.id AND h.closed_at IS NULL AND h.expires_at > @now::timestamptz)
LIMIT 200;

-- name: CanarySent :exec
UPDATE calendars SET canary_id = @canary_id, canary_rev = @canary_rev, canary_sent_at = @sent_at, canary_seen_at = NULL WHERE org_id = @org_id AND id = @id;

-- name: CanaryStayed :exec
-- It was not sent after all: nothing can be told from its absence.
UPDATE calendars SET canary_seen_at = @now WHERE org_id = @org_id AND id = @id AND canary_rev = @canary_rev;

-- name: AllOrgsCanariesLost :many
-- Sent a while ago, and no push has brought it back: pushes do not come any more. Primary key.
UPDATE calendars SET push_dead_at = coalesce(push_dead_at, @now), canary_seen_at = @now
WHERE canary_sent_at <= @before::timestamptz AND canary_seen_at IS NULL AND deleted_at IS NULL RETURNING org_id, id;

-- name: ConflictSeen :one
SELECT booking_id, calendar_id FROM sync_conflicts WHERE org_id = @org_id AND id = @id;

-- name: OpenOfCopy :one
SELECT count(*) FROM sync_conflicts WHERE org_id = @org_id AND booking_id = @booking_id AND calendar_id = @calendar_id AND id <> @other_than AND kind IN ('edited', 'refused') AND resolved_at IS NULL;

-- name: CalendarZones :one
SELECT c.timezone, o.timezone AS org_timezone FROM calendars c JOIN orgs o ON o.id = c.org_id WHERE c.org_id = @org_id AND c.id = @id;

-- name: CanaryOf :one
SELECT connection_id, remote_id, canary_id FROM calendars WHERE org_id = @org_id AND id = @id AND deleted_at IS NULL;

-- name: CanaryNamed :exec
UPDATE calendars SET canary_id = @canary_id WHERE org_id = @org_id AND id = @id;

-- name: SandboxCalendars :many
SELECT id FROM calendar_connections WHERE org_id = @org_id AND kind IN ('google', 'microsoft');

-- name: AllOrgsCalendarSecrets :many
SELECT org_id, id, secret, access FROM calendar_connections WHERE secret IS NOT NULL OR access IS NOT NULL ORDER BY org_id, id;

-- name: ResealCalendar :exec
-- Nothing where a refresh wrote another secret meanwhile: that one is sealed under the newest key already.
UPDATE calendar_connections SET secret = @secret, access = @access
WHERE org_id = @org_id AND id = @id AND secret IS NOT DISTINCT FROM sqlc.narg(secret_before) AND access IS NOT DISTINCT FROM sqlc.narg(access_before);

-- name: AllOrgsSharedLinks :many
SELECT id, availability_sealed, feed_sealed FROM orgs WHERE availability_sealed IS NOT NULL OR feed_sealed IS NOT NULL ORDER BY id;

-- name: ResealLinks :exec
UPDATE orgs SET availability_sealed = CASE WHEN availability_sealed IS NOT DISTINCT FROM sqlc.narg(availability_before) THEN sqlc.narg(availability) ELSE availability_sealed END,
    feed_sealed = CASE WHEN feed_sealed IS NOT DISTINCT FROM sqlc.narg(feed_before) THEN sqlc.narg(feed) ELSE feed_sealed END
WHERE id = @org_id;
