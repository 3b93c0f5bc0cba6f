const NS = 'http://www.w3.org/2000/svg';
const $ = (query, root = document) => root.querySelector(query);
const $$ = (query, root = document) => [...root.querySelectorAll(query)];
const set = (node, attributes) => { for (const name in attributes) node.setAttribute(name, attributes[name]); return node; };
const make = (tag, attributes, ...children) => { const node = set(document.createElement(tag), attributes || {}); node.append(...children); return node; };
const draw = (tag, attributes) => set(document.createElementNS(NS, tag), attributes);
const live = $('#live');
const say = words => { live.textContent = ''; live.textContent = words; };

/* ---- theme, print, copy, where we are ---- */
const store = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* private windows have none */ } },
};
const theme = $('#theme');
const setTheme = value => { if (value === 'auto') delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = value; };
theme.value = ['light', 'dark'].includes(store.get('boostreg-theme')) ? store.get('boostreg-theme') : 'auto';
setTheme(theme.value);
theme.addEventListener('change', () => { setTheme(theme.value); store.set('boostreg-theme', theme.value); });
$('#print').addEventListener('click', () => print());
/* folded evidence stays folded on paper, but for the parts that are marked */
let unfolded = [];
addEventListener('beforeprint', () => { unfolded = $$('details[data-print]:not([open])'); unfolded.forEach(d => { d.open = true; }); });
addEventListener('afterprint', () => unfolded.forEach(d => { d.open = false; }));

/* tabs: the radio buttons of a name show the parts of that name and value, and hide the others */
const choose = radio => { for (const part of $$(`[data-tab="${radio.name}"]`)) part.hidden = part.dataset.value !== radio.value; };
for (const radio of $$('.tabs input')) {
  radio.addEventListener('change', () => choose(radio));
  if (radio.checked) choose(radio);
}
/* what an address names is unfolded, and its tab is chosen */
const reveal = node => {
  for (let around = node; around; around = around.parentElement) {
    if (around.tagName === 'DETAILS') around.open = true;
    const radio = around.hidden && $(`.tabs input[name="${around.dataset.tab}"][value="${around.dataset.value}"]`);
    if (radio) { radio.checked = true; choose(radio); }
  }
};
const arrive = () => {
  let name = location.hash.slice(1);
  try { name = decodeURIComponent(name); } catch { /* as it is */ }
  const node = document.getElementById(name);
  if (!node) return;
  reveal(node);
  node.scrollIntoView();
};
addEventListener('hashchange', arrive);
if (location.hash) arrive();

const copy = async code => {
  try { await navigator.clipboard.writeText(code.textContent); return true; } catch { /* not granted: select it */ }
  const range = document.createRange();
  range.selectNodeContents(code);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  try { return document.execCommand('copy'); } catch { return false; }
};
for (const button of $$('[data-copy]')) {
  button.addEventListener('click', async () => {
    const done = await copy(document.getElementById(button.dataset.copy));
    button.textContent = done ? 'Copied' : 'Press Ctrl+C';
    say(button.textContent);
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
}
const links = new Map($$('nav a').map(a => [a.hash.slice(1), a]));
const watcher = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) {
    links.forEach(a => a.removeAttribute('aria-current'));
    links.get(entry.target.id)?.setAttribute('aria-current', 'true');
  }
}, { rootMargin: '-10% 0px -80% 0px' });
$$('section[id]').forEach(section => watcher.observe(section));
