"""How long a run took, in parts: until the bars were there, the first order out, the first fill."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

_TO_FIRST_ORDER: Final = "last_answer_to_first_order"
_OF_THE_FIRST_ORDER: Final = (
    "last_answer_to_decision",
    "decision_to_journal",
    "journal_to_first_order",
)


@dataclass(slots=True, repr=False)
class Timing:
    """The moments of one run that its speed is told by; any thread may note one.

    Attributes
    ----------
    steady
        Seconds from any beginning, which never go back.
    bar_end
        When the newest bar judged ended; aware UTC.
    asked_at
        When bars were first asked for after that, on the clock that sellkit lives by; aware UTC.
    """

    steady: Callable[[], float] = time.monotonic
    bar_end: dt.datetime | None = None
    asked_at: dt.datetime | None = None
    _asked: float | None = field(default=None, init=False)
    _answered: float | None = field(default=None, init=False)
    _decided: float | None = field(default=None, init=False)
    _recorded: float | None = field(default=None, init=False)
    _placed: float | None = field(default=None, init=False)
    _filled: float | None = field(default=None, init=False)

    def ask(self, bar_end: dt.datetime, asked_at: dt.datetime) -> None:
        """The bars of an hour are asked for now."""
        self.bar_end, self.asked_at = bar_end, asked_at
        self._asked = self._answered = self.steady()

    def answer(self) -> None:
        """An answer has come; the last one counts."""
        self._answered = self.steady()

    def decide(self) -> None:
        """Every position was judged; the last time counts."""
        self._decided, self._recorded = self.steady(), None

    def record(self) -> None:
        """What was decided is in the journal; the last time counts."""
        self._recorded = self.steady()

    def place(self) -> None:
        """An order was written; the first one counts."""
        if self._placed is None:
            self._placed = self.steady()

    def fill(self) -> None:
        """An execution was told; the first one counts."""
        if self._filled is None:
            self._filled = self.steady()

    def parts(self) -> Mapping[str, object]:
        """The end of the bar, and real seconds of each part that there was, by name."""
        if self.bar_end is None or self.asked_at is None:
            return {}
        found: dict[str, object] = {"bar_end": self.bar_end.isoformat()}
        answering = _between(self._asked, self._answered)
        if answering is not None:
            # The clock tells when the question went; a virtual one may run at any speed.
            asked_after = (self.asked_at - self.bar_end).total_seconds()
            found["bar_end_to_last_answer"] = round(asked_after + answering, 6)
        for name, since, until in (
            (_TO_FIRST_ORDER, self._answered, self._placed),
            *self._of_that(),
            ("first_order_to_first_fill", self._placed, self._filled),
        ):
            if (seconds := _between(since, until)) is not None:
                found[name] = round(seconds, 6)
        return found

    def _of_that(self) -> tuple[tuple[str, float | None, float | None], ...]:
        """What lies between the last answer and the first order, where there was one."""
        if self._placed is None:
            return ()
        moments = (self._answered, self._decided, self._recorded, self._placed)
        return tuple(zip(_OF_THE_FIRST_ORDER, moments, moments[1:], strict=False))

    def __repr__(self) -> str:
        return in_words(self.parts())


def in_words(parts: Mapping[str, object]) -> str:
    """The parts of a run's time as one line; "" where nothing was timed."""
    told = {
        name: f"{name.replace('_', ' ')} {value:.3f} s"
        for name, value in parts.items()
        if isinstance(value, float | int)
    }
    of_that = [told.pop(name) for name in _OF_THE_FIRST_ORDER if name in told]
    if of_that and _TO_FIRST_ORDER in told:
        told[_TO_FIRST_ORDER] += f" (of that {', '.join(of_that)})"
    return ", ".join(told.values())


def _between(since: float | None, until: float | None) -> float | None:
    return None if since is None or until is None else max(until - since, 0.0)
