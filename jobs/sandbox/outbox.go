package sandbox

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// The channels of the outbox, and how many of each it keeps: a bench sends far more than anybody reads.
const (
	Email = "email"
	SMS   = "sms"
	Push  = "push"
	kept  = 500
)

// Sent is one message as a carrier's stand-in took it, and what the carrier said of it since.
type Sent struct {
	ID               uuid.UUID // what the carrier's own id is made of
	Channel, Carrier string
	At               time.Time
	From             string
	To               []string // addresses, numbers, or the device's label
	ReplyTo          []string
	Subject          string // a push's title
	HTML, Text       string
	Link             string // where a tapped push leads
	Headers, Tags    map[string]string
	Callback         string // where Twilio tells how it went
	Terms            string // what was asked of a push service: how long, how urgent, instead of which other
	Fault            string // why the recipient cannot read it
	Status           string // the carrier's latest word
	Code             int    // and Twilio's reason
	Told             []Told
}

// Told is one callback that the carrier posted, and what it was answered.
type Told struct {
	At           time.Time
	What, Answer string
	Taken        bool
}

// Outbox keeps the newest of what the stand-ins took.
type Outbox struct {
	Took func(Sent) // hears of everything before the carrier answers; set it before the first message

	mu    sync.Mutex
	all   map[uuid.UUID]*Sent
	order map[string][]uuid.UUID // by channel, oldest first
	total map[string]int
}

func newOutbox() *Outbox {
	return &Outbox{all: map[uuid.UUID]*Sent{}, order: map[string][]uuid.UUID{}, total: map[string]int{}}
}

func (o *Outbox) take(s Sent) {
	o.mu.Lock()
	o.all[s.ID] = &s
	o.total[s.Channel]++
	ids := append(o.order[s.Channel], s.ID)
	if len(ids) > kept {
		delete(o.all, ids[0])
		ids = ids[1:]
	}
	o.order[s.Channel] = ids
	took := o.Took
	o.mu.Unlock()
	if took != nil {
		took(s)
	}
}

// Get is one message, if it is still kept.
func (o *Outbox) Get(id uuid.UUID) (Sent, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, there := o.all[id]
	if !there {
		return Sent{}, false
	}
	return s.copied(), true
}

// Newest are the messages on a channel to a recipient, newest first; an empty word means any.
func (o *Outbox) Newest(channel, to string) []Sent {
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []Sent
	for _, s := range o.all {
		if (channel == "" || s.Channel == channel) && (to == "" || slices.ContainsFunc(s.To, func(a string) bool { return bare(a) == bare(to) })) {
			found = append(found, s.copied())
		}
	}
	slices.SortFunc(found, func(a, b Sent) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return strings.Compare(b.ID.String(), a.ID.String())
	})
	return found
}

// Count is how many were taken on a channel since the start, those no longer kept too.
func (o *Outbox) Count(channel string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.total[channel]
}

// Recipients are all who have something in the outbox.
func (o *Outbox) Recipients() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	found := map[string]bool{}
	for _, s := range o.all {
		for _, to := range s.To {
			found[bare(to)] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// becomes changes what is kept of a message; what has gone already changes nothing.
func (o *Outbox) becomes(id uuid.UUID, change func(*Sent)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s, there := o.all[id]; there {
		change(s)
		s.Told = s.Told[max(0, len(s.Told)-20):]
	}
}

func (s *Sent) copied() Sent {
	c := *s
	c.Told = slices.Clone(s.Told)
	return c
}

// bare is an address without the name before it, in small letters.
func bare(address string) string {
	if i := strings.LastIndexByte(address, '<'); i >= 0 && strings.HasSuffix(address, ">") {
		address = address[i+1 : len(address)-1]
	}
	return strings.ToLower(strings.TrimSpace(address))
}
