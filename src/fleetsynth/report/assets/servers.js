const SHORT = { cpu: 'CPU', mem: 'mem', disk: 'disk', net_in: 'net in', net_out: 'net out' };

function relations() {
  const { sample } = DATA, mains = DATA.metrics.filter((m) => m.main);
  if (!sample.kinds.some((kind) => kind.servers)) return;
  const names = mains.map((m) => SHORT[m.stem] || m.stem);
  const targets = sample.kinds.some((kind) => kind.target);
  const a = dimension('server_type');
  const visible = (kind) => a < 0 || STATE.filters[a] < 0 || DATA.dimensions[a].values[STATE.filters[a]] === kind.kind;
  const corr = sample.kinds.map((kind) => {
    const fig = figure(kind.kind, targets ? `measured, and below it the target; ${kind.servers} servers` : `measured on ${kind.servers} servers`);
    const pairs = [];
    names.forEach((one, i) => names.slice(0, i).forEach((other, j) => pairs.push([`${other} – ${one}`, j, i])));
    const label = `Correlations of ${kind.kind}: ${pairs.map(([n, i, j]) => `${n} ${number(kind.measured[i][j], 2)}${kind.target ? `, target ${number(kind.target[i][j], 2)}` : ''}`).join('; ')}.`;
    fig.tabulate = () => table(label, ['Metrics', 'Measured', ...(kind.target ? ['Target', 'After spikes and bounds'] : [])],
      pairs.map(([n, i, j]) => [n, number(kind.measured[i][j], 3), ...(kind.target ? [number(kind.target[i][j], 2), number(kind.expected[i][j], 3)] : [])]));
    onUpdate(() => { fig.element.hidden = !visible(kind); if (visible(kind)) correlationChart(fig.plot, names, kind, label); });
    return fig.element;
  });
  section('correlations', 'Correlations', `Of what is left when each value is taken from the mean of its archetype at that moment, so that calendar and growth drop out.${targets ? ' Targets are those of the scenario’s noise. Spikes lift several metrics at once and bounds cut them off, which moves what can be measured; the last column of each data table says how far.' : ''} They obey the archetype filter.`, h('div', { class: 'grid small' }, corr));
  const acf = sample.kinds.map((kind) => {
    const fig = figure(kind.kind, '');
    fig.after.append(key([[s('path', { d: 'M0 5H26', class: 'stroke s0' }), 'as published'], [s('path', { d: 'M0 5H26', class: 'stroke s1', 'stroke-dasharray': '5 3' }), 'less the daily and weekly cycle']]));
    onUpdate(() => {
      fig.element.hidden = !visible(kind);
      if (!visible(kind)) return;
      const m = mainPlace(), lines = [{ values: kind.raw[m] }, { values: kind.residual[m] }];
      fig.about.textContent = metricName(mainMetric());
      const label = `Autocorrelation of ${metricName(mainMetric())} of ${kind.kind}: at one step ${number(kind.raw[m][1], 2)} as published, ${number(kind.residual[m][1], 2)} without cycles.`;
      lagChart(fig.plot, sample.lags, lines, label);
      fig.tabulate = () => table(label, ['Lag', 'As published', 'Without cycles'], sample.lags.map((lag, i) => [duration(lag), number(kind.raw[m][i], 3), number(kind.residual[m][i], 3)]));
      fig.refreshTable();
    });
    return fig.element;
  });
  section('memory', 'Autocorrelation', `How long a value is remembered: mean over a sample of servers, first ${count(sample.ticks)} samples of each.`, h('div', { class: 'grid small' }, acf));
}

/** Places of the servers that pass the filters, in order: those that are not full, and those that are. */
function ranking(p) {
  const list = DATA.servers, size = list.names.length, allowed = new Set(STATE.groups), open = [], full = [];
  const late = (i) => list.days[p][i] ?? Infinity, level = (i) => list.p95.at[p * size + i];
  for (let i = 0; i < size; i++) {
    if (!allowed.has(list.groups[i]) || Number.isNaN(level(i))) continue;
    (list.status[p][i].includes('full') ? full : open).push(i);
  }
  const constant = (i) => list.status[p][i] !== 'full';
  open.sort((x, y) => (late(x) === late(y) ? 0 : late(x) - late(y)) || level(y) - level(x) || x - y);
  full.sort((x, y) => constant(x) - constant(y) || level(y) - level(x) || x - y);
  return { open, full };
}

