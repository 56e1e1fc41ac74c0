// Charts of one run, or of several on the same axes. The report file and the web UI
// share this script: the file contains its data, the web UI fetches what it shows.

const GROUPS = { load: 'Load and latency', target: 'Target', driver: 'Soak\'s own driver', monitor: 'Soak\'s own monitor' };
const MARKS = { restart: '--c1', crash: '--leak', exit: '--leak', gap: '--leak', suspend: '--c7', alert: '--leak', snapshot: '--c2', operator: '--c3', rate: '--c4' };
const SHADES = { gap: '--gap' };
const COLORS = 8;
const margin = 150; // pixels around the viewport that are drawn too

// ---- numbers for people: at most three significant figures, the unit always there

function figures(v) {
  const a = Math.abs(v);
  if (v !== 0 && (a < 0.0005 || a >= 1e6)) return v.toExponential(2).replace('.00', '').replace(/(\.\d)0e/, '$1e');
  if (v === 0) return '0';
  const unit = 10 ** (2 - Math.floor(Math.log10(a)));
  return String(unit >= 1 ? Math.round(v * unit) / unit : Math.round(v * unit) * Math.round(1 / unit));
}

export function human(v, unit) {
  if (v === null || v === undefined || Number.isNaN(v)) return '–';
  if (unit === 'bytes') {
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
    let i = 0;
    while (i < units.length - 1 && Math.abs(v) >= 0.9995 * 1024) { v /= 1024; i++; }
    return figures(v) + ' ' + units[i];
  }
  if (unit === 'seconds') {
    const a = Math.abs(v);
    if (v !== 0 && a < 1e-3) return figures(v * 1e6) + ' µs';
    if (v !== 0 && a < 1) return figures(v * 1e3) + ' ms';
    return figures(v) + ' s';
  }
  return unit === '' || unit === 'count' ? figures(v) : figures(v) + ' ' + unit;
}

const signed = (v, unit) => (v > 0 ? '+' : '') + human(v, unit);

export function span(s) {
  s = Math.round(s);
  if (s < 0) return '-' + span(-s);
  if (s < 60) return s + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min' + (s % 60 ? ' ' + (s % 60) + ' s' : '');
  if (s < 172800) return Math.floor(s / 3600) + ' h' + (s % 3600 >= 60 ? ' ' + Math.floor(s % 3600 / 60) + ' min' : '');
  return Math.floor(s / 86400) + ' d' + (s % 86400 >= 3600 ? ' ' + Math.floor(s % 86400 / 3600) + ' h' : '');
}

const two = (n) => String(Math.floor(n)).padStart(2, '0');

// clock writes a wall time, given in seconds with its zone's offset in it.
function clock(s, fine) {
  const d = ((s % 86400) + 86400) % 86400;
  return two(d / 3600) + ':' + two(d % 3600 / 60) + (fine ? ':' + two(d % 60) : '');
}

// ---- data

// decode turns a curve into values: undefined where no sample was due (the line
// continues across it), null where a sample is missing (the line is interrupted).
function decode(curve) {
  const column = (c) => c && c.map((n) => n === -1 ? undefined : n === -2 ? null : curve.base + curve.step * n);
  const mean = column(curve.mean) || [];
  return { mean, min: column(curve.min), max: column(curve.max) };
}

const key = (process, name) => process + ' ' + name;

// A Run is one run's part of a board: what is drawn of it now.
export class Run {
  constructor(info) {
    this.label = info.label || '';
    this.start = info.start_s || 0; // Unix seconds with the zone's offset in them
    this.end = info.end_s || 0; // of the recording, seconds since the start
    this.shift = info.shift_s || 0; // subtracted from times so that runs are aligned
    this.series = new Map((info.series || []).map((s) => [key(s.process, s.metric), s]));
    this.marks = info.marks || [];
    this.shades = info.shades || [];
    this.last = new Map(); // newest raw value of counters, for live rates
    this.draw(info.drawing);
  }

  draw(d) {
    this.from = d.from_s;
    this.width = d.width_s;
    this.n = d.n;
    this.charts = new Map();
    this.add(d);
    this.operations = d.operations ? forward(decode(d.operations).mean) : null;
  }

  add(d) {
    for (const c of d.charts) this.charts.set(c.id, { ...c, curves: c.curves.map(decode) });
  }

