"""What the gateway's notices say of the connection. The codes are Interactive Brokers' own."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Notice(Enum):
    """What a code means for the connection; a code that is in no table means nothing for it."""

    UPSTREAM_LOST = auto()
    UPSTREAM_BACK = auto()
    FARM_BROKEN = auto()
    FARM_WELL = auto()
    PORT_CHANGED = auto()
    CLIENT_ID_IN_USE = auto()
    TOO_MANY_MESSAGES = auto()
    COMPETING_SESSION = auto()
    LINK_GONE = auto()
    READ_ONLY = auto()


DATA_LOST: Final = 1101
"""The code that says, beside "it is back", that subscriptions to market data were lost."""

MARKET_DATA_WELL: Final = 2104

TABLE: Final[dict[int, Notice]] = {
    # 1100 is repeated at will during a reset; 2110 says the same and that it mends itself.
    **dict.fromkeys((1100, 2110), Notice.UPSTREAM_LOST),
    **dict.fromkeys((1101, 1102), Notice.UPSTREAM_BACK),
    **dict.fromkeys((2103, 2105, 2157), Notice.FARM_BROKEN),
    # A farm that sleeps until it is asked is not broken. A broken one can be told asleep without
    # ever being told well, as nobody asks it for anything before the connection is ready.
    **dict.fromkeys((2104, 2106, 2158, 2107, 2108), Notice.FARM_WELL),
    1300: Notice.PORT_CHANGED,
    326: Notice.CLIENT_ID_IN_USE,
    100: Notice.TOO_MANY_MESSAGES,
    10197: Notice.COMPETING_SESSION,
    # Cannot connect, too old, not connected: mostly the library's own words, and never good ones.
    **dict.fromkeys((502, 503, 504), Notice.LINK_GONE),
}

_TOO_MANY: Final = 100
_NOT_VALID: Final = 321
_NO_HISTORY: Final = 162
_READ_ONLY: Final = re.compile(r"read-only mode", re.IGNORECASE)
_ELSEWHERE: Final = re.compile(r"session is connected from a different IP", re.IGNORECASE)

_FAMILIES: Final = (
    ("market data", {2103, 2104, 2108}),
    ("historical data", {2105, 2106, 2107}),
    ("definitions", {2157, 2158}),
)
# It follows a colon, or in what is said of a sleeping farm the words "upon demand".
_NAME: Final = re.compile(r"(?::|demand\.)\s*(\S+)\s*$")
_ACCOUNT: Final = re.compile(r"\b[A-Z]{1,3}\d{5,}[A-Z]?\b")


def notice_of(code: int, text: str) -> Notice | None:
    """What a code means for the connection; of 162 and 321, which say many things, by the text.

    A competing session answers a question for prices with 10197 and one for bars with 162.
    """
    if code == _NOT_VALID and _READ_ONLY.search(text):
        return Notice.READ_ONLY
    if code == _NO_HISTORY and _ELSEWHERE.search(text):
        return Notice.COMPETING_SESSION
    return TABLE.get(code)


def concerns_connection(code: int, text: str) -> bool:
    """Whether it concerns the whole connection even when it carries a request's number."""
    about_all = (Notice.READ_ONLY, Notice.COMPETING_SESSION)
    return code == _TOO_MANY or notice_of(code, text) in about_all


class Farm(NamedTuple):
    """A data farm: what for, and its name."""

    family: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.family})"


def farm_of(code: int, text: str) -> Farm:
    """The farm that a notice is about; its name stands at the end of the text."""
    family = next(family for family, codes in _FAMILIES if code in codes)
    found = _NAME.search(text)
    return Farm(family, found[1] if found else "without a name")


def in_use(client_id: int, address: str, *, sends_orders: bool) -> str:
    """What a client id that another program uses means for a person.

    That for orders is never changed: somebody else trades on the account, and the open orders
    belong to the id.
    """
    if sends_orders:
        return (
            f"client id {client_id} is in use on {address}: another program sends orders as this "
            "client, so nothing is sent from here; end that program, and give no other id"
        )
    return (
        f"client id {client_id} is in use on {address}; give another --client-id, "
        "or end the program that uses it"
    )


def masked(text: str, numbers: Iterable[str] = ()) -> str:
    """A text of the gateway without these account numbers, and without what looks like one."""
    for number in numbers:
        text = re.sub(rf"\b{re.escape(number)}\b", "(account)", text)
    return _ACCOUNT.sub("(account)", text)
