"""A process that starts runs as its children, quickly: all imports are done once.

``python nursery.py STUDY`` reads lines from standard input: the size that no file may
exceed, or -1, and a folder. For each it forks a child that runs the study there by the
command line with one worker, and prints the child's number at once and the child's exit
status at its end. What the child prints goes to ``printed.txt`` in the folder. It has
run no fit itself, so forking it is safe; workers are spawned by the child as ever.
"""

import os
import resource
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from boostreg.cli import main as command

# Imported once here, so that no child needs to.
for module in (
    *("lightgbm", "narwhals", "optuna", "pandas", "rich.progress", "scipy.stats"),
    *("sklearn.datasets", "boostreg.study.runner"),
):
    import_module(module)


def run(limit: int, folder: Path) -> NoReturn:
    """Run the study and end this process as the command does."""
    with (folder / "printed.txt").open("w") as printed:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    options = ["--out", str(folder), "--workers", "1"]
    sys.argv = ["boostreg", "run", sys.argv[1], *options]
    code = 0
    try:
        command()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001  what the interpreter would do
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    os._exit(code)


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        limit, _, folder = line.rstrip("\n").partition(" ")
        child = os.fork()
        if child == 0:
            run(int(limit), Path(folder))
        print(child, flush=True)  # noqa: T201  this is its answer
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