  // fits reports whether a drawing has the columns that are shown.
  fits(d) { return d.from_s === this.from && d.width_s === this.width; }

  time(k) { return this.from + k * this.width - this.shift; }

  times() { return Array.from({ length: this.n }, (_, k) => this.time(k)); }

  // append adds values that were read live at a time.
  append(at, values) {
    const k = Math.floor((at - this.from) / this.width + 0.5);
    if (k < 0) return;
    this.n = Math.max(this.n, k + 1);
    this.end = Math.max(this.end, at);
    for (const c of this.charts.values()) {
      if (c.stale || !c.curves.length) continue;
      c.lines.forEach((l, i) => {
        let v = values[key(l.process, l.name)];
        if (v === undefined) return;
        if (c.rate) v = this.rate(l, at, v);
        put(c.curves[i], k, v);
      });
    }
    const done = values['driver operations_total'];
    if (this.operations && done !== undefined) {
      while (this.operations.length <= k) this.operations.push(this.operations[this.operations.length - 1] || 0);
      this.operations[k] = done;
    }
  }

  rate(l, at, v) {
    const id = key(l.process, l.name);
    const before = this.last.get(id);
    this.last.set(id, { at, v });
    return before && v !== null && v >= before.v && at > before.at ? (v - before.v) / (at - before.at) : null;
  }
}

// forward fills missing values with the last known one.
function forward(values) {
  let last = 0;
  return values.map((v) => last = v ?? last);
}

function put(curve, k, v) {
  while (curve.mean.length <= k) {
    curve.mean.push(undefined);
    curve.min?.push(undefined);
    curve.max?.push(undefined);
  }
  if (v === null) { curve.mean[k] ??= null; return; }
  const fresh = curve.mean[k] === undefined || curve.mean[k] === null;
  curve.mean[k] = fresh ? v : curve.mean[k] + (v - curve.mean[k]) / 4;
  if (!curve.min) return;
  curve.min[k] = fresh ? v : Math.min(curve.min[k], v);
  curve.max[k] = fresh ? v : Math.max(curve.max[k], v);
}

// ---- elements

export function element(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) e.setAttribute(name, value === true ? '' : value);
  }
  e.append(...children.filter((c) => c !== undefined && c !== null));
  return e;
}

// color caches colors: looking one up makes the browser recompute the style of
// everything that has changed.
const palette = new Map();
function color(name) {
  if (!palette.has(name)) palette.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return palette.get(name);
}

function fade(name, share) {
  return `color-mix(in srgb, ${color(name)} ${share}%, transparent)`;
}

// ---- board

