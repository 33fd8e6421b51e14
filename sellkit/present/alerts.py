"""Open alerts for a terminal: since when, what about, what to do, and what ends each."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sellkit.core.alerts import ORDERS, AlertKind, Ending, kinds_that_end, remedy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Row = Mapping[str, object]


def alert_lines(alerts: Sequence[Row]) -> Iterator[str]:
    """Every alert in a line, those of a kind together, and below them what to do about the kind.

    What was told several times because it lasts is one: with its first time, and its last text.
    """
    of_kind: dict[str, dict[object, list[Row]]] = {}
    for each in alerts:
        of_kind.setdefault(str(each["kind"]), {}).setdefault(_same(each), []).append(each)
    for kind, told in of_kind.items():
        yield from (alert_line(each[-1], since=each[0]) for each in told.values())
        yield f"  to do: {_remedy(kind)}"


def alert_line(alert: Row, *, since: Row | None = None) -> str:
    """An alert in one line."""
    at = dt.datetime.fromisoformat(str((since or alert)["at"]))
    words = [f"alert since {at:%Y-%m-%d %H:%M:%S} UTC"]
    if alert["kind"] in kinds_that_end(Ending.CONNECTED):
        words.append(str(alert["source"]))
    if not _is_lasting(alert):  # what lasts says itself what it is
        words.append(str(alert["kind"]))
    return f"{', '.join(words)}: {alert['text']}"


def about_orders(alerts: Sequence[Row]) -> list[Row]:
    """Those that a look at journal and gateway may end, or has to leave open."""
    others = [Ending.CONNECTED, Ending.DECIDED, Ending.SENT, Ending.COMPLETED, Ending.ROOM]
    elsewhere = frozenset[AlertKind]().union(*(kinds_that_end(each) for each in others))
    return [each for each in alerts if each["kind"] not in elsewhere]


def _same(alert: Row) -> object:
    return alert["source"] if _is_lasting(alert) else alert["number"]


def _is_lasting(alert: Row) -> bool:
    lasting = kinds_that_end(Ending.DECIDED) | kinds_that_end(Ending.SENT)
    return alert["kind"] in lasting and alert["source"] != ORDERS


def _remedy(kind: str) -> str:
    try:
        return remedy(AlertKind(kind))
    except ValueError:  # of an earlier sellkit
        return f"see what it says; {Ending.SEEN}"
