"""Models on disk: the library's own file, and next to it a card in JSON.

The library's file alone can predict from numbers. The card defines these numbers: the
columns in order with the categories of their codes, the classes of the outputs, and the
SHA-256 of the file that it belongs to. A linear model is one file of JSON.
"""

from boostreg.saved.card import ModelCard
from boostreg.saved.linear import LinearCard, LinearModel, category_of
from boostreg.saved.model import (
    LoadedModel,
    load_model,
    microseconds_per_row,
    save_model,
)
from boostreg.saved.rows import (
    added_offset,
    frame_of,
    has_categories,
    read_frame,
    read_offset,
)

__all__ = [
    "LinearCard",
    "LinearModel",
    "LoadedModel",
    "ModelCard",
    "added_offset",
    "category_of",
    "frame_of",
    "has_categories",
    "load_model",
    "microseconds_per_row",
    "read_frame",
    "read_offset",
    "save_model",
]