// A Board shows the charts of runs. `ask({from, to, width, ids})` returns drawings,
// one per run, of charts that are not loaded yet; a file contains all of them and
// passes no ask.
export class Board {
  constructor(root, runs, { ask } = {}) {
    Object.assign(this, { root, runs, ask, cards: new Map(), asked: new Set(), log: false, byOperation: false, hidden: new Set(), follow: true });
    this.all = this.extent();
    this.view = { ...this.all };
    this.seen = new IntersectionObserver((entries) => this.onSeen(entries), { rootMargin: margin + 'px' });
    this.sized = new ResizeObserver((entries) => entries.forEach((e) => this.cards.get(e.target.dataset.id)?.resize()));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { palette.clear(); this.rebuild(); });
    root.replaceChildren(this.tools(), this.key = element('div', { class: 'key' }));
    this.explain();
    this.groups();
    root.addEventListener('keydown', (e) => this.onKey(e));
    this.say();
    this.look();
  }

  // look draws the visible charts at once, a frame before the observer reports them.
  look() {
    for (const c of this.cards.values()) {
      const { top, bottom } = c.box.getBoundingClientRect();
      c.visible = bottom > -margin && top < innerHeight + margin;
    }
    this.refresh();
  }

  extent() {
    const from = Math.min(0, ...this.runs.map((r) => -r.shift));
    return { from, to: Math.max(1, ...this.runs.map((r) => Math.max(r.end, r.time(r.n - 1) + r.shift) - r.shift)) };
  }

  tools() {
    const button = (text, title, act) => element('button', { type: 'button', title, 'aria-label': title, onclick: act }, text);
    const toggle = (text, title, name) => {
      const b = button(text, title, () => { this[name] = !this[name]; b.setAttribute('aria-pressed', this[name]); this.rebuild(); });
      b.setAttribute('aria-pressed', 'false');
      return this[name + 'Button'] = b;
    };
    this.where = element('span', { class: 'where', 'aria-live': 'polite' });
    const operations = toggle('per operation', 'Draw over operations instead of time (o)', 'byOperation');
    operations.hidden = !this.runs.some((r) => r.operations && r.operations.some((v) => v > 0));
    return element('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Charts' },
      button('−', 'Zoom out (-)', () => this.scale(2)), button('+', 'Zoom in (+)', () => this.scale(0.5)),
      button('←', 'Earlier (left arrow)', () => this.pan(-0.25)), button('→', 'Later (right arrow)', () => this.pan(0.25)),
      button('all', 'The whole run (0)', () => this.reset()),
      toggle('log', 'Logarithmic values (l)', 'log'), operations, this.where);
  }

  // explain lists what the colors and marks mean.
  explain() {
    const kinds = new Set(), shades = new Set();
    for (const r of this.runs) {
      r.marks.forEach((m) => kinds.add(m.kind));
      r.shades.forEach((s) => shades.add(s.name));
    }
    const chip = (name, background) => {
      const i = element('i');
      i.style.background = background;
      return element('span', {}, i, name);
    };
    const out = this.key;
    out.replaceChildren();
    if (this.runs.length > 1) this.runs.forEach((r, i) => out.append(chip(r.label, color('--c' + i % COLORS))));
    for (const k of kinds) out.append(chip(k, color(MARKS[k] || '--c7')));
    if ([...shades].some((s) => s !== 'gap')) out.append(chip([...shades].filter((s) => s !== 'gap').join(', '), color('--shade')));
    if (shades.has('gap')) out.append(chip('samples missing', color('--gap')));
    if ([...this.runs[0]?.series.values() || []].some((s) => s.trend)) out.append(element('span', {}, '- - fitted trend with its 95 % interval'));
  }

  groups() {
    const charts = new Map();
    for (const r of this.runs) for (const c of r.charts.values()) if (!charts.has(c.id)) charts.set(c.id, c);
    for (const [group, title] of Object.entries(GROUPS)) {
      const own = [...charts.values()].filter((c) => c.group === group);
      if (!own.length) continue;
      const first = own.filter((c) => c.first), rest = own.filter((c) => !c.first);
      if (first.length) this.root.append(element('h3', { class: 'group' }, title), this.grid(first));
      if (!rest.length) continue;
      const more = element('details', {}, element('summary', {}, first.length ? `More (${rest.length})` : `${title} (${rest.length})`));
      more.addEventListener('toggle', () => more.open && more.children.length === 1 && more.append(this.grid(rest)));
      this.root.append(more);
    }
    if (!charts.size) this.root.append(element('p', { class: 'dim' }, 'Nothing has been recorded yet.'));
  }

  grid(charts) {
    return element('div', { class: 'charts' }, ...charts.map((c) => {
      c.lines.forEach((l) => { // a maximum hides everything below it: shown on request only
        if (l.label === 'max' && c.lines.length > 1) this.runs.forEach((_, r) => this.hidden.add(c.id + ' ' + r + ' ' + l.name));
      });
      const card = new Card(this, c);
      this.cards.set(c.id, card);
      this.seen.observe(card.box);
      this.sized.observe(card.plot);
      return card.box;
    }));
  }

  onSeen(entries) {
    for (const e of entries) {
      const card = this.cards.get(e.target.dataset.id);
      card.visible = e.isIntersecting;
    }
    this.refresh();
  }

  visible() { return [...this.cards.values()].filter((c) => c.visible); }

  // refresh draws the visible charts and fetches those that are not loaded.
  refresh() {
    const lacking = this.ask ? this.visible().filter((c) => !c.known()).map((c) => c.chart.id) : [];
    if (lacking.length) this.fetch(lacking);
    const ready = this.visible().filter((c) => !c.u && (c.known() || !this.ask));
    const sizes = ready.map((c) => [c.plot.clientWidth, c.plot.clientHeight]); // before anything changes: one layout pass for all
    ready.forEach((c, i) => c.show(...sizes[i]));
    if (!this.drawn && this.visible().length && this.visible().every((c) => c.u)) {
      this.drawn = true;
      requestAnimationFrame(() => setTimeout(() => performance.mark('drawn'))); // every visible chart is painted; the page tests measure how long that takes
    }
  }

  async fetch(ids) {
    const turn = this.turn;
    ids = ids.filter((id) => !this.asked.has(id));
    if (!ids.length) return;
    ids.forEach((id) => this.asked.add(id));
    const drawings = await this.ask({ from: this.view.from, to: this.view.to, ids, whole: this.whole() });
    ids.forEach((id) => this.asked.delete(id));
    if (turn !== this.turn || drawings.some((d) => !d)) return;
    if (drawings.some((d, i) => !this.runs[i].fits(d))) return this.reload(); // the run has grown in the meantime
    drawings.forEach((d, i) => this.runs[i].add(d));
    ids.forEach((id) => { const c = this.cards.get(id); c.stale = false; c.fresh(); });
    this.refresh();
  }

  whole() { return this.view.from <= this.all.from && this.view.to >= this.all.to; }

  // zoom shows an interval. The loaded data is scaled at once; finer data is fetched
  // when the zooming has stopped.
  zoom(from, to) {
    const least = 4 * Math.min(...this.runs.map((r) => r.interval || 1));
    if (to - from < least) { const m = (from + to) / 2; from = m - least / 2; to = m + least / 2; }
    from = Math.max(this.all.from, from);
    to = Math.min(this.all.to, to);
    this.view = { from, to };
    this.follow = to >= this.all.to;
    this.visible().forEach((c) => c.scale());
    this.say();
    if (!this.ask) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.reload(), 150);
  }

  async reload() {
    this.turn = (this.turn || 0) + 1;
    const turn = this.turn;
    const ids = this.visible().map((c) => c.chart.id);
    const drawings = await this.ask({ from: this.view.from, to: this.view.to, ids, whole: this.whole() });
    if (turn !== this.turn) return;
    drawings.forEach((d, i) => {
      if (!d) return;
      const old = this.runs[i].charts;
      this.runs[i].draw(d);
      for (const [id, c] of old) if (!this.runs[i].charts.has(id)) this.runs[i].charts.set(id, { ...c, stale: true });
    });
    for (const c of this.cards.values()) { c.stale = !ids.includes(c.chart.id); if (!c.stale) c.fresh(); else c.drop(); }
    this.refresh();
  }

  reset() { this.zoom(this.all.from, this.all.to); }

  scale(by) {
    const middle = (this.view.from + this.view.to) / 2, half = (this.view.to - this.view.from) / 2 * by;
    this.zoom(middle - half, middle + half);
  }

  pan(share) {
    const width = this.view.to - this.view.from;
    const from = Math.min(Math.max(this.all.from, this.view.from + share * width), this.all.to - width);
    this.zoom(from, from + width);
  }

  rebuild() {
    for (const c of this.cards.values()) c.drop();
    this.refresh();
  }

  say() {
    const { from, to } = this.view;
    const run = this.runs.length === 1 ? this.runs[0] : null;
    const wall = run && run.start ? `${clock(run.start + from, to - from < 600)} – ${clock(run.start + to, to - from < 600)}, ` : '';
    this.where.textContent = `${wall}+${span(Math.max(0, from))} … +${span(to)}`;
  }

  onKey(e) {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.matches('input, select, textarea')) return;
    const acts = {
      '+': () => this.scale(0.5), '=': () => this.scale(0.5), '-': () => this.scale(2), 0: () => this.reset(),
      ArrowLeft: () => e.shiftKey ? this.point(-1) : this.pan(-0.25), ArrowRight: () => e.shiftKey ? this.point(1) : this.pan(0.25),
      l: () => this.logButton.click(), o: () => this.byOperationButton.hidden || this.byOperationButton.click(),
    };
    if (!acts[e.key]) return;
    e.preventDefault();
    acts[e.key]();
  }

  // point moves the cursor of all charts by columns.
  point(by) {
    const u = this.visible().find((c) => c.u)?.u;
    if (!u) return;
    const idx = Math.min(Math.max((u.cursor.idx ?? 0) + by, 0), u.data[0].length - 1);
    u.setCursor({ left: u.valToPos(u.data[0][idx], 'x'), top: u.over.clientHeight / 2 });
  }

  // append adds a live row of a run.
  append(i, at, values) {
    this.runs[i].append(at, values);
    this.all = this.extent();
    if (this.follow) { this.view.to = this.all.to; this.say(); }
    this.visible().forEach((c) => c.fresh());
    if (this.ask && this.runs[i].n > 1500 && this.follow) this.reload();
  }
}

