-- name: ConnectionAccount :one
-- The one Stripe account whose events count; empty: every one's. Primary key of connections.
SELECT account FROM connections WHERE org_id = @org_id AND id = @id;

-- name: SetConnectionAccount :execrows
-- Only Stripe has accounts below an account. Primary key of connections.
UPDATE connections SET account = @account WHERE org_id = @org_id AND id = @id AND provider = 'stripe';

-- name: NewestSecret :one
-- What a test is signed with: the secret that the sender ought to be using by now. Primary key of connection_secrets.
SELECT sealed FROM connection_secrets
WHERE org_id = @org_id AND connection_id = @connection_id AND (expires_at IS NULL OR expires_at > now())
ORDER BY created_at DESC LIMIT 1;
