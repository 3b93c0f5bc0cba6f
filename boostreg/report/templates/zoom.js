/* ---- zoom: what Python drew is moved, and the ticks of the new range are set ---- */
const WHOLE = [0, 0, 1, 1];
/* A chart whose part `view` can be shown: left, top, right and bottom as shares of its plot. */
const zoomable = svg => {
  const box = $('[data-plot]', svg).dataset.plot.split(' ').map(Number);
  const [width, height] = [box[2] - box[0], box[3] - box[1]];
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
  let view = WHOLE;
  const share = (x, y) => [(x - box[0]) / width, (y - box[1]) / height];
  const X = x => box[0] + (share(x, 0)[0] - view[0]) / (view[2] - view[0]) * width;
  const Y = y => box[1] + (share(0, y)[1] - view[1]) / (view[3] - view[1]) * height;
  const p = value => String(+value.toFixed(1));
  const valueAt = (scale, place) => {
    const part = (place - scale.start) / (scale.end - scale.start);
    if (!scale.log) return scale.low + part * (scale.high - scale.low);
    return 10 ** (Math.log10(scale.low) + part * Math.log10(scale.high / scale.low));
  };
  const placeOf = (scale, value) => {
    const part = scale.log ? Math.log(value / scale.low) / Math.log(scale.high / scale.low) : (value - scale.low) / (scale.high - scale.low);
    return scale.start + part * (scale.end - scale.start);
  };
  const axis = ({ group, across, n, drawn, scale }) => {
    if (view === WHOLE) { group.replaceChildren(...drawn); return; }
    const [a, b] = across ? [box[0] + view[0] * width, box[0] + view[2] * width] : [box[1] + view[3] * height, box[1] + view[1] * height];
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
  return {
    box,
    things,
    share,
    X,
    Y,
    /* where so many leaves are on the axis now */
    across(value) {
      const { scale } = axes.find(one => one.across);
      return X(value <= 0 && scale.zero !== undefined ? scale.zero : placeOf(scale, value));
    },
    /* the share of the whole plot that is at a place now */
    back(x, y) {
      const [a, b] = share(x, y);
      return [view[0] + a * (view[2] - view[0]), view[1] + b * (view[3] - view[1])];
    },
    show(next) {
      view = next;
      axes.forEach(axis);
      for (const { path, points } of dots) path.setAttribute('d', points.map(([x, y, shape]) => `M${p(X(x))} ${p(Y(y))}${shape}`).join(''));
      for (const { path, parts } of stairs) path.setAttribute('d', parts.map(([c, a, b]) => c === 'M' ? `M${p(X(a))} ${p(Y(b))}` : c === 'H' ? `H${p(X(a))}` : `V${p(Y(a))}`).join(''));
      for (const { node, spot: [x, y] } of things) {
        node.setAttribute('transform', `translate(${p(X(x) - x)} ${p(Y(y) - y)})`);
        node.classList.toggle('no', X(x) < box[0] - 1 || X(x) > box[2] + 1 || Y(y) < box[1] - 1 || Y(y) > box[3] + 1);
      }
      $$('.cut', svg).forEach(node => node.classList.toggle('no', view !== WHOLE));
    },
  };
};
