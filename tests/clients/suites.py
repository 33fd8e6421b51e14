"""Runs the public test suite of ib_insync or ib_async, in a checkout of one's own, on a gateway.

`python -m tests.clients.suites CHECKOUT ...`: each checkout has the library and its folder `tests`.
Those tests want a gateway on a port of their own choosing, which has to be free on this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree import ElementTree

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
_SECONDS: Final = 30
_TIMED_OUT: Final = "Timeout (>"
# Tests that time out whatever a gateway answers, and why.
_BEYOND_ANY_GATEWAY: Final = {
    ("ib_async", "tests.test_requests.test_request_error_raised"): (
        "ib_async 2.1 takes error 321 for a warning, and then waits for an answer without end"
    ),
}


class Suite(NamedTuple):
    """A checkout, and the library whose tests are in it."""

    folder: Path
    library: str


class Ending(NamedTuple):
    """How a test ended: `pass`, `skip`, `fail`, or `known` when no gateway could help it."""

    test: str
    how: str
    reason: str


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


def run(suite: Suite) -> list[Ending]:
    """Run the tests of a suite, and tell how each of them ended."""
    python = python_of(f"{suite.library}_suite")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = (
            *(python, "-m", "pytest", "tests", "-q", "--tb=short", f"--junitxml={report}"),
            *("-p", "no:cacheprovider", "--asyncio-mode=auto", f"--timeout={_SECONDS}"),
        )
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(command, cwd=suite.folder, env=environment, check=False)
        cases = ElementTree.parse(report).iter("testcase") if report.is_file() else ()
        return [ending_of(suite.library, case) for case in cases]


def ending_of(library: str, case: ElementTree.Element) -> Ending:
    """How one test of a report ended."""
    name = f"{case.get('classname')}.{case.get('name')}"
    troubles = {one.tag: one.get("message") or "" for one in case}
    if "failure" not in troubles and "error" not in troubles:
        return Ending(name, "skip" if "skipped" in troubles else "pass", "")
    reason = _BEYOND_ANY_GATEWAY.get((library, name), "")
    is_known = reason and _TIMED_OUT in troubles.get("failure", "")
    return Ending(name, "known", reason) if is_known else Ending(name, "fail", "")


def main(*checkouts: str) -> int:
    """Run every suite on two gateways; 0 when all of their tests passed that can."""
    suites = [suite_in(Path(one)) for one in checkouts]
    scenario = load_scenario(SCENARIO)
    endings: dict[Suite, list[Ending]] = {}
    with ExitStack() as gateways:
        for port in PORTS:
            clock = VirtualClock(parse_instant(MOMENT), 1)
            gateways.enter_context(serve(scenario, clock=clock, port=port))
        for suite in suites:
            endings[suite] = run(suite)
    for suite, found in endings.items():
        print(f"\n{suite.library} in {suite.folder}: {len(found)} tests")
        for name, how, reason in found:
            print(f"  {how:5}  {name}" + (f": {reason}" if reason else ""))
    return int(any(not found or "fail" in {one.how for one in found} for found in endings.values()))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("name a checkout of ib_insync or of ib_async: make suites FROM=/path/to/checkout")
    try:
        sys.exit(main(*sys.argv[1:]))
    except (FileNotFoundError, SellkitError, Unavailable) as error:
        sys.exit(f"the suites cannot be run: {error}")
