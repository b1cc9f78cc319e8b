package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

func (v *VSCO) subscribe(w http.ResponseWriter, r *http.Request) {
	var hook struct{ Event, URL string }
	err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&hook)
	if err != nil || hook.URL == "" || !slices.Contains([]string{"contact.created", "job.created", "order.booked", "payment.created"}, hook.Event) {
		vscoError(w, http.StatusBadRequest, "validation-error", "event and url are required.")
		return
	}
	id := v.add("rest-hook", object{"event": hook.Event, "url": hook.URL, "limitTo": nil}, time.Now())
	vscoAnswer(w, http.StatusCreated, v.records["rest-hook"][id])
}

// Ring posts to everybody who subscribed to an event, and gives how many took it.
func (v *VSCO) Ring(ctx context.Context, event, id string) (taken int, err error) {
	v.mu.Lock()
	var urls []string
	for _, hook := range v.records["rest-hook"] {
		if hook["event"] == event {
			urls = append(urls, fmt.Sprint(hook["url"]))
		}
	}
	v.mu.Unlock()
	for _, url := range urls {
		status, ringErr := v.post(ctx, url, encode(object{"targetId": id}))
		if err = errors.Join(err, ringErr); ringErr == nil && status < 300 {
			taken++
		}
	}
	return taken, err
}

func (v *VSCO) post(ctx context.Context, url string, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := v.Client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("ring: %w", err)
	}
	return res.StatusCode, res.Body.Close()
}

// NewJob is a couple that asks or books: two contacts and their job.
func (v *VSCO) NewJob(day time.Time, stage string, revenue int, at time.Time) (job string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	a, b := names(int(v.n))
	job = v.add("job", object{"name": nil, "title": a + " & " + b, "stage": stage, "closed": false, "closedReasonName": nil, "eventDate": day.Format(time.DateOnly),
		"jobTypeName": "Wedding", "totalRevenue": revenue, "sample": false}, at)
	for _, who := range []string{a, b} {
		contact := v.add("address-book", object{"kind": "person", "firstName": who, "lastName": "Sandbox", "email": address(who, int(v.n)),
			"cellPhone": object{"e164": "+447700900123", "formatted": "07700 900123"}}, at)
		v.add("job-contact", object{"jobId": job, "contactId": contact, "client": true, "roleKinds": []string{"client"}}, at)
	}
	return job
}
