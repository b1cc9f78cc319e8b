package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// VSCO speaks the wire of VSCO Workspace's API v2 (Tave) over a studio that can be changed: its paths, its key, its paging
// and sorting, its errors, its hooks. Field names are those of the vendor's published OpenAPI, and so is what a hook
// posts ("only the targetId will be provided"); how it is wrapped is a guess.
type VSCO struct {
	Key    string
	Client *http.Client // rings the hooks

	mu      sync.Mutex
	n       int64
	records map[string]map[string]object // by collection, by id
	faults  []fault
	asked   []string
}

type fault struct {
	status int
	after  string
}

// VSCOKey opens the demo's studio.
const VSCOKey = "sandbox-key"

const vscoZone = "01h35ccwymj5ctckp8px1azh00"

// NewVSCO is a studio in London that counts in pounds, without a job yet. Its ids begin where an earlier one's cannot have been.
func NewVSCO(key string, now time.Time) *VSCO {
	v := &VSCO{Key: key, n: now.UnixMilli(), Client: &http.Client{Timeout: 5 * time.Second}, records: map[string]map[string]object{}}
	for _, collection := range vscoCollections {
		v.records[collection] = map[string]object{}
	}
	v.records["studio"] = map[string]object{"me": {"id": v.id(), "name": "Ada Lindqvist Photography", "currencyCode": "GBP", "timezoneId": vscoZone}}
	v.records["timezone"] = map[string]object{vscoZone: {"id": vscoZone, "name": "Europe/London"}}
	return v
}

var vscoCollections = []string{"job", "payment", "order", "address-book", "job-contact", "rest-hook"}

// id is a lower-case ULID, each after the one before it.
func (v *VSCO) id() string {
	const digits = "0123456789abcdefghjkmnpqrstvwxyz"
	v.n++
	id := []byte("01h35ccwymj5ct0000000000000")[:26]
	for i, n := len(id)-1, v.n; n > 0; i, n = i-1, n/32 {
		id[i] = digits[n%32]
	}
	return string(id)
}

// Add puts a record into a collection as of a moment, and gives its id.
func (v *VSCO) Add(collection string, record map[string]any, at time.Time) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.add(collection, record, at)
}

func (v *VSCO) add(collection string, record object, at time.Time) string {
	record, id := maps.Clone(record), v.id()
	record["id"], record["created"], record["modified"] = id, stamped(at), stamped(at)
	v.records[collection][id] = record
	return id
}

// Change sets fields of a record, as of a moment.
func (v *VSCO) Change(collection, id string, fields map[string]any, at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	record := maps.Clone(v.records[collection][id])
	maps.Copy(record, fields)
	record["modified"] = stamped(at)
	v.records[collection][id] = record
}

// Remove deletes a record; the vendor tells nobody.
func (v *VSCO) Remove(collection, id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.records[collection], id)
}

// Newest is the id of a collection's newest record; empty: it has none.
func (v *VSCO) Newest(collection string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	ids := slices.Sorted(maps.Keys(v.records[collection]))
	if len(ids) == 0 {
		return ""
	}
	return ids[len(ids)-1]
}

// Fail answers the next questions with a status, and a Retry-After if it is not empty.
func (v *VSCO) Fail(status int, retryAfter string, times int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults = nil
	for range times {
		v.faults = append(v.faults, fault{status, retryAfter})
	}
}

// FailAfter answers so many questions well before it fails one.
func (v *VSCO) FailAfter(well, status int, retryAfter string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults = append(make([]fault, well), fault{status, retryAfter})
}

// fails takes the next of the faults that were asked for; one without a status is none.
func (v *VSCO) fails(w http.ResponseWriter) bool {
	if len(v.faults) == 0 {
		return false
	}
	f := v.faults[0]
	if v.faults = v.faults[1:]; f.status == 0 {
		return false
	}
	if f.after != "" {
		w.Header().Set("Retry-After", f.after)
	}
	vscoError(w, f.status, "quota-limit", "As was asked for.")
	return true
}

