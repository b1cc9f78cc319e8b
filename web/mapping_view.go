package web

import (
	"cmp"
	"encoding/hex"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

// maxPathsOffered: a page of more would be slow to choose from.
const maxPathsOffered = 500

func (s *Server) drawMapping(c echo.Context, status int, b *bench, m inbound.Mapping, faults map[string]string) error {
	ctx, org := c.Request().Context(), visitorOf(c).OrgID
	view := s.mappingView(c, b, m, faults)
	var err error
	if view.Versions, err = s.q.Mappings(ctx, queries.MappingsParams{OrgID: org, ConnectionID: b.id}); err != nil {
		return err
	}
	view.Next = 1
	if len(view.Versions) > 0 {
		view.Next = int(view.Versions[0].Version) + 1
	}
	if len(b.samples) == 0 {
		row, err := s.q.ConnectionByID(ctx, queries.ConnectionByIDParams{OrgID: org, ID: b.id})
		if err != nil {
			return err
		}
		if view.URL, _, err = s.wayIn(c, row); err != nil {
			return err
		}
	}
	p := s.page(c, "How it is read", "connections")
	p.Lead = "Say which of the sender's fields is which of yours, and see at once what becomes of real deliveries."
	p.Back = &views.Link{Label: views.ProviderName(b.row.Provider), Href: "/app/connections/" + b.id.String()}
	return draw(c, status, views.Mapping(p, view))
}

func (s *Server) mappingView(c echo.Context, b *bench, m inbound.Mapping, faults map[string]string) views.MappingView {
	zone := visitorOf(c).Zone
	view := views.MappingView{ID: b.id, Provider: b.row.Provider, Zone: zone, InUse: int(b.row.MappingVersion), Kept: keptVersion(c, b),
		KindPath: m.Kind.Path, Fixed: string(m.Kind.Fixed), Words: b.words(m), Groups: groups(m), Unit: string(m.Unit), Currency: b.row.Currency}
	for _, h := range inbound.Happenings {
		view.Happenings = append(view.Happenings, ui.Option{Value: string(h.Happening), Label: h.Label})
	}
	for _, sample := range b.samples {
		label := cmp.Or(sample.EventType, "Type not given") + ", " + ui.DayTime(sample.ReceivedAt.In(zone))
		view.Samples = append(view.Samples, ui.Option{Value: sample.ID.String(), Label: label})
	}
	if b.at >= 0 {
		view.Sample, view.Unreadable = b.samples[b.at].ID.String(), b.samples[b.at].reason
		view.Leaves, view.Elsewhere, view.Left = b.leaves()
	}
	view.Faults, view.Wrong = faultsOf(faults)
	view.Preview = b.preview(m, zone)
	return view
}

// leaves are the sample's, and what only others have: a payment's fields do not come with a booking.
func (b *bench) leaves() (here, elsewhere []views.MappingLeaf, left int) {
	seen := map[string]bool{}
	fresh := func(doc map[string]any) (all []views.MappingLeaf, left int) {
		leaves, left := inbound.Tree(doc)
		for _, l := range leaves {
			if !seen[l.Path] && len(seen) < maxPathsOffered {
				seen[l.Path] = true
				all = append(all, views.MappingLeaf{Path: l.Path, Shown: l.Shown, Type: l.Type})
			}
		}
		return all, left
	}
	here, left = fresh(b.samples[b.at].doc)
	for _, s := range b.samples {
		more, _ := fresh(s.doc)
		elsewhere = append(elsewhere, more...)
	}
	return here, elsewhere, left
}

// keptVersion is what the address says has just come into use, as long as it still is.
func keptVersion(c echo.Context, b *bench) string {
	if kept := c.QueryParam("kept"); c.Request().Method == http.MethodGet && kept == strconv.Itoa(int(b.row.MappingVersion)) {
		return kept
	}
	return ""
}

func groups(m inbound.Mapping) (all []views.MappingGroup) {
	for _, f := range inbound.OurFields {
		if len(all) == 0 || all[len(all)-1].Title != f.Group {
			all = append(all, views.MappingGroup{Title: f.Group})
		}
		source := m.Fields[f.Target]
		last := &all[len(all)-1]
		last.Fields = append(last.Fields, views.MappingField{Name: string(f.Target), Label: f.Label, Hint: f.Hint, Path: source.Path, Text: source.Text, TakesText: f.Fixed})
	}
	return all
}

// words are the sender's, as the last deliveries write them; those that none of these has are shown as they are kept.
func (b *bench) words(m inbound.Mapping) (all []views.MappingWord) {
	written := map[string]string{}
	for _, s := range b.samples {
		if said := m.Kind.Word(s.doc); said != "" {
			written[inbound.WordKey(said)] = said
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.Kind.Words)) {
		sum := fnv.New64a()
		sum.Write([]byte(key))
		all = append(all, views.MappingWord{ID: "means-" + hex.EncodeToString(sum.Sum(nil)), Word: cmp.Or(written[key], key), Means: string(m.Kind.Words[key])})
	}
	return all
}

// faultsOf gives the faults their fields' ids, in the order of the form.
func faultsOf(faults map[string]string) (byID views.Faults, inOrder []ui.Fault) {
	byID = views.Faults{}
	add := func(name, id string) {
		if words := faults[name]; words != "" {
			byID[id] = words
			inOrder = append(inOrder, ui.Fault{Field: id, Message: words})
		}
	}
	add("", "")
	add("kind", "kind-path")
	for _, f := range inbound.OurFields {
		add(string(f.Target), "path-"+strings.ReplaceAll(string(f.Target), ".", "-"))
	}
	add("unit", "unit")
	return byID, inOrder
}
