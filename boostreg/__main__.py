"""``python -m boostreg``: the command line."""

from boostreg.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
