/** Round steps for an axis from low to high. */
function ticks(low, high, most = 6) {
  const rough = (high - low) / most || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= rough) || rough;
  const out = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + step * 1e-6; v += step) out.push(Math.abs(v) < step * 1e-6 ? 0 : v);
  return out;
}

/** An SVG over a whole plot, drawn at its real width, so that text keeps its size. */
function canvas(plot, height, label) {
  const width = Math.max(240, plot.clientWidth || 600);
  const svg = s('svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img', 'aria-label': label });
  plot.replaceChildren(svg);
  return { svg, width, height };
}
function nothing(plot, why) { plot.replaceChildren(h('p', { class: 'empty' }, why)); }
/** A function from 0 to 1 to colours between some of the theme's, evenly spaced. */
function colours(names) {
  const stops = names.map((name) => colour(name)).map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  return (t) => {
    const at = Math.max(0, Math.min(1, t)) * (stops.length - 1), i = Math.min(stops.length - 2, Math.floor(at));
    return `rgb(${stops[i].map((v, k) => Math.round(v + (stops[i + 1][k] - v) * (at - i))).join(',')})`;
  };
}
const SCALE = ['q0', 'q1', 'q2', 'q3', 'q4', 'q5', 'q6', 'q7', 'q8'];
/** Stripes of a scale, with words at its ends. */
function scaleKey(svg, x, y, width, of, from, to) {
  const n = 24;
  for (let i = 0; i < n; i++) svg.append(s('rect', { x: x + (i * width) / n, y, width: width / n + 0.5, height: 13, fill: of((i + 0.5) / n) }));
  svg.append(s('text', { x: x - 6, y: y + 11, 'text-anchor': 'end' }, from), s('text', { x: x + width + 6, y: y + 11 }, to));
}

/** Weekdays down, hours or months across. */
function heatMap(plot, cells, columns, label, unit) {
  const names = columns === 24 ? Array.from({ length: 24 }, (_, i) => String(i).padStart(2, '0')) : MONTHS;
  const finite = cells.filter(Number.isFinite);
  // From nothing to all or half of it, and never to the greatest: little differences do not look like great ones.
  const most = Math.max(...finite, 0), high = unit === '%' ? (most <= 40 ? 50 : 100) : most || 1, of = colours(SCALE);
  const left = 38, top = 20, wide = Math.max(240, plot.clientWidth || 600);
  const w = (wide - left) / columns, hh = wide < 500 ? 26 : 30;
  const { svg } = canvas(plot, top + 7 * hh + 44, label);
  names.forEach((name, i) => {
    const wanted = columns === 12 || w > 24 || i % (w > 12 ? 3 : 6) === 0;
    if (wanted) svg.append(s('text', { x: left + (i + 0.5) * w, y: 13, 'text-anchor': 'middle' }, columns === 12 && w < 30 ? name[0] : name));
  });
  WEEKDAYS.forEach((name, row) => {
    svg.append(s('text', { x: 0, y: top + (row + 0.5) * hh + 4 }, name));
    for (let i = 0; i < columns; i++) {
      const value = cells[row * columns + i];
      if (!Number.isFinite(value)) continue;
      svg.append(s('rect', { x: left + i * w + 0.75, y: top + row * hh + 0.75, width: Math.max(1, w - 1.5), height: hh - 1.5, rx: 3, fill: of(value / high) },
        s('title', {}, `${name} ${names[i]}${columns === 24 ? ':00' : ''}: ${number(value)} ${unit}`)));
      if (w > 27) svg.append(s('text', { x: left + (i + 0.5) * w, y: top + (row + 0.5) * hh + 4, 'text-anchor': 'middle', class: value / high > 0.6 ? 'high' : 'low', 'pointer-events': 'none' }, number(value, w > 42 ? 1 : 0)));
    }
  });
  scaleKey(svg, left + 14, top + 7 * hh + 14, Math.min(198, wide - left - 110), of, '0', `${number(high, high < 10 ? 1 : 0)} ${unit}`);
}

