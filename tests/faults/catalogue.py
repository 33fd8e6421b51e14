"""The numbered faults: what is done to sellkit, and what has to come of it.

They are in three groups: the connection (1 to 19), the data (20 to 35), the orders (36 to 74). Each
has a scenario of its number in the folder `scenarios`, and at least one test that bears its number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.faults.catalogue_connection import CONNECTION
from tests.faults.catalogue_data import DATA
from tests.faults.catalogue_orders import ORDERS
from tests.faults.fault import Fault

SCENARIOS: Final = Path(__file__).parent / "scenarios"
GROUPS: Final = {"connection": CONNECTION, "data": DATA, "orders": ORDERS}
FAULTS: Final = {fault.number: fault for group in GROUPS.values() for fault in group}
COUNT: Final = 74


def scenario_files(folder: Path = SCENARIOS) -> dict[int, Path]:
    """The scenario of each number.

    Raises
    ------
    ValueError
        A file's name does not begin with a number, or two begin with the same one.
    """
    found: dict[int, Path] = {}
    for path in sorted(folder.glob("*.toml")):
        number, _, name = path.stem.partition("_")
        if not (number.isdecimal() and name):
            raise ValueError(
                f"{path.name} is not named by number and subject, as 07_data_lost.toml"
            )
        if int(number) in found:
            raise ValueError(f"{path.name} has the number of {found[int(number)].name}")
        found[int(number)] = path
    return found


def fault(number: int) -> Fault:
    """The fault of a number; KeyError where there is none."""
    return FAULTS[number]
