"""As many kills as asked for, of processes that write bars.

python -m tests.adapters.kills --kills 1000
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.adapters.store_kills import kill_again_and_again


def main() -> None:
    """Play as many kills as asked for, and say how many commits stood them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20260128)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stored = kill_again_and_again(Path(folder), asked.kills, asked.seed)
    print(f"{asked.kills:,} kills, {stored:,} commits, none lost, none torn")


if __name__ == "__main__":
    main()
