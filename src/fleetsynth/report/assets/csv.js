/** What stands in a cell, as programs read it: no thousands' commas, nothing for nothing. */
function plainCell(value) {
  if (value === null || value === undefined) return '';
  if (value.wide) return String(value.wide);
  const text = typeof value === 'object' ? spoken(value) : String(value);
  if (text === '–') return '';
  const figure = text.replace(/^−/, '-');
  return /^[+-]?\d{1,3}(,\d{3})*(\.\d+)?$/.test(figure) ? figure.replace(/,|^\+/g, '') : text;
}
/** The text of an element, with spaces between its parts; pictures say nothing. */
function spoken(element) {
  if (element.tagName === 'svg') return '';
  return [...element.childNodes].map((n) => (n.nodeType === 3 ? n.textContent : spoken(n))).join(' ').replace(/\s+/g, ' ').trim();
}
function csvLine(cells) {
  return cells.map((cell) => { const text = cell === null || cell === undefined ? '' : String(cell); return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text; }).join(',');
}
function download(name, head, rows) {
  // Marked as UTF-8, or spreadsheets take it for something older.
  const blob = new Blob(['\ufeff', [head, ...rows].map(csvLine).join('\r\n'), '\r\n'], { type: 'text/csv;charset=utf-8' });
  const link = h('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
/** A button that hands a table over; what it holds is made when it is asked for. */
function csvButton(name, make, text = 'Download CSV') {
  return h('button', { type: 'button', class: 'csv', onclick: () => { const { head, rows } = make(); download(name, head, rows); } }, text, h('span', { class: 'hidden' }, ` (${name})`));
}
function fileName(caption) {
  const slug = caption.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40).replace(/-+$/, '');
  return `${slug || 'table'}.csv`;
}
