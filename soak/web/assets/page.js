// The pages: the list of runs, one run, a comparison, the history of a plan.
import { Board, Run, element, human, span } from './charts.js';

const { page, subject } = document.body.dataset;
const mayAct = 'mayAct' in document.body.dataset;
const $ = (id) => document.getElementById(id);

async function get(url) {
  const r = await fetch(url);
  const body = await r.json();
  if (!r.ok) throw new Error(body.error || r.statusText);
  return body;
}

function notice(text) {
  $('notice').textContent = text;
  $('notice').hidden = !text;
}

const api = (id, what) => `/api/runs/${encodeURIComponent(id)}/${what}`;
const badge = (verdict) => element('span', { class: 'badge ' + verdict }, verdict);

// ---- the list

async function list() {
  const runs = await get('/api/runs');
  if (!runs.length) {
    $('content').replaceChildren(element('p', {}, 'No runs yet. Start one with ', element('code', {}, 'soak run'), '.'));
    return;
  }
  const compare = element('button', { type: 'submit', disabled: true }, 'compare selected');
  const boxes = [];
  const rows = runs.map((r) => {
    const box = element('input', { type: 'checkbox', name: 'run', value: r.id, 'aria-label': 'select ' + r.id, onchange: () => { compare.disabled = boxes.filter((b) => b.checked).length < 2; } });
    boxes.push(box);
    const verdict = element('td', {}, r.error ? element('span', { class: 'badge' }, 'unreadable') : r.running ? element('span', { class: 'badge' }, 'running') : '…');
    const outcome = element('td', { class: 'why' }, r.error || '');
    const length = element('td', { class: 'num' });
    const row = element('tr', {}, element('td', {}, box), element('td', {}, r.error ? r.id : element('a', { href: '/run/' + encodeURIComponent(r.id) }, r.name || r.id)),
      verdict, element('td', { class: 'num' }, r.began), length, outcome, element('td', { class: 'num' }, r.size));
    return { r, row, verdict, outcome, length };
  });
  const head = element('tr', {}, ...['', 'run', 'verdict', 'started', 'duration', 'summary', 'size'].map((t, i) => element('th', { class: i === 3 || i === 4 || i === 6 ? 'num' : '' }, t)));
  const names = [...new Set(runs.filter((r) => runs.filter((o) => o.name === r.name).length > 1).map((r) => r.name))].filter(Boolean);
  $('content').replaceChildren(
    element('h1', {}, 'Runs'),
    names.length ? element('p', {}, 'History: ', ...names.flatMap((n) => [element('a', { href: '/history/' + encodeURIComponent(n) }, n), ' '])) : '',
    element('form', { action: '/compare', method: 'get' }, element('p', {}, compare), element('div', { class: 'scroll' }, element('table', {}, head, ...rows.map((x) => x.row)))),
  );
  for (const x of rows) {
    if (x.r.error || x.r.running) continue;
    try {
      const s = await get(api(x.r.id, 'summary'));
      x.verdict.replaceChildren(badge(s.verdict));
      x.outcome.textContent = s.sentence;
      x.length.textContent = s.length;
    } catch (e) {
      x.outcome.textContent = e.message;
    }
  }
}

// ---- a run

// requester returns the function with which a board requests its charts, of one
// run or of several in the same axes.
function requester(ids, boards) {
  const interval = Math.max(...boards.map((b) => b.interval_s));
  return ({ from, to, ids: charts, whole }) => Promise.all(ids.map((id, i) => {
    const q = new URLSearchParams({ ids: charts.join('\n'), interval });
    const shift = boards[i].shift_s || 0;
    if (!whole || ids.length > 1) { q.set('from', Math.max(0, from + shift)); q.set('to', to + shift); }
    return get(api(id, 'charts?' + q)).catch((e) => { notice(e.message); return null; });
  }));
}

function boardOf(data) {
  const run = new Run(data);
  run.interval = data.interval_s;
  for (const c of run.charts.values()) if (!c.curves.length) c.stale = true;
  return run;
}

