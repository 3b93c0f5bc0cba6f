"""Models on disk: the library's own file, and beside it a card in JSON.

The library's file predicts alone from numbers. The card says what the numbers are: the
columns in order with the categories behind their codes, the classes behind the outputs,
and the SHA-256 of the file that it belongs to.
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
