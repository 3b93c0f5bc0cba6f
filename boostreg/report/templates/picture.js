/* ---- pictures to take away: as on the page, in light colours, with its title and its source ---- */
const kept = ['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-opacity', 'stroke-dasharray', 'stroke-linecap', 'stroke-linejoin',
  'opacity', 'paint-order', 'font-family', 'font-size', 'font-style', 'font-weight', 'text-anchor', 'unicode-bidi'];
/* computed styles become attributes: the copy needs no stylesheet; what is hidden is left out */
const flatten = (from, to) => {
  const style = getComputedStyle(from), children = [...from.children], copies = [...to.children];
  for (const name of kept) { const value = style.getPropertyValue(name); if (value) to.setAttribute(name, value); }
  to.removeAttribute('class');
  children.forEach((child, k) => { if (getComputedStyle(child).display === 'none') copies[k].remove(); else flatten(child, copies[k]); });
};
const inLight = work => {
  const root = document.documentElement, theme = root.dataset.theme;
  root.dataset.theme = 'light';
  try { return work(); } finally { if (theme) root.dataset.theme = theme; else delete root.dataset.theme; }
};
const ruler = document.createElement('canvas').getContext('2d');
const wrapped = (words, font, width) => {
  ruler.font = font;
  const lines = [''];
  for (const word of words.split(/\s+/).filter(Boolean)) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (lines.at(-1) && ruler.measureText(longer).width > width) lines.push(word); else lines[lines.length - 1] = longer;
  }
  return lines;
};
/* the key of a figure is in it, follows it, or is named by it; its marks and words flow below the drawing */
const keyOf = figure => $('.key', figure) || document.getElementById(figure.dataset.key) || (figure.nextElementSibling?.matches('.key') ? figure.nextElementSibling : null);
const legend = (key, start, width, nextLine, colour, family) => {
  const parts = [];
  let x = Infinity, y;
  ruler.font = `400 12px ${family}`;
  for (const item of key?.checkVisibility() ? $$('li', key) : []) {
    const words = item.textContent.trim(), mark = $('svg', item), room = mark ? 28 : 0;
    const wide = ruler.measureText(words).width + room;
    if (x + wide > start + width) { x = start; y = nextLine(); }
    if (mark) {
      const copied = mark.cloneNode(true);
      flatten(mark, copied);
      parts.push(set(copied, { x, y: y - 10, width: 22, height: 12 }));
    }
    const text = draw('text', { x: x + room, y, 'font-family': family, 'font-size': 12, fill: colour });
    text.textContent = words;
    parts.push(text);
    x += wide + 18;
  }
  return parts;
};
const gutter = 14;
const pictureOf = figure => inLight(() => {
  /* drawings that stand side by side on the page do so in the picture */
  const drawn = $$('.drawn > svg', figure).filter(one => one.checkVisibility()).map(svg => {
    const [, , width, height] = svg.getAttribute('viewBox').split(' ').map(Number);
    const { left, top } = svg.getBoundingClientRect();
    return { svg, width, height, left, top, x: 0 };
  });
  const rows = [];
  for (const one of drawn) {
    const row = rows.at(-1), last = row?.at(-1);
    if (last && one.left > last.left) { one.x = last.x + last.width + gutter; row.push(one); } else rows.push([one]);
  }
  const width = Math.max(...drawn.map(one => one.x + one.width));
  const style = getComputedStyle(figure), family = style.fontFamily, margin = 16;
  const parts = [];
  let y = margin;
  const write = (words, size, weight, colour) => {
    for (const line of wrapped(words, `${weight} ${size}px ${family}`, width)) {
      y += size * 1.35;
      const text = draw('text', { x: margin, y, 'font-family': family, 'font-size': size, 'font-weight': weight, fill: colour });
      text.textContent = line;
      parts.push(text);
    }
  };
  const soft = getComputedStyle($('.carry button', figure)).color;
  write($('h3', figure).textContent, 16, 700, style.color);
  const note = $$('.how', figure).find(one => one.checkVisibility());
  if (note) write(note.textContent, 12, 400, soft);
  for (const row of rows) {
    y += 8;
    for (const { svg, x, width, height } of row) {
      const copied = svg.cloneNode(true);
      flatten(svg, copied);
      parts.push(set(copied, { x: margin + x, y, width, height, overflow: 'visible' }));
    }
    y += Math.max(...row.map(one => one.height));
  }
  parts.push(...legend(keyOf(figure), margin, width, () => { y += 20; return y; }, soft, family));
  y += 4;
  write(`${$('main').dataset.source} · #${figure.id}`, 11, 400, soft);
  const size = { width: width + 2 * margin, height: Math.ceil(y + margin) };
  const whole = draw('svg', { ...size, viewBox: `0 0 ${size.width} ${size.height}` });
  const ground = getComputedStyle(document.body).backgroundColor;
  whole.append(draw('rect', { ...size, fill: ground }), ...parts);
  return { ...size, text: new XMLSerializer().serializeToString(whole) };
});
const asPng = async picture => {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture.text)}`;
  await image.decode();
  const canvas = set(document.createElement('canvas'), { width: 2 * picture.width, height: 2 * picture.height });
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise(done => { canvas.toBlob(done, 'image/png'); });
};
const save = (blob, name) => {
  const url = URL.createObjectURL(blob);
  make('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
};
const carried = {
  async png(figure) {
    const blob = asPng(pictureOf(figure));
    try { await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]); return 'Copied'; } catch { /* not granted: save it */ }
    save(await blob, `${figure.id}.png`);
    return 'Saved';
  },
  svg(figure) {
    save(new Blob([pictureOf(figure).text], { type: 'image/svg+xml' }), `${figure.id}.svg`);
    return 'Saved';
  },
};
for (const button of $$('[data-picture]')) {
  const words = button.textContent;
  button.addEventListener('click', async () => {
    button.textContent = await carried[button.dataset.picture](button.closest('figure'));
    say(button.textContent);
    setTimeout(() => { button.textContent = words; }, 1500);
  });
}
/* every heading of a part and of a figure has an address */
for (const heading of $$('main h2, main h3')) {
  const place = heading.closest('[id]');
  if (place && !heading.closest('summary')) heading.append(make('a', { class: 'at', href: `#${place.id}`, 'aria-label': `Link to: ${heading.textContent}` }));
}
