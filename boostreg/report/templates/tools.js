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
let closed = [];
addEventListener('beforeprint', () => { closed = $$('details:not([open])'); closed.forEach(d => { d.open = true; }); });
addEventListener('afterprint', () => closed.forEach(d => { d.open = false; }));

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
