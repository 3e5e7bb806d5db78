/** What `fleetsynth.capacity` found: rows by column, those first that need somebody first. */
const CAP = DATA.capacity;
if (CAP) {
  for (const part of [CAP.numbers, CAP.days]) for (const name of Object.keys(part)) part[name] = decode(part[name]);
  for (const word of Object.values(CAP.words)) word.codes = decode(word.codes).at;
  CAP.counted = decode(CAP.counted).at;
  CAP.years = decode(CAP.years);
  CAP.series.values = decode(CAP.series.values);
  CAP.order = Array.from({ length: CAP.rows }, (_, i) => i);
}
const METRICS = { cpu: 'CPU', memory: 'Memory', disk: 'Disk', network: 'Network', net_out: 'Network out' };
const LABEL_OF = { service: 'service', archetype: 'server_type', unit: 'business_unit', region: 'region' };
const SCOPE_NAMES = { server: 'Server', service: 'Service', archetype: 'Archetype', unit: 'Business unit', region: 'Region' };
const LONG_MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const DAY = 86400;

function word(name, i) { const w = CAP.words[name]; return w.words[w.codes[i]]; }
function figureIn(name, i) { const v = CAP.numbers[name].at[i]; return Number.isNaN(v) ? null : v; }
function daysIn(name, i) { const v = CAP.days[name].at[i]; return Number.isNaN(v) ? null : v; }
function isoDay(days) { return days === null ? null : new Date((CAP.last + days * DAY) * 1000).toISOString().slice(0, 10); }
/** By when to order what takes so long, so that it is there after some days. */
function orderBy(days, format) { return days === null || CAP.lead_time === null ? null : format(days - CAP.lead_time); }
function dateOf(days) { return day(CAP.last + days * DAY); }
function metricOf(i) { return METRICS[word('metric', i)] || word('metric', i); }
function resource(i) { return metricOf(i).replace(/^[A-Z](?=[a-z])/, (c) => c.toLowerCase()); }
function limitOf(i) { return `${+figureIn('usable', i).toFixed(2)} %`; }
function has(scope) { return scope === 'server' || CAP.words[LABEL_OF[scope]].words.some((w) => w !== null); }
function isDated(i) { return word('status', i) === 'dated'; }
function isAbove(i) { return CAP.counts[CAP.counted[i]] === 'above'; }
function plural(n, one, many = `${one}s`) { return `${count(n)} ${n === 1 ? one : many}`; }

/** A server's row, as `fleetsynth capacity` writes it. */
function capacityRow(i) {
  const out = { scope: 'server', name: word('server', i) };
  for (const label of CAP.labels) out[label] = word(label, i);
  for (const name of ['metric', 'statistic', 'status', 'growth']) out[name] = word(name, i);
  for (const name of Object.keys(CAP.numbers)) out[name] = figureIn(name, i);
  for (const level of CAP.levels) {
    for (const kind of ['early', 'days', 'late']) {
      const days = daysIn(`${kind}_${level}`, i);
      out[`${kind === 'days' ? 'date' : kind}_${level}`] = isoDay(days);
      if (kind === 'days') out[`days_${level}`] = days;
    }
  }
  for (const [name, of] of [['order_by', 'days_usable'], ['order_by_early', 'early_usable']]) out[name] = orderBy(daysIn(of, i), isoDay);
  out.last_sample = new Date(daysIn('last_sample', i) * DAY * 1000).toISOString().slice(0, 10);
  out.help = (CAP.helps[i] || []).map(remedyAsWritten).join('; ') || null;
  out.note = CAP.notes[i] || null;
  if (CAP.machines) for (const [name, values] of Object.entries(CAP.machines.columns)) out[name] = values[i];
  return out;
}
function remedyAsWritten([action, from, to, days, types]) {
  const unit = action.includes('often') ? ' days' : '', round = (v) => +v.toFixed(1);
  return `${action} (${types || `${round(from)} → ${round(to)}${unit}`}): lasts ${days === null ? 'beyond the horizon' : `until ${isoDay(days)}`}`;
}

