"""The plugin of the drill: runs what is not built yet, too, and keeps what came of each fault."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Generator

import pytest

from tests.faults.outcome import NOT_BUILT, Outcome

IS_DRILL: pytest.StashKey[bool] = pytest.StashKey()
STRICT = "is marked as not built, and passes: take the mark away"


class Reporter:
    """Collects the outcomes, and says how far it has come.

    Parameters
    ----------
    only
        The numbers of the faults that are to be played.
    """

    def __init__(self, only: frozenset[int]) -> None:
        self.outcomes = {number: Outcome(number) for number in sorted(only)}
        self._only = only
        self._left: dict[int, int] = defaultdict(int)

    def pytest_configure(self, config: pytest.Config) -> None:
        """Let what is not built yet run."""
        config.stash[IS_DRILL] = True

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep the tests of the chosen faults, in the order of their numbers."""
        wanted = [each for each in items if _number(each) in self._only]
        config.hook.pytest_deselected(items=[each for each in items if each not in wanted])
        items[:] = sorted(wanted, key=_number)
        for item in items:
            self._left[_number(item)] += 1

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        outcome = self.outcomes[_number(item)]
        outcome.seconds += report.duration
        strictly(report, is_built=item.get_closest_marker("not_built") is None)
        _take(outcome, report)
        if report.when == "teardown":
            self._left[outcome.number] -= 1
            if not self._left[outcome.number]:
                self._tell(outcome)
        return report

    def _tell(self, outcome: Outcome) -> None:
        done = sum(not each for each in self._left.values())
        line = f"[{done}/{len(self._left)}] fault {outcome.number}: {outcome.result}"
        is_watched = sys.stderr.isatty()
        sys.stderr.write(f"\r{line:<60}" if is_watched else f"{line}\n")
        if is_watched and done == len(self._left):
            sys.stderr.write("\n")
        sys.stderr.flush()


def strictly(report: pytest.TestReport, *, is_built: bool) -> None:
    """Let a test fail that passes although it is marked as not built."""
    if report.when == "call" and report.outcome == "passed" and not is_built:
        report.outcome = "failed"
        report.longrepr = STRICT


def _take(outcome: Outcome, report: pytest.TestReport) -> None:
    if report.when == "call":
        outcome.tests += 1
        outcome.seen += [str(value) for name, value in report.user_properties if name == "seen"]
    if report.outcome == "passed":
        return
    message = _message(report)
    if report.outcome == "failed" and message.startswith(NOT_BUILT):
        outcome.missing.append(message.removeprefix(NOT_BUILT))
        return
    outcome.tests = outcome.tests or 1
    outcome.problems.append(message)
    outcome.reports.append(f"{report.nodeid}\n{report.longreprtext}")


def _message(report: pytest.TestReport) -> str:
    """The one line that says why a test did not pass."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = report.longreprtext if crash is None else crash.message
    lines = [each.strip() for each in text.splitlines() if each.strip()] or [report.outcome]
    return lines[0].removeprefix("Failed: ").removeprefix("tests.faults.invariants.Breach: ")


def _number(item: pytest.Item) -> int:
    marker = item.get_closest_marker("fault")
    return int(marker.args[0]) if marker else 0
