"""The bar sizes that a gateway knows, by their names on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from sellkit.simgateway.history import NOT_VALID, Refused


class Unit(Enum):
    """What a bar's length is counted in."""

    SECOND = auto()
    MINUTE = auto()
    SESSION = auto()
    WEEK = auto()
    MONTH = auto()


@dataclass(frozen=True, slots=True)
class Span:
    """The length of a bar.

    Attributes
    ----------
    name
        As on the wire.
    unit, length
        `30 mins` is 30 of MINUTE, `1 day` one SESSION.
    """

    name: str
    unit: Unit
    length: int = 1

    @property
    def is_dated(self) -> bool:
        """Whether bars of this size carry a date rather than a time."""
        return self.unit in {Unit.SESSION, Unit.WEEK, Unit.MONTH}

    def folds_into(self, larger: Span) -> bool:
        """Whether bars of `larger` are made of whole bars of this size."""
        if Unit.SECOND in {self.unit, larger.unit}:
            return False
        if larger.unit is Unit.MINUTE:
            return self.unit is Unit.MINUTE and larger.length % self.length == 0
        return self.unit in {Unit.MINUTE, Unit.SESSION, larger.unit}


MINUTE: Final = Span("1 min", Unit.MINUTE)
DAY: Final = Span("1 day", Unit.SESSION)
_SPANS: Final = (
    Span("1 secs", Unit.SECOND),
    *(Span(f"{count} secs", Unit.SECOND, count) for count in (5, 10, 15, 30)),
    MINUTE,
    *(Span(f"{count} mins", Unit.MINUTE, count) for count in (2, 3, 5, 10, 15, 20, 30)),
    Span("1 hour", Unit.MINUTE, 60),
    *(Span(f"{count} hours", Unit.MINUTE, 60 * count) for count in (2, 3, 4, 8)),
    DAY,
    Span("1W", Unit.WEEK),
    Span("1M", Unit.MONTH),
)
_BY_NAME: Final = {span.name: span for span in _SPANS}
_ALSO: Final = {"1 week": _BY_NAME["1W"], "1 month": _BY_NAME["1M"]}


def _short(span: Span) -> str:
    if span.is_dated:
        return "1d"
    hours, minutes = divmod(span.length, 60)
    return f"{minutes}m" if minutes else f"{hours}h"


# How a replayed folder's size is written on the command line: `30m`, `1h`, `1d`.
BY_SHORT_NAME: Final = {
    _short(span): span for span in _SPANS if span.unit in {Unit.MINUTE, Unit.SESSION}
}


def span_named(name: str) -> Span:
    """The bar size of that name.

    Raises
    ------
    Refused
        321, with the legal names.
    """
    found = _BY_NAME.get(name) or _ALSO.get(name)
    if found is None:
        raise Refused(
            NOT_VALID,
            f"Error validating request: bar size {name!r} is not valid. "
            f"Legal ones are: {', '.join(_BY_NAME)}",
        )
    return found
