"""A page in the modes people read it in: light, dark, narrow, forced colours."""

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
LIGHT = {"color_scheme": "light", "forced_colors": "none"}
# Viewport, media, and the rules of axe whose outcome the mode can change.
MODES = {
    "light": (WIDE, LIGHT, []),
    "dark": (WIDE, LIGHT | {"color_scheme": "dark"}, ["color-contrast"]),
    "narrow": (NARROW, LIGHT, ["target-size", "scrollable-region-focusable"]),
    "forced": (WIDE, LIGHT | {"forced_colors": "active"}, ["color-contrast"]),
}
# Text of charts, whose colours test_palette checks, and the further rows of tables.
# They go before axe looks: leaving them out by its own option takes it 3 times as long.
PRUNE = """for (const e of document.querySelectorAll(
    'svg > *, tbody tr:nth-child(n+4)')) e.remove()"""


def faults(there, *modes):
    """Return all that is wrong with an open page in any mode; it is pruned after."""
    modes, found = modes or tuple(MODES), there.faults()
    for mode in modes:
        turn(there.page, mode)
        found += [f"{mode}: scrolls sideways"] * (there.overflow() > 0)
    there.page.evaluate(PRUNE)
    there.page.evaluate(axe_script())
    for mode in modes:
        turn(there.page, mode)
        found += violations(there.page, mode)
    return found + there.faults()


# Texts of every visible chart: two that overlap, and those that leave their chart.
# The box of a text is its line, about a third taller than its letters.
CROWDED = """() => {
  const shown = e => e.checkVisibility({visibilityProperty: true});
  const outer = [...document.querySelectorAll('svg')]
    .filter(e => !e.parentElement.closest('svg') && shown(e));
  const found = [];
  for (const svg of outer) {
    const frame = svg.getBoundingClientRect();
    const where = svg.closest('[id]')?.id ?? '';
    const texts = [...svg.querySelectorAll('text')].filter(
      e => shown(e) && e.textContent.trim()).map(e => {
        const box = e.getBoundingClientRect(), trim = box.height * 0.17;
        const turned = /rotate/.test(e.getAttribute('transform') ?? '');
        const [dx, dy] = turned ? [box.width * 0.17, 1] : [1, trim];
        return {words: e.textContent.trim(), left: box.left + dx, top: box.top + dy,
          right: box.right - dx, bottom: box.bottom - dy};
      }).filter(t => t.right > t.left && t.bottom > t.top);
    texts.forEach((a, k) => {
      if (a.left < frame.left - 2 || a.right > frame.right + 2
          || a.top < frame.top - 2 || a.bottom > frame.bottom + 2)
        found.push(`${where}: '${a.words}' leaves its chart`);
      for (const b of texts.slice(k + 1))
        if (a.left < b.right && b.left < a.right && a.top < b.bottom
            && b.top < a.bottom)
          found.push(`${where}: '${a.words}' overlaps '${b.words}'`);
    });
  }
  return found;
}"""


def crowded(page, *modes):
    """Return the texts of visible charts that overlap or leave their chart."""
    found = []
    for mode in modes or ("light", "narrow"):
        turn(page, mode)
        found += [f"{mode}: {one}" for one in page.evaluate(CROWDED)]
    return found


def turn(page, mode):
    """Show a page in a mode."""
    size, media, _ = MODES[mode]
    page.set_viewport_size(size)
    page.emulate_media(**media)


def axe_script():
    """Return axe's own script."""
    from axe_playwright_python.sync_playwright import Axe

    return Axe().axe_script


def violations(page, mode):
    """Return what axe finds: in light by all its rules, then by those that may turn."""
    rules = MODES[mode][2]
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        (mode, rule["id"], [node["html"][:120] for node in rule["nodes"]][:3])
        for rule in found["violations"]
    ]
