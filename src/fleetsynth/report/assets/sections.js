function filterBar() {
  const form = document.getElementById('filters');
  const choice = (name, options, value, change) => {
    const id = `choose-${name.toLowerCase().replace(/\W+/g, '-')}`;
    const select = h('select', { id, onchange: () => { change(Number(select.value)); refresh(); } },
      options.map(([text, v]) => h('option', { value: v, selected: v === value }, text)));
    return { select, label: h('div', { class: 'field' }, h('label', { for: id }, name), select) };
  };
  const metrics = choice('Metric', DATA.metrics.map((m, i) => [`${metricName(m)} (${m.unit})`, i]), STATE.metric, (v) => { STATE.metric = v; });
  const statistic = choice('Over time', [['Mean', 0], ['Peak', 1]], 0, (v) => { STATE.statistic = v ? 'peak' : 'mean'; });
  const dims = DATA.dimensions.map((dim, d) => choice(dim.label, [['All', -1], ...dim.values.map((value, i) => [value, i])], -1, (v) => { STATE.filters[d] = v; }));
  const said = h('span', { role: 'status' });
  const reset = h('button', { type: 'button', class: 'reset', onclick: () => {
    STATE.filters.fill(-1);
    dims.forEach(({ select }) => { select.value = '-1'; });
    refresh();
    dims[0]?.select.focus();
  } }, 'Clear filters');
  form.addEventListener('submit', (event) => event.preventDefault());
  form.append(h('div', { class: 'wrap' }, metrics.label, statistic.label, ...dims.map((d) => d.label), h('p', { class: 'state' }, said, reset)));
  onUpdate(() => {
    const active = STATE.filters.map((v, d) => (v < 0 ? null : `${DATA.dimensions[d].label}: ${DATA.dimensions[d].values[v]}`)).filter(Boolean);
    reset.hidden = !active.length;
    document.body.classList.toggle('filtered', active.length > 0);
    said.textContent = active.length
      ? `${count(serversIn(STATE.groups))} of ${count(DATA.meta.servers)} servers, ${active.join(', ')}`
      : `All ${count(DATA.meta.servers)} servers`;
  });
}

/** Sum of the histograms of some groups. */
function histogram(groups, place = STATE.metric) {
  const { bins, counts } = DATA.distribution, all = DATA.groups.keys.length, out = new Array(bins).fill(0);
  for (const g of groups) for (let i = 0; i < bins; i++) out[i] += counts.at[(place * all + g) * bins + i];
  return out;
}
function quantile(bins, width, share) {
  const total = bins.reduce((a, b) => a + b, 0);
  let below = 0;
  for (let i = 0; i < bins.length; i++) {
    if (bins[i] && below + bins[i] >= share * total) return i === 100 ? 100 * width : (i + (share * total - below) / bins[i]) * width;
    below += bins[i];
  }
  return NaN;
}
function meanOf(groups, place = STATE.metric) {
  const { mean, counts } = DATA.time, buckets = DATA.time.starts.length, all = DATA.groups.keys.length;
  let sum = 0, weight = 0;
  for (const g of groups) for (let t = 0; t < buckets; t++) {
    const n = valuesIn(counts, place, g, t), v = mean.at[(place * all + g) * buckets + t];
    if (n && !Number.isNaN(v)) { sum += v * n; weight += n; }
  }
  return weight ? sum / weight : NaN;
}

/** What the 95th of 100 values is called, in the words of those who plan. */
function busy() {
  const { step } = DATA.meta;
  return `a normal busy ${step >= 86400 ? 'day' : step >= 3600 ? 'hour' : 'moment'}`;
}
/** What a published percentile says. */
function statisticWords() {
  const m = metric(), percent = (m.statistic.match(/^p(\d+)$/) || [])[1];
  return percent && DATA.meta.step > 60 ? ` ${metricName()} is what ${m.label} stays below for ${percent} % of ${DATA.meta.step === 86400 ? 'a day' : `each ${duration(DATA.meta.step).replace(/^1 /, '')}`}.` : '';
}