async function oneRun() {
  const data = JSON.parse($('first').textContent); // the server put it into the page
  if (data.error) throw new Error(data.error);
  $('where').textContent = `${data.name} · ${data.id}`;
  document.title = `${data.name} · soak`;
  const run = boardOf(data);
  const board = window.board = new Board($('board'), [run], { ask: requester([subject], [data]) });
  flames(data.profiles);
  if (data.running) live(board, run);
  const summary = await showReport(); // after the charts, which would compete with it for the CPU
  if (!summary) return;
  addVerdicts(board, run, summary.series);
  linkCauses(data.profiles);
}

// showReport shows the report above and below the charts. The verdict may take
// longer than they do.
async function showReport() {
  try {
    const [section, summary] = await Promise.all([get(api(subject, 'section')), get(api(subject, 'summary'))]);
    $('summary').innerHTML = section.above;
    $('after').innerHTML = section.below;
    return summary;
  } catch (e) {
    $('summary').textContent = e.message;
  }
}

function addVerdicts(board, run, series) {
  for (const s of series) run.series.set(s.process + ' ' + s.metric, s);
  board.explain();
  for (const c of board.cards.values()) { c.describe(); c.u?.redraw(); }
}

function flames(profiles) {
  if (!profiles.length) return;
  $('board').before(element('p', { class: 'small', id: 'flames' }, 'Flame graphs: ', ...profiles.flatMap((p, i) => [i ? ' · ' : '', element('a', { href: p.url }, p.text)])));
}

// linkCauses adds to each cause a link to the flame graph of its growth.
function linkCauses(profiles) {
  for (const box of document.querySelectorAll('.cause')) {
    const link = profiles.find((p) => p.text === box.dataset.resource + ' growth') || profiles.find((p) => p.text === 'heap growth' && box.dataset.resource === 'native');
    if (link) box.querySelector('h2').append(' ', element('a', { href: link.url, class: 'small' }, 'flame graph of this growth'));
  }
}

// rereadAfter is the age of a page, in milliseconds, after which the server copies
// a running run again.
const rereadAfter = 11000;

// hasNewSeries reports whether series are recorded that no chart shows: a run that
// has just started has few of them.
function hasNewSeries(run, row) {
  const shown = new Set(['driver operations_total']); // the sum of all loads
  for (const c of run.charts.values()) c.lines.forEach((l) => shown.add(l.process + ' ' + l.name));
  return Object.keys(row).some((name) => !shown.has(name));
}

// loads describes the loads: each of up to three, or the sum and the slowest.
function loads(all) {
  const of = (name, achieved, planned) => ` · ${name} ${human(achieved, '')}/s of ${human(planned, '')}/s`;
  const tail = (l) => `p99 ${human(l.p99, 'seconds')}`;
  if (all.length <= 3) return all.map((l) => `${of(l.name, l.achieved_rate, l.planned_rate)}, ${tail(l)}`);
  const sum = (field) => all.reduce((n, l) => n + (l[field] || 0), 0);
  const slowest = all.reduce((a, b) => (b.p99 || 0) > (a.p99 || 0) ? b : a);
  return [`${of(`${all.length} loads`, sum('achieved_rate'), sum('planned_rate'))}, slowest ${slowest.name} ${tail(slowest)}`];
}

