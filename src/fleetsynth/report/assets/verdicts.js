const BADGES = { ok: ['good', '✓ passed'], fail: ['bad', '✗ failed'], untestable: ['open', '◦ cannot tell'] };
function badge(status) {
  const [tone, text] = BADGES[status] || ['open', `◦ ${status}`];
  return h('span', { class: `badge ${tone}` }, text);
}
function figureOf(value, digits) {
  if (typeof value !== 'number') return '';
  return digits === undefined ? String(+value.toPrecision(4)) : number(value, digits);
}

/** The verdicts: form first, then each figure of the scenario beside its estimate. */
function verdicts() {
  const v = DATA.validation;
  if (!v) return;
  const form = v.verdicts.filter((x) => x.kind !== 'statistics'), estimates = v.verdicts.filter((x) => x.kind === 'statistics');
  const order = (list) => [...list].sort((a, b) => (b.status === 'fail') - (a.status === 'fail'));
  const failed = v.verdicts.filter((x) => x.status === 'fail').length;
  const cards = [];
  if (form.length) {
    const rows = order(form).map((x) => [capital(x.name.replaceAll('_', ' ')), badge(x.status), { wide: [x.subject, x.found, (x.places || []).join('; ')].filter(Boolean).join(': ') || ' ' }]);
    cards.push(h('div', { class: 'card' }, h('h3', {}, 'Form'), h('p', { class: 'note' }, `${count(form.length)} questions about columns, rows and labels`), table('Verdicts on the form of the dataset', ['Question', 'Verdict', 'Found'], rows, { words: 3 })));
  }
  if (estimates.length) {
    const seen = (x) => (typeof x.detectable !== 'number' ? '' : x.relative && x.expected ? `${number(Math.abs(x.detectable / x.expected) * 100)} %` : String(+x.detectable.toPrecision(2)));
    const rows = order(estimates).map((x) => [capital(x.name.replaceAll('_', ' ')), x.subject || '', badge(x.status), figureOf(x.expected), figureOf(x.estimate), typeof x.low === 'number' ? `${figureOf(x.low)} to ${figureOf(x.high)}` : '', seen(x)]);
    cards.push(h('div', { class: 'card' }, h('h3', {}, 'Against the scenario'), h('p', { class: 'note' }, 'Each figure of the scenario beside its estimate from the data; “would see” is the smallest deviation that a dataset of this size would show'), table('Verdicts on the figures of the scenario', ['Figure', 'Of', 'Verdict', 'Scenario', 'Estimate', 'Interval', 'Would see'], rows, { words: 3 })));
  }
  const told = h('p', { class: 'about' }, badge(v.ok ? 'ok' : 'fail'), ` ${failed ? `${count(failed)} of ${count(v.verdicts.length)} questions failed.` : `None of ${count(v.verdicts.length)} questions failed.`}`);
  section('verdicts', 'Verdicts', null, told, h('div', { class: 'stack' }, cards));
}

function capital(text) { return text[0].toUpperCase() + text.slice(1); }

/** Where a value lies on a scale that real fleets' lowest and highest share in every row; beyond, an arrow. */
function factRange({ low, high, value }, inside) {
  const from = 50, to = 120, x = from + ((value - low) / (high - low)) * (to - from);
  const at = Math.max(10, Math.min(160, x)), beyond = at < x ? `M${at - 5} 3l9 6l-9 6z` : `M${at + 5} 3l-9 6l9 6z`;
  const mark = inside ? `M${at} 3l6 6l-6 6l-6 -6z` : at === x ? `M${at - 5} 4h10v10h-10z` : beyond;
  return s('svg', { viewBox: '0 0 170 18', width: 170, height: 18, 'aria-hidden': 'true' },
    s('line', { x1: 0, x2: 170, y1: 9, y2: 9, class: 'axis' }), s('rect', { x: from, y: 5, width: to - from, height: 8, rx: 3, class: 'band' }),
    s('path', { d: mark, class: 'seen' }));
}

function factName(x) { return capital(['', 'r', 'R²', 'ratio'].includes(x.unit) ? x.name : `${x.name} (${x.unit})`); }

/** What this fleet is like, beside what real fleets are like where that was measured at its step. */
function facts() {
  const f = DATA.facts;
  if (!f) return;
  if (!f.comparable) {
    const rows = f.facts.map((x) => [factName(x), figureOf(x.value, x.digits)]);
    const every = (step) => `every ${duration(step).replace(/^1 /, '')}`;
    section('facts', 'Beside real fleets', `Not comparable: real fleets were measured ${every(f.step)}, and these data have a point ${every(DATA.meta.step)}, at which the same servers have other figures.`,
      rows.length ? h('div', { class: 'card' }, table('Figures of this fleet', ['Figure', 'Value'], rows, { words: 1, tall: true })) : null);
    return;
  }
  const judged = f.facts.filter((x) => typeof x.low === 'number' && typeof x.high === 'number' && x.low < x.high);
  if (!judged.length) return;
  const within = (x) => x.value >= x.low && x.value <= x.high;
  const rows = judged.map((x) => [
    factName(x), h('span', { class: `badge ${within(x) ? 'good' : 'open'}` }, within(x) ? '✓ within' : '◦ outside'),
    factRange(x, within(x)), figureOf(x.value, x.digits), `${figureOf(x.low, x.digits)} to ${figureOf(x.high, x.digits)}`,
  ]);
  const inside = judged.filter(within).length;
  const key_ = key([[s('rect', { x: 1, y: 2, width: 24, height: 7, rx: 3, class: 'band' }), 'lowest to highest of real fleets'], [s('path', { d: 'M13 0l5 5l-5 5l-5 -5z', class: 'seen' }), 'here, within'], [s('path', { d: 'M8 0h10v10h-10z', class: 'seen' }), 'here, outside; an arrow if far outside']]);
  section('facts', 'Beside real fleets', `${inside} of ${judged.length} figures of CPU, memory and network lie within the range that real fleets span. Real fleets differ among themselves more than any one figure can say; none of these is a mark.`,
    h('div', { class: 'card' }, table('Figures of this fleet beside the ranges of real fleets', ['Figure', 'Here', 'Picture', 'Value', 'Real fleets'], rows, { words: 3, tall: true }), key_, h('p', { class: 'note' }, f.note)));
}
