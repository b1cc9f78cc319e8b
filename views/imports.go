package views

import (
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
	"strings"
)

func importURL(r queries.ImportByIDRow) string { return "/app/imports/" + r.ID.String() }

func connectionOptions(rows []queries.ConnectionsRow) []ui.Option {
	all := make([]ui.Option, len(rows))
	seen := map[queries.Provider]bool{}
	for i, c := range rows {
		all[i] = ui.Option{Value: c.ID.String(), Label: ProviderName(c.Provider)}
		if seen[c.Provider] {
			all[i].Label += ", made " + ui.DayTime(c.CreatedAt)
		}
		seen[c.Provider] = true
	}
	return all
}

func previewColumns(heads []string) []ui.Column {
	all := []ui.Column{{Label: "Row"}}
	for _, h := range heads {
		all = append(all, ui.Column{Label: h})
	}
	return all
}

// BookingStatusName is a booking's state as people read it.
func BookingStatusName(s queries.BookingStatus) string {
	words, _ := bookingWords(s)
	return words
}

// importWords say how an import stands.
func importWords(s queries.ImportStatus) (string, ui.Tone) {
	switch s {
	case queries.ImportStatusMapped:
		return "Ready to start", ui.Accent
	case queries.ImportStatusRunning:
		return "Under way", ui.Accent
	case queries.ImportStatusCancelled:
		return "Stopped", ui.Warn
	case queries.ImportStatusDone:
		return "Imported", ui.Good
	case queries.ImportStatusFailed:
		return "Interrupted", ui.Bad
	default:
		return "To be looked at", ui.Neutral
	}
}

func importMeaning(r queries.ImportByIDRow) string {
	switch r.Status {
	case queries.ImportStatusRunning:
		return "You may leave this page: it goes on by itself."
	case queries.ImportStatusCancelled:
		return "Rows that were taken before are kept, and on your pages. Resume goes on with the next one."
	case queries.ImportStatusDone:
		if r.Faulty > 0 {
			return "What was taken is on your pages, or will be in a moment. Mend the rows below in the list and upload it again: the others are known, and pass over."
		}
		return "What was taken is on your pages, or will be in a moment."
	default:
		return r.Error
	}
}

// importReady says before the start what it will come to.
func importReady(r queries.ImportByIDRow) string {
	if r.Faulty == 0 {
		return "Ready: " + ui.Plural(int64(r.Rows), "row", "rows") + " can be read"
	}
	return "Ready: " + ui.Plural(int64(r.Rows-r.Faulty), "row", "rows") + " can be read, " + ui.Plural(int64(r.Faulty), "is", "are") + " left out"
}

func formatWords(r queries.ImportByIDRow) string {
	parted := map[string]string{",": ", separated by commas", ";": ", separated by semicolons", "\t": ", separated by tabs", "|": ", separated by bars"}[r.Delimiter]
	encoding := strings.TrimSuffix(r.Encoding, " with a mark")
	if r.Format == "HTML" {
		return "The largest table of a page, " + encoding
	}
	return r.Format + parted + ", " + encoding
}
