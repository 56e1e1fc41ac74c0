package sink

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"

	"soakmon/soak"
	"soakmon/soak/options"
)

func init() { register("log", newLog) }

// logOptions are those of the log sink.
type logOptions struct {
	File string `json:"file"` // JSON lines are appended to it; the process's log where it is empty
}

// logSink writes a line per alert.
type logSink struct {
	log  *slog.Logger
	file string
}

func newLog(o soak.Options, env Env) (Sink, error) {
	var set logOptions
	if err := options.Decode(o, &set); err != nil {
		return nil, err
	}
	return &logSink{log: cmp.Or(env.Log, slog.Default()), file: set.File}, nil
}

// Send opens the file anew each time, so that it can be rotated away.
func (s *logSink) Send(ctx context.Context, a soak.Alert) (retry bool, err error) {
	log := s.log
	if s.file != "" {
		f, err := os.OpenFile(s.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return true, fmt.Errorf("cannot open the log of alerts: %w", err)
		}
		defer f.Close()
		log = slog.New(slog.NewJSONHandler(f, nil))
	}
	level := slog.LevelInfo
	if a.State == soak.Firing {
		level = slog.LevelWarn
	}
	record := slog.NewRecord(a.At, level, sentence(a), 0)
	record.AddAttrs(slog.Any("alert", messageOf(a)))
	if err := log.Handler().Handle(ctx, record); err != nil {
		return true, fmt.Errorf("cannot write the log of alerts: %w", err)
	}
	return false, nil
}
