"""Texts without account numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN: Final = "***"

_ACCOUNT: Final = re.compile(r"\b(?:DU|DF|U|F|I)[A-Z]?\d{5,9}\b")
"""Interactive Brokers' numbers: `U1234567`, `DU1234567` of a paper account, `F` of an advisor."""


def without_accounts(text: str, aliases: Mapping[str, str]) -> str:
    """A text with the alias in the place of each account number, and of unknown ones nothing.

    Parameters
    ----------
    aliases
        Account numbers by alias.
    """
    for alias, number in aliases.items():
        if number:
            text = text.replace(number, alias)
    return _ACCOUNT.sub(HIDDEN, text)
