/* ---- trials: points and table are two views of the same rows ---- */
const trials = data.trials;
/* ---- the address keeps the trial, the zoom and the limit: #trial=NAME&zoom=l,t,r,b&leaves=N ---- */
const places = { trial: '', zoom: '', leaves: '' };
const readAddress = () => {
  for (const key in places) places[key] = '';
  for (const part of location.hash.slice(1).split('&')) {
    const [key, words] = part.split('=');
    if (key in places && words) try { places[key] = decodeURIComponent(words); } catch { /* no such trial */ }
  }
};
const writeAddress = (key, words) => {
  places[key] = words;
  const kept = Object.keys(places).filter(name => places[name]).map(name => `${name}=${places[name]}`);
  try { history.replaceState(null, '', `#${kept.join('&') || 'size'}`); } catch { /* file pages may refuse */ }
};
readAddress();

/* ---- the scatter: one drawing for wide and one for narrow screens, zoomed together ---- */
const charts = $$('#scatter .drawn > svg').map(svg => {
  const zoom = zoomable(svg);
  const points = $$('path[data-at]', svg).flatMap(pointsOf);
  points.forEach(point => { point.ox = point.x; point.oy = point.y; });
  const limit = svg.appendChild(draw('path', { class: 'limit' })), label = svg.appendChild(draw('text', { class: 'k' }));
  /* the folds of the trial that is kept: dots above and below it, and a line through them */
  const thread = svg.appendChild(draw('path', { class: 'cur' })), beads = svg.appendChild(draw('path'));
  return { svg, zoom, points, of: new Map(points.map(p => [p.at, p])), marks: $$('.mark', svg), limit, label, thread, beads };
});
let view = WHOLE, hot = -1, pinned = -1;
const foldsOf = new Map(charts.slice(0, 1).flatMap(({ zoom, points }) => points.map(p => [p.at, p.folds.map(y => zoom.share(0, y)[1])])));
const within = ({ zoom: { box } }, point) => point && point.x > box[0] - 9 && point.x < box[2] + 9 && point.y > box[1] - 9 && point.y < box[3] + 9;
const drawMarks = () => {
  for (const chart of charts) {
    [hot, pinned].forEach((row, k) => {
      const point = chart.of.get(row);
      chart.marks[k].classList.toggle('no', !within(chart, point));
      if (within(chart, point)) set(chart.marks[k], { cx: point.x, cy: point.y });
    });
    const { box } = chart.zoom, point = chart.of.get(pinned);
    const seen = point && point.x >= box[0] && point.x <= box[2];
    const ys = (seen ? foldsOf.get(pinned) : []).map(part => +chart.zoom.Y(box[1] + part * (box[3] - box[1])).toFixed(1)).filter(y => y >= box[1] && y <= box[3]);
    chart.thread.setAttribute('d', ys.length ? `M${point.x} ${Math.min(...ys)}V${Math.max(...ys)}` : '');
    set(chart.beads, { class: ys.length ? point.drawn.getAttribute('class').replace(/faint|tied/, 'folds') : '', d: ys.map(y => `M${point.x} ${y}${point.shape}`).join('') });
  }
};

/* ---- the budget: the best candidate with at most so many leaves ---- */
const budget = $('#budget');
const drawLimit = () => {
  if (!budget) return;
  const leaves = data.budget.limits[+budget.value];
  for (const { zoom: { box, across }, limit, label } of charts) {
    const x = across(leaves), seen = x >= box[0] && x <= box[2];
    limit.setAttribute('d', seen ? `M${x.toFixed(1)} ${box[1]}V${box[3]}` : '');
    label.textContent = seen ? `${grouped(String(leaves))} leaves` : '';
    set(label, { x: x.toFixed(1), y: box[1] - 5, 'text-anchor': x > box[2] - 40 ? 'end' : x < box[0] + 40 ? 'start' : 'middle' });
  }
};
const offer = () => {
  if (budget) {
    const leaves = data.budget.limits[+budget.value], lines = data.budget.readings[+budget.value];
    $('#limit').textContent = grouped(String(leaves));
    $('#offer').textContent = lines.join('\n');
    $('#limit-python').textContent = `tuned.select(max_leaves=${leaves})`;
    $('#limit-yaml').textContent = `select: {max_leaves: ${leaves}}`;
    budget.setAttribute('aria-valuetext', `${leaves} leaves. ${lines.join('. ')}`);
  }
  drawLimit();
};
if (budget) {
  budget.addEventListener('input', offer);
  budget.addEventListener('change', () => writeAddress('leaves', data.budget.limits[+budget.value]));
  $('#limits').open = false;
}

