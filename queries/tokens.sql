-- name: LockPerson :one
-- Whoever changes somebody's links, password or address takes turns with all others who do. Primary key.
SELECT id, name, email, email_verified_at FROM users WHERE id = @id FOR NO KEY UPDATE;

-- name: LinksSince :one
-- How many letters of a kind somebody was sent lately: counted here, so that all nodes agree. Index: account_tokens_user.
SELECT count(*) FROM account_tokens WHERE user_id = @user_id AND purpose = @purpose AND created_at > @since;

-- name: CreateLink :exec
INSERT INTO account_tokens (token_sha256, user_id, purpose, subject, expires_at)
VALUES (@token_sha256, @user_id, @purpose, @subject, @expires_at);

-- name: LinkByToken :one
-- What a link is for, whether it is still good or not. Primary keys.
SELECT t.user_id, t.subject, t.expires_at, t.used_at, u.name, u.email, u.email_verified_at
FROM account_tokens t JOIN users u ON u.id = t.user_id
WHERE t.token_sha256 = @token_sha256 AND t.purpose = @purpose;

-- name: UseLink :execrows
-- Of two who press at once one changes the row; the other finds it used. Primary key.
UPDATE account_tokens SET used_at = now()
WHERE token_sha256 = @token_sha256 AND purpose = @purpose AND used_at IS NULL AND expires_at > now();

-- name: EndLinksFor :exec
-- A newer link ends older ones. Index: account_tokens_user.
UPDATE account_tokens SET expires_at = now()
WHERE user_id = @user_id AND purpose = @purpose AND used_at IS NULL AND expires_at > now();

-- name: EndLinks :exec
-- Whatever is still under way to somebody opens nothing any more. Index: account_tokens_user.
UPDATE account_tokens SET expires_at = now() WHERE user_id = @user_id AND used_at IS NULL AND expires_at > now();

-- name: AddressUnderWay :one
-- The address that somebody wants instead of theirs and has not proven yet; empty: none. Index: account_tokens_user.
SELECT coalesce((SELECT subject FROM account_tokens
                 WHERE user_id = @user_id AND purpose = 'verify' AND used_at IS NULL AND expires_at > now() AND lower(subject) <> lower(@email)
                 ORDER BY created_at DESC LIMIT 1), '')::text AS address;

-- name: ProveAddress :exec
UPDATE users SET email = @email, email_verified_at = now() WHERE id = @id;

-- name: SetPassword :exec
UPDATE users SET password_hash = @password_hash WHERE id = @id;

-- name: RenamePerson :exec
UPDATE users SET name = @name WHERE id = @id;

-- name: OtherSessions :one
-- In how many other browsers somebody is signed in. Index: sessions_user.
SELECT count(*) FROM sessions WHERE user_id = @user_id AND id <> @session AND expires_at > now();

-- name: EndOtherSessions :execrows
-- All but this one; a zero id spares none. Their live pages close by the table's trigger. Index: sessions_user.
DELETE FROM sessions WHERE user_id = @user_id AND id <> @session;

-- name: SeeDevice :one
-- A browser signs in. had is how many the person had before: the snapshot is from before the insert. Primary key.
WITH had AS (
    SELECT count(*) AS n FROM devices WHERE user_id = @user_id
), seen AS (
    INSERT INTO devices (user_id, device_sha256, label) VALUES (@user_id, @device_sha256, @label)
    ON CONFLICT (user_id, device_sha256) DO UPDATE SET last_seen_at = now(), label = excluded.label
    RETURNING (xmax = 0)::boolean AS fresh
)
SELECT had.n AS had, seen.fresh FROM had, seen;

-- name: Devices :many
-- Primary key.
SELECT device_sha256, label, first_seen_at, last_seen_at FROM devices WHERE user_id = @user_id ORDER BY last_seen_at DESC LIMIT 20;

-- name: ForgetOtherDevices :exec
-- Primary key.
DELETE FROM devices WHERE user_id = @user_id AND device_sha256 <> @device_sha256;

-- name: AllOrgsForgetLinks :execrows
-- Persons' links, long over. Index: account_tokens_expiry.
DELETE FROM account_tokens WHERE expires_at < @before;

-- name: AllOrgsForgetDevices :execrows
-- Browsers whose cookie has ended. No index: a few rows per person, read once an hour.
DELETE FROM devices WHERE last_seen_at < @before;

-- name: AllOrgsForgetSecrets :execrows
-- What could not be handed over keeps its link until that opens nothing any more. Index: notices_secret.
UPDATE notices SET secret = NULL WHERE secret IS NOT NULL AND at < @before;
