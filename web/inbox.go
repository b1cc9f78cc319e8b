package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/mail"
)

// inboxPage is one less than the query gives: the one more says that there are older ones.
const inboxPage = 50

// inbox is what somebody was told. Its first page is live; older ones stand still, or the reader would lose their place.
func (s *Server) inbox(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	before, err := uuid.Parse(c.QueryParam("before"))
	if err != nil {
		before = uuid.Max
	}
	var view views.InboxView
	err = s.snapshot(ctx, func(q *queries.Queries) error {
		region := notify.LettersRegion(v.UserID)
		stands, err := standsOf(ctx, q, v.OrgID, region)
		if err != nil {
			return err
		}
		view, err = inboxOf(ctx, q, queries.InboxParams{OrgID: v.OrgID, RecipientID: v.UserID, Before: before}, stands[region], time.Now())
		return err
	})
	if err != nil {
		return err
	}
	p := s.page(c, "Inbox", "inbox")
	p.Lead = "What WedSync has told you, the newest first."
	if before == uuid.Max {
		p.LiveURL = liveURL(map[string]views.Stand{notify.LettersRegion(v.UserID): view.Stand})
	} else {
		p.Back = &views.Link{Label: "The newest", Href: "/app/inbox"}
	}
	return draw(c, http.StatusOK, views.Inbox(p, view))
}

func inboxOf(ctx context.Context, q *queries.Queries, of queries.InboxParams, stand views.Stand, now time.Time) (views.InboxView, error) {
	rows, err := q.Inbox(ctx, of)
	view := views.InboxView{Stand: stand, Now: now}
	if err != nil || len(rows) == 0 {
		return view, err
	}
	if len(rows) > inboxPage {
		rows = rows[:inboxPage]
		view.Older = "?before=" + rows[inboxPage-1].ID.String()
	}
	zone, err := time.LoadLocation(rows[0].Zone)
	if err != nil {
		zone = time.UTC
	}
	view.Now = now.In(zone)
	for _, row := range rows {
		item := inboxItem(row.ID, row.Kind, row.Facts)
		item.Status, item.Urgent, item.At = row.Status, row.Urgent, row.CreatedAt.In(zone)
		view.Rows = append(view.Rows, item)
	}
	return view, nil
}

// inboxItem puts a notice in words. One that cannot be read is still there, by its kind alone: it must not hide the others.
func inboxItem(id uuid.UUID, kind string, facts []byte) views.InboxItem {
	var news mail.News
	if json.Unmarshal(facts, &news) != nil {
		news = mail.News{Kind: mail.Kind(kind)}
	}
	title, body := mail.Line(news)
	return views.InboxItem{ID: id, Title: title, Body: body, Path: local(news.Path)}
}

// createSeen is the way from a notice to the page that it tells of.
func (s *Server) createSeen(c echo.Context) error {
	return s.moveInboxItem(c, queries.NotificationStatusSeen, func(q *queries.Queries, v visitor, id uuid.UUID, now time.Time) ([]uuid.UUID, error) {
		return q.SeeLetter(c.Request().Context(), queries.SeeLetterParams{OrgID: v.OrgID, RecipientID: v.UserID, ID: id, Now: &now})
	})
}

// createAcknowledgement says that an emergency was seen by a person and not only by their screen.
func (s *Server) createAcknowledgement(c echo.Context) error {
	return s.moveInboxItem(c, queries.NotificationStatusAcknowledged, func(q *queries.Queries, v visitor, id uuid.UUID, now time.Time) ([]uuid.UUID, error) {
		return q.AcknowledgeLetter(c.Request().Context(), queries.AcknowledgeLetterParams{OrgID: v.OrgID, RecipientID: v.UserID, ID: id, Now: &now})
	})
}

func (s *Server) moveInboxItem(c echo.Context, to queries.NotificationStatus, move func(*queries.Queries, visitor, uuid.UUID, time.Time) ([]uuid.UUID, error)) error {
	v, now := visitorOf(c), time.Now()
	id, err := idOf(c)
	if err != nil {
		return err
	}
	row, err := s.q.InboxLetter(c.Request().Context(), queries.InboxLetterParams{OrgID: v.OrgID, RecipientID: v.UserID, ID: id})
	if err != nil {
		return err
	}
	if to == queries.NotificationStatusAcknowledged && !row.Urgent {
		return errNotFound
	}
	err = s.moveInbox(c.Request().Context(), v, to, now, func(q *queries.Queries) ([]uuid.UUID, error) { return move(q, v, id, now) })
	if err != nil {
		return err
	}
	path := inboxItem(id, row.Kind, row.Facts).Path
	if path == "" {
		path = "/app/inbox"
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// createSeenAll marks what the page showed as read, and not what came since.
func (s *Server) createSeenAll(c echo.Context) error {
	v, now := visitorOf(c), time.Now()
	newest, err := uuid.Parse(c.FormValue("newest"))
	if err != nil {
		return c.Redirect(http.StatusSeeOther, "/app/inbox")
	}
	err = s.moveInbox(c.Request().Context(), v, queries.NotificationStatusSeen, now, func(q *queries.Queries) ([]uuid.UUID, error) {
		return q.SeeLetters(c.Request().Context(), queries.SeeLettersParams{OrgID: v.OrgID, RecipientID: v.UserID, Newest: newest, Now: &now})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/inbox")
}

// moveInbox brings notices to a status, each with its step, and the pages that show them with it. A second press moves
// nothing, so it tells nobody.
func (s *Server) moveInbox(ctx context.Context, v visitor, to queries.NotificationStatus, now time.Time, move func(*queries.Queries) ([]uuid.UUID, error)) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		moved, err := move(q)
		if err != nil || len(moved) == 0 {
			return err
		}
		steps := queries.AddInboxStepsParams{OrgID: v.OrgID, At: now, Step: string(to), NotificationIds: moved}
		for range moved {
			steps.Ids = append(steps.Ids, uuid.Must(uuid.NewV7()))
		}
		if err := q.AddInboxSteps(ctx, steps); err != nil {
			return err
		}
		regions := notify.InboxRegions(v.UserID, to == queries.NotificationStatusAcknowledged)
		return q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{v.OrgID}, Regions: regions})
	})
	if err != nil {
		return err
	}
	s.config.Waker.Wake(v.OrgID)
	return nil
}
