package mail

// Line is a notice in the inbox.
func Line(n News) (title, body string) {
	title = n.Title
	if title == "" {
		title = n.Who
	}
	if title == "" {
		title = string(n.Kind)
	}
	return title, n.Detail
}