/** Groups of rows in order: those of one value of a label, and one metric, together. */
function groupsOf(scope, rows) {
  if (scope === 'server') return rows.map((i) => ({ first: i, members: [i], name: word('server', i) }));
  const { codes, words } = CAP.words[LABEL_OF[scope]], metrics = CAP.words.metric.codes, out = new Map();
  for (const i of rows) {
    if (words[codes[i]] === null) continue;
    const at = codes[i] * 16 + metrics[i];
    if (!out.has(at)) out.set(at, { first: i, members: [], name: words[codes[i]] });
    out.get(at).members.push(i);
  }
  return [...out.values()];
}
function countsOf(group) {
  const out = Object.fromEntries(CAP.counts.map((name) => [name, 0]));
  for (const i of group.members) out[CAP.counts[CAP.counted[i]]] += 1;
  out.servers = group.members.length;
  return out;
}
function groupRow(scope, group) {
  const row = capacityRow(group.first);
  if (scope === 'server') return row;
  for (const label of CAP.labels) {
    const { codes } = CAP.words[label];
    if (!group.members.every((i) => codes[i] === codes[group.first])) row[label] = null;
  }
  if (CAP.machines) Object.assign(row, machinesOf(group.members));
  return { ...row, member: row.name, scope, name: group.name, ...countsOf(group) };
}
/** What several servers are and cost together: sums, and types where all have the same. */
function machinesOf(members) {
  const of = CAP.machines.columns, all = (name) => members.map((i) => of[name][i]), out = {};
  const sum = (values) => +values.reduce((a, b) => a + b, 0).toFixed(2);
  for (const name of ['instance_type', 'unit', 'currency', 'right_size']) out[name] = new Set(all(name)).size === 1 ? all(name)[0] : null;
  for (const name of ['size', 'slack', 'price_month']) { const known = all(name).filter((v) => v !== null); out[name] = known.length ? sum(known) : null; }
  const smaller = all('right_price_month'), now = all('price_month');
  out.right_price_month = smaller.some((v) => v !== null) ? sum(smaller.map((v, k) => v ?? now[k] ?? 0)) : null;
  return out;
}
function capacityCsv(scope, rows) {
  return groupsOf(scope, rows).map((group) => { const row = groupRow(scope, group); return CAP.columns.map((name) => row[name] ?? null); });
}

/** What would help, in words. */
function remedyWords([action, from, to, days, types], i) {
  const years = CAP.years.at[i];
  const span = years < 1 ? `${Math.round(12 * years)} months` : `${number(years, years % 1 ? 1 : 0)} ${years === 1 ? 'year' : 'years'}`;
  const lasts = days === null ? `lasts ${span} or more` : `lasts until ${dateOf(days).replaceAll(' ', '\u00a0')}`;
  const every = (n) => (n === 1 ? 'every day' : `every ${number(n, 0)} days`);
  const what = {
    'one replica more': `Add a server (${types || `${number(from, 0)} → ${number(to, 0)}`})`,
    'one size up': types ? `One size up, ${types}` : 'Double the size',
    'one size down': types ? `A smaller ${CAP.machines.totals.currency === null ? 'size' : 'type'} would do, ${types}` : 'Half the size would do',
    'clean up more often': `Clean up ${every(to)}, not ${every(from)}`,
    'restart more often': `Restart ${every(to)}, not ${every(from)}`,
  }[action] || action;
  return action === 'one size down' ? what : `${what}: ${lasts}`;
}
function helpCell(i, most = 2) {
  const every = CAP.helps[i] || [], enough = every.findIndex(([, , , days]) => days === null);
  // What comes after one that lasts as long as can be told need not be told.
  const helps = every.slice(0, Math.min(most, enough < 0 ? most : enough + 1));
  const note = CAP.notes[i];
  if (!helps.length) return h('span', { class: 'help' }, note ? capital(note) : isDated(i) || isAbove(i) ? 'Nothing that these data speak of' : '–');
  return h('span', { class: 'help' }, helps.map((one, n) => { const text = remedyWords(one, i); return h('span', {}, n ? `or ${text[0].toLowerCase()}${text.slice(1)}` : text); }), note && most > 1 ? h('small', {}, capital(note)) : null);
}

/** A date and the days between which it falls in nine cases of ten; else what is said instead. */
function between(i) {
  const early = daysIn('early_usable', i), late = daysIn('late_usable', i);
  const from = early === null ? 'now' : dateOf(early), to = late === null ? 'later' : dateOf(late);
  const year = to.slice(-5);
  return `${from.endsWith(year) ? from.slice(0, -5) : from} – ${to}`;
}
function whenCell(i) {
  if (isDated(i)) {
    const days = daysIn('days_usable', i);
    const order = orderBy(days, dateOf);
    return h('span', { class: `when ${days <= 90 ? 'soon' : days <= 365 ? 'year' : ''}` }, h('b', {}, dateOf(days)), h('small', {}, between(i)), order ? h('small', { class: 'order' }, `order by ${order}`) : null);
  }
  const risk = figureIn('risk_365d', i), peaks = word('status', i) === 'peaks only';
  return h('span', { class: `when ${isAbove(i) ? 'above' : ''}` }, h('b', {}, capital(word('status', i))), peaks && risk !== null ? h('small', {}, `${number(risk * 100, 0)} % chance within a year`) : null);
}
function nowCell(i) {
  const trend = figureIn('trend_month', i);
  const a = trend === null ? null : Math.abs(trend) < 0.05 ? 'level' : `${trend > 0 ? '+' : '−'}${number(Math.abs(trend), 1)} a month`;
  return h('span', { class: 'now' }, h('b', {}, figureIn('now', i) === null ? '–' : `${number(figureIn('now', i), 0)} %`), a ? h('small', {}, a) : null);
}