function overview() {
  const tiles = h('dl', { class: 'tiles' });
  const shares = DATA.dimensions.map((dim, d) => [dim, d]).filter(([dim]) => dim.name !== 'service');
  const parts = shares.map(([dim, d]) => {
    const list = h('ul', { class: 'plain parts' });
    onUpdate(() => {
      const counts = dim.values.map((_, v) => serversIn(activeGroups(d, v))), most = Math.max(1, ...shares.flatMap(([other, o]) => other.values.map((_, v) => serversIn(activeGroups(o, v)))));
      list.replaceChildren(...dim.values.map((name, v) => ({ name, n: counts[v] })).filter(({ n }) => n).map(({ name, n }) => h('li', {},
        h('span', { class: 'name' }, name),
        s('svg', { class: 'bar', viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, s('rect', { width: (n / most) * 100, height: 8, rx: 1, class: 'count' })),
        h('span', {}, count(n)))));
    });
    return h('div', { class: 'card' }, h('h3', {}, `Servers by ${dim.label.toLowerCase()}`), list);
  });
  const { meta } = DATA;
  const known = { Dataset: meta.name, 'Content digest': meta.digest, ...meta.provenance };
  const facts = h('dl', { class: 'facts' }, Object.entries(known).filter(([, v]) => v).flatMap(([k, v]) => [h('dt', {}, k), h('dd', {}, v)]));
  const step = duration(meta.step), every = step.startsWith('1 ') ? step.slice(2) : step;
  section('overview', 'The data at a glance', `${plural(meta.servers, 'server')}, one row per server every ${every}, from ${meta.start} to ${meta.end}: ${plural(meta.rows, 'row')}.${statisticWords()}`, tiles, h('div', { class: 'grid small' }, parts), h('details', { class: 'card below' }, h('summary', {}, 'Where the data come from'), facts));
  onUpdate(() => {
    const tile = (name, value, unit, note) => h('div', { class: 'tile' }, h('dt', {}, name), h('dd', {}, value, unit ? h('small', {}, unit) : null, note ? h('p', {}, note) : null));
    const m = metric(), bins = histogram(STATE.groups), width = DATA.distribution.widths[STATE.metric];
    tiles.replaceChildren(
      tile('Servers', count(serversIn(STATE.groups)), null, `of ${count(meta.servers)}`),
      tile(`Mean of ${metricName()}`, number(meanOf(STATE.groups)), m.unit, 'over all servers and times'),
      tile(capital(busy()), number(quantile(bins, width, 0.95)), m.unit, `95 of 100 values of ${metricName()} are below`),
      ...(DATA.services ? [tile('Services', count(DATA.services.all), null, 'in the whole fleet')] : []),
    );
  });
}

function patterns() {
  const { week, distribution } = DATA, byHour = week.columns === 24;
  const heat = figure(byHour ? 'Hour by weekday' : 'Month by weekday', '');
  const spread = figure('Distribution of values', '');
  section('patterns', 'Patterns', byHour ? 'When the week is busy (UTC), and how values spread.' : 'When the year is busy, and how values spread. The data have one value a day, so there are no hours.', h('div', { class: 'grid' }, heat.element, spread.element));
  onUpdate(() => {
    const slots = 7 * week.columns, all = DATA.groups.keys.length, cells = new Array(slots).fill(NaN);
    for (let i = 0; i < slots; i++) {
      let sum = 0, weight = 0;
      for (const g of STATE.groups) {
        const n = valuesIn(week.counts, STATE.metric, g, i), v = week.mean.at[(STATE.metric * all + g) * slots + i];
        if (n && !Number.isNaN(v)) { sum += v * n; weight += n; }
      }
      if (weight) cells[i] = sum / weight;
    }
    const name = (i) => `${WEEKDAYS[Math.floor(i / week.columns)]} ${byHour ? `${i % week.columns}:00` : MONTHS[i % week.columns]}`;
    const known = cells.map((v, i) => [v, i]).filter(([v]) => Number.isFinite(v)).sort((a, b) => a[0] - b[0]);
    heat.about.textContent = `Mean of ${metricName()} in ${metric().unit}${{ year: '. Growth is taken out: each day is seen beside the year around it', line: '. Growth is taken out, as a straight line' }[week.growth] || ''}`;
    const label = known.length ? `Heat map of ${metricName()}: lowest ${name(known[0][1])} with ${withUnit(known[0][0])}, highest ${name(known[known.length - 1][1])} with ${withUnit(known[known.length - 1][0])}.` : 'No values.';
    heatMap(heat.plot, cells, week.columns, label, metric().unit);
    heat.tabulate = () => table(label, ['Weekday', ...Array.from({ length: week.columns }, (_, i) => (byHour ? `${i}:00` : MONTHS[i]))],
      WEEKDAYS.map((d, r) => [d, ...cells.slice(r * week.columns, (r + 1) * week.columns).map((v) => number(v))]));
    heat.refreshTable();

    const bins = histogram(STATE.groups), width = distribution.widths[STATE.metric];
    const marks = [['half below', 0.5], [busy(), 0.95], ['1 in 100 above', 0.99]].map(([n, q]) => [n, quantile(bins, width, q)]);
    const told = `Distribution of ${metricName()}: ${marks.map(([n, v]) => `${n} ${withUnit(v)}`).join(', ')}.`;
    spread.about.textContent = `${metricName()}, all servers and times that pass the filters, in bins of ${number(width, width < 1 ? 2 : 0)} ${metric().unit}`;
    histogramChart(spread.plot, bins, width, marks, told, metric().unit);
    spread.tabulate = () => {
      const d = Math.max(0, dimension('server_type')), dim = DATA.dimensions[d];
      const rows = dim ? dim.values.map((n, v) => [n, activeGroups(d, v)]).filter(([, g]) => g.length) : [];
      return table(told, [dim ? dim.label : 'Part', 'Mean', '5 in 100 below', 'Half below', capital(busy()), '1 in 100 above'], [...rows, ['All', STATE.groups]].map(([n, groups]) => {
        const b = histogram(groups);
        return [n, number(meanOf(groups)), ...[0.05, 0.5, 0.95, 0.99].map((q) => number(quantile(b, width, q)))];
      }));
    };
    spread.refreshTable();
  });
}

const T95 = [0, 12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.1, 2.09, 2.09];

/** Ratio of each special day to its ordinary days over the groups that pass the filters. */
function effectRows() {
  const { names, kinds, days, seen, base, expected, ordinary, factors } = DATA.effects;
  const m = mainPlace(), all = DATA.groups.keys.length, size = days.length, a = dimension('server_type');
  const archetypes = expected ? expected.shape[1] : 0;
  const rows = names.map((name) => ({ name, values: [], expectations: [], factors: [], days: [] }));
  days.forEach((date, i) => {
    let top = 0, bottom = 0, hoped = 0, usual = 0;
    for (const g of STATE.groups) {
      const at = (m * all + g) * size + i, n = DATA.groups.servers[g];
      if (Number.isNaN(seen.at[at]) || Number.isNaN(base.at[at])) continue;
      top += seen.at[at] * n;
      bottom += base.at[at] * n;
      if (!archetypes) continue;
      const e = (m * archetypes + DATA.groups.keys[g][a]) * size + i;
      hoped += expected.at[e] * n;
      usual += ordinary.at[e] * n;
    }
    if (!bottom) return;
    rows[kinds[i]].values.push(top / bottom);
    rows[kinds[i]].days.push(date);
    if (factors) rows[kinds[i]].factors.push(factors[m][i]);
    if (usual) rows[kinds[i]].expectations.push(hoped / usual);
  });
  const average = (list) => (list.length ? list.reduce((x, y) => x + y, 0) / list.length : NaN);
  return rows.filter((row) => row.values.length).map((row) => {
    const n = row.values.length, mean = average(row.values);
    const sd = Math.sqrt(row.values.reduce((x, v) => x + (v - mean) ** 2, 0) / (n - 1));
    const half = n > 2 ? ((T95[n - 1] || 1.98) * sd) / Math.sqrt(n) : NaN;
    return { ...row, mean, low: mean - half, high: mean + half, expected: average(row.expectations), factor: average(row.factors) };
  });
}

function calendarEffects() {
  if (!DATA.effects) return;
  const specified = Boolean(DATA.effects.expected);
  const fig = figure('Special days against ordinary days', '');
  const entries = [
    [s('circle', { cx: 13, cy: 5, r: 3.2, class: 'count', opacity: 0.6 }), 'one day'],
    [[s('path', { d: 'M1 5H25', class: 'seen', 'stroke-width': 2.5 }), s('path', { d: 'M13 0l5 5l-5 5l-5 -5z', class: 'seen' })], 'mean and 95 % interval'],
  ];
  if (specified) entries.push([s('rect', { x: 11, y: 0.5, width: 4, height: 9, class: 'wanted' }), 'as specified']);
  fig.after.append(key(entries));
  section('effects', 'Quarter ends and holidays', `Each special day is divided by the mean of ordinary days of the same weekday within four weeks of it.${specified ? ' “As specified” is the same ratio by the scenario’s equations, after noise, spikes and bounds.' : ''}`, fig.element);
  onUpdate(() => {
    const rows = effectRows();
    fig.about.textContent = `${metricName(mainMetric())}, servers that pass the filters`;
    const label = `Effects on ${metricName(mainMetric())}: ${rows.map((r) => `${r.name} times ${number(r.mean, 2)}${specified ? `, specified ${number(r.expected, 2)}` : ''}`).join('; ')}.`;
    if (rows.length) effectChart(fig.plot, rows, label); else fig.plot.replaceChildren(h('p', { class: 'empty' }, 'No special day has ordinary days to compare with.'));
    const head = ['Day', 'Days', 'Measured', '95 % from', '95 % to', ...(specified ? ['As specified', 'Factor of demand'] : [])];
    fig.tabulate = () => table(label, head, rows.map((r) => [r.name, count(r.values.length), ...[r.mean, r.low, r.high].map((v) => number(v, 3)), ...(specified ? [number(r.expected, 3), number(r.factor, 3)] : [])]));
    fig.refreshTable();
  });
}
