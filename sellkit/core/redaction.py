"""Texts without what must not stand in them: account numbers and secrets."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECRET: Final = "(secret)"  # noqa: S105  (what stands in a secret's place)
ACCOUNT: Final = "(account)"

# Interactive Brokers' numbers: U1234567, DU1234567 on paper, F and DF of advisors, I and DI.
_NUMBER: Final = re.compile(r"\bD?[UFI][A-Z]?\d{5,9}[A-Z]?\b")
_SHORTEST: Final = 4
"""A secret that is shorter is masked nowhere: it would be found in every other word."""


def is_number(text: str) -> bool:
    """Whether it looks like an account's number."""
    return _NUMBER.fullmatch(text) is not None


def abridged(number: str) -> str:
    """An account's number as far as it tells one from another."""
    return f"{number[:2]}...{number[-2:]}"


class Redaction:
    """Takes account numbers and secrets out of texts.

    Parameters
    ----------
    accounts
        By alias the numbers that are known; an alias stands in the number's place. What looks like
        a number and is not known is masked, too.
    secrets
        Texts that nobody may read.
    """

    def __init__(
        self, accounts: Mapping[str, str] | None = None, secrets: Iterable[str] = ()
    ) -> None:
        known = {
            **{number: _plain(alias) for alias, number in (accounts or {}).items() if number},
            **{each: SECRET for each in secrets if len(each) >= _SHORTEST},
        }
        # As JSON writes them, too: a quote or a letter beyond ASCII is another text there.
        self._known = {**{_escaped(text): mask for text, mask in known.items()}, **known}
        longest_first = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def __call__(self, text: str) -> str:
        """The text without them."""
        if self._pattern is not None:
            text = self._pattern.sub(lambda found: self._known[found[0]], text)
        return _NUMBER.sub(ACCOUNT, text)


def _plain(alias: str) -> str:
    """An alias that a line of JSON may hold as it is."""
    return alias if _escaped(alias) == alias else ACCOUNT


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]
