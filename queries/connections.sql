-- name: CreateConnection :exec
-- Its lane is made by a trigger.
INSERT INTO connections (org_id, id, provider, proof, token_sha256, token_sealed)
VALUES (@org_id, @id, @provider, @proof, @token_sha256, @token_sealed);

-- name: AddConnectionSecret :one
INSERT INTO connection_secrets (org_id, connection_id, sealed) VALUES (@org_id, @connection_id, @sealed) RETURNING id;

-- name: CloseSecret :execrows
-- Never the last one: a connection without a secret believes nobody.
UPDATE connection_secrets s SET expires_at = now()
WHERE s.org_id = @org_id AND s.connection_id = @connection_id AND s.id = @id AND (s.expires_at IS NULL OR s.expires_at > now())
  AND EXISTS (SELECT 1 FROM connection_secrets other WHERE other.org_id = s.org_id AND other.connection_id = s.connection_id
              AND other.id <> s.id AND other.created_at > s.created_at AND (other.expires_at IS NULL OR other.expires_at > now()));

-- name: LiveSecrets :many
SELECT id, created_at, expires_at, last_used_at, clean FROM connection_secrets
WHERE org_id = @org_id AND connection_id = @connection_id AND (expires_at IS NULL OR expires_at > now())
ORDER BY created_at DESC;

-- name: AllOrgsConnectionByToken :one
-- The door: whose URL is this, and which secrets may vouch for the body. Crosses tenants because the caller has no
-- tenant until its token names one. Index: connections_token_sha256_key.
SELECT c.org_id, c.id, c.proof,
       ARRAY(SELECT s.sealed FROM connection_secrets s
             WHERE s.org_id = c.org_id AND s.connection_id = c.id
               AND (s.expires_at IS NULL OR s.expires_at > now())
             ORDER BY s.created_at DESC, s.id)::bytea[] AS sealed_secrets,
       ARRAY(SELECT s.id FROM connection_secrets s
             WHERE s.org_id = c.org_id AND s.connection_id = c.id
               AND (s.expires_at IS NULL OR s.expires_at > now())
             ORDER BY s.created_at DESC, s.id)::uuid[] AS secret_ids
FROM connections c
WHERE c.token_sha256 = @token_sha256 AND c.provider = @provider;

-- name: Connections :many
-- The list, each with how it is doing: the last delivery and what still waits or failed.
-- Indexes: webhook_logs_of_connection (one step back each), webhook_logs_open.
SELECT c.id, c.provider, c.proof, c.created_at,
       newest.received_at AS last_received_at,
       (SELECT count(*) FROM webhook_logs l
        WHERE l.org_id = @org_id AND l.connection_id = c.id AND l.status = 'accepted') AS waiting,
       (SELECT count(*) FROM webhook_logs l
        WHERE l.org_id = @org_id AND l.connection_id = c.id AND l.status IN ('failed', 'dead', 'quarantined') AND l.next_try_at IS NULL) AS failed
FROM connections c
LEFT JOIN webhook_logs newest ON newest.org_id = c.org_id AND newest.id = (
    SELECT l.id FROM webhook_logs l
    WHERE l.org_id = @org_id AND l.connection_id = c.id ORDER BY l.id DESC LIMIT 1)
WHERE c.org_id = @org_id
ORDER BY c.created_at;

-- name: ConnectionByID :one
SELECT id, provider, proof, token_sealed, created_at FROM connections WHERE org_id = @org_id AND id = @id;

-- name: AllOrgsSealed :many
-- Everything sealed, for `wedsync keys rotate`.
SELECT c.org_id, c.id, NULL::uuid AS secret_id, false AS readback, c.token_sealed AS sealed FROM connections c
UNION ALL
SELECT s.org_id, s.connection_id, s.id, false, s.sealed FROM connection_secrets s
UNION ALL
SELECT r.org_id, r.connection_id, NULL, true, r.key_sealed FROM readbacks r;

-- name: ResealToken :exec
UPDATE connections SET token_sealed = @sealed WHERE org_id = @org_id AND id = @id;

-- name: ResealSecret :exec
UPDATE connection_secrets SET sealed = @sealed WHERE org_id = @org_id AND connection_id = @connection_id AND id = @id;

-- name: ResealReadback :exec
-- Unless another key was kept meanwhile, which is sealed under the newest already.
UPDATE readbacks SET key_sealed = @sealed WHERE org_id = @org_id AND connection_id = @connection_id AND key_sealed = @was;
