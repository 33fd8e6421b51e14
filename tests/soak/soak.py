"""A fault in each minute of a virtual day, and what sellkit makes of it.

Real are the gateway's socket, the client library, the supervision of the connection, the store, the
journal and the budget on disk. Only time is made up: it stands still while a minute is played, and
then goes on. Each minute draws from a seed of its own, so that a run can begin at any of them.
"""

from __future__ import annotations

import datetime as dt
import faulthandler
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sellkit.errors import SellkitError
from sellkit.ports import Progress
from tests.faults.play import Ears
from tests.soak import audit, vitals
from tests.soak.host import Host
from tests.soak.local import LOCAL, disk_full, run_killed
from tests.soak.operator import Deed, Operator
from tests.soak.places import LISTED, START
from tests.soak.troubles import MINUTE, WEIGHTS, End, Scene

HANGS = 120.0
"""Real seconds after which an action that has not ended hangs."""

RETURN = 60.0
BRIEFLY = 0.8
"""Real seconds that the connection is given to return before the next minute comes."""

QUIET = dt.timedelta(days=1, hours=3)
"""What the source said it does not have is asked for again after a day."""

HOUR = 60
TRIES = 12
MOST_FAILURES = 20


class Hangs(Exception):
    """An action did not end."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that must not happen, and how to see it again."""

    seed: int
    minute: int
    trouble: str
    deed: str
    what: str

    def __str__(self) -> str:
        again = f"SOAK_SEED={self.seed} SOAK_FROM={self.minute} SOAK_MINUTES=1"
        return f"minute {self.minute}, {self.trouble}, {self.deed}: {self.what} ({again})"


@dataclass
class Report:
    """What came of a soak.

    Attributes
    ----------
    minutes
        How many were played.
    ends
        How often an action ended in which way.
    failures
        What must not have happened.
    is_whole
        Whether it came to its end, with the bars held against the market.
    """

    seed: int
    minutes: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    samples: list[vitals.Sample] = field(default_factory=list)
    bars: int = 0
    quarantined: int = 0
    is_whole: bool = False

    def __str__(self) -> str:
        ends = ", ".join(f"{count} {name}" for name, count in self.ends.most_common())
        lines = [
            f"seed {self.seed}: {self.minutes:,} minutes, {len(self.troubles)} kinds of fault",
            f"actions: {ends}",
        ]
        if self.is_whole:
            lines.append(
                f"{self.bars:,} stored bars held against the market, {self.quarantined:,} put aside"
            )
        lines += [vitals.table(self.samples)] if self.samples else []
        lines += [f"FAILED: {each}" for each in self.failures]
        return "\n".join(lines)


