"""Runs the public test suite of ib_insync or ib_async, in a checkout of one's own, on a gateway.

`python -m tests.clients.suites CHECKOUT ...`: each checkout has the library and its folder `tests`.
Those tests want a gateway on a port of their own choosing, which has to be free on this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from sellkit.errors import SellkitError
from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.clients.environments import Unavailable, python_of

PORTS: Final = (7497, 4001)
"""Those that the suites connect to: of a paper account in a terminal, and of a gateway."""

SCENARIO: Final = Path(__file__).parent / "suites.toml"
# Noon of a working day in New York, so that it does not matter when the suites are run.
MOMENT: Final = "2025-11-26T12:00:00"
LIBRARIES: Final = ("ib_async", "ib_insync")
_SECONDS: Final = 60


class Suite(NamedTuple):
    """A checkout, and the library whose tests are in it."""

    folder: Path
    library: str


def suite_in(folder: Path) -> Suite:
    """The suite of a checkout.

    Raises
    ------
    FileNotFoundError
        There is none.
    """
    for library in LIBRARIES:
        if (folder / library / "__init__.py").is_file() and (folder / "tests").is_dir():
            return Suite(folder.resolve(), library)
    raise FileNotFoundError(
        f"{folder} is no checkout of ib_insync or ib_async: it needs the folder of the library and "
        "the folder tests"
    )


def run(suite: Suite) -> int:
    """Run a suite, and give pytest's exit code."""
    python = python_of(f"{suite.library}_suite")
    command = (
        *(python, "-m", "pytest", "tests", "-v", "-rfE", "--tb=short"),
        *("-p", "no:cacheprovider", "--asyncio-mode=auto", f"--timeout={_SECONDS}"),
    )
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=suite.folder, env=environment, check=False).returncode


def main(*checkouts: str) -> int:
    """Run every suite on two gateways; 0 when all of their tests passed."""
    suites = [suite_in(Path(one)) for one in checkouts]
    scenario = load_scenario(SCENARIO)
    codes: dict[str, int] = {}
    with ExitStack() as gateways:
        for port in PORTS:
            clock = VirtualClock(parse_instant(MOMENT), 1)
            gateways.enter_context(serve(scenario, clock=clock, port=port))
        for suite in suites:
            codes[f"{suite.library} in {suite.folder}"] = run(suite)
    for name, code in codes.items():
        print(f"{'fail' if code else 'pass'}  {name}")
    return int(not codes or any(codes.values()))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("name a checkout of ib_insync or of ib_async: make suites FROM=/path/to/checkout")
    try:
        sys.exit(main(*sys.argv[1:]))
    except (FileNotFoundError, SellkitError, Unavailable) as error:
        sys.exit(f"the suites cannot be run: {error}")