/** Bars of a histogram with marks at quantiles. */
function histogramChart(plot, bins, width, marks, label, unit) {
  const { svg, width: wide, height } = canvas(plot, 262, label);
  const left = 40, right = 14, top = 58, bottom = 34;
  const total = bins.reduce((a, b) => a + b, 0) || 1;
  bins = [...bins.slice(0, 99), bins[99] + bins[100]];
  let last = bins.length - 1;
  while (last > 5 && !bins[last]) last--;
  const end = unit === '%' ? 100 : (last + 1) * width;
  const most = Math.max(...bins) / total * 100 || 1;
  const x = (v) => left + (v / end) * (wide - left - right), y = (v) => height - bottom - (v / most) * (height - top - bottom);
  for (const v of ticks(0, most, 4)) {
    svg.append(s('line', { x1: left, x2: wide - right, y1: y(v), y2: y(v), class: 'grid-line' }));
    svg.append(s('text', { x: left - 6, y: y(v) + 4, 'text-anchor': 'end' }, `${number(v, most < 4 ? 1 : 0)}`));
  }
  bins.forEach((n, i) => {
    if (!n || i > last) return;
    svg.append(s('rect', { x: x(i * width) + 0.4, width: Math.max(0.6, x(width) - x(0) - 0.8), y: y(n / total * 100), height: height - bottom - y(n / total * 100), class: 'count' },
      s('title', {}, `${number(i * width, width < 1 ? 2 : 0)} to ${number((i + 1) * width, width < 1 ? 2 : 0)} ${unit}: ${number(n / total * 100, 2)} % of values`)));
  });
  for (const v of ticks(0, end, wide < 480 ? 4 : 8)) svg.append(s('text', { x: Math.min(x(v), wide - 14), y: height - 16, 'text-anchor': 'middle' }, number(v, end < 4 ? 1 : 0)));
  svg.append(s('text', { x: wide - right, y: height - 2, 'text-anchor': 'end' }, unit), s('text', { x: 0, y: 10 }, '% of values'));
  svg.append(s('line', { x1: left, x2: wide - right, y1: height - bottom, y2: height - bottom, class: 'axis' }));
  const ends = [-Infinity, -Infinity, -Infinity];
  for (const [name, value] of marks) {
    if (!Number.isFinite(value)) continue;
    const text = `${name} ${number(value)}`, long = text.length * 7.4;
    const from = Math.min(x(value) + 4, wide - long), level = Math.max(0, ends.findIndex((end) => end < from));
    ends[level] = from + long + 8;
    const ty = 22 + level * 14;
    svg.append(s('line', { x1: x(value), x2: x(value), y1: ty + 3, y2: height - bottom, stroke: 'currentColor', 'stroke-width': 1.3, 'stroke-dasharray': '4 3' }));
    svg.append(s('text', { x: from, y: ty, class: 'strong' }, text));
  }
}

/** One row per kind of day: every occurrence, their mean with its interval, and the expectation. */
function effectChart(plot, rows, label) {
  const narrow = (plot.clientWidth || 600) < 560;
  const rowHeight = narrow ? 46 : 32, left = narrow ? 8 : 190, right = 14, top = 8;
  const { svg, width } = canvas(plot, top + rows.length * rowHeight + 40, label);
  const all = rows.flatMap((r) => [...r.values, r.low, r.high, r.expected, 1]).filter(Number.isFinite);
  const low = Math.min(...all) - 0.03, high = Math.max(...all) + 0.03;
  const x = (v) => left + ((v - low) / (high - low)) * (width - left - right);
  const bottom = top + rows.length * rowHeight;
  for (const v of ticks(low, high, narrow ? 4 : 8)) {
    svg.append(s('line', { x1: x(v), x2: x(v), y1: top, y2: bottom, class: Math.abs(v - 1) < 1e-9 ? 'axis' : 'grid-line' }));
    svg.append(s('text', { x: x(v), y: bottom + 16, 'text-anchor': 'middle' }, `×${v.toFixed(2).replace(/0$/, '')}`));
  }
  svg.append(s('line', { x1: x(1), x2: x(1), y1: top, y2: bottom, stroke: 'currentColor', 'stroke-width': 1, opacity: 0.6 }));
  svg.append(s('text', { x: width - right, y: bottom + 34, 'text-anchor': 'end' }, 'times an ordinary day'));
  rows.forEach((row, i) => {
    const y = top + i * rowHeight + (narrow ? 32 : rowHeight / 2);
    svg.append(narrow ? s('text', { x: left, y: y - 14, class: 'strong' }, row.name) : s('text', { x: left - 12, y: y + 4, 'text-anchor': 'end', class: 'strong' }, row.name));
    for (const v of row.values) svg.append(s('circle', { cx: x(v), cy: y, r: 3.2, class: 'count', opacity: 0.5 }));
    if (Number.isFinite(row.expected)) svg.append(s('rect', { x: x(row.expected) - 2.5, y: y - 9, width: 5, height: 18, class: 'wanted' }));
    if (Number.isFinite(row.low)) svg.append(s('path', { d: `M${x(row.low)} ${y}H${x(row.high)}`, class: 'seen', 'stroke-width': 2.5 }));
    svg.append(s('path', { d: `M${x(row.mean)} ${y - 6}l6 6l-6 6l-6 -6z`, class: 'seen' },
      s('title', {}, `${row.name}: ×${number(row.mean, 3)}`)));
  });
}

