"""What the penalties do: paths along them, and effects read from paths."""

__all__ = []