// Rekey makes the key that was good a bad one.
func (v *VSCO) Rekey(key string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.Key = key
}

// Asked is every question so far: "GET /job/01h…".
func (v *VSCO) Asked() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.asked)
}

// stamped has whole seconds and is in UTC, as the schema's example has it.
func stamped(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

// ServeHTTP answers below any prefix: what counts is what comes after the last "/v2", or the whole path.
func (v *VSCO) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	path := r.URL.Path
	if _, after, found := strings.Cut(path, "/v2/"); found {
		path = "/" + after
	}
	v.asked = append(v.asked, r.Method+" "+path)
	w.Header().Set("Content-Type", "application/json")
	if v.fails(w) {
		return
	}
	switch collection, id, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); {
	case r.Header.Get("X-API-KEY") != v.Key && r.Header.Get("Authorization") != "Bearer "+v.Key:
		vscoError(w, http.StatusUnauthorized, "unknown", "The API key is not valid.")
	case v.records[collection] == nil:
		vscoError(w, http.StatusNotFound, "unknown", "There is no such resource.")
	case id != "":
		v.one(w, r, collection, id)
	case r.Method == http.MethodPost && collection == "rest-hook":
		v.subscribe(w, r)
	case r.Method == http.MethodGet:
		v.list(w, r, collection)
	default:
		vscoError(w, http.StatusMethodNotAllowed, "not-implemented", "Not here.")
	}
}

func (v *VSCO) one(w http.ResponseWriter, r *http.Request, collection, id string) {
	record, there := v.records[collection][id]
	switch {
	case !there:
		vscoError(w, http.StatusNotFound, "unknown", "There is no such record.")
	case r.Method == http.MethodDelete:
		delete(v.records[collection], id)
		w.WriteHeader(http.StatusNoContent)
	default:
		vscoAnswer(w, http.StatusOK, record)
	}
}

func (v *VSCO) list(w http.ResponseWriter, r *http.Request, collection string) {
	q := r.URL.Query()
	page, size := number(q.Get("page"), 1), number(q.Get("pageSize"), 100)
	field, order, _ := strings.Cut(q.Get("sortBy"), " ")
	if page < 1 || size < 10 || size > 100 || order != "" && order != "asc" && order != "desc" {
		vscoError(w, http.StatusBadRequest, "validation-error", "page, pageSize or sortBy is not one of those allowed.")
		return
	}
	var all []object
	for _, id := range slices.Sorted(maps.Keys(v.records[collection])) {
		record := v.records[collection][id]
		closed, _ := record["closed"].(bool)
		if closed && q.Get("includeClosed") != "true" || q.Get("jobId") != "" && record["jobId"] != q.Get("jobId") {
			continue
		}
		all = append(all, record)
	}
	slices.SortStableFunc(all, func(a, b object) int {
		c := compare(a[field], b[field])
		if order == "desc" {
			return -c
		}
		return c
	})
	from := min((page-1)*size, len(all))
	rows := all[from:min(from+size, len(all))]
	vscoAnswer(w, http.StatusOK, object{"type": collection + "-collection", "items": append([]object{}, rows...),
		"meta": object{"currentPage": page, "totalPages": (len(all) + size - 1) / size, "totalItems": len(all), "rows": len(rows)}})
}

func compare(a, b any) int {
	if x, isNumber := a.(int); isNumber {
		y, _ := b.(int)
		return x - y
	}
	return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

func number(text string, otherwise int) int {
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

func vscoAnswer(w http.ResponseWriter, status int, answer object) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // a caller who has gone needs no answer
}

func vscoError(w http.ResponseWriter, status int, kind, detail string) {
	vscoAnswer(w, status, object{"type": kind, "title": http.StatusText(status), "detail": detail, "status": status})
}
