"""Numbers in sentences about penalties."""

__all__ = ["shown"]


def shown(value: float) -> str:
    """Return a number with three significant digits, as it can stand in YAML.

    >>> shown(123456.0), shown(0.012345), shown(31)
    ('123000', '0.0123', '31')
    """
    return f"{float(f'{value:.3g}'):.10g}"
