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

function saturation() {
  const list = DATA.servers;
  if (!list.metrics.length) return;
  const size = list.names.length, place = new Map(DATA.top.servers.map((n, i) => [n, i]));
  const holder = h('div');
  const fig = figure('Series', '');
  const chart = timeChart(fig, { height: 210 });
  section('saturation', 'Closest to saturation',
    `Servers by the 95th percentile of the metric over time (of CPU where the metric is not in percent). The trend is a least-squares line through all samples; days to 100 % is when that percentile, moved along the line, reaches 100 %, counted from the last sample. It is left open where the line does not rise by more than three standard errors, a day counting as one sample.`,
    h('div', { class: 'card' }, holder), h('div', { class: 'below' }, fig.element));
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
  function update() {
    const p = percentPlace(), allowed = new Set(STATE.groups), m = DATA.metrics[list.metrics[p]];
    const order = [];
    for (let i = 0; i < size; i++) if (allowed.has(list.groups[i]) && !Number.isNaN(list.p95.at[p * size + i])) order.push(i);
    order.sort((x, y) => list.p95.at[p * size + y] - list.p95.at[p * size + x] || x - y);
    const best = order.slice(0, list.show);
    if (!best.some((i) => list.number[i] === STATE.server)) STATE.server = best.length ? (list.number[best.find((i) => place.has(list.number[i]))] ?? null) : null;
    const rows = best.map((i) => {
      const number_ = list.number[i], key = DATA.groups.keys[list.groups[i]], days = list.days[p][i];
      const name = place.has(number_) ? h('button', { type: 'button', class: 'pick', 'aria-pressed': String(number_ === STATE.server), onclick: () => {
        STATE.server = number_;
        update();
        holder.querySelector('[aria-pressed="true"]').focus();
      } }, list.names[i]) : list.names[i];
      return { chosen: number_ === STATE.server, cells: [name, ...DATA.dimensions.map((d, n) => d.values[key[n]]), ...(list.services ? [list.services[i]] : []),
        spark(number_, p), number(list.p95.at[p * size + i]), number(list.mean.at[p * size + i]), `${list.slope[p][i] > 0 ? '+' : ''}${number(list.slope[p][i], 2)}`, days < 0 ? '–' : days === 0 ? 'now' : count(days)] };
    });
    const head = ['Server', ...DATA.dimensions.map((d) => d.label), ...(list.services ? ['Service'] : []), 'Series', `p95, ${m.unit}`, `Mean, ${m.unit}`, 'Trend, points / year', 'Days to 100 %'];
    const caption = `The ${best.length} fullest of ${count(order.length)} servers by ${metricName(m)}`;
    holder.replaceChildren(h('h3', {}, caption), table(caption, head, rows, { words: 2 + DATA.dimensions.length + (list.services ? 1 : 0), tall: true }));
    if (STATE.server !== null) drawSeries(STATE.server, p); else fig.element.hidden = true;
  }
  onUpdate(update);
}
