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


def faults(there):
    """Return all that is wrong with an open page in any mode; it is pruned after."""
    found = there.faults()
    for mode in MODES:
        turn(there.page, mode)
        found += [f"{mode}: scrolls sideways"] * (there.overflow() > 0)
    there.page.evaluate(PRUNE)
    there.page.evaluate(axe_script())
    for mode in MODES:
        turn(there.page, mode)
        found += violations(there.page, mode)
    return found + there.faults()


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