// ---- one chart

class Card {
  constructor(board, chart) {
    Object.assign(this, { board, chart, visible: false, stale: false });
    this.now = element('span', { class: 'now' });
    this.plot = element('div', { class: 'plot', 'data-id': chart.id });
    this.trend = element('div', { class: 'trend' });
    this.keys = element('div', { class: 'legend' });
    this.box = element('section', { class: 'chart', tabindex: '0', 'data-id': chart.id, 'aria-label': chart.title },
      element('div', { class: 'head' }, element('h3', {}, chart.title), this.now), this.plot, this.keys, this.trend);
    this.describe();
  }

  known() { return !this.stale && this.board.runs.some((r) => r.charts.get(this.chart.id)?.curves.length && !r.charts.get(this.chart.id).stale); }

  unit(v) {
    const c = this.chart;
    return human(v, c.unit) + (c.rate && c.unit !== 'cores' ? '/s' : '');
  }

  // describe says in words what the lines show.
  describe() {
    const parts = [];
    this.board.runs.forEach((r) => this.chart.lines.forEach((l) => {
      const s = r.series.get(key(l.process, l.name));
      if (!s) return;
      const badge = element('span', { class: 'badge ' + s.verdict }, s.verdict);
      const slope = s.slope_per_hour === null ? '' : ` ${signed(s.slope_per_hour, s.unit)}/h (${signed(s.slope_low, s.unit)} … ${signed(s.slope_high, s.unit)})`;
      const seen = s.min_detectable_per_hour === null || s.verdict === 'leak' ? '' : `, detectable ≥ ${human(s.min_detectable_per_hour, s.unit)}/h`;
      const name = this.board.runs.length > 1 ? r.label + ' ' : this.chart.lines.length > 1 ? l.label + ' ' : '';
      parts.push(element('div', {}, name, badge, slope + seen));
    }));
    this.trend.replaceChildren(...parts);
  }