/** Weeks past, the limit, and what lies ahead: dashes to the likely day, a wedge for the others. */
function spark(i) {
  const { values, days } = CAP.series, n = values.shape[1], w = 120, hh = 40;
  if (i >= values.shape[0] || !n) return h('span', { class: 'soft' }, '–');
  const ahead = Math.max(180, Math.min(365, (n * days) / 2)), all = n * days + ahead;
  const x = (d) => ((n * days + d) / all) * w, limit = figureIn('usable', i);
  const seen = Array.from({ length: n }, (_, t) => values.at[i * n + t]);
  const known = seen.filter((v) => v !== 255).map((v) => v / 2);
  const low = Math.max(0, Math.min(limit - 10, ...known) - 4), high = Math.max(limit + 4, ...known, 100);
  const y = (v) => 2 + ((high - v) / (high - low)) * (hh - 4);
  let path = '', pen = 'M', end = null;
  seen.forEach((code, t) => {
    if (code === 255) { pen = 'M'; return; }
    const point = [x((t - n + 0.5) * days), y(code / 2)];
    path += `${pen}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    pen = 'L';
    end = [x(0), y(figureIn('now', i) ?? code / 2)];
  });
  const parts = [...sparkMarks(word('server', i), word('metric', i), x, hh), s('line', { x1: 0, x2: w, y1: y(limit), y2: y(limit), class: 'limit' })];
  if (end && isDated(i)) {
    const at = (d) => (d === null ? x(ahead * 3) : x(d));
    const early = daysIn('early_usable', i), late = daysIn('late_usable', i);
    parts.push(s('path', { d: `M${end[0]} ${end[1]}L${at(early ?? 0)} ${y(limit)}L${at(late)} ${y(limit)}Z`, class: 'wedge' }));
    parts.push(s('path', { d: `M${end[0]} ${end[1]}L${at(daysIn('days_usable', i))} ${y(limit)}`, class: 'ahead' }));
  }
  parts.push(s('path', { d: path, class: 'past' }));
  return s('svg', { viewBox: `0 0 ${w} ${hh}`, class: 'spark', 'aria-hidden': 'true' }, parts);
}

/** One calendar for some lines: from the last day of the data to the latest date among them. */
function calendarOf(rows) {
  const ends = rows.filter(isDated).map((i) => daysIn('late_usable', i) ?? daysIn('days_usable', i) * 1.5);
  const end = Math.min(Math.max(120, ...ends) * 1.03, 6 * 365), begin = new Date(CAP.last * 1000);
  const every = [1, 2, 3, 6, 12, 24].find((m) => end / (m * 30.4) <= 6) || 24, marks = [];
  for (let month = begin.getUTCMonth() + 1; ; month += 1) {
    const at = new Date(Date.UTC(begin.getUTCFullYear(), month, 1)), d = (at / 1000 - CAP.last) / DAY;
    if (d > end) break;
    if (at.getUTCMonth() % Math.min(every, 12) === 0) marks.push({ d, text: MONTHS[at.getUTCMonth()], year: at.getUTCFullYear() });
  }
  return { end, marks };
}
function calendarHead({ end, marks }) {
  // Room for a year below each, on paper too.
  const place = (m) => (m.d / end) * 215, shown = [];
  for (const m of marks.filter(({ d }) => d < end * 0.93)) {
    const last = shown.length ? place(shown[shown.length - 1]) : -Infinity;
    if (place(m) - last >= (last < 14 ? 58 : 40)) shown.push(m);
  }
  return s('svg', { viewBox: '0 0 215 32', class: 'gantt', 'aria-hidden': 'true' }, shown.flatMap((m, n) => {
    const x = (m.d / end) * 215, at = x < 14 ? { x: 0 } : { x, 'text-anchor': 'middle' }, newYear = !n || m.year !== shown[n - 1].year;
    return [s('text', { ...at, y: 12 }, m.text), newYear ? s('text', { ...at, y: 29 }, String(m.year)) : null];
  }));
}
function gantt(i, { end, marks }) {
  const x = (d) => Math.min(1, d / end) * 215, parts = marks.map((m) => s('line', { x1: x(m.d), x2: x(m.d), y1: 0, y2: 26, class: 'grid-line' }));
  if (isDated(i)) {
    const early = daysIn('early_usable', i) ?? 0, late = daysIn('late_usable', i), stop = late === null ? 215 : x(late);
    parts.push(s('rect', { x: x(early), y: 9, width: Math.max(4, stop - x(early)), height: 8, rx: late === null ? 0 : 4, class: 'band' }));
    parts.push(s('circle', { cx: Math.max(7, Math.min(208, x(daysIn('days_usable', i)))), cy: 13, r: 6, class: 'dot' }));
  } else if (isAbove(i)) parts.push(s('circle', { cx: 7, cy: 13, r: 6, class: 'dot' }));
  return s('svg', { viewBox: '0 0 215 26', class: 'gantt', 'aria-hidden': 'true' }, parts);
}
