"""Reads the keys of one table of a settings file, and names what is wrong and where."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn, TypeVar

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import parse_instant
from sellkit.simgateway.figures import bound_broken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


T = TypeVar("T")


class Table:
    """One table: each key is taken by its type, and `end` refuses the keys that nobody took.

    Parameters
    ----------
    values
        As tomllib or json read them.
    place
        Where in the file: `positions[2]`; empty for the file's top.
    path
        The file.
    """

    def __init__(self, values: object, place: str, path: Path) -> None:
        self._place = place
        self._path = path
        self._known: list[str] = []
        if not isinstance(values, dict):
            raise ConfigError(f"{self._where()} must be a table, not {_shown(values)}")
        self._values: Mapping[str, object] = values

    def fail(self, key: str, what: str) -> NoReturn:
        """Refuse a key's value."""
        raise ConfigError(f"{key!r} in {self._where()} {what}")

    def missing(self, key: str) -> ConfigError:
        """The error for a key that must stand there."""
        return ConfigError(f"the key {key!r} is missing in {self._where()}")

    def names(self) -> tuple[str, ...]:
        """Every key that stands there, for a table whose keys are not fixed."""
        return tuple(self._values)

    def has(self, key: str) -> bool:
        """Whether the key stands there."""
        return key in self._values

    def text(self, key: str) -> str | None:
        """A text that is not blank."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self.fail(key, f"must be a text, not {_shown(value)}")
        return value.strip()

    def required_text(self, key: str) -> str:
        """A text that must stand there."""
        return self._required(key, self.text(key))

    def flag(self, key: str) -> bool | None:
        """True or false."""
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            self.fail(key, f"must be true or false, not {_shown(value)}")
        return value

    def integer(self, key: str) -> int | None:
        """A whole number."""
        value = self._take(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            self.fail(key, f"must be a whole number, not {_shown(value)}")
        return value

    def required_integer(self, key: str) -> int:
        """A whole number that must stand there."""
        return self._required(key, self.integer(key))

    def number(self, key: str) -> Decimal | None:
        """A number within the bounds of `figures`, with the digits that the file shows."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            self.fail(key, f"must be a number, not {_shown(value)}")
        number = Decimal(str(value))
        if not number.is_finite():
            self.fail(key, f"must be a finite number, not {_shown(value)}")
        if broken := bound_broken(number):
            self.fail(key, broken)
        return number

    def required_number(self, key: str) -> Decimal:
        """A finite number that must stand there."""
        return self._required(key, self.number(key))

    def positive(self, key: str) -> Decimal | None:
        """A number above zero."""
        number = self.number(key)
        if number is not None and number <= 0:
            self.fail(key, f"must be above zero, not {number}")
        return number

    def count(self, key: str) -> int | None:
        """A whole number from 1 on."""
        number = self.integer(key)
        if number is not None and number < 1:
            self.fail(key, f"must be 1 or more, not {number}")
        return number

    def counts(self, key: str) -> tuple[int, ...]:
        """One whole number from 1 on, or a list of them; empty when the key is absent."""
        value = self._take(key)
        items = value if isinstance(value, list) else [] if value is None else [value]
        numbers = tuple(i for i in items if isinstance(i, int) and not isinstance(i, bool))
        if len(numbers) < len(items) or value == [] or min(numbers, default=1) < 1:
            self.fail(key, f"must be a whole number from 1 on or a list, not {_shown(value)}")
        return numbers

    def seconds(self, key: str) -> float | None:
        """A span of time, 0 or more."""
        number = self.number(key)
        if number is not None and number < 0:
            self.fail(key, f"must be 0 or more, not {number}")
        return None if number is None else float(number)

    def instant(self, key: str) -> dt.datetime | None:
        """A time, aware UTC; without a zone it is New York's."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, dt.datetime):
            value = value.isoformat()
        if not isinstance(value, str):
            self.fail(key, f"must be a time like 2025-11-28T13:00:05, not {_shown(value)}")
        try:
            return parse_instant(value)
        except ConfigError as error:
            raise ConfigError(f"{key!r} in {self._where()}: {error}") from error

    def raw_text(self, key: str) -> str:
        """A text or a number that must stand there, as it is; the text may be empty."""
        value = self._take(key)
        if value is None:
            raise self.missing(key)
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            self.fail(key, f"must be a text or a number, not {_shown(value)}")
        return str(value)

    def date(self, key: str) -> dt.date | None:
        """A date, or a text that is one."""
        value = self._take(key)
        if value is None or (isinstance(value, dt.date) and not isinstance(value, dt.datetime)):
            return value
        try:
            return dt.date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError as error:
            raise ConfigError(
                f"{key!r} in {self._where()} must be a date like 2024-05-17, not {_shown(value)}"
            ) from error

    def choice(self, key: str, choices: tuple[str, ...]) -> str | None:
        """One of a few texts."""
        text = self.text(key)
        if text is not None and text not in choices:
            self.fail(key, f"must be one of {', '.join(choices)}, not {text!r}")
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        """One text, or a list of different ones; empty when the key is absent."""
        value = self._take(key)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        texts = tuple(item.strip() for item in items if isinstance(item, str))
        if not texts or len(texts) < len(items) or not all(texts):
            self.fail(key, f"must be a text or a list of texts, not {_shown(value)}")
        if len(set(texts)) < len(texts):
            self.fail(key, f"names one twice: {_shown(value)}")
        return texts

    def tables(self, key: str) -> tuple[Table, ...]:
        """A list of tables; empty when the key is absent."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.fail(key, f"must be a list of tables, not {_shown(value)}")
        return tuple(
            Table(item, f"{key}[{number}]", self._path) for number, item in enumerate(value, 1)
        )

    def table(self, key: str) -> Table | None:
        """A table of its own."""
        value = self._take(key)
        return None if value is None else Table(value, key, self._path)

    def end(self) -> None:
        """Refuse keys that were never asked for."""
        for key in self._values:
            if key not in self._known:
                known = ", ".join(self._known)
                raise ConfigError(f"unknown key {key!r} in {self._where()}; known are {known}")

    def _take(self, key: str) -> object:
        self._known.append(key)
        return self._values.get(key)

    def _required(self, key: str, value: T | None) -> T:
        if value is None:
            raise self.missing(key)
        return value

    def _where(self) -> str:
        return f"{self._place} of {self._path}" if self._place else str(self._path)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
