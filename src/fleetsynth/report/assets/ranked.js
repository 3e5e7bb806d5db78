/** The ranked list, all of it: obeys the filters, by server or by what servers have in common. */
function ranked() {
  if (!CAP) return;
  const scopes = Object.keys(SCOPE_NAMES).filter(has), metrics = CAP.words.metric.words.filter(Boolean);
  const state = { scope: has('service') ? 'service' : 'server', metric: '', most: CAP.show };
  const choice = (name, options, value, change) => {
    const id = `ranked-${name.toLowerCase().replace(/\W+/g, '-')}`;
    const select = h('select', { id, onchange: () => { change(select.value); state.most = CAP.show; update(); } }, options.map(([v, text]) => h('option', { value: v, selected: v === value }, text)));
    return h('div', { class: 'field' }, h('label', { for: id }, name), select);
  };
  const holder = h('div'), told = h('p', { class: 'note' });
  const more = h('button', { type: 'button', class: 'tool', onclick: () => {
    const before = state.most;
    state.most += before >= 500 ? 2000 : 500;
    update();
    holder.querySelectorAll('tbody tr')[before]?.querySelector('th')?.focus();
  } }, 'Show more');
  let groups = [];
  const lineFor = (calendar) => (g) => {
    const line = lineOf(g.name, aboutLine(state.scope, g), g.first, calendar);
    line.querySelector('th').tabIndex = -1;
    return line;
  };
  const csv = csvButton('ranked.csv', () => ({ head: CAP.columns, rows: groups.map((g) => { const row = groupRow(state.scope, g); return CAP.columns.map((name) => row[name] ?? null); }) }));
  section('ranked', 'The whole list', 'What needs somebody first comes first: what is above its limit, then by date, then what has peaks or rises. What never moves, though full, stands apart.',
    h('div', { class: 'card' }, h('div', { class: 'choices' },
      choice('One line a', scopes.map((k) => [k, SCOPE_NAMES[k].toLowerCase()]), state.scope, (v) => { state.scope = v; }),
      choice('Resource', [['', 'All'], ...metrics.map((m) => [m, METRICS[m] || m])], '', (v) => { state.metric = v; })), told, holder, h('p', { class: 'links' }, more, csv)));
  function update() {
    const rows = CAP.order.filter((i) => (!state.metric || word('metric', i) === state.metric) && passes(i));
    groups = groupsOf(state.scope, rows);
    const [moving, still] = [false, true].map((full) => groups.filter((g) => (word('status', g.first) === 'constant and full') === full));
    // Paper has no button to ask for more.
    const most = STATE.paper ? Infinity : state.most, shown = moving.slice(0, most), apart = still.slice(0, most);
    const calendar = calendarOf(shown.map((g) => g.first));
    told.textContent = `${count(shown.length)} of ${plural(moving.length, 'line')}${still.length ? `; apart from them ${count(apart.length)} of ${count(still.length)} that never move` : ''}`;
    more.hidden = shown.length === moving.length && apart.length === still.length;
    holder.replaceChildren(...[
      shown.length ? lineTable('The whole list', lineHead(state.scope, calendar), shown.map(lineFor(calendar))) : null,
      apart.length ? h('h3', { class: 'apart' }, 'At the limit, and never moves') : null,
      apart.length ? h('p', { class: 'note' }, 'Look after what measures them, or accept it: no date tells anything here.') : null,
      apart.length ? lineTable('At the limit, and never moves', lineHead(state.scope, calendar), apart.map(lineFor(calendar))) : null,
      groups.length ? null : h('p', { class: 'empty' }, 'No server passes the filters.'),
    ].filter(Boolean));
  }
  onUpdate(update);
}
/** Whether a row's server passes the filters. */
function passes(i) {
  return STATE.filters.every((choice, d) => choice < 0 || filterWords[d].has(word(DATA.dimensions[d].name, i) ?? '(none)'));
}
const filterWords = [];
/** The words behind what is chosen; those summed up as (other) are all that are not listed. */
function seeFilters() {
  STATE.filters.forEach((choice, d) => {
    if (choice < 0 || !CAP) return;
    const dim = DATA.dimensions[d], name = dim.codes[choice], listed = new Set(dim.codes);
    const all = CAP.words[dim.name].words.map((w) => w ?? '(none)');
    filterWords[d] = new Set(name === '(other)' ? all.filter((w) => !listed.has(w)) : [name]);
  });
}
