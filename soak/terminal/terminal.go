// Package terminal shows a run that goes on: phase and time left, the load, a row
// for each judged resource, what happened, and keys to give orders with.
//
// It draws a status and has no judgement of its own. It uses the sixteen colours
// of the terminal's own palette, so that light and dark are the terminal's choice,
// and says everything in words as well: without colour nothing is lost. Only lines
// that changed are sent, a few times a second at most, so a slow line keeps up.
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
	Attach bool // Ctrl-C and q leave the run alone and only end the looking on
}

// framesPerSecond at most: a run changes once a second, and ssh may be slow.
const framesPerSecond = 8

// Screen is a terminal that shows a run.
type Screen struct {
	program *tea.Program
	ended   chan struct{}
	once    sync.Once
	err     error
}

// Open begins to show a run. The screen is given back by Close.
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

// Show brings the screen up to date.
func (s *Screen) Show(status engine.Status) { s.program.Send(status) }

// Say adds a line to what happened.
func (s *Screen) Say(line string) { s.program.Send(said(line)) }

// Done is closed when the screen has been left, by a key or by Close.
func (s *Screen) Done() <-chan struct{} { return s.ended }

// Close gives the terminal back as it was.
func (s *Screen) Close() {
	s.once.Do(func() {
		s.program.Quit()
		<-s.ended
	})
}

// said is a line for people; told is the outcome of an order.
type (
	said string
	told string
)

// model is what the screen knows.
type model struct {
	options       Options
	ctx           context.Context
	status        engine.Status
	lines         []string // said by the monitor
	told          string
	width, height int
	help          bool
}

// Init implements [tea.Model].
func (m model) Init() tea.Cmd { return nil }

// mostLines of what the monitor says are kept.
const mostLines = 50

// Update implements [tea.Model].
func (m model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case engine.Status:
		m.status = message
	case said:
		m.lines = append(m.lines[max(0, len(m.lines)-mostLines+1):len(m.lines):len(m.lines)], string(message))
	case told:
		m.told = string(message)
	case tea.KeyPressMsg:
		return m.key(message.String())
	}
	return m, nil
}

// keys give orders.
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
		m.told = string(order) + " …"
		return m, m.order(order)
	}
	return m, nil
}

// order gives an order without holding up the screen.
func (m model) order(order soak.Order) tea.Cmd {
	return func() tea.Msg {
		if err := m.options.Act(m.ctx, order); err != nil {
			return told(string(order) + ": " + err.Error())
		}
		return told(string(order) + ": asked for")
	}
}

// View implements [tea.Model].
func (m model) View() tea.View {
	v := tea.NewView(m.draw())
	v.AltScreen = true
	v.WindowTitle = "soak " + m.status.Name
	return v
}
