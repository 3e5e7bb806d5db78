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
  section('correlations', 'Correlations', `Of what is left when each value is taken from the mean of its archetype at that moment, so that calendar and growth drop out. Blue: both rise together; brown: one falls where the other rises; pale: neither.${targets ? ' Targets are those of the scenario’s noise. Spikes lift several metrics at once and bounds cut them off, which moves what can be measured; the last column of each data table says how far.' : ''} They obey the archetype filter.`, h('div', { class: 'grid small' }, corr));
  const acf = sample.kinds.map((kind) => {
    const fig = figure(kind.kind, '');
    fig.after.append(key([[s('path', { d: 'M0 5H26', class: 'stroke line' }), 'as published'], [s('path', { d: 'M0 5H26', class: 'stroke rest', 'stroke-dasharray': '5 3' }), 'less the daily and weekly cycle']]));
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
