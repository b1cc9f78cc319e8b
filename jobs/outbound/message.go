package outbound

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// Body is what is sent. Every try of a message sends the same bytes.
func Body(id uuid.UUID, eventType string, happened time.Time, data []byte) ([]byte, error) {
	return json.Marshal(struct {
		ID        uuid.UUID       `json:"id"`
		Type      string          `json:"type"`
		Timestamp time.Time       `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}{id, eventType, happened.UTC(), data})
}

// Sign is the header webhook-signature: one v1 for every secret that is live, with blanks between.
func Sign(id string, at time.Time, body []byte, secrets []string) (string, error) {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			return "", fmt.Errorf("a signing secret is not base64: %w", err)
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%d.%s", id, at.Unix(), body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " "), nil
}

// request is a message on its way out.
func request(ctx context.Context, box *seal.Box, org uuid.UUID, m queries.ClaimMessageRow, now time.Time) (*http.Request, error) {
	body, err := Body(m.ID, m.EventType, m.HappenedAt, m.Data)
	if err != nil {
		return nil, err
	}
	secrets, err := openSecrets(box, org, m, now)
	if err != nil {
		return nil, err
	}
	signature, err := Sign(m.ID.String(), now, body, secrets)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "WedSync", "Webhook-Id": m.ID.String(),
		"Webhook-Timestamp": strconv.FormatInt(now.Unix(), 10), "Webhook-Signature": signature,
	} {
		req.Header.Set(name, value)
	}
	return req, nil
}

func openSecrets(box *seal.Box, org uuid.UUID, m queries.ClaimMessageRow, now time.Time) ([]string, error) {
	sealed := [][]byte{m.SecretSealed}
	if m.OldSecretUntil != nil && now.Before(*m.OldSecretUntil) {
		sealed = append(sealed, m.OldSecretSealed)
	}
	var secrets []string
	for _, s := range sealed {
		plain, err := box.Open(s, owner(org, m.EndpointID))
		if err != nil {
			return nil, fmt.Errorf("a secret of endpoint %s does not open with this keyset: %w", m.EndpointID, err)
		}
		secrets = append(secrets, string(plain))
	}
	return secrets, nil
}

func owner(org, endpoint uuid.UUID) string { return org.String() + "/endpoint/" + endpoint.String() }
