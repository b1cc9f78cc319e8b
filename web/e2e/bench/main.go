// Command bench measures the figures that WedSync promises, each beside its limit on the same machine in the same run.
//
// It starts the real program on a Postgres that syncs to disk, and loads it from this other process over loopback.
// `make bench` prints the table; quote ratios, not times: machines differ. ONLY=door, lanes, import, tell, calendar, live or streams measures one of them,
// PAGES=20 opens fewer pages, WEDSYNC_BINARY measures another build.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
	"time"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if err := errors.Join(caught.listen(), listenAsGoogle()); err != nil {
		return err
	}
	p, err := start(ctx)
	if err != nil {
		return err
	}
	defer p.stop()
	if err := p.warm(ctx); err != nil {
		return err
	}
	fmt.Printf("%s, %d cores, %s\n\n", time.Now().Format("2006-01-02"), runtime.NumCPU(), cpuName())
	var table []row
	for _, measure := range map[string][]func(context.Context, *program) ([]row, error){"": {benchDoor, benchLanes, benchImport, benchTell, benchCalendar, benchLive, benchStreams}, "calendar": {benchCalendar}, "tell": {benchTell}, "live": {benchLive}, "door": {benchDoor}, "lanes": {benchLanes}, "import": {benchImport}, "streams": {benchStreams}}[os.Getenv("ONLY")] {
		rows, err := measure(ctx, p)
		if err != nil {
			return err
		}
		table = append(table, rows...)
	}
	show(table)
	return nil
}

// row is one figure of the table.
type row struct{ what, promised, ours, limit, verdict string }

func show(rows []row) {
	head := row{"figure", "promised", "ours (p50 / p95 / p99)", "limit, same run", ""}
	width := [4]int{}
	for _, r := range append([]row{head}, rows...) {
		for i, text := range []string{r.what, r.promised, r.ours, r.limit} {
			width[i] = max(width[i], len([]rune(text)))
		}
	}
	for i, r := range append([]row{head}, rows...) {
		fmt.Printf("%s  %s  %s  %s  %s\n", pad(r.what, width[0]), pad(r.promised, width[1]), pad(r.ours, width[2]), pad(r.limit, width[3]), r.verdict)
		if i == 0 {
			fmt.Println(strings.Repeat("─", width[0]+width[1]+width[2]+width[3]+6))
		}
	}
}

func pad(s string, width int) string { return s + strings.Repeat(" ", width-len([]rune(s))) }

// times are samples of one thing.
type times []time.Duration

func (t times) at(share float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[min(len(t)-1, int(float64(len(t))*share))]
}

func (t times) String() string {
	return fmt.Sprintf("%s / %s / %s ms", ms(t.at(.50)), ms(t.at(.95)), ms(t.at(.99)))
}

func (t times) sorted() times {
	sort.Slice(t, func(i, j int) bool { return t[i] < t[j] })
	return t
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

func kept(yes bool) string {
	if yes {
		return "kept"
	}
	return "MISSED"
}

func cpuName() string {
	raw, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(raw)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return runtime.GOARCH
}
