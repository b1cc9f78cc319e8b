package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"time"
)

const (
	tellRate   = 50   // bookings a second
	tellOrgs   = 40   // over so many suppliers: none of them is in a rush
	tellEach   = 15   // bookings of each
	recipients = 1000 // of one notice
)

// catcher stands where Resend would: it answers at once, and notes when a booking's letter came.
type catcher struct {
	mu   sync.Mutex
	at   map[int]time.Time // by the number in the booking's title
	many map[int]int
	last time.Time
}

var caught = &catcher{at: map[int]time.Time{}, many: map[int]int{}}

// listen starts it, and points the program that is started next at it.
func (c *catcher) listen() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go http.Serve(listener, c) //nolint:errcheck // it ends with us
	for name, value := range map[string]string{"RESEND_URL": "http://" + listener.Addr().String(), "RESEND_API_KEY": "re_bench", "MAIL_FROM": "WedSync <bench@wedsync.example>"} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

var bookingNumber = regexp.MustCompile(`Bench N(\d+)N`)

func (c *catcher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"id":"%s"}`, r.Header.Get("Idempotency-Key"))
	if found := bookingNumber.FindSubmatch(body); found != nil {
		n, _ := strconv.Atoi(string(found[1]))
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.at[n].IsZero() {
			c.at[n] = now
		}
		c.many[n]++
		c.last = now
	}
}

func (c *catcher) count(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.many[n]
}

// sender is a supplier's own system.
type bookingSender struct{ url, secret string }

func (s bookingSender) book(client *http.Client, n int) (time.Duration, error) {
	body := fmt.Appendf(nil, `{"id":"bench-%d","type":"booking.created","occurred_at":%q,"data":{"booking":{"external_id":"b-%d","title":"Bench N%dN","start":"2027-06-12T12:00:00+01:00","end":"2027-06-12T23:00:00+01:00","timezone":"Europe/London","venue":"Holm House","status":"confirmed","value":{"amount":250000,"currency":"GBP"}}}}`,
		n, time.Now().UTC().Format(time.RFC3339), n, n)
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write(body)
	req, err := http.NewRequest(http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-WedSync-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	began := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusAccepted {
		return 0, fmt.Errorf("booking %d: %s", n, res.Status)
	}
	return time.Since(began), nil
}

func (p *program) ownSystem(email string) (org string, s bookingSender, err error) {
	made, err := p.command("supplier", "add", "--name", "Bench", "--category", "venue", "--email", email, "--password", password, "--tier", "enterprise")
	if err != nil {
		return "", s, err
	}
	connection, err := p.command("connection", "add", "--org", made["org_id"], "--provider", "custom")
	return made["org_id"], bookingSender{connection["url"], connection["secret"]}, err
}

// benchTell: a booking is posted → the letter about it is at the carrier; and one notice to a thousand people.
func benchTell(ctx context.Context, p *program) ([]row, error) {
	senders := make([]bookingSender, tellOrgs)
	for i := range senders {
		var err error
		if _, senders[i], err = p.ownSystem(fmt.Sprintf("tell%d@example.com", i)); err != nil {
			return nil, err
		}
	}
	taken, answered, err := tellAtRate(senders)
	if err != nil {
		return nil, err
	}
	stages, err := p.stages(ctx)
	if err != nil {
		return nil, err
	}
	crowd, err := tellThousand(ctx, p)
	if err != nil {
		return nil, err
	}
	return []row{
		{fmt.Sprintf("booking posted → its letter is at the carrier, %d/s", tellRate), "p50 ≤ 20 ms, p99 ≤ 90 ms", taken.String(), "booking posted → it is durable (202): " + answered.String(),
			kept(taken.at(.50) <= 20*time.Millisecond && taken.at(.99) <= 90*time.Millisecond)},
		{"  of which, p50: taken → drained → fanned out → claimed → settled", "", stages, "", ""},
		{"  the figure to beat: 89 ms on average", "", ms(taken.mean()) + " ms on average", "", fmt.Sprintf("%.0f times faster", 89/(float64(taken.mean().Microseconds())/1000))},
		{fmt.Sprintf("one notice to %d people, first to last letter handed over", recipients), "≤ 5 s", fmt.Sprintf("%.2f s (%.0f/s)", crowd.Seconds(), recipients/crowd.Seconds()), "", kept(crowd <= 5*time.Second)},
	}, nil
}

func tellAtRate(senders []bookingSender) (taken, answered times, err error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	count := tellOrgs * tellEach
	sent, took, failed := make([]time.Time, count), make(times, count), make(chan error, count)
	tick := time.NewTicker(time.Second / tellRate)
	defer tick.Stop()
	var group sync.WaitGroup
	for n := range count {
		<-tick.C
		sent[n] = time.Now()
		group.Go(func() {
			if took[n], err = senders[n%tellOrgs].book(client, n); err != nil {
				failed <- err
			}
		})
	}
	group.Wait()
	if len(failed) > 0 {
		return nil, nil, <-failed
	}
	for n := range count {
		if err := untilCaught(n, 1); err != nil {
			return nil, nil, err
		}
		taken = append(taken, caught.at[n].Sub(sent[n]))
	}
	return taken.sorted(), took.sorted(), nil
}

// stages is where the time goes: from the delivery's receipt to the beginning of each transaction that moves it on.
func (p *program) stages(ctx context.Context) (words string, err error) {
	err = p.pool.QueryRow(ctx, `SELECT string_agg(to_char(percentile, 'FM990.0'), ' → ' ORDER BY n) || ' ms' FROM (
		SELECT n, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took) * 1000) AS percentile
		FROM webhook_logs w JOIN notices o ON o.org_id = w.org_id AND o.at = w.received_at JOIN notification_logs l ON l.org_id = o.org_id AND l.notice_id = o.id AND l.channel = 'email'
		JOIN notification_steps a ON a.org_id = l.org_id AND a.notification_id = l.id AND a.step = 'attempt'
		JOIN notification_steps z ON z.org_id = l.org_id AND z.notification_id = l.id AND z.step = 'accepted',
		LATERAL (VALUES (1, o.created_at - w.received_at), (2, l.created_at - w.received_at), (3, a.at - w.received_at), (4, z.at - w.received_at)) AS s(n, took)
		GROUP BY n) stages`).Scan(&words)
	return words, err
}

// tellThousand is measured from the post on, so the durable door and the fan-out are in it.
func tellThousand(ctx context.Context, p *program) (time.Duration, error) {
	org, sender, err := p.ownSystem("crowd@example.com")
	if err != nil {
		return 0, err
	}
	_, err = p.pool.Exec(ctx, `WITH people AS (
			INSERT INTO users (email, name, password_hash, email_verified_at) SELECT 'crowd' || i || '@example.com', 'Person ' || i, '-', now() FROM generate_series(2, $2::int) i RETURNING id)
		INSERT INTO memberships (org_id, user_id, role) SELECT $1, id, 'staff' FROM people`, org, recipients)
	if err != nil {
		return 0, err
	}
	const number = 1_000_000
	began := time.Now()
	if _, err := sender.book(http.DefaultClient, number); err != nil {
		return 0, err
	}
	if err := untilCaught(number, recipients); err != nil {
		return 0, err
	}
	if n := caught.count(number); n != recipients {
		return 0, fmt.Errorf("%d letters for %d people", n, recipients)
	}
	return caught.last.Sub(began), nil
}

func untilCaught(number, many int) error {
	patience := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for caught.count(number) < many {
		select {
		case <-tick.C:
		case <-patience:
			return fmt.Errorf("%d of %d letters about booking %d came", caught.count(number), many, number)
		}
	}
	return nil
}