  // lines lists what is drawn: of each run each line, with its colour.
  lines() {
    const runs = this.board.runs, out = [];
    runs.forEach((run, r) => {
      const own = run.charts.get(this.chart.id);
      own?.lines.forEach((line, i) => {
        // Runs differ by color, and their lines by dashes; the lines of one run differ by
        // color, and by dashes where there are more of them than colors.
        const [at, dashes] = runs.length > 1 ? [r, i] : [i, Math.floor(i / COLORS)];
        out.push({
          run, line, curve: own.curves[i], id: this.chart.id + ' ' + r + ' ' + line.name, color: '--c' + at % COLORS, dash: dashes > 0 ? [3 * dashes, 3] : undefined,
          label: runs.length > 1 ? run.label + (own.lines.length > 1 ? ' ' + line.label : '') : line.label,
        });
      });
    });
    return out;
  }

  shown() { return this.lines().filter((l) => !this.board.hidden.has(l.id)); }

  keysFor() {
    const lines = this.lines();
    if (lines.length < 2) return this.keys.replaceChildren();
    this.keys.replaceChildren(...lines.map((l) => {
      const i = element('i');
      const [c, on, off] = [color(l.color), ...(l.dash || [])];
      i.style.background = on ? `repeating-linear-gradient(90deg, ${c} 0 ${on}px, transparent ${on}px ${on + off}px)` : c;
      return element('button', {
        type: 'button', 'aria-pressed': String(!this.board.hidden.has(l.id)), title: 'Show or hide this line', onclick: () => {
          this.board.hidden.has(l.id) ? this.board.hidden.delete(l.id) : this.board.hidden.add(l.id);
          this.drop();
          this.show();
        },
      }, i, l.label);
    }));
  }

