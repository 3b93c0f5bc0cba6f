/* ---- effect rows: one cursor for the three panels of a penalty ---- */
const digits = value => String(+Number(value).toPrecision(3));
const rowsOfEffects = $$('.fx').map(row => {
  const { grid, readings, start } = data.effects[row.dataset.p];
  const input = $('input', row), output = $('output', row), label = $('label b', row);
  const panels = $$(':scope > .panel > svg', row).map(svg => {
    const points = $$('path[data-at]', svg).flatMap(pointsOf);
    const cursor = svg.appendChild(draw('path', { class: 'cur' }));
    const rings = svg.appendChild(draw('path', { class: 'mark' }));
    const pin = svg.appendChild(draw('path', { class: 'dot' }));
    return { svg, points, cursor, rings, pin, x: new Map(points.map(p => [p.at, p.x])) };
  });
  const show = k => {
    for (const { points, cursor, rings, x } of panels) {
      cursor.setAttribute('d', x.has(k) ? `M${x.get(k)} 8V126` : '');
      rings.setAttribute('d', points.filter(p => p.at === k).map(p => `M${p.x - 5} ${p.y}a5 5 0 1 0 10 0a5 5 0 1 0-10 0`).join(''));
    }
    label.textContent = `${row.dataset.p} = ${digits(grid[k])}`;
    output.textContent = readings[k].join('\n');
    input.value = k;
    input.setAttribute('aria-valuetext', `${label.textContent}. ${readings[k].join('. ')}`);
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
  show(start);
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
      pin.setAttribute('d', place === undefined ? '' : `M${place} 117l5 9h-10z`);
    }
  };
  return { penalty: row.dataset.p, pinAt };
});
