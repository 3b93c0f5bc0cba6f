/* ---- trials: points and table are two views of the same rows ---- */
const trials = data.trials;
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

  const svg = $('#scatter svg');
  const points = svg ? $$('path[data-at]', svg).flatMap(pointsOf) : [];
  const pointOf = new Map(points.map(p => [p.at, p]));
  const marks = svg ? $$('.mark', svg) : [];
  const drawMark = (mark, row) => {
    if (!mark) return;
    const point = pointOf.get(row);
    const box = svg.parentNode.dataset.box.split(' ').map(Number);
    const out = !point || point.x < box[0] - 9 || point.x > box[2] + 9 || point.y < box[1] - 9 || point.y > box[3] + 9;
    mark.classList.toggle('no', out);
    if (!out) set(mark, { cx: point.x, cy: point.y });
  };
  /* the folds of the trial that is kept: dots above and below it, and a line through them */
  const thread = svg?.appendChild(draw('path', { class: 'cur' })), beads = svg?.appendChild(draw('path'));
  let Yof = y => y;
  const drawFolds = row => {
    const point = pointOf.get(row);
    if (!beads) return;
    const box = svg.parentNode.dataset.box.split(' ').map(Number);
    const within = point && point.x >= box[0] && point.x <= box[2];
    const places = within ? point.folds.map(y => +Yof(y).toFixed(1)).filter(y => y >= box[1] && y <= box[3]) : [];
    thread.setAttribute('d', places.length ? `M${point.x} ${Math.min(...places)}V${Math.max(...places)}` : '');
    set(beads, { class: point ? point.drawn.getAttribute('class').replace(/faint|tied/, 'folds') : '', d: places.map(y => `M${point.x} ${y}${point.shape}`).join('') });
  };
  const zoom = svg && zoomable(svg, $('#scatter').dataset.box.split(' ').map(Number), (X, Y, isWhole) => {
    for (const point of points) { point.x = X(point.ox); point.y = Y(point.oy); }
    drawMark(marks[0], hot);
    drawMark(marks[1], pinned);
    Yof = Y;
    drawFolds(pinned);
    $('#reset').disabled = isWhole;
    $$('.cut', svg).forEach(node => node.classList.toggle('no', !isWhole));
  });
  points.forEach(point => { point.ox = point.x; point.oy = point.y; });
  let hot = -1, pinned = -1, shown = new Set(trials.index);
  const heat = row => {
    if (row === hot) return;
    rowOf.get(hot)?.classList.remove('hl');
    hot = row;
    rowOf.get(hot)?.classList.add('hl');
    drawMark(marks[0], hot);
  };
  const pinText = $('#pin'), walk = $('#walk');
  const order = points.filter(p => place.has(p.at)).sort((a, b) => a.x - b.x || b.y - a.y).map(p => p.at);
  const setPin = row => {
    rowOf.get(pinned)?.classList.remove('pin');
    pinned = row;
    rowOf.get(pinned)?.classList.add('pin');
    drawMark(marks[1], pinned);
    drawFolds(pinned);
    const k = place.get(row);
    for (const effect of rowsOfEffects) effect.pinAt(k === undefined || column(effect.penalty) < 0 ? null : value(k, effect.penalty));
    if (!pinText) return;
    if (k === undefined) { pinText.textContent = 'Choose a point, or a trial in the table, to keep it marked here and on the curves above.'; return; }
    pinText.replaceChildren(make('b', {}, trials.names[k]), ` · ${describe(row).join(' · ')}`);
    const step = order.indexOf(row);
    if (step >= 0) walk.value = step;
    walk.setAttribute('aria-valuetext', pinText.textContent);
  };
  const keep = row => {
    setPin(row);
    try { history.replaceState(null, '', row < 0 ? '#front' : `#trial=${trials.names[place.get(row)]}`); } catch { /* file pages may refuse */ }
  };

  if (svg) {
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
      if (from && dragged) { zoom.to(...zoom.back(...from), ...zoom.back(...at(event))); say('Zoomed in'); }
      from = null;
      frame.setAttribute('d', '');
    });
    svg.addEventListener('dblclick', () => zoom.reset());
    $('#in').addEventListener('click', () => zoom.by(0.5));
    $('#out').addEventListener('click', () => zoom.by(2));
    $('#reset').addEventListener('click', () => zoom.reset());
    $('#near').addEventListener('click', () => {
      const spots = zoom.things.filter(thing => thing.node.classList.contains('lm')).map(thing => thing.spot);
      const xs = spots.map(s => s[0]), ys = spots.map(s => s[1]);
      zoom.to(Math.min(...xs) - 70, Math.min(...ys) - 50, Math.max(...xs) + 70, Math.max(...ys) + 40);
    });
    $('#scatter').parentNode.addEventListener('keydown', event => {
      const step = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, -0.2], ArrowDown: [0, 0.2] }[event.key];
      if (event.key === '+' || event.key === '=') zoom.by(0.5);
      else if (event.key === '-') zoom.by(2);
      else if (event.key === '0') zoom.reset();
      else if (step && !$('#reset').disabled) zoom.move(...step);
      else return;
      event.preventDefault();
    });
    svg.addEventListener('click', event => { if (dragged) { dragged = false; return; } const row = nearest(event); if (row >= 0) keep(row === pinned ? -1 : row); else if (pinned >= 0) keep(-1); });
    walk.max = Math.max(0, order.length - 1);
    walk.addEventListener('input', () => keep(order[+walk.value]));
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
    for (const part of svg ? $$('[data-engine]', svg) : []) part.classList.toggle('no', !engines.has(part.dataset.engine));
  };
  $$('.engine').forEach(box => box.addEventListener('change', filter));
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
    const name = /^#trial=(.*)$/.exec(location.hash);
    const k = name ? trials.names.indexOf(decodeURIComponent(name[1])) : -1;
    setPin(k < 0 ? -1 : trials.index[k]);
    if (k < 0) return;
    page = Math.floor(sorted.filter(row => shown.has(row)).indexOf(trials.index[k]) / per);
    show();
    reveal(rowOf.get(trials.index[k]));
    rowOf.get(trials.index[k])?.scrollIntoView({ block: 'center' });
  };
  show();
  follow();
  addEventListener('hashchange', follow);
  addEventListener('keydown', event => { if (event.key === 'Escape') { hideTip(); heat(-1); } });
}