  // x of a run's time: seconds, on the wall clock where there is one run, or
  // operations.
  x(run, t) {
    if (this.board.byOperation && run.operations) {
      const k = (t + run.shift - run.from) / run.width, i = Math.max(0, Math.min(Math.floor(k), run.operations.length - 1));
      const a = run.operations[i], b = run.operations[Math.min(i + 1, run.operations.length - 1)];
      return a + (b - a) * Math.min(1, Math.max(0, k - i));
    }
    return this.board.runs.length === 1 ? t + run.start : t;
  }

  // t is the time of an x, the inverse of it.
  t(run, x) {
    if (this.board.byOperation && run.operations) {
      let k = run.operations.findIndex((v) => v >= x);
      if (k < 0) k = run.operations.length - 1;
      return run.time(k);
    }
    return this.board.runs.length === 1 ? x - run.start : x;
  }

  range() {
    const { from, to } = this.board.view, runs = this.board.runs;
    return [Math.min(...runs.map((r) => this.x(r, from))), Math.max(...runs.map((r) => this.x(r, to)))];
  }

  data() {
    const tables = [];
    for (const run of this.board.runs) {
      const lines = this.shown().filter((l) => l.run === run);
      if (!lines.length) continue;
      const table = [run.times().map((t) => this.x(run, t))];
      let below = null;
      for (const { curve } of lines) {
        if (this.stacked()) {
          below = table[0].map((_, k) => curve.mean[k] === undefined || curve.mean[k] === null ? below?.[k] ?? curve.mean[k] : curve.mean[k] + (below?.[k] || 0));
          table.push(below);
          continue;
        }
        const pad = (c) => Array.from({ length: run.n }, (_, k) => c[k]);
        table.push(pad(curve.mean));
        if (curve.min) table.push(pad(curve.min), pad(curve.max));
      }
      tables.push(this.board.byOperation ? unique(table) : table);
    }
    if (!tables.length) return [[0, 1]];
    return tables.length === 1 ? tables[0] : uPlot.join(tables);
  }

  stacked() { return this.chart.stack && this.board.runs.length === 1; }

  series() {
    const series = [{}], bands = [];
    for (const l of this.shown()) {
      const at = series.length;
      const line = { label: l.label, stroke: color(l.color), width: 1.5, dash: l.dash, points: { show: l.run.n < 4 }, scale: 'y', line: l };
      if (this.stacked()) {
        line.fill = fade(l.color, 35);
        if (at > 1) bands.push({ series: [at, at - 1], fill: fade(l.color, 35) });
        series.push(line);
        continue;
      }
      series.push(line);
      if (!l.curve.min) continue;
      const edge = () => ({ stroke: 'transparent', width: 0, points: { show: false }, scale: 'y', edge: true });
      series.push(edge(), edge());
      bands.push({ series: [at + 2, at + 1], fill: fade(l.color, 22) });
    }
    if (this.stacked() && series.length > 1) series.slice(2).forEach((s) => delete s.fill);
    return { series, bands };
  }

  show(width = this.plot.clientWidth, height = this.plot.clientHeight) {
    if (this.u || this.stale) return;
    this.keysFor();
    const data = this.data();
    if (width < 50 || !data.slice(1).some((c) => c.some((v) => v !== null && v !== undefined))) {
      this.plot.replaceChildren(element('div', { class: 'empty' }, 'no measurements in this interval'));
      return;
    }
    this.plot.replaceChildren();
    const { series, bands } = this.series();
    this.u = new uPlot({
      width, height, series, bands, pxAlign: 1,
      legend: { show: false },
      cursor: {
        sync: { key: 'soak', setSeries: false }, drag: { x: true, y: false, setScale: false }, points: { show: false },
        bind: { dblclick: () => () => this.board.reset() },
      },
      scales: { x: { time: false, auto: false, range: () => this.range() }, y: this.yScale(data) },
      axes: [this.xAxis(), this.yAxis()],
      hooks: { drawClear: [(u) => this.drawShades(u)], draw: [(u) => this.drawTrends(u), (u) => this.drawMarks(u)], setSelect: [(u) => this.selected(u)], setCursor: [(u) => this.pointed(u)] },
    }, data, this.plot);
    this.touch();
  }

