function theme() {
  const button = document.getElementById('theme'), dark = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;
  let chosen = null;
  const apply = (mode) => {
    root.dataset.theme = mode;
    button.setAttribute('aria-pressed', String(mode === 'dark'));
  };
  const wanted = () => chosen || (dark.matches ? 'dark' : 'light');
  apply(wanted());
  button.addEventListener('click', () => { chosen = root.dataset.theme === 'dark' ? 'light' : 'dark'; apply(chosen); refresh(); });
  dark.addEventListener('change', () => { if (!chosen) { apply(wanted()); refresh(); } });
  // Paper is white.
  const folds = () => document.querySelectorAll('#about, #overview > details, #trust details');
  addEventListener('beforeprint', () => { STATE.paper = true; folds().forEach((fold) => { fold.open = true; }); apply('light'); refresh(); });
  addEventListener('afterprint', () => { STATE.paper = false; apply(wanted()); refresh(); });
  document.getElementById('print').addEventListener('click', () => print());
}

function footer() {
  document.getElementById('footer').append(
    h('p', {}, `Times are UTC. Lines are ${DATA.time.width > DATA.meta.step ? `means or peaks per ${bucketName()} of the samples` : 'the samples, averaged over servers'}; percentiles are read from bins of one percent, or of a hundredth of the range. Everything on this page is inside this file; it asks nothing of the network.`),
    h('p', {}, 'Made by fleetsynth. Lines over time are drawn by uPlot (MIT licence, in the source of this page).'));
}

/** What is about the data rather than the fleet comes last, folded. */
function aboutTheData() {
  const inside = h('div'), fold = h('details', { id: 'about', ontoggle: () => refresh() }, h('summary', {}, h('h2', {}, 'About the data'), h('span', { class: 'note' }, 'correlations, how long values are remembered, verdicts, and real fleets beside these')), inside);
  host.append(fold);
  host = inside;
}

function start() {
  theme();
  firstScreen();
  filterBar();
  ranked();
  overview();
  timeSection();
  patterns();
  calendarEffects();
  whatHappened();
  aboutTheData();
  relations();
  verdicts();
  facts();
  footer();
  refresh();
  let width = innerWidth, timer = 0;
  addEventListener('resize', () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(timer);
    timer = setTimeout(refresh, 120);
  });
  document.documentElement.dataset.ready = 'true';
}
start();
