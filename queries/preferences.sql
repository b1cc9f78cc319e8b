-- name: PeopleToReach :many
-- The team, or some of it, with all that decides how each can be reached. One pass over the members, and a few look-ups by
-- key for each. Indexes: memberships_pkey, users_pkey, push_subscriptions_pkey, suppressions_pkey.
SELECT m.user_id, m.role, u.name, u.email, (u.email_verified_at IS NOT NULL)::boolean AS email_proven,
       u.phone, (u.phone_verified_at IS NOT NULL)::boolean AS phone_proven,
       u.timezone, u.quiet_from, u.quiet_until, o.timezone AS org_zone, o.tier, o.region,
       (d.user_id IS NOT NULL)::boolean AS has_device, coalesce(d.timezone, '')::text AS device_zone,
       coalesce(e.why, '')::text AS email_left_alone, coalesce(t.why, '')::text AS phone_left_alone
FROM memberships m
JOIN users u ON u.id = m.user_id
JOIN orgs o ON o.id = m.org_id
LEFT JOIN LATERAL (
    SELECT p.user_id, p.timezone FROM push_subscriptions p WHERE p.user_id = m.user_id
    ORDER BY coalesce(p.last_used_at, p.created_at) DESC LIMIT 1) d ON true
LEFT JOIN LATERAL (
    SELECT s.why FROM suppressions s WHERE s.org_id IN (m.org_id, '00000000-0000-4000-8000-000000000001') AND s.channel = 'email' AND s.address = lower(u.email)
    ORDER BY s.since LIMIT 1) e ON true
LEFT JOIN LATERAL (
    SELECT s.why FROM suppressions s WHERE s.org_id IN (m.org_id, '00000000-0000-4000-8000-000000000001') AND s.channel = 'sms' AND s.address = u.phone
    ORDER BY s.since LIMIT 1) t ON true
WHERE m.org_id = @org_id AND (@everybody::boolean OR m.user_id = ANY(@users::uuid[]));

-- name: PreferencesOf :many
-- What they chose, where it differs from ours. Index: preferences_pkey.
SELECT user_id, category, channel, pace FROM preferences
WHERE org_id = @org_id AND (@everybody::boolean OR user_id = ANY(@users::uuid[]));

-- name: WeddingTimes :many
-- When an organisation is at work, by the starts within a stretch of time. Index: bookings_by_start.
SELECT lower(during)::timestamptz AS starts, coalesce(upper(during), lower(during))::timestamptz AS ends
FROM bookings
WHERE org_id = @org_id AND status IN ('held', 'confirmed') AND lower(during) >= @since::timestamptz AND lower(during) < @until::timestamptz;

-- name: PastNotices :many
-- What one of the team could have heard of lately, newest first; bundles only repeat it. Index: notices_newest.
SELECT at, kind, urgent, facts FROM notices
WHERE org_id = @org_id AND at >= @since::timestamptz AND kind <> 'digest' AND coalesce(only_for, 'team') = 'team'
  AND (user_id IS NULL OR user_id = @user_id::uuid)
ORDER BY at DESC, id DESC LIMIT @most;

-- name: KeepHours :execrows
-- A person's zone and quiet hours. It locks the person, so that two posts at once take turns. Primary key.
UPDATE users SET timezone = @timezone, quiet_from = @quiet_from, quiet_until = @quiet_until WHERE id = @id;

-- name: ForgetPreferences :exec
-- Primary key.
DELETE FROM preferences WHERE org_id = @org_id AND user_id = @user_id;

-- name: KeepPreferences :exec
INSERT INTO preferences (org_id, user_id, category, channel, pace)
SELECT @org_id, @user_id, p.category, p.channel::channel, p.pace::pace
FROM unnest(@categories::text[], @channels::text[], @paces::text[]) AS p(category, channel, pace);

-- name: ChangeRegion :exec
UPDATE orgs SET region = @region WHERE id = @org_id;

-- name: HoldPhone :one
-- A person's number, locked: codes are counted and tried one at a time. Primary key.
SELECT phone, (phone_verified_at IS NOT NULL)::boolean AS proven FROM users WHERE id = @id FOR UPDATE;

-- name: SetPhone :exec
-- A new number has yet to be proven; empty: none.
UPDATE users SET phone = @phone, phone_verified_at = NULL WHERE id = @id;

-- name: ProvePhone :exec
UPDATE users SET phone_verified_at = @at::timestamptz WHERE id = @id;

-- name: CodesSince :one
-- How many codes went to a person lately, or with a subject to that number of theirs. Index: account_tokens_user.
SELECT count(*) FROM account_tokens
WHERE user_id = @user_id AND purpose = 'phone_code' AND created_at > @created_at AND (@subject::text = '' OR subject = @subject);

-- name: AddCode :exec
INSERT INTO account_tokens (token_sha256, user_id, purpose, subject, created_at, expires_at)
VALUES (@token_sha256, @user_id, 'phone_code', @subject, @created_at, @expires_at);

-- name: LatestCode :one
-- The only one that counts. Index: account_tokens_user.
SELECT token_sha256, subject, created_at, expires_at, used_at, tries FROM account_tokens
WHERE user_id = @user_id AND purpose = 'phone_code' ORDER BY created_at DESC LIMIT 1;

-- name: CountWrongCode :exec
UPDATE account_tokens SET tries = tries + 1 WHERE token_sha256 = @token_sha256;

-- name: UseCode :exec
UPDATE account_tokens SET used_at = @at::timestamptz WHERE token_sha256 = @token_sha256;