  yScale(data) {
    const zero = this.chart.rate || this.stacked();
    if (!this.board.log) {
      return {
        range: (u, lo, hi) => {
          if (lo === null || lo === undefined) return [0, 1];
          if (zero) lo = Math.min(0, lo);
          const least = this.chart.unit === 'bytes' ? 65536 : this.chart.unit === 'count' ? 4 : (Math.abs(hi) || 1) * 0.01;
          if (hi - lo < least) { const m = (hi + lo) / 2; lo = lo === 0 ? 0 : m - least / 2; hi = lo + least; }
          const pad = (hi - lo) * 0.08;
          return [lo >= 0 && lo - pad < 0 ? 0 : lo - pad, hi + pad];
        },
      };
    }
    let least = Infinity;
    for (const c of data.slice(1)) for (const v of c) if (v > 0 && v < least) least = v;
    const nought = data.slice(1).some((c) => c.some((v) => v !== null && v <= 0));
    return nought ? { distr: 4, asinh: Number.isFinite(least) ? least : 1 } : { distr: 3, log: 10 };
  }

  axis() {
    return { stroke: color('--dim'), grid: { stroke: color('--grid'), width: 1 }, ticks: { stroke: color('--grid'), width: 1, size: 4 }, font: '11px system-ui, "DejaVu Sans", sans-serif' };
  }

