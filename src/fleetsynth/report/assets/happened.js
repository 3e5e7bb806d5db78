/** What happened, as the ledger of the scenario has it: rows of arrays, told ones first, then the worst. */
const EVENTS = DATA.events;
if (EVENTS) {
  EVENTS.counts = decode(EVENTS.counts);
  EVENTS.hours = decode(EVENTS.hours);
  EVENTS.rows = EVENTS.rows.map(([id, kind, entity, service, group, begin, end, effect, told, cause, severity, metrics]) => {
    const [name, title, about, tone, label] = EVENTS.kinds[kind];
    return { id, name, title, about, tone, label, entity, service: service || entity, group, begin, end, effect, told: Boolean(told), cause, severity, metrics, lasts: end === null || name === 'deploy' };
  });
  EVENTS.byId = new Map(EVENTS.rows.map((e) => [e.id, e]));
}
const SEVERITY = { critical: 3, major: 2, minor: 1, info: 0 };
const MOST_MARKS = 16;
const LETTERS = { cpu: 'c', memory: 'm', mem: 'm', disk: 'd', network: 'n', net_in: 'n', net_out: 'o' };

function eventsShown() { const open = new Set(STATE.groups); return EVENTS ? EVENTS.rows.filter((e) => open.has(e.group)) : []; }
function badFirst(a, b) { return SEVERITY[b.severity] - SEVERITY[a.severity] || lastsFor(b) - lastsFor(a); }
function lastsFor(e) { return (e.end ?? DATA.meta.last) - e.begin; }
function howLong(e) {
  if (e.end === null) return 'lasts';
  const seconds = lastsFor(e);
  return seconds >= 172800 ? `${number(seconds / 86400, 0)} days` : seconds >= 7200 ? `${number(seconds / 3600, 0)} hours` : `${number(seconds / 60, 0)} minutes`;
}
function at(seconds) { return `${day(seconds)} ${new Date(seconds * 1000).toISOString().slice(11, 16)}`; }
/** The id without the server or service: what a planner called it. */
function plainName(e) { return e.told ? e.id.replace(`-${e.entity}`, '') : e.title; }

/** Marks over time: told events, once however many they befall; of single services what was worst, too. */
function marksFor(services) {
  const out = new Map(), inside = eventsShown();
  for (const e of inside) {
    if (!e.told) continue;
    const key = `${plainName(e)} ${e.begin}`;
    if (!out.has(key)) out.set(key, { ...e, whom: new Set(), text: plainName(e) });
    out.get(key).whom.add(e.entity);
  }
  const chosen = services ? new Set(services) : null;
  const rest = chosen ? inside.filter((e) => !e.told && chosen.has(e.service) && !['failover', 'unserved'].includes(e.name) && e.metrics.includes(LETTERS[metric().stem])).sort(badFirst) : [];
  for (const e of rest) out.set(e.id, { ...e, whom: new Set([e.entity]), text: e.title });
  return [...out.values()].slice(0, MOST_MARKS).sort((a, b) => a.begin - b.begin);
}
function markWords(m) { return `${capital(m.text)} (${m.whom.size === 1 ? [...m.whom][0] : `${count(m.whom.size)} servers or services`})`; }

/** Draws marks beneath lines: what lasts as a thin line, what ends as a band, planned ones lighter. */
function drawMarks(u, marks) {
  const { ctx, bbox } = u, edge = (t) => Math.round(Math.max(bbox.left, Math.min(bbox.left + bbox.width, u.valToPos(t, 'x', true))));
  ctx.save();
  for (const m of marks) {
    const x = edge(m.begin);
    ctx.fillStyle = m.tone;
    ctx.globalAlpha = m.told ? 0.14 : 0.26;
    if (!m.lasts) ctx.fillRect(x, bbox.top, Math.max(2, edge(m.end) - x), bbox.height);
    ctx.globalAlpha = m.told ? 0.7 : 0.85;
    if (m.lasts) ctx.fillRect(x, bbox.top, Math.max(1, Math.round(1.5 * devicePixelRatio)), bbox.height);
    ctx.fillRect(x - 2, bbox.top, Math.max(5, m.lasts ? 0 : edge(m.end) - x), 3 * devicePixelRatio);
  }
  ctx.restore();
}
/** Marks that touch a bucket, in words. */
function marksAt(marks, from, to) { return marks.filter((m) => m.begin < to && (m.lasts ? m.begin >= from : m.end > from)).map(markWords); }