const zoomTo = (left, top, right, bottom) => {
  const [a, b] = [Math.max(0, Math.min(left, right)), Math.min(1, Math.max(left, right))];
  const [c, d] = [Math.max(0, Math.min(top, bottom)), Math.min(1, Math.max(top, bottom))];
  if (!(b - a >= 0.005 && d - c >= 0.01)) return;
  view = b - a > 0.99 && d - c > 0.99 ? WHOLE : [a, c, b, d];
  for (const { zoom, points } of charts) {
    zoom.show(view);
    for (const point of points) { point.x = zoom.X(point.ox); point.y = zoom.Y(point.oy); }
  }
  $('#reset').disabled = view === WHOLE;
  drawMarks();
  drawLimit();
};
const zoomBy = factor => {
  const [x, y] = [(view[0] + view[2]) / 2, (view[1] + view[3]) / 2];
  const [w, h] = [(view[2] - view[0]) * factor / 2, (view[3] - view[1]) * factor / 2];
  zoomTo(x - w, y - h, x + w, y + h);
};
const zoomMove = (dx, dy) => {
  const [w, h] = [view[2] - view[0], view[3] - view[1]];
  const x = Math.max(0, Math.min(1 - w, view[0] + dx * w)), y = Math.max(0, Math.min(1 - h, view[1] + dy * h));
  zoomTo(x, y, x + w, y + h);
};
const keepZoom = () => writeAddress('zoom', view === WHOLE ? '' : view.map(part => +(100 * part).toFixed(1)).join(','));

if (charts.length) {
  for (const [id, act] of [['in', () => zoomBy(0.5)], ['out', () => zoomBy(2)], ['reset', () => zoomTo(...WHOLE)], ['near', () => {
    const { zoom } = charts[0];
    const spots = zoom.things.filter(thing => thing.node.classList.contains('lm')).map(thing => zoom.share(...thing.spot));
    const xs = spots.map(s => s[0]), ys = spots.map(s => s[1]);
    zoomTo(Math.min(...xs) - 0.1, Math.min(...ys) - 0.18, Math.max(...xs) + 0.1, Math.max(...ys) + 0.14);
  }]]) $(`#${id}`).addEventListener('click', () => { act(); keepZoom(); });
  for (const { svg } of charts) {
    const stage = set(svg.parentNode, { tabindex: 0, role: 'group', 'aria-label': 'Size against loss; keys plus, minus, 0 and arrows zoom and move' });
    stage.addEventListener('keydown', event => {
      const step = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, -0.2], ArrowDown: [0, 0.2] }[event.key];
      if (event.key === '+' || event.key === '=') zoomBy(0.5);
      else if (event.key === '-') zoomBy(2);
      else if (event.key === '0') zoomTo(...WHOLE);
      else if (step && view !== WHOLE) zoomMove(...step);
      else return;
      keepZoom();
      event.preventDefault();
    });
  }
}
const restore = () => {
  const zoomed = places.zoom.split(',').map(words => +words / 100);
  const place = budget ? data.budget.limits.indexOf(+places.leaves) : -1;
  if (place >= 0) budget.value = place;
  offer();
  if (charts.length && places.zoom && zoomed.length === 4) zoomTo(...zoomed);
  if (charts.length && Object.values(places).some(Boolean)) $('#scatter').scrollIntoView();
};
restore();