/** A square of correlations: measured large, target small. */
function correlationChart(plot, names, kind, label) {
  if (kind.measured.every((row) => row.every((r) => r === null))) { nothing(plot, 'Too few servers to compare at one moment.'); return; }
  const n = names.length, wide = Math.max(230, plot.clientWidth || 300);
  const left = 56, top = 2, w = Math.min(84, (wide - left) / (n - 1)), hh = 40;
  const { svg } = canvas(plot, top + (n - 1) * hh + 50, label), of = colours(['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6']);
  for (let i = 1; i < n; i++) {
    const y = top + (i - 1) * hh;
    svg.append(s('text', { x: left - 8, y: y + hh / 2 + 4, 'text-anchor': 'end' }, names[i]));
    svg.append(s('text', { x: left + (i - 0.5) * w, y: top + (n - 1) * hh + 15, 'text-anchor': 'middle' }, names[i - 1]));
    for (let j = 0; j < i; j++) {
      const r = kind.measured[i][j];
      if (r === null) continue;
      const tone = Math.abs(r) > 0.6 ? 'high' : 'low', cx = left + (j + 0.5) * w;
      const target = kind.target ? kind.target[i][j] : null;
      svg.append(s('rect', { x: left + j * w + 1, y: y + 1, width: w - 2, height: hh - 2, rx: 4, fill: of((r + 1) / 2) },
        s('title', {}, `${names[j]} and ${names[i]}: measured ${number(r, 2)}${target === null ? '' : `, target ${number(target, 2)}`}`)));
      svg.append(s('text', { x: cx, y: y + hh / 2 + (target === null ? 5 : -1), 'text-anchor': 'middle', class: `${tone} big` }, number(r, 2)));
      if (target !== null) svg.append(s('text', { x: cx, y: y + hh / 2 + 13, 'text-anchor': 'middle', class: `${tone} tiny` }, number(target, 2)));
    }
  }
  scaleKey(svg, left + 1, top + (n - 1) * hh + 30, Math.min(150, wide - left - 24), of, '−1', '1');
}

/** Lines over lags. */
function lagChart(plot, lags, lines, label) {
  if (lags.length < 2) { nothing(plot, 'Too few samples to compare one with a later one.'); return; }
  if (lines.every((l) => l.values.every((v) => v === null))) { nothing(plot, 'Values never change, so there is nothing to correlate.'); return; }
  const low = Math.min(-0.2, ...lines.flatMap((l) => l.values.filter((v) => v !== null)));
  const { svg, width, height } = canvas(plot, 170, label);
  const left = 32, right = 8, top = 8, bottom = 34;
  const end = lags[lags.length - 1], unit = end > 3 * 86400 ? 86400 : 3600;
  const x = (v) => left + (v / end) * (width - left - right), y = (v) => top + ((1 - v) / (1 - low)) * (height - top - bottom);
  for (const v of ticks(low, 1, 4)) {
    svg.append(s('line', { x1: left, x2: width - right, y1: y(v), y2: y(v), class: v === 0 ? 'axis' : 'grid-line' }));
    svg.append(s('text', { x: left - 5, y: y(v) + 4, 'text-anchor': 'end' }, v.toFixed(2).replace(/0$/, '')));
  }
  const whole = unit === 86400 && end / unit > 10 ? [0, 7, 14, 21, 28, 35, 42, 49, 56] : ticks(0, end / unit, 6);
  for (const v of whole) if (v * unit <= end) svg.append(s('text', { x: x(v * unit), y: height - 18, 'text-anchor': 'middle' }, String(v)));
  svg.append(s('text', { x: width - right, y: height - 3, 'text-anchor': 'end' }, `lag in ${unit === 86400 ? 'days' : 'hours'}`));
  lines.forEach((line, i) => {
    let path = '', pen = 'M';
    line.values.forEach((v, k) => { if (v === null) pen = 'M'; else { path += `${pen}${x(lags[k]).toFixed(1)} ${y(v).toFixed(1)}`; pen = 'L'; } });
    svg.append(s('path', { d: path, class: i ? 'stroke rest' : 'stroke line', 'stroke-dasharray': i ? '5 3' : null }));
  });
}

/** A key of marks or lines. */
function key(entries) {
  return h('ul', { class: 'legend' }, entries.map(([mark, text]) => h('li', {}, h('span', {}, s('svg', { viewBox: '0 0 26 10', 'aria-hidden': 'true', width: 26, height: 10 }, mark), ' ', text))));
}
