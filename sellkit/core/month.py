"""A month of the calendar, as people write it: 2026-06."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from typing import Self

_FORM: Final = re.compile(r"(\d{4})-(\d\d)")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One month; months are ordered as they follow each other."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The month that a text such as `2026-06` names.

        Raises
        ------
        ConfigError
            It names none.
        """
        found = _FORM.fullmatch(text.strip())
        if found is None or not 1 <= int(found[2]) <= 12 or int(found[1]) < dt.MINYEAR:
            raise ConfigError(f"{text!r} is no month; write it as 2026-06")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, date: dt.date) -> Self:
        """The month of a date."""
        return cls(date.year, date.month)

    @property
    def first(self) -> dt.date:
        """Its first day."""
        return dt.date(self.year, self.month, 1)

    @property
    def last(self) -> dt.date:
        """Its last day."""
        return dt.date(self.year, self.month, calendar.monthrange(self.year, self.month)[1])

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"