if (trials) {
  const column = name => trials.columns.indexOf(name);
  const place = new Map(trials.index.map((row, k) => [row, k]));
  const value = (k, name) => trials.values[k][column(name)];
  const body = $('#table tbody'), rows = $$('tr', body);
  /* the table names the rows, words are written once: both keep the page small */
  rows.forEach((row, k) => { row.dataset.i = trials.index[k]; });
  trials.names = rows.map(row => row.id.slice('trial='.length));
  for (const c of trials.worded) for (const row of trials.values) row[c] = trials.words[row[c]];
  const rowOf = new Map(rows.map(r => [+r.dataset.i, r]));
  const describe = row => {
    const cells = $$('td', rowOf.get(row)).map(td => td.textContent);
    const names = $$('#table thead th').slice(1).map(th => th.dataset.name);
    const of = name => cells[names.indexOf(name)];
    const penalties = trials.penalties.map(name => `${name} ${of(name)}`);
    return [`${of('leaves')} leaves · loss ${of('loss')} · ${of('rounds')} rounds`, ...penalties];
  };
  $$('#table thead th').forEach(th => {
    th.dataset.name = th.textContent;
    th.setAttribute('aria-sort', 'none');
    th.replaceChildren(make('button', { type: 'button' }, ...th.childNodes));
  });

  let shown = new Set(trials.index);
  const heat = row => {
    if (row === hot) return;
    rowOf.get(hot)?.classList.remove('hl');
    hot = row;
    rowOf.get(hot)?.classList.add('hl');
    drawMarks();
  };
  const pinText = $('#pin'), walk = $('#walk');
  const order = charts.slice(0, 1).flatMap(({ points }) => points).filter(p => place.has(p.at)).sort((a, b) => a.ox - b.ox || b.oy - a.oy).map(p => p.at);
  const setPin = row => {
    rowOf.get(pinned)?.classList.remove('pin');
    pinned = row;
    rowOf.get(pinned)?.classList.add('pin');
    drawMarks();
    const k = place.get(row);
    for (const effect of rowsOfEffects) effect.pinAt(k === undefined || column(effect.penalty) < 0 ? null : value(k, effect.penalty));
    if (!pinText) return;
    if (k === undefined) { pinText.textContent = 'Click a point to keep a trial and see its folds; drag to zoom.'; return; }
    pinText.replaceChildren(make('b', {}, trials.names[k]), ` · ${describe(row).join(' · ')}`);
    const step = order.indexOf(row);
    if (step >= 0) walk.value = step;
    walk.setAttribute('aria-valuetext', pinText.textContent);
  };
  const keep = row => {
    setPin(row);
    writeAddress('trial', row < 0 ? '' : trials.names[place.get(row)]);
  };

  for (const { svg, zoom, points } of charts) {
    const nearest = event => {
      const { x, y } = inside(svg, event);
      let best = -1, minimum = 200;
      for (const p of points) {
        if (!shown.has(p.at)) continue;
        const distance = (p.x - x) ** 2 + (p.y - y) ** 2;
        if (distance < minimum) { minimum = distance; best = p.at; }
      }
      return best;
    };
    svg.addEventListener('pointermove', event => {
      const row = nearest(event);
      heat(row);
      if (row < 0) hideTip(); else showTip(event, trials.names[place.get(row)], [...describe(row), 'Click to keep']);
    });
    svg.addEventListener('pointerleave', () => { heat(-1); hideTip(); });
    /* drag a rectangle with the mouse, or use the buttons and the keys + - 0 and arrows */
    const frame = svg.appendChild(draw('path', { class: 'cur' }));
    let from = null, dragged = false;
    const at = event => { const q = inside(svg, event); return [q.x, q.y]; };
    svg.addEventListener('pointerdown', event => { if (event.pointerType === 'mouse' && event.button === 0) { from = at(event); dragged = false; } });
    svg.addEventListener('pointermove', event => {
      if (!from) return;
      const [x, y] = at(event);
      dragged = dragged || Math.hypot(x - from[0], y - from[1]) > 6;
      if (dragged) { event.preventDefault(); hideTip(); frame.setAttribute('d', `M${from[0]} ${from[1]}H${x}V${y}H${from[0]}Z`); }
    });
    addEventListener('pointerup', event => {
      if (from && dragged) { zoomTo(...zoom.back(...from), ...zoom.back(...at(event))); keepZoom(); say('Zoomed in'); }
      from = null;
      frame.setAttribute('d', '');
    });
    svg.addEventListener('dblclick', () => { zoomTo(...WHOLE); keepZoom(); });
    svg.addEventListener('click', event => {
      if (dragged) { dragged = false; return; }
      const row = nearest(event);
      if (row >= 0) keep(row === pinned ? -1 : row); else if (pinned >= 0) keep(-1);
    });
  }
  if (walk) {
    walk.max = Math.max(0, order.length - 1);
    walk.addEventListener('input', () => { if (order.length) setPin(order[+walk.value]); });
    walk.addEventListener('change', () => { if (order.length) keep(order[+walk.value]); });
  }

  /* table: sort, filter, pages, CSV */
  let sorted = [...trials.index], page = 0, per = 25;
  const count = $('#count');
  const show = () => {
    const visible = sorted.filter(row => shown.has(row));
    const pages = Math.max(1, Math.ceil(visible.length / per));
    page = Math.max(0, Math.min(page, pages - 1));
    const part = visible.slice(page * per, (page + 1) * per);
    body.dataset.ready = '';
    body.replaceChildren(...part.map(row => rowOf.get(row)));
    count.textContent = visible.length ? `${page * per + 1}–${page * per + part.length} of ${visible.length}` : 'No trial matches';
    $('#prev').disabled = page === 0;
    $('#next').disabled = page >= pages - 1;
    return visible;
  };
  const compare = (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : a < b ? -1 : a > b ? 1 : 0);
  $('#table thead').addEventListener('click', event => {
    const th = event.target.closest('th');
    if (!event.target.closest('button')) return;
    const down = th.getAttribute('aria-sort') === 'ascending';
    $$('#table thead th').forEach(other => other.setAttribute('aria-sort', 'none'));
    th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const c = +th.dataset.c, key = row => trials.values[place.get(row)][c];
    sorted.sort((p, q) => {
      const a = key(p), b = key(q);
      if (a === null || b === null) return (a === null) - (b === null) || p - q;
      return compare(a, b) * (down ? -1 : 1) || p - q;
    });
    page = 0;
    show();
    say(`Sorted by ${th.dataset.name}, ${down ? 'descending' : 'ascending'}`);
  });
  const filter = () => {
    const engines = new Set($$('.engine:checked').map(box => box.value)), which = $('#which').value;
    shown = new Set(trials.index.filter((row, k) => engines.has(value(k, 'engine'))
      && (!which || trials.marks[k].includes(which) || (value(k, 'state') || 'complete') === which)));
    page = 0;
    show();
    for (const part of $$('#scatter [data-engine]')) part.classList.toggle('no', !engines.has(part.dataset.engine));
  };
  /* next to the chart and above the table */
  $$('.engine').forEach(box => box.addEventListener('change', () => {
    for (const other of $$('.engine')) if (other.value === box.value) other.checked = box.checked;
    filter();
  }));
  $('#which').addEventListener('change', filter);
  $('#per').addEventListener('change', event => { per = +event.target.value; page = 0; show(); });
  $('#prev').addEventListener('click', () => { page -= 1; show(); });
  $('#next').addEventListener('click', () => { page += 1; show(); });
  body.addEventListener('pointerover', event => heat(+(event.target.closest('tr')?.dataset.i ?? -1)));
  body.addEventListener('pointerleave', () => heat(-1));
  body.addEventListener('focusin', event => heat(+event.target.closest('tr').dataset.i));
  body.addEventListener('focusout', () => heat(-1));
  body.addEventListener('click', event => {
    const link = event.target.closest('a');
    if (!link) return;
    event.preventDefault();
    const row = +link.closest('tr').dataset.i;
    keep(row === pinned ? -1 : row);
  });
  /* a cell that a spreadsheet would run as a formula is made text */
  const field = cell => {
    let words = cell === null ? '' : String(cell);
    if (typeof cell === 'string' && /^[=+\-@\t\r]/.test(words)) words = `'${words}`;
    return /[",\n\r]/.test(words) ? `"${words.replace(/"/g, '""')}"` : words;
  };
  $('#csv').addEventListener('click', () => {
    const lines = [trials.columns, ...show().map(row => trials.values[place.get(row)])];
    const url = URL.createObjectURL(new Blob([lines.map(line => line.map(field).join(',')).join('\n') + '\n'], { type: 'text/csv' }));
    make('a', { href: url, download: 'trials.csv' }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  });

  const follow = () => {
    const k = trials.names.indexOf(places.trial);
    setPin(k < 0 ? -1 : trials.index[k]);
    if (k < 0) return;
    page = Math.max(0, Math.floor(sorted.filter(row => shown.has(row)).indexOf(trials.index[k]) / per));
    show();
    if (!charts.length) rowOf.get(trials.index[k]).scrollIntoView({ block: 'center' });
  };
  show();
  follow();
  addEventListener('hashchange', () => { if (/^#(trial|zoom|leaves)=/.test(location.hash)) { readAddress(); restore(); follow(); } });
  addEventListener('keydown', event => { if (event.key === 'Escape') { hideTip(); heat(-1); } });
}
