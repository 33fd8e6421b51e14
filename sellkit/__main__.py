"""`python -m sellkit`: the command line without its script, as on Windows."""

from sellkit.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