class Soak:
    """One soak.

    Parameters
    ----------
    folder
        Where everything is kept.
    minutes
        How many to play.
    first
        The number of the first.
    """

    def __init__(self, folder: Path, seed: int, minutes: int, first: int = 0) -> None:
        self._folder = folder
        self._minutes = range(first, first + minutes)
        self.report = Report(seed)
        self._moment = START + MINUTE * first
        self._ears = Ears()
        self._excused: set[str] = set()
        self._ends: list[tuple[int, End]] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="soak")

    def play(self, progress: Progress) -> Report:
        """Play every minute, then look at all that is left.

        Raises
        ------
        Hangs
            An action did not end; the threads are shown on standard error.
        """
        with self._begun():
            progress.start("faults", len(self._minutes))
            try:
                for minute in self._minutes:
                    self._play(minute)
                    progress.advance(of=f"{self._moment:%H:%M}")
                    if len(self.report.failures) > MOST_FAILURES:
                        return self.report
            finally:
                progress.stop()
            self._finish()
        return self.report

    @contextmanager
    def _begun(self) -> Iterator[None]:
        logger = logging.getLogger("sellkit")
        logger.addHandler(self._ears)
        self._host = Host(self._moment, self._folder / "gateway")
        try:
            self._operator = Operator(self._host.port, self._folder, lambda: self._moment, self._go)
            self._scene = Scene(self._host, self._folder, self._moment)
            self._watched(self._operator.begin)
            yield
            self._operator.close()
        finally:
            self._host.close()
            self._pool.shutdown(wait=False)
            logger.removeHandler(self._ears)

    def _play(self, minute: int) -> None:
        chance = random.Random(f"{self.report.seed} {minute}")
        turn = START + MINUTE * minute
        is_hour = turn.minute == 0
        self._go(turn + dt.timedelta(seconds=20 if is_hour else chance.choice([3, 20, 40])))
        self._end(minute)
        choices = WEIGHTS | LOCAL
        (trouble,) = random.Random.choices(chance, list(choices), list(choices.values()))
        self.report.troubles[trouble.__name__] += 1
        run_id = f"{minute:08x}" if is_hour else None
        if trouble in (disk_full, run_killed):
            self._excused.add(str(run_id))
        self._scene.chance, self._scene.aimed = chance, None
        end = trouble(self._scene)
        deed = Deed("nothing")
        try:
            deed = self._watched(lambda: self._operator.act(chance, run_id, self._scene.aimed))
        except Hangs:
            raise
        except Exception as error:  # that there was one is what is looked for
            logging.getLogger(__name__).exception("unnamed")
            self._fail(minute, trouble.__name__, "an action", f"{type(error).__name__}: {error}")
        finally:
            if end is not None:
                lasts = 0 if trouble in LOCAL else chance.choice([0, 0, 0, 1, 2])
                self._ends.append((minute + lasts, end))
            self._end(minute)
        self.report.minutes += 1
        name = "well" if deed.error is None else type(deed.error).__name__
        self.report.ends["with problems" if name == "well" and deed.problems else name] += 1
        self._operator.came_back(BRIEFLY)
        self._look(minute, trouble.__name__, deed, run_id)

    def _look(self, minute: int, trouble: str, deed: Deed, run_id: str | None) -> None:
        if run_id is not None:
            found = audit.misjudged(self._host, self._folder, run_id, self._scene)
            for what in found:
                self._fail(minute, trouble, deed.name, what)
        if (minute + 1) % HOUR == 0:
            self._calm()
            self._watched(self._operator.start_anew)
            self._inspect(minute, trouble, deed.name)
            self._ears.records.clear()
            self.report.samples.append(vitals.sampled(minute + 1))

    def _inspect(self, minute: int, trouble: str, deed: str) -> None:
        """Hold what is stored, and what was decided since the last look, against the market."""
        store, options = self._operator.store, self._operator.options
        found = audit.unsound(store, options, self._moment)
        found += audit.false(self._host, store, options, self._scene)
        for what in (*found, *self._broken()):
            self._fail(minute, trouble, deed, what)

    def _broken(self) -> list[str]:
        alarms = {
            (str(getattr(each, "run_id", "")), str(getattr(each, "token", "")))
            for each in self._ears.records
            if each.levelno >= logging.CRITICAL
        }
        runs, self._operator.runs = self._operator.runs, []
        return audit.broken(self._host, self._folder, runs, self._excused, alarms)

    def _finish(self) -> None:
        """Let the gateway be well, wait a day, fetch what is left, and compare."""
        last = self._minutes[-1]
        self._calm()
        self._inspect(last, "none any more", "the last minute")
        for place in LISTED:
            self._host.control.resume(place.symbol)
        if not self._watched(lambda: self._operator.came_back(RETURN)):
            self._fail(last, "none any more", "waiting", "the connection did not come back")
            return
        self._go(self._moment + QUIET)
        problem = self._up_to_date()
        if problem:
            self._fail(last, "none any more", "refresh", problem)
        store, options = self._operator.store, self._operator.options
        held = self._operator.held()
        found = audit.wrong(self._host, store, held, options, self._moment)
        found += audit.unsound(store, options, self._moment)
        found += self._broken()
        found += vitals.findings(self.report.samples)
        for what in found:
            self._fail(last, "none any more", "the end", what)
        self.report.bars = sum(len(store.read(key)) for key in store.keys())  # noqa: SIM118 (no dict)
        self.report.quarantined = len(store.quarantined())
        self.report.is_whole = True

    def _up_to_date(self) -> str:
        """Refresh until nothing is left to be fetched; what hinders, or nothing."""
        problem = ""
        for _ in range(TRIES):
            try:
                report = self._watched(self._operator.refresh)
            except SellkitError as error:
                problem = f"{type(error).__name__}: {error}"
                self._watched(lambda: self._operator.came_back(RETURN))
                continue
            problem = str(dict(report.problems)) if report.problems else ""
            if not problem and not self._operator.store.frozen():
                return ""
        return problem or "a series stays frozen"

    def _calm(self) -> None:
        self._end(None)
        self._host.control.clear()

    def _end(self, minute: int | None) -> None:
        """End what is to end by a minute; everything for None."""
        due = [end for at, end in self._ends if minute is None or at <= minute]
        self._ends = [one for one in self._ends if minute is not None and one[0] > minute]
        for end in due:
            end()

    def _go(self, moment: dt.datetime) -> None:
        """Go on to a moment; sellkit itself may have waited until after it."""
        moment = max(moment, self._moment)
        self._host.control.set_clock(moment)
        self._moment = self._scene.moment = moment

    def _watched(self, act: Callable[[], Any]) -> Any:
        """Do something on a thread of its own, and see that it ends."""
        doing = self._pool.submit(act)
        try:
            return doing.result(HANGS)
        except TimeoutError as error:
            if doing.done():
                raise
            faulthandler.dump_traceback(all_threads=True)
            raise Hangs(f"an action did not end within {HANGS:.0f} s") from error

    def _fail(self, minute: int, trouble: str, deed: str, what: str) -> None:
        self.report.failures.append(Failure(self.report.seed, minute, trouble, deed, what))
