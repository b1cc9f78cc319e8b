package localpg

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	logName = "server.log"
	logMax  = 10 << 20
)

// serverLog is the server's own log, and where in it the present start begins.
type serverLog struct {
	*os.File
	began int64
}

func (h home) openLog() (*serverLog, error) {
	file, err := h.openFile(logName, os.O_RDWR|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Size() <= logMax {
		return &serverLog{file, info.Size()}, nil
	}
	if err == nil {
		err = file.Truncate(0)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &serverLog{file, 0}, nil
}

// explain adds what the present start had to say to the error of its failure.
func (l *serverLog) explain(err error) error {
	if said := l.tail(); said != "" {
		return fmt.Errorf("%w; its log says:\n%s", err, said)
	}
	return err
}

func (l *serverLog) tail() string {
	const most = 8 << 10
	info, err := l.Stat()
	if err != nil {
		return err.Error()
	}
	from := max(l.began, info.Size()-most)
	text, err := io.ReadAll(io.NewSectionReader(l, from, most))
	if err != nil {
		return err.Error()
	}
	return lastLines(text, 15)
}

func lastLines(text []byte, n int) string {
	lines := strings.Split(string(bytes.TrimSpace(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