function saturation() {
  const list = DATA.servers;
  if (!list.metrics.length) return;
  const size = list.names.length, place = new Map(DATA.top.servers.map((n, i) => [n, i]));
  const holder = h('div'), fullHolder = h('div', { class: 'card below' });
  const fig = figure('Series', '');
  const chart = timeChart(fig, { height: 210 });
  section('saturation', 'What runs out, and when',
    'By the metric chosen above (CPU where that is not in percent). A day’s value is the 95th percentile of its samples; a server is full once three of seven days reach 100 %. The date is the day by which that is as likely as not, from the trend of the weeks and what they scatter about it; in brackets, the days between which it falls nine times in ten. There is a date only where the trend is clear (2.5 standard errors), within three years, and no farther ahead than the data reach back. Servers that are full already are listed apart.',
    h('div', { class: 'card' }, holder), fullHolder, h('div', { class: 'below' }, fig.element));
  fig.element.classList.add('below');

  function spark(server, p) {
    const k = place.get(server), t = DATA.time.starts.length, w = 110;
    if (k === undefined) return h('span', {}, '–');
    let path = '', pen = 'M';
    for (let i = 0; i < t; i++) {
      const v = DATA.top.mean.at[(p * DATA.top.servers.length + k) * t + i];
      if (Number.isNaN(v)) { pen = 'M'; continue; }
      path += `${pen}${((i / Math.max(1, t - 1)) * w).toFixed(1)} ${(22 - (v / 100) * 20).toFixed(1)}`;
      pen = 'L';
    }
    return s('svg', { viewBox: `0 0 ${w} 24`, width: w, height: 24, 'aria-hidden': 'true' }, s('path', { d: path, class: 'stroke thin s0' }));
  }
  function drawSeries(server, p) {
    const m = DATA.metrics[list.metrics[p]], k = place.get(server), t = DATA.time.starts.length, n = DATA.top.servers.length;
    const take = (part) => Array.from({ length: t }, (_, i) => { const v = part.at[(p * n + k) * t + i]; return Number.isNaN(v) ? null : v; });
    const known = k !== undefined;
    fig.element.hidden = !known;
    if (!known) return;
    const name = list.names[list.number.indexOf(server)];
    fig.heading.textContent = name;
    fig.about.textContent = `${metricName(m)} in ${m.unit}: mean and peak per ${bucketName()}`;
    chart.set([{ name: 'mean', tone: 0, values: take(DATA.top.mean) }, { name: 'peak', tone: 1, values: take(DATA.top.peak) }], m.unit, `${metricName(m)} of ${name} over time, mean and peak.`);
  }
  function nameCell(i) {
    const server = list.number[i], key_ = DATA.groups.keys[list.groups[i]];
    const labels = DATA.dimensions.map((d, n) => (d.name === 'service' ? null : d.values[key_[n]]));
    if (list.services) labels.push(list.services[i]);
    const name = place.has(server) ? h('button', { type: 'button', class: 'pick', 'aria-pressed': String(server === STATE.server), onclick: () => {
      STATE.server = server;
      update();
      document.querySelector('#saturation [aria-pressed="true"].pick').focus();
    } }, list.names[i]) : list.names[i];
    return h('span', { class: 'what' }, name, h('small', {}, labels.filter(Boolean).join(' · ')));
  }
  function when(i, p) {
    const on = (days) => (days === null ? 'later' : day(DATA.meta.last + Math.round(days) * 86400));
    if (list.days[p][i] === null) return ['–', list.status[p][i]];
    const text = h('span', { class: 'what' }, on(list.days[p][i]), h('small', {}, `(${on(list.early[p][i])} to ${on(list.late[p][i])})`));
    return [count(Math.round(list.days[p][i])), text];
  }
  function rowOf(i, p) {
    const slope = list.slope[p][i], sign = slope >= 0.05 ? '+' : '';
    return { chosen: list.number[i] === STATE.server, cells: [nameCell(i), spark(list.number[i], p), number(list.p95.at[p * size + i]), number(list.mean.at[p * size + i]), `${sign}${number(slope !== null && Math.abs(slope) < 0.05 ? 0 : slope, 1)}`, ...when(i, p)] };
  }
  function update() {
    const p = percentPlace(), m = DATA.metrics[list.metrics[p]], { open, full } = ranking(p);
    const best = open.slice(0, list.show), apart = full.slice(0, list.show), both = [...best, ...apart];
    if (!both.some((i) => list.number[i] === STATE.server)) {
      const first = both.find((i) => place.has(list.number[i]));
      STATE.server = first === undefined ? null : list.number[first];
    }
    const head = ['Server', 'Series', `p95, ${m.unit}`, `Mean, ${m.unit}`, 'Trend, points / year', 'Days to 100 %', 'When'];
    const dated = open.filter((i) => list.days[p][i] !== null).length;
    const show = (into, title, rows) => into.replaceChildren(h('h3', {}, title), rows.length ? table(title, head, rows.map((i) => rowOf(i, p)), { words: 2, tall: true }) : '');
    const told = dated ? `${count(dated)} of ${count(open.length + full.length)} servers run out of ${metricName(m)}` : `No server has a date for ${metricName(m)}`;
    show(holder, `${told}${!dated ? '; the fullest first' : best.length > dated ? '; then the fullest' : `; the first ${best.length}`}`, best);
    const still = full.filter((i) => list.status[p][i] !== 'full').length;
    show(fullHolder, `${count(full.length)} full already, ${count(still)} of them constant${full.length > apart.length ? `; the first ${apart.length}` : ''}`, apart);
    fullHolder.hidden = !full.length;
    if (STATE.server !== null) drawSeries(STATE.server, p); else fig.element.hidden = true;
  }
  onUpdate(update);
}
