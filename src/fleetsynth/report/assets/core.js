'use strict';
const DATA = JSON.parse(document.getElementById('data').textContent);
const MISSING = 65535;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const SVG = 'http://www.w3.org/2000/svg';
const DASHES = [[], [9, 3], [3, 2.5], [12, 3, 3, 3], [6, 2], [1.5, 2], [16, 4], [4, 2, 4, 6]];

/** Numbers from base64: counts as they are, or values, with NaN for what is missing. */
function decode(part) {
  const text = atob(part.b), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  if (part.t === 'u1') return { at: bytes, shape: part.n };
  if ('o' in part) return { at: decimals(part, bytes.buffer), shape: part.n };
  if (part.t === 'f4') return { at: new Float32Array(bytes.buffer), shape: part.n };
  const raw = part.t === 'i4' ? new Uint32Array(bytes.buffer) : new Uint16Array(bytes.buffer);
  if (part.t !== 'u2') return { at: raw, shape: part.n };
  const out = new Float32Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw[i] === MISSING ? NaN : raw[i] * part.k;
  return { at: out, shape: part.n };
}

/** Numbers of so many decimals, written as whole ones above the least; NaN for what is missing. */
function decimals(part, buffer) {
  const raw = part.t === 'u2' ? new Uint16Array(buffer) : new Uint32Array(buffer), none = part.t === 'u2' ? MISSING : 4294967295;
  return Float64Array.from(raw, (n) => (n === none ? NaN : (n + part.o) / 10 ** part.k));
}

for (const [section, ...names] of [
  ['time', 'mean', 'peak', 'counts'], ['week', 'mean', 'counts'], ['distribution', 'counts'],
  ['effects', 'seen', 'base', 'expected', 'ordinary'],
  ['services', 'mean', 'counts'],
]) {
  if (!DATA[section]) continue;
  for (const name of names) if (DATA[section][name]) DATA[section][name] = decode(DATA[section][name]);
}

/** Number of values of a metric in a group and a slot; one set of numbers serves all metrics where none is missing. */
function valuesIn(counts, place, group, slot) {
  const [metrics, groups, slots] = counts.shape;
  return counts.at[((metrics === 1 ? 0 : place) * groups + group) * slots + slot];
}

/** An element; text only ever becomes text, never markup. */
function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}
function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const STATE = { paper: false, metric: DATA.metrics.findIndex((m) => m.main), statistic: 'mean', filters: DATA.dimensions.map(() => -1) };
const UPDATES = [];

/** Run a function now and whenever filters, theme or width change. */
function onUpdate(update) { UPDATES.push(update); }
function refresh() {
  STATE.groups = activeGroups();
  seeFilters();
  for (const update of UPDATES) update();
}

/** Numbers of the groups that pass the filters, and a further choice in one dimension. */
function activeGroups(dimension = -1, value = -1) {
  const out = [];
  DATA.groups.keys.forEach((key, g) => {
    const passes = STATE.filters.every((choice, d) => choice < 0 || key[d] === choice);
    if (passes && (dimension < 0 || key[dimension] === value)) out.push(g);
  });
  return out;
}
function serversIn(groups) { return groups.reduce((sum, g) => sum + DATA.groups.servers[g], 0); }
function dimension(name) { return DATA.dimensions.findIndex((d) => d.name === name); }
function metric(place = STATE.metric) { return DATA.metrics[place]; }
/** The place of the selected metric among those that some charts have, or of its nearest kin. */
function mainPlace() {
  const mains = DATA.metrics.map((m, i) => (m.main ? i : -1)).filter((i) => i >= 0);
  const exact = mains.indexOf(STATE.metric);
  return exact >= 0 ? exact : mains.findIndex((i) => DATA.metrics[i].stem === metric().stem);
}
function mainMetric() { return DATA.metrics.filter((m) => m.main)[mainPlace()]; }
function metricName(m = metric()) {
  return `${m.label} ${m.statistic}`;
}

const UNITS = { '%': '%', Mbps: 'Mbps' };
function number(value, digits) {
  if (value === null || !Number.isFinite(value)) return '–';
  if (digits === undefined) digits = Math.abs(value) >= 100 ? 0 : 1;
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
function count(value) { return value.toLocaleString('en-GB'); }
function withUnit(value, m = metric()) {
  return Number.isFinite(value) ? `${number(value)} ${UNITS[m.unit] || m.unit}` : '–';
}
function day(seconds) {
  const at = new Date(seconds * 1000);
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
}
function moment(seconds) {
  if (DATA.time.width >= 86400) return day(seconds);
  return `${day(seconds)} ${new Date(seconds * 1000).toISOString().slice(11, 16)} UTC`;
}
function duration(seconds) {
  for (const [size, name] of [[86400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']]) {
    if (seconds % size === 0) return seconds === size ? `1 ${name}` : `${count(seconds / size)} ${name}s`;
  }
  return `${seconds} seconds`;
}
function bucketName() {
  return { 86400: 'day', 604800: 'week', 2419200: 'four weeks', 31449600: 'year', 3600: 'hour' }[DATA.time.width] || duration(DATA.time.width);
}
function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim(); }

/** A table with a heading row, to be downloaded too; cells may be elements. */
function table(caption, head, rows, { words = 0, tall = false, file = fileName(caption), csv = null } = {}) {
  const cell = (value, i) => {
    const isWord = i < words;
    if (i === 0) return h('th', { scope: 'row' }, value);
    return h('td', { 'data-label': head[i], class: value && value.wide ? 'wide' : words && !isWord ? 'number' : null }, value && value.wide ? value.wide : value);
  };
  const make = csv || (() => ({ head, rows: rows.map((row) => row.map(plainCell)) }));
  return h('div', {}, h('div', { class: `scroll${tall ? ' tall' : ''}`, tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', { class: [words ? 'words' : '', head.length > 8 ? 'many' : ''].join(' ').trim() || null },
      h('caption', { class: 'hidden' }, caption),
      h('thead', {}, h('tr', {}, head.map((name, i) => h('th', { scope: 'col', class: words && i >= words ? 'number' : null }, name)))),
      h('tbody', {}, rows.map((row) => h('tr', {}, row.map(cell)))))),
  csvButton(file, make));
}

/** A card with a chart and the same as a table, made when it is opened. */
function figure(title, note) {
  const plot = h('div', { class: 'plot' });
  const rows = h('div');
  const about = h('p', { class: 'note' }, note || '');
  const heading = h('h3', {}, title);
  const details = h('details', {}, h('summary', {}, 'Data table'), rows);
  const out = { plot, about, heading, tabulate: null, after: h('div') };
  const show = () => { if (details.open && out.tabulate) rows.replaceChildren(out.tabulate()); };
  details.addEventListener('toggle', show);
  out.refreshTable = show;
  out.element = h('figure', { class: 'card' }, h('figcaption', {}, heading, about), plot, out.after, details);
  return out;
}
/** Where sections go. */
let host = document.getElementById('rest');
function section(id, title, about, ...children) {
  const element = h('section', { id, 'aria-labelledby': `${id}-title` }, h('h2', { id: `${id}-title` }, title), about ? h('p', { class: 'about' }, about) : null, ...children.filter(Boolean));
  host.append(element);
  return element;
}
