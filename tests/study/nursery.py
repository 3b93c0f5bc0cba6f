"""A process that starts runs as its children, quickly: all imports are done once.

``python nursery.py STUDY`` reads folders from standard input, one a line. For each it
forks a child that runs the study there with two workers, and prints the child's number
at once and the child's exit status at its end. It has run no fit itself, so forking it
is safe; workers are spawned by the child as ever.
"""

import os
import sys

import optuna  # noqa: F401  imported here so that no child needs to

from boostreg.study.runner import run_study


def main() -> None:
    """Serve until standard input ends."""
    study = sys.argv[1]
    for folder in map(str.strip, sys.stdin):
        child = os.fork()
        if child == 0:
            run_study(study, out=folder, workers=2)
            os._exit(0)
        print(child, flush=True)  # noqa: T201  this is its answer
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
