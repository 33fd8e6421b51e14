"""Plays the days: time stands still while sellkit works, and leaps over what is between.

The schedule keeps the gateway's time (`clock = "broker"`), so the watchdog goes by its silence
alone: what `lateness` in `sellkit.core.heartbeat` says by the calendar is not played here.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sellkit.errors import NotConnected
from tests.week import told
from tests.week.checks import Checks
from tests.week.hours import MINUTE
from tests.week.ledger import Ledger
from tests.week.market import PORTFOLIO
from tests.week.plan import Day, Kill, Plan
from tests.week.processes import PATIENCE, NeverCame, await_that, pause, resume
from tests.week.vitals import Vitals
from tests.week.world import World

DELAY = dt.timedelta(seconds=21)
"""`schedule.delay_seconds` and one: by then a run begins."""

SECOND = dt.timedelta(seconds=1)

WANTED = ("decisions", "exits", "orders executed", "alerts told", "minutes watched", "resets")
"""What several sessions cannot go by without: a check that saw nothing has proved nothing."""

Act = Callable[[dt.datetime], None]


@dataclass
class Report:
    """What came of it.

    Attributes
    ----------
    resets
        How many of the gateway's nights everything has outlived.
    failures
        What must not be: the day, and what.
    """

    plan: Plan
    days: int = 0
    kills: int = 0
    resets: int = 0
    failures: list[tuple[dt.date, str]] = field(default_factory=list)
    vitals: Vitals = field(default_factory=Vitals)
    counts: dict[str, int] = field(default_factory=dict)

    def lacking(self) -> list[str]:
        """What never came, and has to in several sessions."""
        if sum(day.session is not None for day in self.plan.days) < 2:
            return []
        counts = {**self.counts, "resets": self.resets}
        return [f"there were no {name}" for name in WANTED if not counts.get(name)]

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        lines = [f"seed {self.plan.seed}: {self.days} days, {self.kills} kills, "]
        lines[0] += f"{self.resets} resets; {counts}"
        lines.append(str(self.vitals))
        for date, what in self.failures:
            lines.append(f"FAILED: seed {self.plan.seed}, {date:%a %d %b}: {what}")
        return "\n".join(lines)


class Week:
    """One play of a plan.

    Parameters
    ----------
    folder
        One that is not there yet, or empty.
    say
        Told what happens.
    """

    def __init__(self, folder: Path, plan: Plan, say: Callable[[str], None]) -> None:
        self._plan, self._say = plan, say
        self._world = World.made(folder, plan)
        self._ledger = Ledger(self._world.data / "journal.sqlite")
        self._checks = Checks(self._world, plan, self._ledger)
        self.report = Report(plan)

    def play(self) -> Report:
        """Every day, and the checks after each; the machine is off between days that are apart."""
        try:
            with self.report.vitals.sampled(self._world):
                for day in self._plan.days:
                    self._play(day)
        finally:
            self._world.kill()
        for what in (*self.report.vitals.findings(), *self.report.lacking()):
            self._fail(day, what)
        return self.report

    def _play(self, day: Day) -> None:
        self._say(f"--- {day.date:%a %d %b %Y}, killed at {day.kill.at:%d %b %H:%M} UTC")
        world = self._world
        try:
            self._live(day)
        except (NeverCame, NotConnected) as never:
            self._fail(day, str(never))
        if world.gateway is not None and world.gateway.process.poll() is None:
            self._look(day)
        ended = world.ended()
        for what in ended:
            self._fail(day, what)
        if ended:
            self._kill()  # the next day begins with everything
        self.report.days += 1

    def _live(self, day: Day) -> None:
        """All that happens on a day, unless a process ends by itself."""
        world, held = self._world, self.report.vitals
        if world.gateway is not None and world.now < day.begins - MINUTE:
            self._kill()  # the machine is switched off
        if world.gateway is None:
            self._start(day.begins)
        world.arm()
        world.buy_again()
        self._checks.note()
        for moment, act in self._acts(day):
            if world.gateway is not None or act == self._start:
                act(moment)
                self._checks.note()
                held.weigh(day.date, world, self._ledger.ended())
            if world.ended():
                return
        world.go_to(day.ends)

    def _look(self, day: Day) -> None:
        def is_all_told() -> bool:
            return not told.unseen(self._ledger) and not told.waiting(self._ledger)

        with suppress(NeverCame):  # the checks say which alerts nobody was told of
            await_that(is_all_told, "not every alert was told")
        for what in self._checks.found():
            self._fail(day, what)
        self.report.vitals.weigh(day.date, self._world, self._ledger.ended())
        self.report.counts = self._checks.counts

    def _fail(self, day: Day, what: str) -> None:
        self._say(f"FAILED: {what}")
        self.report.failures.append((day.date, what))

    def _acts(self, day: Day) -> list[tuple[dt.datetime, Act]]:
        """What is to be done, by its time."""
        kill, session = day.kill, day.session
        acts: list[tuple[dt.datetime, Act]] = [(day.reset, self._reset)]
        if day.logged_out is not None and day.login is not None:
            acts += [(day.logged_out, self._log_out), (day.login, self._log_in)]
        for turn in () if session is None else (session.opens, *session.ends):
            act: Act = self._turn
            if kill.stage is not None and turn == kill.at:
                act = partial(self._cut_off, kill=kill)
            elif turn == self._plan.silence:
                act = self._hold_up
            acts.append((turn, act))
        if kill.stage is None:
            acts.append((kill.at, self._end))
        return sorted([*acts, (kill.back, self._start)], key=lambda each: each[0])

    # --- what happens -------------------------------------------------------------------------

    def _start(self, moment: dt.datetime) -> None:
        """Start everything, and let it see to what was due meanwhile."""
        self._say(f"{moment:%d %b %H:%M} everything is started")
        world, checks = self._world, self._checks
        world.switch_on(moment)
        world.go_to(max((each + DELAY for each in checks.due(world.now)), default=world.now))
        checks.back(world.now)
        checks.note()
        world.flow()
        world.launch()
        self._settle()

    def _end(self, moment: dt.datetime) -> None:
        """Kill everything at a moment."""
        self._world.go_to(moment)
        self._kill()

    def _kill(self) -> None:
        count = self._world.kill()
        self.report.kills += 1
        self._checks.gone(self._world.now)
        self._say(f"{self._world.now:%d %b %H:%M:%S} {count} processes killed")

    def _turn(self, moment: dt.datetime) -> None:
        """The end of an hour, or an opening."""
        self._world.go_to(moment + DELAY)
        self._settle()

    def _hold_up(self, moment: dt.datetime) -> None:
        """The end of an hour at which the schedule is held up, until a person has heard of it."""
        world = self._world
        world.go_to(moment + DELAY)
        stopped = pause(world.others[:1])
        self._say(f"{world.now:%d %b %H:%M} the schedule is held up, and the watchdog is to say so")
        try:
            world.flow()
            self._await_told(told.LATE, self._checks.silences + 1)
            self._checks.silences += 1
        finally:
            resume(stopped)
        self._settle()
        self._await_told(told.BACK, self._checks.silences)

    def _await_told(self, words: str, times: int) -> None:
        def is_told() -> bool:
            every = told.messages(self._world.told_file)
            return sum(words in each.title for each in every) >= times

        await_that(is_told, f"nobody was told that {words}", 3 * PATIENCE)

    def _cut_off(self, moment: dt.datetime, kill: Kill) -> None:
        """The end of an hour whose run is killed; that it has much to sell makes it hard."""
        world, ordered = self._world, self._world.ordered()
        world.buy_again([each for each in PORTFOLIO if each.timeframe == "1H"])
        self._checks.note()
        world.go_to(moment + DELAY)
        world.flow()

        def has_come_so_far() -> bool:
            fate = self._ledger.fates().get(moment)
            if fate is None or not fate.runs:
                return False
            run = fate.runs[-1]
            return (
                fate.is_settled
                or {
                    "begun": lambda: True,
                    "started": lambda: any(each["run_id"] == run for each in self._ledger.runs()),
                    "decided": lambda: bool(self._ledger.decisions(run)),
                    "ordered": lambda: world.ordered() > ordered,
                }[kill.stage or "begun"]()
            )

        await_that(has_come_so_far, f"nothing was {kill.stage} for {moment}")
        threading.Event().wait(kill.seconds)
        if not self._ledger.fates()[moment].is_settled:
            self._checks.cut.add(moment)
            self._say(f"in the middle of a run: {kill.stage}, and {kill.seconds} s")
        self._kill()

    def _settle(self) -> None:
        """Let time go on until all that is due has been seen to, and then stand still."""
        world = self._world
        world.flow()
        due = {each for each in self._checks.due(world.now) if each + DELAY <= world.now}

        def is_settled() -> bool:
            fates = self._ledger.fates()
            is_all = all(each in fates and fates[each].is_settled for each in due)
            return is_all or bool(world.ended())

        try:
            await_that(is_settled, f"what was due by {world.now} was not seen to")
        finally:
            world.stand()

    def _reset(self, moment: dt.datetime) -> None:
        """The gateway is cut off, as every night; everything comes back by itself."""
        if self._world.told() > moment:
            return  # it came while everything was being started
        self._world.outlive_reset(moment + SECOND)
        self.report.resets += 1

    def _log_out(self, moment: dt.datetime) -> None:
        """The gateway lets nobody in any more."""
        self._world.go_to(moment + SECOND)
        await_that(lambda: not self._world.clients(), "the gateway did not log out")

    def _log_in(self, moment: dt.datetime) -> None:
        """A person logs in."""
        self._world.go_to(moment)
        self._world.control.log_in()
        self._world.await_clients()
