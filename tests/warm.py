"""Workers that start once for all runs and searches of a test process.

Starting a worker takes seconds, mostly the imports of the libraries. Tests of workers
themselves, of limits and of commands start their own.
"""

import importlib
from contextlib import ExitStack, contextmanager
from functools import cache

import pytest

from boostreg.fits.executor import LocalExecutor
from boostreg.fits.process import count_cores


class SharedExecutor:
    """A running executor that the end of a ``with`` block does not stop.

    Fits of a search whose time is over end by themselves.
    """

    def __init__(self, executor):
        self._executor = executor

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def kill_now(self):
        """Do nothing: others use these workers."""

    def __getattr__(self, name):
        return getattr(self._executor, name)


@contextmanager
def warm_workers():
    """Let calls that ask for the same workers share them."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:

        @cache
        def running(workers, threads, preload):
            made = LocalExecutor(workers, threads=threads, preload=preload)
            return SharedExecutor(stack.enter_context(made))

        def start(workers=None, *, threads=1, limits=None, preload=(), cards=()):
            if limits or cards:
                given = {} if limits is None else {"limits": limits}
                return LocalExecutor(
                    workers, threads=threads, preload=preload, cards=cards, **given
                )
            workers = max(count_cores() // threads, 1) if workers is None else workers
            return running(workers, threads, preload)

        for name in ("boostreg.tuning.tune", "boostreg.study.runner"):
            patch.setattr(importlib.import_module(name), "LocalExecutor", start)
        yield
