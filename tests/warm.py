"""Workers that start once for all calls of ``tune`` and ``penalty_path`` of a file."""

import importlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache

import pytest

from boostreg.fits.executor import LocalExecutor


@contextmanager
def warm_workers() -> Iterator[None]:
    """Let calls that ask for the same number of workers share their processes."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:

        @cache
        def shared(workers, preload):
            return stack.enter_context(LocalExecutor(workers, preload=preload))

        def started(workers, *, preload):
            return nullcontext(shared(workers, preload))

        module = importlib.import_module("boostreg.tuning.tune")
        patch.setattr(module, "LocalExecutor", started)
        yield
