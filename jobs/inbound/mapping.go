package inbound

// Mapping is a supplier's own reading of what a sender writes: which path of the body fills which of our fields.
type Mapping struct {
	Version int `json:"-"` // counts from 1 within a connection
}
