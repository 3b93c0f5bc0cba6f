"""Models on disk: the library's own file, and next to it a card in JSON.

The library's file alone can predict from numbers. The card defines these numbers: the
columns in order with the categories of their codes, the classes of the outputs, and the
SHA-256 of the file that it belongs to.
"""

from boostreg.saved.card import ModelCard
from boostreg.saved.model import (
    LoadedModel,
    frame_of,
    has_categories,
    load_model,
    read_frame,
    save_model,
)

__all__ = [
    "LoadedModel",
    "ModelCard",
    "frame_of",
    "has_categories",
    "load_model",
    "read_frame",
    "save_model",
]
