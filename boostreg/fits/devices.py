"""Finds the CUDA devices that fits can run on, and tells workers apart by them.

XGBoost falls back to the CPU with a warning if it finds no device, so a worker fits a
few rows on one before a run. The calling process uses no device: it would keep memory
there.
"""

import ctypes
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from boostreg.engines import get_engine
from boostreg.errors import FitError, RunError
from boostreg.fits.process import CallLimits, WorkerProcess

__all__ = ["VISIBLE", "Card", "cards_here", "each_alone", "model_of"]

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The variable that names the devices that a process sees."""

_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_PROBE_SECONDS = 120.0
"""Maximum seconds to fit a few rows: the first use of a device may compile code."""


@dataclass(frozen=True, slots=True)
class Card:
    """A CUDA device: the name of its model, and what identifies it."""

    name: str
    uuid: str


@cache
def cards_here() -> tuple[Card, ...]:
    """Return the CUDA devices of this machine, found by a worker that then exits.

    Raises
    ------
    RunError
        As ``find_cards`` and ``model_of``, or if the worker crashed.
    """
    worker = WorkerProcess((__name__,), 1, CallLimits(seconds=_PROBE_SECONDS))
    try:
        cards: tuple[Card, ...] = worker.call(find_cards, (), {})
    except FitError as error:
        raise RunError(f"A first fit on a CUDA device failed: {error}") from error
    finally:
        worker.close()
    model_of(cards)
    return cards


def find_cards() -> tuple[Card, ...]:
    """Return the CUDA devices that this process sees, and use the first of them.

    Raises
    ------
    RunError
        If there is none, or if XGBoost does not use it.
    """
    cards = listed_cards()
    if fault := get_engine("xgboost").device_fault():
        names = ", ".join(card.name for card in cards)
        raise RunError(f"{fault}. The NVIDIA driver lists: {names}.")
    return cards


def model_of(cards: Sequence[Card]) -> str:
    """Return the name that all devices have.

    Raises
    ------
    RunError
        If they differ, because a fit has other bits on another model.
    """
    names = sorted({card.name for card in cards})
    if len(names) > 1:
        raise RunError(
            f"The CUDA devices are of different models, on which fits differ: "
            f"{', '.join(names)}. Choose those of one model with {VISIBLE}."
        )
    return names[0]


def each_alone(cards: Sequence[Card]) -> tuple[dict[str, str], ...]:
    """Return the environment in which a process sees one device of this machine.

    >>> each_alone(())
    ()
    """
    chosen = os.environ.get(VISIBLE)
    names = range(len(cards)) if chosen is None else chosen.split(",")
    return tuple({VISIBLE: str(name)} for name, _ in zip(names, cards, strict=False))


def listed_cards() -> tuple[Card, ...]:
    """Return the devices that the NVIDIA driver lists, without using one.

    The functions are those of the CUDA driver API, sections 6.2 and 6.5 of its manual.
    Raises RunError if there is no driver or no device.
    """
    try:
        driver: Any = ctypes.CDLL(_DRIVER)
    except OSError:
        raise RunError(
            f"No CUDA device was found: no NVIDIA driver is installed ({_DRIVER} is "
            "missing)."
        ) from None
    count = ctypes.c_int()
    status = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.pointer(count))
    if status or not count.value:
        chosen = os.environ.get(VISIBLE)
        hint = "" if chosen is None else f", and {VISIBLE} is {chosen!r}"
        raise RunError(
            "No CUDA device was found: the NVIDIA driver lists none (status "
            f"{status}{hint})."
        )
    return tuple(_card(driver, number) for number in range(count.value))


def _card(driver: Any, number: int) -> Card:
    device, name = ctypes.c_int(), ctypes.create_string_buffer(256)
    uuid = (ctypes.c_ubyte * 16)()
    status = (
        driver.cuDeviceGet(ctypes.pointer(device), number)
        or driver.cuDeviceGetName(name, len(name), device)
        or driver.cuDeviceGetUuid_v2(ctypes.pointer(uuid), device)
    )
    if status:
        raise RunError(f"CUDA device {number} cannot be read (status {status}).")
    return Card(name.value.decode(), str(UUID(bytes=bytes(uuid))))
