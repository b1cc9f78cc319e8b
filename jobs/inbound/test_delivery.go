package inbound

import "strings"

// TestType is the type of the delivery that a supplier sends themselves, to see whether what they set up works. It goes
// the whole way that a real one goes, and changes nothing.
const TestType = "wedsync.test"

const testArrived = "This is a test that you sent from WedSync: it arrived, its signature was right, and nothing was changed."

func isTest(doc map[string]any) bool {
	kind, _ := doc["type"].(string)
	return strings.TrimSpace(kind) == TestType
}