// live follows a running run.
function live(board, run) {
  $('live').hidden = false;
  const source = new EventSource(api(subject, 'live'));
  let known = 0;
  source.onmessage = (e) => {
    const s = JSON.parse(e.data);
    if (!s.run) return;
    $('status').replaceChildren(element('span', { class: 'badge' }, s.phase || 'starting'), ` ${span(s.elapsed / 1e9)} elapsed, ${span(s.remaining / 1e9)} left`,
      ...loads(s.load || []), s.firing ? ` · ${s.firing} firing` : '');
    if (s.row) board.append(0, s.row_at / 1e9, s.row);
    if (s.row && hasNewSeries(run, s.row) && performance.now() > rereadAfter && board.whole()) location.reload();
    for (const one of s.series || []) {
      const old = run.series.get(one.process + ' ' + one.metric);
      run.series.set(one.process + ' ' + one.metric, { ...one, trend: old && old.trend });
    }
    for (const ev of s.events || []) {
      if (ev.at <= known) continue;
      known = ev.at;
      if (['restart', 'crash', 'exit', 'gap', 'suspend', 'alert', 'snapshot', 'operator', 'rate'].includes(ev.kind) && !run.marks.some((m) => Math.abs(m.at_s - ev.at / 1e9) < 0.002 && m.kind === ev.kind)) {
        run.marks.push({ at_s: ev.at / 1e9, kind: ev.kind, text: ev.text });
      }
    }
    board.visible().forEach((c) => c.describe());
  };
  source.addEventListener('end', () => { source.close(); setTimeout(() => location.reload(), 2500); });
  source.onerror = () => { $('status').prepend('connection lost, reconnecting … '); };
  document.querySelectorAll('[data-action]').forEach((b) => b.addEventListener('click', async () => {
    b.disabled = true;
    const r = await fetch(api(subject, b.dataset.action), { method: 'POST' });
    notice(r.ok ? '' : (await r.json().catch(() => ({}))).error || r.statusText);
    b.disabled = false;
  }));
}

// ---- comparison

async function compare() {
  const ids = new URLSearchParams(location.search).getAll('run');
  const table = get('/api/compare' + location.search).then((c) => { $('content').innerHTML = c.html; });
  const boards = await Promise.all(ids.map((id) => get(api(id, 'board'))));
  const interval = Math.max(...boards.map((b) => b.interval_s)), to = Math.max(...boards.map((b) => b.end_s));
  const letters = 'ABCDEFGH';
  const drawings = await Promise.all(ids.map((id, i) => get(api(id, 'charts?' + new URLSearchParams({ from: 0, to, interval, ids: boards[i].drawing.charts.filter((c) => c.curves.length).map((c) => c.id).join('\n') })))));
  const runs = boards.map((b, i) => {
    b.label = letters[i] + ' ' + b.label;
    b.drawing.charts.forEach((c) => { const d = drawings[i].charts.find((o) => o.id === c.id); if (d) c.curves = d.curves; });
    b.drawing = { ...drawings[i], charts: b.drawing.charts };
    return boardOf(b);
  });
  window.board = new Board($('board'), runs, { ask: requester(ids, boards) });
  await table;
}

// ---- history

async function history() {
  const runs = (await get('/api/runs')).filter((r) => r.name === subject && !r.error && !r.running).reverse();
  const summaries = [];
  $('content').replaceChildren(element('h1', {}, subject + ': history'), element('p', { class: 'dim', id: 'progress' }));
  for (const r of runs) {
    $('progress').textContent = `evaluating run ${summaries.length + 1} of ${runs.length} …`;
    summaries.push(await get(api(r.id, 'summary')).catch(() => null));
  }
  $('progress').remove();
  const good = summaries.filter(Boolean);
  const metrics = [...new Set(good.flatMap((n) => n.series.map((s) => s.metric)))];
  const loads = [...new Set(good.flatMap((n) => n.load.map((l) => l.name)))];
  const plots = element('div', { class: 'charts' });
  $('content').append(table(good), plots);
  for (const l of loads) {
    const of = (n) => n.load.find((x) => x.name === l);
    plot(plots, `${l}: throughput`, (v) => human(v, '') + '/s', good, (n) => [of(n)?.achieved_rate]);
    plot(plots, `${l}: latency p50, p99`, (v) => human(v, 'seconds'), good, (n) => [of(n)?.latency_s.p50], (n) => [of(n)?.latency_s.p99]);
  }
  for (const m of metrics) {
    const of = (n) => n.series.find((s) => s.metric === m);
    const unit = good.map(of).find(Boolean).unit;
    plot(plots, `${m}: growth`, (v) => human(v, unit) + '/h', good, (n) => [of(n)?.slope_per_hour, of(n)?.slope_low, of(n)?.slope_high]);
    plot(plots, `${m}: level`, (v) => human(v, unit), good, (n) => [of(n)?.level]);
  }
}

