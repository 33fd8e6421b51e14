"""What `sellkit watch` showed, held against the same computation as the decisions of runs."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.week.hours import MINUTE, session_at
from tests.week.ledger import RAN, Ledger, Row, moment
from tests.week.market import PORTFOLIO
from tests.week.truth import Truth


def unwatched(runs: Iterable[dt.datetime], minutes: Iterable[dt.datetime]) -> set[dt.date]:
    """The sessions of which the watch showed nothing that could be held against anything.

    Parameters
    ----------
    runs
        Those after which something was still held; two of them leave the watch time enough.
    minutes
        When it showed something fresh.
    """
    of_runs, shown = (
        Counter(each.date for at in some if (each := session_at(at)) is not None)
        for some in (runs, minutes)
    )
    return {date for date, count in of_runs.items() if count > 1 and not shown[date]}


class Watched:
    """Reads on where it ended the last time.

    Parameters
    ----------
    said
        The folder with what the processes wrote.

    Attributes
    ----------
    minutes
        When the watch showed something fresh, which was held against the truth.
    """

    def __init__(self, said: Path, ledger: Ledger, truth: Truth) -> None:
        self._said, self._ledger, self._truth = said, ledger, truth
        self._of_token = {each.token: each for each in PORTFOLIO}
        self._read: dict[str, int] = {}
        self._unwatched: set[dt.date] = set()
        self.minutes: list[dt.datetime] = []

    def findings(self) -> Iterator[str]:
        """What is wrong, once a run has fetched the history, which the watch does not."""
        first = min((moment(each["as_of"]) for each in self._ledger.runs()), default=None)
        for shown in self._shown():
            if first is not None and moment(shown["heading"]["as_of"]) > first + MINUTE:
                yield from self._minute(shown)
        if first is None:
            return
        missing = unwatched(self._runs(first + MINUTE), self.minutes) - self._unwatched
        self._unwatched |= missing
        for date in sorted(missing):
            yield f"the watch showed nothing of the session on {date}"

    def _shown(self) -> Iterator[Row]:
        """The lines that are new, of each watch that was started."""
        for path in sorted(self._said.glob("*-watch.txt")):
            lines = path.read_text(encoding="utf-8").splitlines()
            fresh = lines[self._read.get(path.name, 0) :]
            self._read[path.name] = len(lines)
            for line in fresh:
                if line.startswith("{") and line.endswith("}"):  # the last one may be cut off
                    yield json.loads(line)

    def _minute(self, shown: Row) -> Iterator[str]:
        fresh = [
            each
            for each in shown["rows"]
            if not each["trouble"] and each["refreshed_at"] == shown["refreshed_at"]
        ]
        if fresh:
            self.minutes.append(moment(shown["refreshed_at"]))
        for row in fresh:
            now = moment(row["refreshed_at"])
            wanted = self._truth.of(self._of_token[row["token"]], now)
            if wanted.decision != row["decision"]:
                yield f"the watch at {now}: {row['token']} {row['reasons']}, and not {wanted}"

    def _runs(self, since: dt.datetime) -> Iterator[dt.datetime]:
        """The runs that came to their end and left something to be watched."""
        for each in self._ledger.runs():
            at, rows = moment(each["as_of"]), self._ledger.decisions(str(each["run_id"]))
            if at > since and each["outcome"] == RAN and any(r["decision"] == "HOLD" for r in rows):
                yield at
