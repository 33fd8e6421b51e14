"""As many kills as asked for, of what writes bars or tickets, tells alerts, or keeps a schedule.

python -m tests.adapters.kills --kills 1000
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.adapters.alert_kills import kill_tellers
from tests.adapters.journal_writers import kill_tickets
from tests.adapters.schedule_kills import kill_again_and_again as kill_schedules
from tests.adapters.store_kills import kill_again_and_again

AT_ONCE = 50  # so many to a store, for all of it is read after each


def main() -> None:
    """Play as many kills as asked for, and say how many commits and tickets stood them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20260128)
    asked = parser.parse_args()
    stored = carried = told = slots = 0
    for played in range(0, asked.kills, AT_ONCE):
        kills = min(AT_ONCE, asked.kills - played)
        with tempfile.TemporaryDirectory() as folder:
            stored += kill_again_and_again(Path(folder), kills, asked.seed + played)
            journal = Path(folder) / "data" / "journal.sqlite"
            carried += kill_tickets(journal, kills, asked.seed + played)
        with tempfile.TemporaryDirectory() as folder:
            told += len(kill_tellers(Path(folder), kills, asked.seed + played))
        with tempfile.TemporaryDirectory() as folder:
            slots += kill_schedules(Path(folder), kills, asked.seed + played).total()
    print(f"{asked.kills:,} kills, {stored:,} commits, none lost, none torn")
    print(f"{asked.kills:,} kills, {carried:,} tickets, each step whole or not at all")
    print(f"{asked.kills:,} kills, {told:,} alerts, none lost, none told twice without saying so")
    print(f"{asked.kills:,} kills, {slots:,} slots, none run twice, none forgotten")


if __name__ == "__main__":
    main()
