/* ---- cards of penalties: one cursor for all panels of a card, one switch for all cards ---- */
const digits = value => String(+Number(value).toPrecision(3));
const readingKeys = $$('[name=reading]');
const readingNow = card => (readingKeys.find(one => one.checked) || {}).value ?? $('[data-reading]', card).dataset.reading;
const rowsOfEffects = $$('.card').map(card => {
  const { grid, readings } = data.effects[card.dataset.p];
  const input = $('input', card), output = $('output', card), label = $('label b', card);
  const panels = $$('.panels > .drawn > svg', card).map(svg => {
    const points = $$('[data-reading]', svg).flatMap(group => $$('path[data-at]', group).flatMap(pointsOf).map(p => ({ ...p, reading: group.dataset.reading })));
    const cursor = svg.appendChild(draw('path', { class: 'cur' }));
    const rings = svg.appendChild(draw('path', { class: 'mark' }));
    const pin = svg.appendChild(draw('path', { class: 'dot' }));
    return { svg, points, cursor, rings, pin, x: new Map(points.reverse().map(p => [p.at, p.x])) };
  });
  const show = k => {
    const reading = readingNow(card), lines = readings[reading][k];
    for (const { points, cursor, rings, x } of panels) {
      cursor.setAttribute('d', x.has(k) ? `M${x.get(k)} 26V186` : '');
      rings.setAttribute('d', points.filter(p => p.at === k && p.reading === reading && p.y > 20 && p.y < 190).map(p => `M${p.x - 5} ${p.y}a5 5 0 1 0 10 0a5 5 0 1 0-10 0`).join(''));
    }
    label.textContent = `${card.dataset.p} = ${digits(grid[k])}`;
    output.textContent = lines.join('\n');
    input.value = k;
    input.setAttribute('aria-valuetext', `${label.textContent}. ${lines.join('. ')}`);
  };
  input.addEventListener('input', () => show(+input.value));
  for (const { svg, x } of panels) {
    svg.addEventListener('pointermove', event => {
      const at = inside(svg, event).x;
      let best = -1, minimum = Infinity;
      for (const [k, place] of x) if (Math.abs(place - at) < minimum) { minimum = Math.abs(place - at); best = k; }
      if (best >= 0) show(best);
    });
  }
  show(+input.value);
  /* where a trial's penalty lies on this axis: between the grid's own places, by ratio */
  const placeOf = (x, value) => {
    if (!(value > 0)) return x.get(grid.indexOf(0));
    const known = grid.map((v, k) => [v, x.get(k)]).filter(([v, place]) => v > 0 && place !== undefined);
    if (known.length < 2) return undefined;
    const [[a, left], [b, right]] = [known[0], known[known.length - 1]];
    const share = Math.min(1, Math.max(0, Math.log(value / a) / Math.log(b / a)));
    return left + share * (right - left);
  };
  const pinAt = value => {
    for (const { pin, x } of panels) {
      const place = value === null || value === undefined ? undefined : placeOf(x, value);
      pin.setAttribute('d', place === undefined ? '' : `M${place} 177l5 9h-10z`);
    }
  };
  const read = () => {
    for (const one of $$('[data-reading]', card)) one.classList.toggle('no', one.dataset.reading !== readingNow(card));
    show(+input.value);
  };
  return { penalty: card.dataset.p, pinAt, read };
});
for (const one of readingKeys) one.addEventListener('change', () => rowsOfEffects.forEach(card => card.read()));
/* a browser may restore the choice of an earlier visit */
if (readingKeys.some(one => one.checked && !one.defaultChecked)) rowsOfEffects.forEach(card => card.read());
