-- name: Ping :one
SELECT now()::timestamptz AS at;
