"""What the tests of fits share: content that does not compress, and scripts."""

import random
import subprocess
import sys

import pytest


@pytest.fixture
def noise():
    """Return a function that gives the same random bytes for the same number."""
    return lambda number, size=1000: random.Random(number).randbytes(size)  # noqa: S311


@pytest.fixture
def run_script():
    """Return a function that starts Python code; what still runs is killed."""
    running = []

    def start(code, *arguments, **options):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()
