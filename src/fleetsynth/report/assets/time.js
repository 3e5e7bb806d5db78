/** Mean or peak of some groups over time, as uPlot wants it: null where there is nothing. */
function overTime(groups, place = STATE.metric, statistic = STATE.statistic) {
  const { mean, peak, counts } = DATA.time, buckets = DATA.time.starts.length, all = DATA.groups.keys.length;
  const out = new Array(buckets);
  for (let t = 0; t < buckets; t++) {
    let sum = 0, weight = 0, most = -Infinity;
    for (const g of groups) {
      const at = (place * all + g) * buckets + t, n = valuesIn(counts, place, g, t);
      if (!n || Number.isNaN(mean.at[at])) continue;
      sum += mean.at[at] * n;
      weight += n;
      if (peak.at[at] > most) most = peak.at[at];
    }
    out[t] = weight ? (statistic === 'mean' ? sum / weight : most) : null;
  }
  return out;
}

/** A chart of lines over time with a legend, a readout and the keyboard. */
function timeChart(fig, { height = 260 } = {}) {
  let plot = null, series = [], hidden = new Set(), unit = '%', label = '', limit = null, marks = [];
  const legend = h('ul', { class: 'legend' });
  const readout = h('p', { class: 'moment', 'aria-live': 'polite' }, '');
  fig.after.append(legend, readout);
  const holder = h('div', { class: 'uplot-holder' });
  fig.plot.append(holder);
  fig.plot.tabIndex = 0;
  fig.plot.setAttribute('role', 'img');
  const values = [];

  function showAt(index) {
    if (!plot) return;
    const at = index === null || index === undefined ? null : DATA.time.starts[index];
    const told = at === null ? [] : marksAt(marks, at, at + DATA.time.width);
    readout.textContent = at === null ? '' : [`${DATA.time.width > 86400 ? `${bucketName()} from ` : ''}${moment(at)}`, ...told].join(' · ');
    values.forEach((cell, i) => {
      const value = at === null ? null : series[i].values[index];
      cell.textContent = value === null || value === undefined ? '' : `${number(value)} ${unit}`;
    });
  }
  fig.plot.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || !plot) return;
    event.preventDefault();
    const last = DATA.time.starts.length - 1, now = plot.cursor.idx ?? (step < 0 ? last + 1 : -1);
    const index = Math.max(0, Math.min(last, step === -Infinity ? 0 : step === Infinity ? last : now + step));
    plot.setCursor({ left: plot.valToPos(DATA.time.starts[index], 'x'), top: 10 });
    showAt(index);
  });

  function style(i) { return { stroke: colour(`c${series[i].tone % 8}`), width: series[i].faint ? 1 : 1.8, dash: DASHES[series[i].tone % 8] }; }

  function drawLimit(u) {
    if (limit === null) return;
    const { ctx, bbox } = u, y = u.valToPos(limit, 'y', true);
    ctx.save();
    ctx.strokeStyle = colour('limit');
    ctx.setLineDash([6, 4]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  function draw() {
    if (plot) plot.destroy();
    plot = null;
    holder.replaceChildren();
    fig.plot.setAttribute('aria-label', label);
    if (!series.length) { holder.append(h('p', { class: 'empty' }, 'No server passes the filters.')); legend.replaceChildren(); return; }
    const ink = colour('soft'), grid = { stroke: colour('grid'), width: 1 };
    const font = '12px system-ui, sans-serif';
    plot = new uPlot({
      width: Math.max(240, fig.plot.clientWidth), height: fig.plot.clientWidth < 480 ? height - 20 : height,
      tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), 'UTC'),
      legend: { show: false }, cursor: { y: false, focus: { prox: 24 }, points: { size: 7 } }, focus: { alpha: 0.35 },
      padding: [10, 22, 0, 0],
      scales: { x: { time: true }, y: { range: (_, low, high) => [0, unit === '%' ? 100 : Math.max(1e-6, high * 1.08)] } },
      axes: [
        { stroke: ink, grid, ticks: grid, font, space: 56, values: axisDates },
        { stroke: ink, grid, ticks: { show: false }, font, size: 44, values: (_, list) => list.map((v) => (v >= 1000 ? count(v) : String(+v.toFixed(2)))) },
      ],
      series: [{}, ...series.map((line, i) => ({ label: line.name, show: !hidden.has(line.name), ...style(i), spanGaps: false, points: { show: false } }))],
      hooks: { setCursor: [(u) => showAt(u.cursor.left >= 0 ? u.cursor.idx : null)], drawClear: [(u) => drawMarks(u, marks)], draw: [drawLimit] },
    }, [DATA.time.starts, ...series.map((line) => line.values)], holder);
    values.length = 0;
    legend.replaceChildren(...series.map((line, i) => {
      const value = h('span', { class: 'value' });
      values.push(value);
      const dash = DASHES[line.tone % 8].join(' ');
      return h('li', {}, h('button', {
        type: 'button', 'aria-pressed': String(!hidden.has(line.name)),
        onclick: (event) => {
          const show = hidden.has(line.name);
          if (show) hidden.delete(line.name); else hidden.add(line.name);
          plot.setSeries(i + 1, { show });
          event.currentTarget.setAttribute('aria-pressed', String(show));
        },
      }, s('svg', { viewBox: '0 0 26 10', 'aria-hidden': 'true' }, s('path', { d: 'M0 5H26', class: `stroke s${line.tone % 8}`, 'stroke-dasharray': dash || null })), h('span', { class: 'text' }, line.name), value));
    }));
    showAt(null);
    fig.refreshTable();
  }

  fig.tabulate = () => {
    const every = Math.max(1, Math.ceil(DATA.time.starts.length / 60)), rows = [];
    const over = (t, n) => (marks.length ? [marksAt(marks, DATA.time.starts[t], DATA.time.starts[t] + n * DATA.time.width).join('; ') || '–'] : []);
    const rowOf = (t, format, n = 1) => [moment(DATA.time.starts[t]), ...series.map((line) => format(line.values[t])), ...over(t, n)];
    for (let t = 0; t < DATA.time.starts.length; t += every) rows.push(rowOf(t, number, every));
    const head = ['From', ...series.map((line) => `${line.name}, ${unit}`), ...(marks.length ? ['Events'] : [])];
    const csv = () => ({ head, rows: DATA.time.starts.map((_, t) => rowOf(t, (v) => (v === null ? '' : +v.toFixed(3)))) });
    return table(`${label} ${every > 1 ? `Every ${every}th point; the file has all.` : ''}`, head, rows, { file: 'over-time.csv', csv });
  };
  return { set(next, nextUnit, nextLabel, nextLimit = null, nextMarks = []) { series = next; unit = nextUnit; label = nextLabel; limit = nextLimit; marks = nextMarks; draw(); } };
}

