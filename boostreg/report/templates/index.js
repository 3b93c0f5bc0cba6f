/* ---- sort by a head, filter by text, two ticks make a command ---- */
const body = $('#table tbody');
const rows = body ? $$('tr', body) : [];
const runs = $$('.run');
const filter = $('#filter');
const count = $('#count');
if (body) body.dataset.ready = '';

const cellOf = (row, c) => (c < 0 ? row.cells[0] : row.cells[c + 2]);
const keyOf = (row, c) => {
  const cell = cellOf(row, c);
  if (!('v' in cell.dataset)) return null;
  return 'n' in cell.dataset ? +cell.dataset.v : cell.dataset.v.toLowerCase();
};
for (const th of $$('#table thead th[data-c]')) {
  const name = th.textContent;
  th.replaceChildren(make('button', { type: 'button' }, name));
  th.setAttribute('aria-sort', 'none');
  th.firstChild.addEventListener('click', () => {
    const down = th.getAttribute('aria-sort') === 'ascending';
    $$('#table thead th[data-c]').forEach(other => other.setAttribute('aria-sort', 'none'));
    th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const place = new Map(rows.map((row, k) => [row, k]));
    const sorted = [...rows].sort((p, q) => {
      const a = keyOf(p, +th.dataset.c), b = keyOf(q, +th.dataset.c);
      if (a === null || b === null) return (a === null) - (b === null) || place.get(p) - place.get(q);
      return (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1) || place.get(p) - place.get(q);
    });
    body.replaceChildren(...sorted);
    say(`Sorted by ${name}, ${down ? 'descending' : 'ascending'}`);
  });
}

const narrow = () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of runs) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every(word => text.includes(word));
    shown += !row.hidden;
  }
  count.textContent = shown === runs.length ? '' : `${shown} of ${runs.length}`;
};
filter.addEventListener('input', narrow);
filter.addEventListener('keydown', event => { if (event.key === 'Escape') { filter.value = ''; narrow(); } });
narrow();

const command = $('#command');
let chosen = [];
for (const box of $$('.choose')) {
  box.checked = false;
  box.addEventListener('change', () => {
    chosen = chosen.filter(other => other !== box);
    if (box.checked) chosen.push(box);
    if (chosen.length > 2) chosen.shift().checked = false;
    if (chosen.length < 2) return;
    command.textContent = `boostreg compare ${chosen[0].value} ${chosen[1].value}`;
    say(command.textContent);
  });
}