  xAxis() {
    if (this.board.byOperation) return { ...this.axis(), space: 70, values: (u, splits) => splits.map((v) => Math.abs(v) >= 1e6 ? figures(v / 1e6) + ' M' : human(v, 'count')), size: 24 };
    const incrs = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600];
    const wall = this.board.runs.length === 1 && this.board.runs[0].start;
    return {
      ...this.axis(), incrs, space: 62, size: 24,
      values: (u, splits, axis, space, incr) => splits.map((v) => wall ? (incr >= 86400 ? new Date(v * 1000).toISOString().slice(5, 10) : clock(v, incr < 60)) : '+' + span(v)),
    };
  }

  yAxis() {
    const binary = [];
    for (let p = 0; p < 50; p++) binary.push(2 ** p);
    const axis = { ...this.axis(), size: 62, space: 34, values: (u, splits) => splits.map((v) => v === null ? '' : this.unit(v)) };
    if (this.chart.unit === 'bytes' && !this.board.log) axis.incrs = binary;
    if (this.chart.unit === 'count' && !this.chart.rate && !this.board.log) axis.incrs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7, 1e8, 1e9];
    return axis;
  }

  drawShades(u) {
    const { ctx, bbox } = u;
    ctx.save();
    for (const run of this.board.runs.slice(0, 1)) {
      for (const s of run.shades) {
        const a = u.valToPos(this.x(run, s.from_s - run.shift), 'x', true), b = u.valToPos(this.x(run, s.to_s - run.shift), 'x', true);
        const left = Math.max(a, bbox.left), right = Math.min(b, bbox.left + bbox.width);
        if (right <= left && !(b >= bbox.left && a <= bbox.left + bbox.width)) continue;
        ctx.fillStyle = color(SHADES[s.name] || '--shade');
        ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
      }
    }
    ctx.restore();
  }

  clip(u) {
    const { ctx, bbox } = u;
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
  }

  drawTrends(u) {
    if (this.stacked() || this.board.log) return; // a straight line is straight only on a linear scale
    const { ctx } = u;
    ctx.save();
    this.clip(u);
    for (const l of this.shown()) {
      const s = l.run.series.get(key(l.line.process, l.line.name));
      if (!s?.trend || s.slope_per_hour === null || this.chart.rate) continue;
      const { from_s, to_s, at_s, value } = s.trend;
      const point = (t, slope) => [u.valToPos(this.x(l.run, t - l.run.shift), 'x', true), u.valToPos(value + slope * (t - at_s) / 3600, 'y', true)];
      const cone = [point(from_s, s.slope_low), point(at_s, s.slope_low), point(to_s, s.slope_low), point(to_s, s.slope_high), point(at_s, s.slope_high), point(from_s, s.slope_high)];
      ctx.beginPath();
      cone.forEach(([x, y], i) => i ? ctx.lineTo(x, y) : ctx.moveTo(x, y));
      ctx.closePath();
      ctx.fillStyle = fade('--c1', 16);
      ctx.fill('evenodd');
      ctx.beginPath();
      ctx.moveTo(...point(from_s, s.slope_per_hour));
      ctx.lineTo(...point(to_s, s.slope_per_hour));
      ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.lineWidth = 1.5 * devicePixelRatio;
      ctx.strokeStyle = this.board.runs.length > 1 ? color(l.color) : color('--c1');
      ctx.stroke();
    }
    ctx.restore();
  }

  drawMarks(u) {
    const { ctx, bbox } = u;
    ctx.save();
    this.clip(u);
    ctx.lineWidth = devicePixelRatio;
    for (const run of this.board.runs) {
      for (const m of run.marks) {
        const x = Math.round(u.valToPos(this.x(run, m.at_s - run.shift), 'x', true)) + 0.5;
        const loud = m.kind !== 'snapshot' && m.kind !== 'rate';
        ctx.strokeStyle = ctx.fillStyle = color(MARKS[m.kind] || '--c7');
        ctx.globalAlpha = loud ? 0.8 : 0.5;
        ctx.beginPath();
        ctx.moveTo(x, loud ? bbox.top : bbox.top + bbox.height - 6 * devicePixelRatio);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        if (loud) ctx.fillRect(x - 3 * devicePixelRatio, bbox.top, 6 * devicePixelRatio, 5 * devicePixelRatio);
      }
    }
    ctx.restore();
  }

  selected(u) {
    const { left, width } = u.select;
    if (width < 5) return;
    const run = this.board.runs[0];
    const from = this.t(run, u.posToVal(left, 'x')), to = this.t(run, u.posToVal(left + width, 'x'));
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.board.zoom(from, to);
  }

  pointed(u) {
    const k = u.cursor.idx;
    if (k === null || k === undefined) { this.now.textContent = ''; return; }
    const run = this.board.runs[0], x = u.data[0][k], t = this.t(run, x);
    const when = this.board.byOperation ? `${human(x, 'count')} operations` : (this.board.runs.length === 1 && run.start ? clock(run.start + t, this.board.view.to - this.board.view.from < 600) + ' ' : '') + '+' + span(Math.max(0, t));
    const values = [];
    u.series.forEach((s, i) => {
      if (!s.line) return;
      const kk = Math.round((t + s.line.run.shift - s.line.run.from) / s.line.run.width), c = s.line.curve;
      const v = c.mean[kk];
      if (v === undefined) return;
      const edges = c.min && c.max && c.max[kk] > c.min[kk] ? ` (${this.unit(c.min[kk])} … ${this.unit(c.max[kk])})` : '';
      values.push((this.lines().length > 1 ? s.line.label + ' ' : '') + (v === null ? 'not measured' : this.unit(v)) + (values.length < 2 ? edges : ''));
    });
    const near = run.marks.filter((m) => m.kind !== 'snapshot' && Math.abs(u.valToPos(this.x(run, m.at_s - run.shift), 'x') - u.cursor.left) < 5).slice(0, 1).map((m) => m.text);
    this.now.textContent = [when, ...values.slice(0, 5), ...near].join(' · ');
  }

  // touch moves the cursor under a finger; the page still scrolls vertically.
  touch() {
    const over = this.u.over;
    over.style.touchAction = 'pan-y';
    over.addEventListener('pointermove', (e) => {
      if (e.pointerType !== 'touch') return;
      const box = over.getBoundingClientRect();
      this.u.setCursor({ left: e.clientX - box.left, top: e.clientY - box.top });
    });
  }

  scale() {
    const [min, max] = this.range();
    this.u?.setScale('x', { min, max });
  }

  fresh() {
    if (!this.u) return;
    const data = this.data();
    if (data.length !== this.u.series.length) { this.drop(); this.show(); return; }
    this.u.setData(data, false);
    this.scale();
  }

  resize() {
    const width = this.plot.clientWidth;
    if (this.u && width > 50) this.u.setSize({ width, height: this.plot.clientHeight });
    else if (this.visible && !this.u) this.show();
  }

  drop() {
    this.u?.destroy();
    this.u = null;
  }
}

// unique drops columns in which no operation was done: x must increase.
function unique(table) {
  const keep = table[0].map((x, k) => k === 0 || x > table[0][k - 1]);
  return table.map((c) => c.filter((_, k) => keep[k]));
}

// A report file contains its data.
const inline = document.getElementById('board-data');
if (inline) {
  const run = new Run(JSON.parse(inline.textContent));
  window.board = new Board(document.getElementById('board'), [run]);
}