/** Dates under an axis: the year where it begins or changes, and months or days between. */
function axisDates(_, list, __, ___, step) {
  let year = null;
  return list.map((value) => {
    const at = new Date(value * 1000), y = at.getUTCFullYear();
    const first = y !== year;
    year = y;
    const month = MONTHS[at.getUTCMonth()];
    if (step >= 300 * 86400) return String(y);
    if (step >= 27 * 86400) return first ? `${month}\n${y}` : month;
    if (step >= 86400) return first ? `${at.getUTCDate()} ${month}\n${y}` : `${at.getUTCDate()} ${month}`;
    const clock = at.toISOString().slice(11, 16);
    return clock === '00:00' || first ? `${clock}\n${at.getUTCDate()} ${month}` : clock;
  });
}

function words(groups, name) {
  const line = overTime(groups), known = line.filter((v) => v !== null);
  if (!known.length) return `${name}: no values`;
  return `${name}: from ${withUnit(Math.min(...known))} to ${withUnit(Math.max(...known))}, last ${withUnit(known[known.length - 1])}`;
}

const MOST_LINES = 12;

/** Lines of the values of one dimension, the first twelve that pass the filters. */
function linesBy(d) {
  const out = [];
  DATA.dimensions[d].values.forEach((name, value) => {
    const groups = activeGroups(d, value), chosen = STATE.filters[d];
    if (groups.length && out.length < MOST_LINES && (chosen < 0 || chosen === value)) out.push({ name, tone: value, values: overTime(groups), spoken: words(groups, name) });
  });
  return out;
}
/** Lines of the largest services that pass the filters; of these there are means alone. */
function linesByService() {
  const { names, pairs, mean, counts } = DATA.services, buckets = DATA.time.starts.length;
  const allowed = new Set(STATE.groups), chosen = new Map();
  pairs.forEach(([service, group], i) => {
    if (!allowed.has(group)) return;
    if (!chosen.has(service)) chosen.set(service, []);
    chosen.get(service).push(i);
  });
  return [...chosen.keys()].sort((a, b) => a - b).slice(0, 8).map((service, tone) => {
    const values = new Array(buckets);
    for (let t = 0; t < buckets; t++) {
      let sum = 0, weight = 0;
      for (const i of chosen.get(service)) {
        const value = mean.at[(STATE.metric * pairs.length + i) * buckets + t], n = valuesIn(counts, STATE.metric, i, t);
        if (n && !Number.isNaN(value)) { sum += value * n; weight += n; }
      }
      values[t] = weight ? sum / weight : null;
    }
    return { name: names[service], tone, values, spoken: names[service] };
  });
}