function table(runs) {
  let version = null;
  const rows = runs.map((n) => {
    const program = n.build || n.version;
    const changed = version !== null && program !== version;
    version = program;
    return element('tr', {}, element('td', { class: 'num' }, n.began), element('td', {}, badge(n.verdict)),
      element('td', { class: 'why' }, element('a', { href: '/run/' + encodeURIComponent(n.id) }, n.sentence)), element('td', {}, changed ? element('b', {}, program) : program));
  });
  return element('div', { class: 'scroll' }, element('table', {}, element('tr', {}, ...['started', 'verdict', 'summary', 'version'].map((t) => element('th', {}, t))), ...rows));
}

// plot draws one value per run with its interval as a bar, and a vertical line
// where the version changed.
function plot(into, title, write, runs, ...values) {
  const x = runs.map((n) => n.start - new Date(n.start * 1000).getTimezoneOffset() * 60);
  const data = values.map((of) => runs.map((n) => of(n)[0] ?? null));
  if (!data.some((c) => c.some((v) => v !== null))) return;
  const box = element('div', { class: 'plot' }), now = element('span', { class: 'now' });
  into.append(element('section', { class: 'chart', tabindex: '0', 'aria-label': title }, element('div', { class: 'head' }, element('h3', {}, title), now), box));
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = () => ({ stroke: css('--dim'), grid: { stroke: css('--grid'), width: 1 }, ticks: { show: false }, font: '11px system-ui, "DejaVu Sans", sans-serif' });
  const edges = runs.map((n) => values[0](n));
  const lows = edges.map((e) => e[1] ?? e[0]), highs = edges.map((e) => e[2] ?? e[0]);
  const bars = (u) => {
    const { ctx } = u;
    ctx.save();
    ctx.strokeStyle = css('--c0');
    ctx.lineWidth = devicePixelRatio;
    edges.forEach(([, lo, hi], i) => {
      const px = u.valToPos(x[i], 'x', true);
      if (lo !== undefined && lo !== null && hi !== null) { ctx.beginPath(); ctx.moveTo(px, u.valToPos(lo, 'y', true)); ctx.lineTo(px, u.valToPos(hi, 'y', true)); ctx.stroke(); }
      if (i && (runs[i].build || runs[i].version) !== (runs[i - 1].build || runs[i - 1].version)) {
        ctx.save(); ctx.strokeStyle = css('--c4'); ctx.setLineDash([4, 4]); ctx.beginPath(); ctx.moveTo(px, u.bbox.top); ctx.lineTo(px, u.bbox.top + u.bbox.height); ctx.stroke(); ctx.restore();
      }
    });
    ctx.restore();
  };
  const all = [...data.flat(), ...lows, ...highs].filter((v) => v !== null && v !== undefined && Number.isFinite(v));
  const lo = Math.min(...all), hi = Math.max(...all), pad = (hi - lo) * 0.1 || Math.abs(hi) * 0.1 || 1;
  const gap = (x[x.length - 1] - x[0]) * 0.05 || 3600;
  new uPlot({
    width: box.clientWidth, height: box.clientHeight, legend: { show: false }, cursor: { drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false, range: [x[0] - gap, x[x.length - 1] + gap] }, y: { range: [lo - pad, hi + pad] } },
    series: [{}, ...data.map((_, i) => ({ stroke: css('--c' + i), width: 1, points: { show: true, size: 6, fill: css('--c' + i) } }))],
    axes: [{ ...axis(), size: 24, incrs: [86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000], values: (u, s) => s.map((v) => new Date(v * 1000).toISOString().slice(5, 10)) }, { ...axis(), size: 66, values: (u, s) => s.map(write) }],
    hooks: { draw: [bars], setCursor: [(u) => { const i = u.cursor.idx; now.textContent = i === null || i === undefined ? '' : new Date(runs[i].start * 1000).toLocaleDateString() + ' · ' + data.map((c) => c[i] === null ? '–' : write(c[i])).join(', '); }] },
  }, [x, ...data], box);
}

const pages = { list, run: oneRun, compare, history };
pages[page]().catch((e) => notice(e.message));
