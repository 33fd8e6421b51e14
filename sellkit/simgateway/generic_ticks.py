"""The generic ticks that a request for prices may ask for, by number.

Source: https://interactivebrokers.github.io/tws-api/tick_types.html
"""

from __future__ import annotations

from typing import Final

from sellkit.simgateway.history import NOT_VALID, Refused

MARK_PRICE: Final = 221
TRADES_WITH_TIME: Final = 233
TRADE_COUNT: Final = 293
TRADES_WITH_TIME_TOO: Final = 375
DIVIDENDS: Final = 456

# Those that are legal for stocks. A real gateway knows them all; here some bring no tick.
_LEGAL: Final = {
    100: "Option Volume",
    101: "Option Open Interest",
    104: "Historical Volatility",
    105: "Average Opt Volume",
    106: "impvolat",
    162: "Index Future Premium",
    165: "Misc. Stats",
    MARK_PRICE: "Mark Price",
    225: "Auction Values",
    232: "Mark Price",
    TRADES_WITH_TIME: "RTVolume",
    236: "inventory",
    256: "inventory",
    258: "Fundamentals",
    292: "Wide_news",
    TRADE_COUNT: "TradeCount",
    294: "TradeRate",
    295: "VolumeRate",
    318: "LastRTHTrade",
    TRADES_WITH_TIME_TOO: "RTTrdVolume",
    411: "rtHistVol",
    DIVIDENDS: "IBDividends",
    460: "Bond Factor Multiplier",
    577: "EtfNavLast",
    586: "IPOHLMPRC",
    588: "Futures Open Interest",
    595: "ShortTermVolume",
    619: "SlowMarkPrice",
}
_NO_DEFAULTS: Final = "mdoff"


def parse_generic_ticks(text: str) -> frozenset[int]:
    """The numbers in a list such as `233,293`; empty for an empty text.

    Raises
    ------
    Refused
        321: something else stands in the list, or a number that means nothing.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    numbers = [_number(word, text) for word in words if word != _NO_DEFAULTS]
    return frozenset(numbers)


def _number(word: str, text: str) -> int:
    # A news provider may stand behind the number: 292:BRF.
    head = word.partition(":")[0]
    if head.isdecimal() and len(head) < 6 and int(head) in _LEGAL:
        return int(head)
    legal = ",".join(f"{number}({name})" for number, name in _LEGAL.items())
    raise Refused(
        NOT_VALID,
        "Error validating request.-'bQ' : cause - Incorrect generic tick list of "
        f"{text[:60]}.  Legal ones for (STK) are: {legal}",
    )
