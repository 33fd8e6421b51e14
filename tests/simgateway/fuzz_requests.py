"""Requests of every kind, as clients write them at each version of the protocol."""

from __future__ import annotations

from functools import cache

from sellkit.simgateway.dispatch import REQUESTS
from tests.simgateway.wire import bars, contract, order

Request = tuple[object, ...]

ACCOUNT = "DU0000001"
ORDER_ID = 55
_CANCEL_TIME_SINCE = 169
_BAG = (0, "AAPL", "BAG", "", "0.0", "", "", "SMART", "", "USD", "", "")
_ON_A_PRICE = (1, "a", 1, "100", 265598, "SMART", 0)
# One leg of eight fields, no prices of legs, no parameters of the routing.
_ONE_LEG = (1, 265598, 1, "BUY", "SMART", 0, 0, "", -1, 0, 0)
# Requests that are not offered, and cancels of what is not: their numbers, and a few fields.
_OTHERS: tuple[Request, ...] = (
    (10, 5, 7, *contract(), 10, 0, ""),
    (11, 1, 7),
    (18, 1, 1),
    (21, 2, 7, *contract(), 1, 1, ACCOUNT, 0),
    (22, 7, 10, "STK", "STK.US"),
    (50, 3, 7, *contract(), 5, "TRADES", 1, ""),
    (51, 1, 7),
    (54, 3, 7, *contract(), "1.0", "100.0", ""),
    (67, 1, 7),
    (78, 7, "AAPL", "", "STK", 265598),
    (80,),
    (88, 7, *contract(), 1, "1 week"),
    (92, 7, ACCOUNT, ""),
    (96, 7, *contract(), 0, "", "20251126 12:00:00", 10, "TRADES", 1, 0, ""),
    (97, 7, *contract(), "Last", 0, 0),
    (98, 7),
    (104, 7),
    (255, 1),
)


def _plain(version: int) -> tuple[Request, ...]:
    """Everything but orders."""
    cancel_time = ("",) if version >= _CANCEL_TIME_SINCE else ()
    return (
        (1, 11, 7, *contract(), 0, "", 0, 0, ""),
        (1, 11, 8, *contract(), 0, "", 1, 0, ""),
        (2, 2, 7),
        (4, 1, ORDER_ID, *cancel_time),
        (5, 1),
        (6, 2, 1, ACCOUNT),
        (6, 2, 0, ACCOUNT),
        (7, 3, 1, 0, "", "", "", "", "", ""),
        (8, 1, 1),
        (9, 8, 7, *contract(), 0, "", "", *(("",) if version >= 176 else ())),
        (12, 1, 1),
        (13, 1),
        (14, 1, 5),
        (15, 1, 1),
        (16, 1),
        (17, 1),
        bars(21),
        bars(22, size="30 mins", duration="2 W", date_format=2),
        bars(23, size="1 min", duration="1 D", end="20251120 12:00:00 US/Eastern"),
        bars(24, keep=1, size="5 mins", duration="1 D"),
        (25, 1, 21),
        (49, 1),
        (58, 1),
        (59, 1, 3),
        (61, 1),
        (62, 1, 9, "All", "NetLiquidation,$LEDGER:ALL"),
        (63, 1, 9),
        (64, 1),
        (71, 2, 1, ""),
        (74, 1, 9, ACCOUNT, ""),
        (75, 1, 9),
        (76, 1, 9, ACCOUNT, "", 0),
        (77, 1, 9),
        (81, 9, "AA"),
        (87, 9, *contract(), 0, 1, "TRADES", 1),
        (90, 9),
        (91, 26),
        (99, 0),
    )


def _orders(version: int) -> tuple[Request, ...]:
    """Every type of order, and what else may hang on one."""

    def own(action: str, kind: str, **more: dict[int, object]) -> Request:
        return order(version, ORDER_ID, action, 3, kind, **more)  # type: ignore[arg-type]

    return (
        own("SELL", "MKT"),
        own("BUY", "LMT", changes={20: "150"}),
        own("SELL", "LMT", changes={20: "1", 22: "IOC"}),
        own("SELL", "STP", changes={21: "100"}),
        own("SELL", "STP LMT", changes={20: "99", 21: "100"}),
        own("SELL", "TRAIL", changes={21: "2", 70: "180"}),
        own("BUY", "TRAIL", changes={71: "5"}),
        own("SELL", "MOC"),
        own("BUY", "LMT", changes={20: "150", 22: "GTC", 34: 1}),
        own("BUY", "LMT", changes={20: "100", 23: "group", 48: 2}),
        own("BUY", "LMT", changes={20: "150", 28: 0}),
        own("SELL", "MKT", changes={29: ORDER_ID}),
        own("BUY", "MKT", changes={86: 1}),
        own("BUY", "MKT", changes={84: "Adaptive"}, blocks={84: (1, "priority", "Normal")}),
        own(
            "BUY", "MKT", changes={91: 1}, blocks={91: (1, "a", 1, "100", 265598, "SMART", 0, 0, 0)}
        ),
        order(version, ORDER_ID, of=_BAG, blocks={35: _ONE_LEG}),
    )


@cache
def offered(version: int) -> tuple[Request, ...]:
    """What a gateway can read to its end, and mostly answers."""
    return (*_plain(version), *_orders(version))


@cache
def requests(version: int) -> tuple[Request, ...]:
    """A request of every kind; kinds that are not written out here come with common fields."""
    written = (*offered(version), *_OTHERS)
    known = {request[0] for request in written}
    unknown = sorted(set(REQUESTS) - known)
    shapes: tuple[Request, ...] = ((1, 7), (7, *contract(), 0, ""), (7, ACCOUNT, ""))
    return (*written, *((number, *shape) for number in unknown for shape in shapes))
