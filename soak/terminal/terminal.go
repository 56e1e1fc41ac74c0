// Package terminal is the live view of a run: phase and remaining time, the loads, a
// row for each judged resource, recent events, and keys that give orders.
//
// It draws a status and judges nothing itself. It uses the sixteen colors of the
// terminal's palette, so that light or dark is the terminal's choice, and everything
// is also written in words: without color nothing is lost. It sends only lines that
// changed, at most a few times per second, so a slow connection keeps up.
package terminal

import (
	"context"
	"io"
	"sync"

	tea "charm.land/bubbletea/v2"

	"soakmon/soak"
	"soakmon/soak/engine"
)

// Options of a screen.
type Options struct {
	In     io.Reader // nil: keys are not read
	Out    io.Writer // a terminal
	Act    func(ctx context.Context, order soak.Order) error
	Attach bool // Ctrl-C and q only close the screen; the run continues
}

// framesPerSecond is the maximum: a run changes once per second, and ssh may be slow.
const framesPerSecond = 8

// Screen is a terminal that shows a run.
type Screen struct {
	program *tea.Program
	ended   chan struct{}
	once    sync.Once
	err     error
}

// Open starts the live view. Close restores the screen.
func Open(ctx context.Context, o Options) *Screen {
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithOutput(o.Out), tea.WithInput(o.In), tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond)}
	s := &Screen{ended: make(chan struct{})}
	s.program = tea.NewProgram(model{options: o, ctx: ctx}, options...)
	go func() {
		defer close(s.ended)
		_, s.err = s.program.Run()
	}()
	return s
}

// Show updates the screen.
func (s *Screen) Show(status engine.Status) { s.program.Send(status) }

// Say shows a line of the monitor's log, before the first status.
func (s *Screen) Say(line string) { s.program.Send(logLine(line)) }

// Done is closed when the screen is closed, by a key or by Close.
func (s *Screen) Done() <-chan struct{} { return s.ended }

// Close closes the screen and restores the terminal.
func (s *Screen) Close() {
	s.once.Do(func() {
		s.program.Quit()
		<-s.ended
	})
}

// logLine is a line of the monitor's log; orderResult is the result of an order.
type (
	logLine     string
	orderResult string
)

// model is the state of the screen.
type model struct {
	options       Options
	ctx           context.Context
	status        engine.Status
	lines         []string // of the monitor's log
	result        string   // of the last order
	width, height int
	help          bool
}

// Init implements [tea.Model].
func (m model) Init() tea.Cmd { return nil }

// maxLines is the number of lines of the monitor's log to keep.
const maxLines = 50

// Update implements [tea.Model].
func (m model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case engine.Status:
		m.status = message
	case logLine:
		m.lines = append(m.lines[max(0, len(m.lines)-maxLines+1):len(m.lines):len(m.lines)], string(message))
	case orderResult:
		m.result = string(message)
	case tea.KeyPressMsg:
		return m.key(message.String())
	}
	return m, nil
}

// keys are the orders of the keys.
var keys = map[string]soak.Order{"p": soak.OrderPause, "r": soak.OrderResume, "e": soak.OrderRest, "s": soak.OrderSnapshot, "x": soak.OrderStop}

func (m model) key(key string) (tea.Model, tea.Cmd) {
	switch order := keys[key]; {
	case key == "?" || key == "h":
		m.help = !m.help
	case key == "esc":
		m.help = false
	case key == "ctrl+c" && !m.options.Attach:
		return m, m.order(soak.OrderInterrupt)
	case m.options.Attach && (key == "q" || key == "ctrl+c"):
		return m, tea.Quit
	case order != "":
		m.result = string(order) + " …"
		return m, m.order(order)
	}
	return m, nil
}

// order gives an order without blocking the screen.
func (m model) order(order soak.Order) tea.Cmd {
	return func() tea.Msg {
		if err := m.options.Act(m.ctx, order); err != nil {
			return orderResult(string(order) + ": " + err.Error())
		}
		return orderResult(string(order) + ": requested")
	}
}

// View implements [tea.Model].
func (m model) View() tea.View {
	v := tea.NewView(m.draw())
	v.AltScreen = true
	v.WindowTitle = "soak " + m.status.Name
	return v
}
