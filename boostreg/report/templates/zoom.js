/* ---- zoom: what Python drew is moved, and the ticks of the new range are set ---- */
const zoomable = (svg, box, moved) => {
  const axes = $$('[data-scale]', svg).map(group => {
    const [low, high, start, end, log, zero] = group.dataset.scale.split(' ').map(Number);
    return { group, across: group.dataset.axis === 'x', n: +group.dataset.n, drawn: [...group.childNodes],
      scale: { low, high, start, end, log: log === 1, zero: Number.isNaN(zero) ? undefined : zero } };
  });
  const dots = $$('path[data-at]', svg).map(path => ({ path,
    points: [...path.getAttribute('d').matchAll(/M(-?[\d.]+) (-?[\d.]+)([^M]*)/g)].map(m => [+m[1], +m[2], m[3]]) }));
  const stairs = $$('path.fr', svg).map(path => ({ path,
    parts: [...path.getAttribute('d').matchAll(/([MHV])(-?[\d.]+)(?: (-?[\d.]+))?/g)].map(m => [m[1], +m[2], +m[3]]) }));
  const things = $$('[data-spot]', svg).map(node => ({ node, spot: node.dataset.spot.split(' ').map(Number) }));
  const whole = [box[0], box[1], box[2], box[3]];
  let view = whole;
  const X = x => box[0] + (x - view[0]) / (view[2] - view[0]) * (box[2] - box[0]);
  const Y = y => box[1] + (y - view[1]) / (view[3] - view[1]) * (box[3] - box[1]);
  const p = value => String(+value.toFixed(1));
  const valueAt = (scale, place) => {
    const share = (place - scale.start) / (scale.end - scale.start);
    if (!scale.log) return scale.low + share * (scale.high - scale.low);
    return 10 ** (Math.log10(scale.low) + share * Math.log10(scale.high / scale.low));
  };
  const placeOf = (scale, value) => {
    const share = scale.log ? Math.log(value / scale.low) / Math.log(scale.high / scale.low) : (value - scale.low) / (scale.high - scale.low);
    return scale.start + share * (scale.end - scale.start);
  };
  const axis = ({ group, across, n, drawn, scale }) => {
    if (view === whole) { group.replaceChildren(...drawn); return; }
    const [a, b] = across ? [view[0], view[2]] : [view[3], view[1]];
    const [low, high] = [valueAt(scale, a), valueAt(scale, b)];
    const minimum = across && scale.zero !== undefined ? Math.max(low, scale.low) : low;
    const parts = [];
    const tick = (place, label) => {
      const at = p(across ? X(place) : Y(place));
      parts.push(draw('path', { class: 'g', d: across ? `M${at} ${box[3]}V${box[1]}` : `M${box[0]} ${at}H${box[2]}` }));
      const text = draw('text', across ? { x: at, y: box[3] + 17, 'text-anchor': 'middle' } : { x: box[0] - 6, y: +at + 4, 'text-anchor': 'end' });
      text.textContent = label;
      parts.push(text);
    };
    if (high > minimum) for (const [value, label] of ticksOf(scale, minimum, high, n)) tick(placeOf(scale, value), label);
    if (scale.zero !== undefined && scale.zero >= a && scale.zero <= b) tick(scale.zero, '0');
    if (across) parts.push(draw('path', { class: 'ax', d: `M${box[0]} ${box[3]}H${box[2]}` }));
    group.replaceChildren(...parts, ...drawn.filter(node => node.classList?.contains('axlabel')));
  };
  const redraw = () => {
    axes.forEach(axis);
    for (const { path, points } of dots) path.setAttribute('d', points.map(([x, y, shape]) => `M${p(X(x))} ${p(Y(y))}${shape}`).join(''));
    for (const { path, parts } of stairs) path.setAttribute('d', parts.map(([c, a, b]) => c === 'M' ? `M${p(X(a))} ${p(Y(b))}` : c === 'H' ? `H${p(X(a))}` : `V${p(Y(a))}`).join(''));
    for (const { node, spot: [x, y] } of things) {
      node.setAttribute('transform', `translate(${p(X(x) - x)} ${p(Y(y) - y)})`);
      node.classList.toggle('no', X(x) < box[0] - 1 || X(x) > box[2] + 1 || Y(y) < box[1] - 1 || Y(y) > box[3] + 1);
    }
    moved(X, Y, view === whole);
  };
  return {
    things,
    reset() { view = whole; redraw(); },
    to(left, top, right, bottom) {
      const [a, b] = [Math.max(whole[0], Math.min(left, right)), Math.min(whole[2], Math.max(left, right))];
      const [c, d] = [Math.max(whole[1], Math.min(top, bottom)), Math.min(whole[3], Math.max(top, bottom))];
      if (b - a < 4 || d - c < 4) return;
      view = b - a > 0.99 * (whole[2] - whole[0]) && d - c > 0.99 * (whole[3] - whole[1]) ? whole : [a, c, b, d];
      redraw();
    },
    by(factor) {
      const [x, y] = [(view[0] + view[2]) / 2, (view[1] + view[3]) / 2];
      const [w, h] = [(view[2] - view[0]) * factor / 2, (view[3] - view[1]) * factor / 2];
      this.to(x - w, y - h, x + w, y + h);
    },
    move(dx, dy) {
      const [w, h] = [view[2] - view[0], view[3] - view[1]];
      const x = Math.max(whole[0], Math.min(whole[2] - w, view[0] + dx * w)), y = Math.max(whole[1], Math.min(whole[3] - h, view[1] + dy * h));
      if (view !== whole) this.to(x, y, x + w, y + h);
    },
    back: (x, y) => [view[0] + (x - box[0]) / (box[2] - box[0]) * (view[2] - view[0]), view[1] + (y - box[1]) / (box[3] - box[1]) * (view[3] - view[1])],
  };
};
