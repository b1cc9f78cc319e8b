package e2e

import "testing"

// TestEmbeddedPostgres: without any database given, the program brings its own, and finds everything again after kill -9.
func TestEmbeddedPostgres(t *testing.T) {
	t.Parallel()
	p := start(t, Options{})
	t.Cleanup(func() {
		// Whatever happened above: the last one to use the embedded server stops it.
		p.Kill()
		p.newCommand("doctor").Run() //nolint:errcheck // it complains about what the test has complained about
	})
	w := sitDown(t, p.Base)
	signUp(w)
	stripe := connectStripe(w, (*person).text)
	stripe.send(t, paid(1, 50_000))
	p.Kill()
	if err := p.Again(soon(t)); err != nil {
		t.Fatal(err)
	}
	w.visit("/app")
	w.hasFigure("revenue_paid", 50_000)
	code, took, err := p.Terminate(soon(t))
	if err != nil || code != 0 {
		t.Fatalf("the program ended with %d after %v: %v", code, took, err)
	}
	t.Logf("stopped together with its Postgres in %d ms", took.Milliseconds())
}