/** One chart over time, of the whole fleet or cut as one likes. */
function timeSection() {
  const ways = DATA.dimensions.map((dim, d) => [dim, d]).filter(([dim]) => dim.name !== 'service').map(([dim, d]) => ({ name: dim.label, lines: () => linesBy(d) }));
  if (DATA.services) ways.splice(1, 0, { name: 'Service', mean: true, lines: linesByService });
  ways.push({ name: 'Nothing', lines: () => (STATE.groups.length ? [{ name: 'All servers', tone: 0, values: overTime(STATE.groups), spoken: words(STATE.groups, 'all servers') }] : []) });
  let way = ways[0];
  const fig = figure('', ''), chart = timeChart(fig);
  const select = h('select', { id: 'choose-group-by', onchange: () => { way = ways[Number(select.value)]; update(); } }, ways.map(({ name }, i) => h('option', { value: i }, name)));
  function update() {
    const lines = way.lines(), mean = way.mean || STATE.statistic === 'mean', limit = CAP ? CAP.usable[{ mem: 'memory' }[metric().stem] || metric().stem] : undefined;
    const by_ = dimension('service'), one = by_ >= 0 && STATE.filters[by_] >= 0 ? [DATA.dimensions[by_].values[STATE.filters[by_]]] : null;
    const marks = EVENTS && lines.length ? marksFor(way.name === 'Service' ? lines.map((line) => line.name) : one) : [];
    const by = way.name === 'Nothing' ? '' : ` by ${way.name.toLowerCase()}`;
    fig.heading.textContent = `${metricName()}${by}`;
    fig.about.textContent = `In ${metric().unit}, ${mean ? 'mean' : 'greatest value'} per ${bucketName()}${way.mean ? `; the ${lines.length} largest of the services that pass the filters` : ''}${limit === undefined ? '' : `; dashes: the limit of ${limit} %`}${marks.length ? '; shaded: what happened, lighter if planned' : ''}`;
    chart.set(lines, metric().unit, `Lines over time${by}. ${lines.map((line) => line.spoken).join('. ')}.${marks.length ? ` Marked: ${marks.map((m) => `${markWords(m)}, ${day(m.begin)}`).join('; ')}.` : ''}`, limit ?? null, marks);
  }
  onUpdate(update);
  section('time', 'Use over time', 'To read values, move over the chart, or focus it and use the arrow keys.', h('div', { class: 'choices above' }, h('div', { class: 'field' }, h('label', { for: 'choose-group-by' }, 'Group by'), select)), fig.element);
}
