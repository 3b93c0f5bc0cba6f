"""Effects of penalties: paths, effects read from paths, and their explanation."""

__all__ = []