/** Ticks for a server's or a service's few worst events, in its little picture. */
function sparkMarks(name, stem, x, height) {
  if (!EVENTS) return [];
  const mine = EVENTS.rows.filter((e) => (e.entity === name || e.service === name) && e.metrics.includes(LETTERS[stem]) && (e.told || e.entity === name)).sort((a, b) => b.told - a.told || badFirst(a, b)).slice(0, 5);
  return mine.map((e) => {
    const from = Math.max(0, x((e.begin - CAP.last) / DAY)), to = e.lasts ? from : x((e.end - CAP.last) / DAY);
    return s('rect', { x: from.toFixed(1), y: 0, width: Math.max(e.lasts ? 0.8 : 1.5, to - from).toFixed(1), height, fill: e.tone, opacity: e.told ? 0.35 : 0.5 }, s('title', {}, `${capital(plainName(e))}, ${at(e.begin)}`));
  });
}

/** What follows from what: the worst events that brought others about. */
function chainsOf(rows) {
  const follow = new Map();
  for (const e of rows) if (EVENTS.byId.has(e.cause)) follow.set(e.cause, [...(follow.get(e.cause) || []), e]);
  return [...follow.keys()].map((id) => EVENTS.byId.get(id)).filter((e) => !EVENTS.byId.has(e.cause) && !e.told).sort(badFirst).slice(0, 5)
    .map((e) => [e, follow.get(e.id).sort((a, b) => a.begin - b.begin)]);
}

/** The section: how much of each kind, the worst, what followed from what, what nobody served. */
function whatHappened() {
  if (!EVENTS) return;
  const holder = h('div', { class: 'stack' });
  const said = EVENTS.all > EVENTS.rows.length ? ` Lists hold the ${count(EVENTS.rows.length)} that were planned or worst; “fleetsynth events” has all.` : '';
  section('happened', 'What happened', `${plural(EVENTS.all, 'event')} of the whole fleet, of which those are counted here whose servers pass the filters.${said}`, holder);
  onUpdate(() => {
    const groups = EVENTS.counts.shape[1], sum = (part, k) => STATE.groups.reduce((all, g) => all + (g < groups ? part.at[k * groups + g] : 0), 0);
    const kinds = EVENTS.kinds.map(([name, title, about, , label], k) => ({ name, title, about, lasts: label === 'regime', n: sum(EVENTS.counts, k), hours: sum(EVENTS.hours, k) })).filter(({ n }) => n).sort((a, b) => b.n - a.n);
    if (!kinds.length) { holder.replaceChildren(h('p', { class: 'empty' }, 'Nothing happened to the servers that pass the filters.')); return; }
    const rows = eventsShown(), worst = rows.filter((e) => !e.told && e.label !== 'planned' && !['failover', 'unserved'].includes(e.name)).sort(badFirst).slice(0, 10);
    const told = rows.filter((e) => e.told), chains = chainsOf(rows), none = kinds.find(({ name }) => name === 'unserved');
    const head = ['What', 'When (UTC)', 'Whom', 'How long', 'What it does', 'How bad', 'Why'];
    const line = (e) => [plainName(e) === e.title ? capital(e.title) : plainName(e), at(e.begin), e.entity, howLong(e), e.effect || e.about, e.severity, e.cause || '–'];
    const csv = (list) => () => ({ head: ['event_id', 'kind', 'entity', 'service', 'begin', 'end', 'effect', 'planned', 'cause', 'severity'], rows: list.map((e) => [e.id, e.name, e.entity, e.service, ...[e.begin, e.end].map((t) => (t === null ? '' : new Date(t * 1000).toISOString().slice(0, 19))), e.effect, e.told, e.cause, e.severity]) });
    const card = (title, note, ...inside) => h('div', { class: 'card' }, h('h3', {}, title), note ? h('p', { class: 'note' }, note) : null, inside);
    holder.replaceChildren(...[
      card('By kind', 'How often, and for how many hours in all within these data.', table('Events by kind', ['Kind', 'What it is', 'Times', 'Hours in all'], kinds.map((k) => [capital(k.title), { wide: capital(k.about) }, count(k.n), k.lasts ? '–' : count(k.hours)]), { words: 2 })),
      worst.length ? card('The ten worst', 'What nobody planned: first by how bad it was, then by how long it took.', table('The worst events', head, worst.map(line), { words: 7, csv: csv(rows) })) : null,
      chains.length ? card('What led to what', 'The worst events that brought others about.', h('ul', { class: 'plain chains' }, chains.map(([e, after]) => h('li', {}, h('b', {}, `${capital(e.title)} of ${e.entity}`), `, ${at(e.begin)}, ${howLong(e)}; then ${after.map((x) => `${x.title} of ${x.entity} (${howLong(x)})`).join(', ')}`)))) : null,
      card('Served by nobody', null, h('p', { class: 'note' }, none ? `${plural(none.n, 'time')} no server of a service was up, for ${plural(none.hours, 'hour')} in all: what was asked for then was not served.` : 'At every time a server of each service was up: nothing that was asked for went unserved.')),
      told.length ? card('Planned', 'What planners told beforehand; lighter on the charts above.', table('Planned events', head, told.slice(0, 200).map(line), { words: 7, tall: true, csv: csv(told) })) : null,
    ].filter(Boolean));
  });
}
