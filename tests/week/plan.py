"""What happens in the week, and when: drawn from one seed, before anything is started.

A day begins at five in the afternoon in New York, after the session of the date before, and ends
there: so each has one nightly reset, and one session or none.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from tests.week.hours import DAY, HOUR, MINUTE, Session, local, session_on

WEEK = (
    *(dt.date(2025, 11, day) for day in range(2, 8)),  # the clocks change on the first, a Sunday
    dt.date(2025, 11, 28),  # a half day
)
"""Sunday to Friday of one week; in the place of its Saturday comes the next half day.

The exchange has no week with both. In the three weeks between, the machine is off.
"""

HALF_DAY = WEEK[-1:]

TURN_OF_DAY = dt.time(17)
RESET = dt.time(23, 45)
LOGGED_OUT = dt.time(1)  # in the hour that comes twice
SPLIT = dt.time(3)
IN_A_RUN = 0.5
"""How often the end comes in the middle of a run, rather than at any minute of the day."""

STAGES = ("begun", "started", "decided", "ordered", "ordered")
"""How far a run has come that is killed; what comes last is what may go wrong worst."""

MOST_SECONDS = 1.5
DEAD = (2, 150)  # minutes
HALT = (20, 80)  # minutes

HALTED, SPLIT_UP = "AAPL", "NVDA"


@dataclass(frozen=True, slots=True)
class Kill:
    """When everything is killed.

    Attributes
    ----------
    at
        The minute, aware UTC; of one that strikes in a run, the end of the hour that it is for.
    stage, seconds
        How far a run has come, and the real seconds after that; None where it waits for no run.
    back
        When everything is started anew, aware UTC.
    """

    at: dt.datetime
    stage: str | None
    seconds: float
    back: dt.datetime


@dataclass(frozen=True, slots=True)
class Day:
    """One day; its bounds are aware UTC."""

    date: dt.date
    begins: dt.datetime
    ends: dt.datetime
    session: Session | None
    kill: Kill
    login: dt.datetime | None

    @property
    def logged_out(self) -> dt.datetime | None:
        """When the gateway lets nobody in until a person has logged in; None on most days."""
        return None if self.login is None else local(self.date, LOGGED_OUT)

    @property
    def reset(self) -> dt.datetime:
        """When the gateway is cut off, as it is every night."""
        return local(self.date - DAY, RESET)


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it.

    Attributes
    ----------
    halt
        Between when `HALTED` does not trade.
    split
        When `SPLIT_UP` is split, four shares for one.
    silence
        The end of an hour at which the schedule is held up, until a person has heard of it; None
        where only one day is played, as that takes real minutes.
    """

    seed: int
    days: tuple[Day, ...]
    halt: tuple[dt.datetime, dt.datetime]
    split: dt.datetime
    silence: dt.datetime | None

    @property
    def begins(self) -> dt.datetime:
        """When the first day begins."""
        return self.days[0].begins

    @property
    def ends(self) -> dt.datetime:
        """When the last day ends."""
        return self.days[-1].ends


def planned(seed: int, dates: tuple[dt.date, ...] = WEEK) -> Plan:
    """The plan of a seed.

    What is drawn for a date is the same, whichever dates are played beside it.

    Parameters
    ----------
    seed
        Everything comes from it.
    dates
        The days to play, in order.
    """
    days = tuple(_day(seed, date) for date in dates)
    traded = [day for day in days if day.session is not None]
    chance = random.Random(f"{seed} {dates}")
    halted, split_up = (chance.choice(traded) for _ in range(2))
    silence = None if len(days) == 1 else _silence(chance, traded)
    return Plan(seed, days, _halt(chance, halted), local(split_up.date, SPLIT), silence)


def _day(seed: int, date: dt.date) -> Day:
    chance = random.Random(f"{seed} {date}")
    begins, ends = local(date - DAY, TURN_OF_DAY), local(date, TURN_OF_DAY)
    session = session_on(date)
    is_login = date.strftime("%a") == "Sun"
    login = local(date, dt.time(chance.randint(8, 16))) if is_login else None
    return Day(date, begins, ends, session, _kill(chance, begins, ends, session), login)


def _kill(
    chance: random.Random, begins: dt.datetime, ends: dt.datetime, session: Session | None
) -> Kill:
    dead = MINUTE * chance.randint(*DEAD)
    if session is not None and chance.random() < IN_A_RUN:
        at = chance.choice(session.ends)
        seconds = round(chance.uniform(0.0, MOST_SECONDS), 2)
        return Kill(at, chance.choice(STAGES), seconds, min(at + dead, ends - MINUTE))
    minutes = int((ends - begins) / MINUTE)
    at = begins + MINUTE * chance.randrange(1, minutes - 2)
    return Kill(at, None, 0.0, min(at + dead, ends - MINUTE))


def _halt(chance: random.Random, day: Day) -> tuple[dt.datetime, dt.datetime]:
    assert day.session is not None
    session, lasts = day.session, MINUTE * chance.randint(*HALT)
    room = int((session.closes - session.opens - lasts - HOUR / 2) / MINUTE)
    since = session.opens + MINUTE * chance.randint(5, room)
    return since, since + lasts


def _silence(chance: random.Random, traded: list[Day]) -> dt.datetime:
    """An hour's end at which everything runs, and that is followed by another one."""
    return chance.choice(
        [
            end
            for day in traded
            if day.session is not None
            for end in day.session.ends[:-1]
            if not day.kill.at - HOUR <= end <= day.kill.back + HOUR
        ]
    )
