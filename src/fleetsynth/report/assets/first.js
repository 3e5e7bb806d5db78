const FIRST_LINES = 6;
/** What a bar's part is called, with the day until which it reaches. */
function bandText(name, text) {
  const until = { within_90d: 90, within_365d: 365 }[name];
  return until ? `${text}, to ${dateOf(until)}` : text;
}
const BANDS = [
  ['above', 'already above', 'k0'], ['within_90d', 'within 90 days', 'k1'], ['within_365d', 'within a year', 'k2'], ['later', 'rising, later', 'k3'],
  ['peaks_only', 'peaks only', 'k4'], ['no_trend', 'no trend', 'k5'], ['not_judged', 'not judged', 'k6'],
];

function longDate(days) {
  const at = new Date((CAP.last + days * DAY) * 1000);
  return `${at.getUTCDate()} ${LONG_MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
}
/** What the title says, and what the paragraph below it adds. */
function answerWords(scope, lines, groups) {
  const one = scope === 'service' ? 'service' : 'server', names = (list) => new Set(list.map((g) => g.name)).size;
  const within = (days) => lines.filter((g) => daysIn('days_usable', g.next) <= days);
  const soon = within(90), year = within(365), above = CAP.order.filter(isAbove);
  const limits = new Set(Object.values(CAP.usable)), limit = limits.size === 1 ? `${[...limits][0]} %` : 'its limit';
  const first = lines[0], on = first && longDate(daysIn('days_usable', first.next)), who = first && `${first.name} (${resource(first.next)})`;
  const full = groups.filter((g) => g.members.some(isAbove));
  let title = `Nothing reaches ${limit} within a year.`;
  if (soon.length) title = `${plural(names(soon), one)} ${names(soon) === 1 ? 'needs' : 'need'} a decision within 90 days${names(soon) === 1 ? ':' : ', first'} ${who}, around ${on}.`;
  else if (year.length) title = `Nothing runs out within 90 days; first comes ${who}, around ${on}.`;
  else if (above.length) title = `${plural(names(full), one)} ${names(full) === 1 ? 'is' : 'are'} above ${limit} already; nothing else gets there within a year.`;
  const lead = [];
  const soonNames = new Set(soon.map((g) => g.name)), later = year.filter((g) => !soonNames.has(g.name)), more = names(later);
  if (more) {
    const by = Object.entries(later.reduce((sum, g) => ({ ...sum, [resource(g.next)]: (sum[resource(g.next)] || 0) + 1 }), {})).sort((a, b) => b[1] - a[1]);
    const most = by[0][1] > later.length / 2 ? by.length === 1 ? `, all in ${by[0][0]}` : `, most of them in ${by[0][0]}` : '';
    lead.push(`${plural(more, `${soon.length ? 'more ' : ''}${one}`)} ${more === 1 ? 'gets' : 'get'} there within the year${more > 1 ? most : ''}.`);
  }
  if (above.length) {
    const servers = new Set(above.map((i) => word('server', i))).size, still = above.filter((i) => word('status', i) === 'constant and full').length;
    lead.push(`${plural(servers, 'server')}${scope === 'service' ? ` of ${plural(names(full), 'service')}` : ''} ${servers === 1 ? 'is' : 'are'} above it already${still ? `; ${count(still)} of them never move: check the agent that measures them, or accept it` : ''}.`);
  }
  const next = lines.find((g) => daysIn('days_usable', g.next) > 365);
  if (!year.length && next) lead.push(`The next date is ${longDate(daysIn('days_usable', next.next))}.`);
  return { title, lead: lead.join(' ') };
}

/** The first screen: what runs out, when, and what to do. */
function firstScreen() {
  const { meta } = DATA, eyebrow = document.getElementById('eyebrow');
  if (!CAP) {
    document.getElementById('name').textContent = meta.name;
    document.getElementById('lead').textContent = DATA.unjudged;
    eyebrow.textContent = `Fleet report · ${count(meta.servers)} servers, ${meta.start} to ${meta.end}`;
    return;
  }
  const scope = has('service') ? 'service' : 'server', groups = groupsOf(scope, CAP.order);
  const lines = groups.map((g) => ({ ...g, next: g.members.find(isDated) })).filter((g) => g.next !== undefined);
  lines.sort((a, b) => daysIn('days_usable', a.next) - daysIn('days_usable', b.next) || a.next - b.next);
  const { title, lead } = answerWords(scope, lines, groups);
  const usable = Object.entries(CAP.usable), same = new Set(usable.map(([, v]) => v)).size === 1;
  const services = scope === 'service' ? ` in ${plural(new Set(groups.map((g) => g.name)).size, 'service')}` : '';
  eyebrow.textContent = `Capacity report · ${meta.name} · data to ${dateOf(0)} · ${plural(CAP.servers, 'server')}${services} · usable capacity ${same ? `${usable[0][1]} %` : usable.map(([m, v]) => `${METRICS[m]} ${v} %`).join(', ')}`;
  document.getElementById('name').textContent = title;
  document.getElementById('lead').textContent = lead;
  const part = document.getElementById('answer');
  part.append(runsOut(scope, lines, groups), wholeFleet(), h('div', { class: 'foot' }, trust(), roomToGive(), notJudged()));
}

function lineHead(scope, calendar, i) {
  return [SCOPE_NAMES[scope], 'Resource', 'Now', 'Past and ahead', i === undefined ? 'Reaches its limit' : `Reaches ${limitOf(i)}`, calendarHead(calendar), 'What would help'];
}
/** A line of the list: a service or server and resource, its date on a shared calendar, and what would help. */
function lineOf(name, about, i, calendar) {
  const cell = (label, kind, ...content) => h('td', { 'data-label': label, class: kind }, content);
  return h('tr', {}, h('th', { scope: 'row' }, h('b', {}, name), about ? h('small', {}, about) : null),
    cell('Resource', 'res', metricOf(i)), cell('Now', 'num', nowCell(i)), cell('Past and ahead', 'sp', spark(i)),
    cell('When', 'date', whenCell(i)), cell('Calendar', isDated(i) ? 'ga' : 'ga bare', gantt(i, calendar)), cell('What would help', 'do', helpCell(i)));
}
function lineTable(caption, head, rows) {
  return h('table', { class: 'lines' }, h('caption', { class: 'hidden' }, caption),
    h('thead', {}, h('tr', {}, head.map((text, n) => h('th', { scope: 'col' }, n === 5 ? [h('span', { class: 'hidden' }, 'On a calendar'), text] : text)))), h('tbody', {}, rows));
}
function aboutLine(scope, group) {
  if (scope === 'server') return ['service', 'business_unit'].map((l) => (CAP.labels.includes(l) ? word(l, group.first) : null)).filter(Boolean).join(' · ');
  const n = countsOf(group), unit = word('business_unit', group.first);
  const same = group.members.every((i) => word('business_unit', i) === unit);
  return [`${plural(n.servers, 'server')}${n.above ? `, ${count(n.above)} above already` : ''}`, same && scope !== 'unit' ? unit : null].filter(Boolean).join(' · ');
}

function runsOut(scope, lines, groups) {
  const shown = lines.slice(0, FIRST_LINES), calendar = calendarOf(shown.map((g) => g.next));
  const i = shown.length ? shown[0].next : undefined, same = new Set(Object.values(CAP.usable)).size === 1;
  const card = h('section', { class: 'card', id: 'capacity', 'aria-labelledby': 'capacity-title' }, h('h2', { id: 'capacity-title' }, 'What runs out, when, and what to do'));
  const who = scope === 'service' ? 'One line a service and resource: the next of its servers to spend 3 of 7 days at its limit.' : 'One line a server and resource: when it spends 3 of 7 days at its limit.';
  if (shown.length) {
    card.append(h('p', { class: 'note' }, `${who} The dot is the day by which that is as likely as not; the bar holds it in 9 cases of 10.`),
      lineTable('What runs out first', lineHead(scope, calendar, same ? i : undefined), shown.map((g) => lineOf(g.name, aboutLine(scope, g), g.next, calendar))));
  } else card.append(h('p', {}, 'No server has a trend that leads to its limit within the time that the data allow to look ahead.'));
  const full = groups.map((g) => ({ g, n: g.members.filter(isAbove).length })).filter(({ n }) => n).sort((a, b) => b.n - a.n || a.g.first - b.g.first);
  if (full.length) {
    const text = full.slice(0, FIRST_LINES).map(({ g, n }) => `${g.name} ${metricOf(g.first)}${scope === 'service' ? ` (${count(n)} of ${count(g.members.length)})` : ''}`);
    card.append(h('p', { class: 'apart' }, h('b', {}, 'Already above: '), `${text.join(', ')}${full.length > text.length ? ` and ${count(full.length - text.length)} more` : ''}.`));
  }
  card.append(h('p', { class: 'links' }, lines.length > shown.length ? `The first ${count(shown.length)} of ${count(lines.length)} dates` : plural(lines.length, 'date'), h('a', { href: '#ranked' }, 'See the whole list'),
    csvButton('capacity.csv', () => ({ head: CAP.columns, rows: capacityCsv('server', CAP.order) }), 'Download CSV of every server and resource')));
  if (CAP.all > CAP.rows) card.append(h('p', { class: 'note' }, `This page holds the first ${count(CAP.rows)} of ${count(CAP.all)}; fleetsynth capacity has all.`));
  return card;
}

/** Three bars of the same servers: how long each resource lasts. */
function wholeFleet() {
  const metrics = CAP.words.metric.words.filter((m) => m !== null);
  const counts = metrics.map((m, k) => {
    const out = Object.fromEntries(BANDS.map(([name]) => [name, 0]));
    for (const i of CAP.order) if (CAP.words.metric.codes[i] === k) out[CAP.counts[CAP.counted[i]]] += 1;
    return out;
  });
  const order = metrics.map((_, k) => k).sort((a, b) => Object.keys(METRICS).indexOf(metrics[a]) - Object.keys(METRICS).indexOf(metrics[b]));
  const used = BANDS.filter(([name]) => counts.some((c) => c[name]));
  const head = ['Resource', 'Servers', ...BANDS.map(([, text]) => capital(text))], total = (c) => BANDS.reduce((sum, [name]) => sum + c[name], 0);
  const rows = order.map((k) => [METRICS[metrics[k]] || metrics[k], count(total(counts[k])), ...BANDS.map(([name]) => count(counts[k][name]))]);
  const bars = order.map((k) => {
    const c = counts[k], all = Math.max(1, total(c)), name = METRICS[metrics[k]] || metrics[k];
    let x = 0;
    const parts = BANDS.flatMap(([band, text, tone]) => {
      const w = (c[band] / all) * 100, from = x;
      x += w;
      if (!w) return [];
      const label = w > 2.4 + 0.9 * String(c[band]).length;
      return [s('rect', { x: `${from}%`, width: `${Math.max(0.25, w - 0.15)}%`, height: 22, class: tone }, s('title', {}, `${text}: ${count(c[band])}`)),
        label ? s('text', { x: `${from + w / 2}%`, y: 15.5, 'text-anchor': 'middle', class: `on ${tone}` }, count(c[band])) : null];
    });
    const told = used.map(([band, text]) => `${count(c[band])} ${text}`).join(', ');
    return [h('span', {}, name), s('svg', { height: 22, width: '100%', role: 'img', 'aria-label': `${name} of ${plural(total(c), 'server')}: ${told}.` }, parts)];
  });
  const rowsOf = h('details', {}, h('summary', {}, 'Data table'), table('The whole fleet by the time left of each resource', head, rows, { file: 'fleet.csv' }));
  return h('section', { class: 'card', id: 'fleet', 'aria-labelledby': 'fleet-title' }, h('h2', { id: 'fleet-title' }, 'The whole fleet'),
    h('p', { class: 'note' }, `All ${count(CAP.servers)} servers by the time left of each resource; every bar is the same servers.`),
    h('div', { class: 'bars' }, bars.flat()),
    h('ul', { class: 'legend' }, used.map(([band, text, tone]) => h('li', {}, s('svg', { viewBox: '0 0 12 12', class: 'square', 'aria-hidden': 'true' }, s('rect', { width: 12, height: 12, rx: 2, class: tone })), ' ', bandText(band, text)))), rowsOf);
}

function footCard(id, title, text, ...more) {
  return h('section', { class: 'card', id, 'aria-labelledby': `${id}-title` }, h('h2', { id: `${id}-title` }, title), text.filter(Boolean).map((t) => h('p', {}, t)), more.filter(Boolean));
}
/** How far such dates were off, on these very data. */
function trust() {
  const test = CAP.backtest, share = (v) => (v === null ? '–' : `${number(v * 100, 0)} %`);
  if (!test.length) return footCard('trust', 'Can I trust these dates?', ['The history is too short to try: dates are made anew as of earlier days, and held against what came, from two years of data on.']);
  const sum = (rows, name) => rows.reduce((a, r) => a + r[name], 0);
  const longest = Math.max(...test.map((r) => r.horizon_days)), year = test.filter((r) => r.horizon_days === longest);
  const dated = year.filter((r) => r.dated), inside = dated.reduce((a, r) => a + r.coverage * r.dated, 0) / Math.max(1, sum(dated, 'dated'));
  const text = [];
  if (sum(year, 'breaches')) {
    text.push(`Made the same way as of ${dateOf(-longest)}: of ${plural(sum(year, 'breaches'), 'limit')} reached since, ${count(sum(year, 'dated'))} had a date${dated.length ? `, and ${share(inside)} of these fell inside their bar` : ''}.`);
    text.push(...dated.map((r) => `${METRICS[r.metric] || r.metric}: half of the dates were off by ${plural(Math.round(r.median_error_days), 'day')} or less.`));
  } else text.push(`Made the same way as of ${dateOf(-longest)}, there was nothing to date: nothing reached a limit.`);
  const alarms = sum(year, 'alarms');
  if (alarms) text.push(`Of ${plural(alarms, 'alarm')}, ${count(sum(year, 'false_alarms'))} came to nothing in that time.`);
  const head = ['Resource', 'Days ahead', 'Limits reached', 'Had a date', 'Median error, days', 'Inside the bar', 'Alarms', 'False alarms'];
  const rows = test.map((r) => [METRICS[r.metric] || r.metric, String(r.horizon_days), count(r.breaches), count(r.dated), r.median_error_days === null ? '–' : number(r.median_error_days, 1), share(r.coverage), count(r.alarms), count(r.false_alarms)]);
  const names = Object.keys(test[0]), csv = () => ({ head: names, rows: test.map((r) => names.map((n) => r[n])) });
  return footCard('trust', 'Can I trust these dates?', text, h('details', {}, h('summary', {}, 'The back-test'), h('p', { class: 'note' }, 'Levels from 50 % to the limit were tried, for few servers reach the limit itself within a year.'), table('Dates made earlier on these data, held against what came', head, rows, { file: 'backtest.csv', csv })));
}
function roomToGive() {
  const smaller = (i) => (CAP.helps[i] || []).some(([action]) => action === 'one size down'), by = new Map();
  const sets = CAP.words.metric.words.map((_, k) => new Set(CAP.order.filter((i) => CAP.words.metric.codes[i] === k && smaller(i)).map((i) => word('server', i))));
  CAP.words.metric.words.forEach((m, k) => by.set(m, sets[k]));
  const [cpu, memory] = [by.get('cpu'), by.get('memory')], text = [];
  const money = CAP.machines && CAP.machines.totals, give = money && money.to_give_back;
  const priced = money && money.currency !== null;
  if (give && give.servers) text.push(`A smaller ${priced ? 'type' : 'size'} would do for ${plural(give.servers, 'server')}: ${number(give.vcpus, 0)} of ${number(money.vcpus, 0)} vCPU, and ${priced ? `${number(give.price_month, 0)} of ${number(money.price_month, 0)} ${money.currency} a month` : `${number(give.memory_gib, 0)} of ${number(money.memory_gib, 0)} GiB`}.`);
  else if (money) text.push(`All servers together: ${number(money.vcpus, 0)} vCPU ${priced ? `for ${number(money.price_month, 0)} ${money.currency} a month, and no smaller type would do` : `and ${number(money.memory_gib, 0)} GiB, and half would do for none`}.`);
  if (!money) for (const [name, set] of by) if (set.size) text.push(`${METRICS[name] || name}: half would do for ${plural(set.size, 'server')}.`);
  if (!money && cpu && memory) { const both = [...cpu].filter((n) => memory.has(n)).length; if (both) text.unshift(`${plural(both, 'server')} could be half the size: CPU and memory both stay below half of the limit.`); }
  const off = CAP.order.filter((i) => word('status', i) === 'constant' && figureIn('now', i) === 0 && word('metric', i) === 'cpu').length;
  if (off) text.push(`${plural(off, 'server')} never ${off === 1 ? 'uses' : 'use'} any CPU: switched off?`);
  if (!text.length) text.push('No server could do with half of what it has.');
  else text.push(`Judged by what was used since ${dateOf(-92)}, its highest half per cent left out, and for as long as dates are given.`);
  return footCard('room', 'Room to give back', text);
}
function notJudged() {
  const n = (status) => CAP.order.filter((i) => word('status', i) === status).length, text = [];
  const say = (status, words) => { const k = n(status); if (k) text.push(words(k)); };
  const series = (k) => plural(k, 'series', 'series');
  say('peaks only', (k) => `${series(k)} with peaks but no trend: a chance, no date.`);
  say('constant and full', (k) => `${series(k)} that never ${k === 1 ? 'moves' : 'move'}, at the limit.`);
  say('constant', (k) => `${series(k)} that never ${k === 1 ? 'moves' : 'move'}.`);
  say('too short', (k) => `${series(k)} of less than 26 weeks.`);
  say('ended', (k) => `${series(k)} that ended earlier.`);
  const missing = CAP.words.metric.words.filter(Boolean).length * CAP.servers - CAP.all;
  if (missing > 0) text.push(`${series(missing)} without a value.`);
  if (!text.length) text.push('Every series was judged.');
  return footCard('unjudged', 'Not dated, and why', text);
}
