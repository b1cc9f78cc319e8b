-- name: CreateSupplier :one
-- An organisation, its first person and their ownership are one fact: one statement, so there is no half of it.
WITH org AS (
    INSERT INTO orgs (name, category, timezone, currency, tier, region)
    VALUES (@org_name, @category, @timezone, @currency, @tier, coalesce(nullif(@region::text, ''), 'GB')) RETURNING id
), person AS (
    INSERT INTO users (email, name, password_hash, email_verified_at)
    VALUES (@email, @person_name, @password_hash, CASE WHEN @verified::bool THEN now() END) RETURNING id
)
INSERT INTO memberships (org_id, user_id, role)
SELECT org.id, person.id, 'owner' FROM org, person
RETURNING org_id, user_id;

-- name: CreateCouple :one
WITH couple AS (
    INSERT INTO couples (names) VALUES (@names) RETURNING id
), person AS (
    INSERT INTO users (email, name, password_hash, email_verified_at)
    VALUES (@email, @names, @password_hash, CASE WHEN @verified::bool THEN now() END) RETURNING id
), member AS (
    INSERT INTO couple_members (couple_id, user_id) SELECT couple.id, person.id FROM couple, person
), wedding AS (
    INSERT INTO weddings (couple_id, held_on, timezone, venue)
    SELECT couple.id, @held_on, @timezone, @venue FROM couple RETURNING id
)
SELECT couple.id AS couple_id, wedding.id AS wedding_id, person.id AS user_id FROM couple, wedding, person;

-- name: AddMember :one
-- Somebody new joins an organisation. A taken address is the unique index's answer, not a look before.
WITH person AS (
    INSERT INTO users (email, name, password_hash, email_verified_at)
    VALUES (@email, @name, @password_hash, CASE WHEN @verified::bool THEN now() END) RETURNING id
)
INSERT INTO memberships (org_id, user_id, role)
SELECT @org_id, person.id, @role FROM person
RETURNING user_id;

-- name: UserByEmail :one
-- Index: users_email.
SELECT id, name, password_hash FROM users WHERE lower(email) = lower(@email);

-- name: UserByID :one
SELECT id, email, name FROM users WHERE id = @id;

-- name: HomeOf :one
-- Where a person lands after signing in: their organisation, else their wedding.
-- Indexes: memberships_user, couple_members_user.
SELECT m.org_id, cm.couple_id
FROM users u
LEFT JOIN memberships m ON m.user_id = u.id
LEFT JOIN couple_members cm ON cm.user_id = u.id
WHERE u.id = @user_id
ORDER BY m.created_at LIMIT 1;

-- name: CreateSession :one
INSERT INTO sessions (token_sha256, user_id, org_id, expires_at)
VALUES (@token_sha256, @user_id, @org_id, @expires_at)
RETURNING id;

-- name: SessionByToken :one
-- Who is at the door, asked on every page: the session, the person, and the room they stand in.
-- The role comes from the membership each time, so a change of role holds from the next click. Index: sessions_token_sha256_key.
SELECT s.id, s.user_id, u.name AS person, u.email, (u.email_verified_at IS NOT NULL)::boolean AS verified, s.org_id,
       m.role, o.name AS org_name, o.timezone, o.currency, o.tier,
       cm.couple_id
FROM sessions s
JOIN users u ON u.id = s.user_id
LEFT JOIN memberships m ON m.org_id = s.org_id AND m.user_id = s.user_id
LEFT JOIN orgs o ON o.id = m.org_id
LEFT JOIN couple_members cm ON cm.user_id = s.user_id
WHERE s.token_sha256 = @token_sha256 AND s.expires_at > now();

-- name: SessionStands :many
-- Which of these sessions may still see this organisation's pages, and as what.
SELECT s.id, m.role
FROM sessions s
JOIN memberships m ON m.org_id = s.org_id AND m.user_id = s.user_id
WHERE s.id = ANY(@session_ids::uuid[]) AND m.org_id = @org_id AND s.expires_at > now();

-- name: EndSession :exec
DELETE FROM sessions WHERE id = @id;

-- name: EndExpiredSessions :execrows
-- Index: sessions_expiry.
DELETE FROM sessions WHERE expires_at <= now();

-- name: OrgByID :one
SELECT * FROM orgs WHERE id = @org_id;

-- name: OrgExists :one
SELECT EXISTS (SELECT 1 FROM orgs WHERE id = @org_id);

-- name: Team :many
SELECT m.user_id, u.name, u.email, m.role, m.created_at
FROM memberships m JOIN users u ON u.id = m.user_id
WHERE m.org_id = @org_id
ORDER BY m.role DESC, u.name;

-- name: ChangeRole :execrows
-- An organisation never loses its last owner: whoever would take it away changes nothing.
UPDATE memberships m SET role = @role
WHERE m.org_id = @org_id AND m.user_id = @user_id
  AND (m.role <> 'owner' OR @role::role = 'owner'
       OR EXISTS (SELECT 1 FROM memberships other
                  WHERE other.org_id = @org_id AND other.role = 'owner' AND other.user_id <> @user_id));

-- name: RemoveMember :execrows
DELETE FROM memberships m
WHERE m.org_id = @org_id AND m.user_id = @user_id
  AND (m.role <> 'owner'
       OR EXISTS (SELECT 1 FROM memberships other
                  WHERE other.org_id = @org_id AND other.role = 'owner' AND other.user_id <> @user_id));

-- name: LockTeam :exec
-- Two owners who demote each other at once would both see another owner; this row makes them take turns.
SELECT id FROM orgs WHERE id = @org_id FOR UPDATE;

-- name: CoupleHome :one
SELECT c.names, w.held_on, w.timezone, w.venue
FROM couples c JOIN weddings w ON w.couple_id = c.id
WHERE c.id = @couple_id;

-- name: Audit :exec
INSERT INTO audit_log (org_id, user_id, action, subject, detail)
VALUES (@org_id, @user_id, @action, @subject, @detail);

-- name: LatestAudit :many
-- Index: audit_log_newest.
SELECT a.at, a.action, a.subject, a.detail, coalesce(u.name, '') AS who
FROM audit_log a LEFT JOIN users u ON u.id = a.user_id
WHERE a.org_id = @org_id
ORDER BY a.at DESC LIMIT 20;
