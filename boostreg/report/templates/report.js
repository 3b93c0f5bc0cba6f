const data = JSON.parse($('#data').textContent);

/* ---- points are read from the paths that drew them: M x y, one for each entry of data-at ---- */
const pointsOf = path => {
  const at = path.dataset.at ? path.dataset.at.split(' ').map(Number) : [];
  const where = [...path.getAttribute('d').matchAll(/M(-?[\d.]+) (-?[\d.]+)([^M]*)/g)];
  /* two digits of base 36 a fold, see figures/front.py */
  const marks = path.dataset.folds || '', n = marks.length / 2 / where.length;
  const folds = k => (marks.slice(2 * n * k, 2 * n * (k + 1)).match(/../g) || []).filter(mark => mark !== 'zz').map(mark => 0.3 * parseInt(mark, 36));
  return where.map((m, k) => ({ at: at[k], x: +m[1], y: +m[2], shape: m[3], engine: path.dataset.engine, drawn: path, folds: folds(k) }));
};
const inside = (svg, event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());

/* ---- tooltip: textContent only, so nothing from the data is ever parsed ---- */
const tip = $('#tip');
const hideTip = () => { tip.hidden = true; };
const showTip = (event, head, lines) => {
  tip.replaceChildren(make('b', {}, head), ...lines.flatMap(line => [line, make('br')]));
  tip.hidden = false;
  const x = Math.max(8, Math.min(event.clientX + 16, innerWidth - tip.offsetWidth - 8));
  const below = event.clientY + 18;
  const y = below + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 12 : below;
  tip.style.transform = `translate(${x}px,${y}px)`;
};
