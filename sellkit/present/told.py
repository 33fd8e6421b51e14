"""Objects whose plain text would be a page of fields, told short: in HTML, and in words beside it.

A notebook asks here for both; elsewhere the objects keep the text that a developer expects.
"""

from __future__ import annotations

import inspect
from html import escape
from typing import TYPE_CHECKING, Any

from sellkit.core.assignments import Timeframe
from sellkit.core.counting import counted
from sellkit.present import hypertext as h
from sellkit.present import words
from sellkit.present.records import records_table
from sellkit.present.shown import positions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.core.past import Past
    from sellkit.core.portfolio import AccountSnapshot, Position
    from sellkit.core.prospect import Prospect
    from sellkit.core.signals import Signal
    from sellkit.core.snapshot import Reading, SnapshotRow

# Types of the layers beside this one are taken as they come: their names are in the docstrings.


def words_alone(found: object) -> h.Html:
    """Whatever `str` says of it: a `Token`, an `Assignment`, an `Instrument`."""
    return h.sheet(str(found), escape(str(found)))


def row(found: SnapshotRow) -> h.Html:
    """One line of the status table."""
    return rows([found])


def rows(found: Sequence[SnapshotRow]) -> h.Html:
    """Lines of the status table, each with its first reason."""
    table = records_table(
        {
            "token": str(each.position.instrument.token),
            "decision": each.decided,
            "size": words.shares(each.position.quantity),
            "close": words.price(each.last_close),
            "assigned": each.assignment.label if each.assignment else "unassigned",
            "average": words.price(each.assigned.value) if each.assigned else "",
            "distance %": words.percent(each.distance_percent),
            "why": each.signal.reasons[0],
        }
        for each in found
    )
    lines = (_judged(each.position, each.decided, each.signal.reasons) for each in found)
    return h.Html(table.markup, "\n".join(lines))


def signal(found: Signal) -> h.Html:
    """A decision with its reasons."""
    summary = _judged(found.position, str(found.decision), found.reasons)
    return h.sheet(summary, f"<p>{escape(summary)}</p>")


def position(found: Position) -> h.Html:
    """One position."""
    cost = words.price(found.average_cost)
    summary = f"{found.instrument.token}: {words.shares(found.quantity)} at {cost}"
    return h.Html(positions([found]), f"{summary} {found.instrument.currency}")


def snapshot(found: AccountSnapshot) -> h.Html:
    """Positions and open orders, as the gateway listed them."""
    orders = [words.open_order(each) for each in found.open_orders]
    summary = (
        f"{found.account} at {found.taken_at:%Y-%m-%d %H:%M:%S} UTC: "
        f"{counted(len(found.positions), 'position')}, {counted(len(orders), 'open order')}"
    )
    resting = f"<p>{h.bullets(orders)}</p>" if orders else ""
    parts = (f"<p>{escape(summary)}</p>", positions(found.positions), resting)
    return h.sheet(summary, *parts)


def past(found: Past) -> h.Html:
    """What the journal remembers of a position."""
    counts = {"decisions": found.decisions, "orders": found.orders, "fills": found.fills}
    summary = ", ".join(f"{len(each)} {name}" for name, each in counts.items())
    decided = [
        {"bar end, UTC": f"{each.end:%Y-%m-%d %H:%M}", "average": each.label,
         "decision": str(each.decision), "why": each.reasons[0] if each.reasons else ""}
        for each in found.decisions
    ]  # fmt: skip
    ordered = [
        {"at, UTC": f"{each.at:%Y-%m-%d %H:%M}", "order": f"{each.side} {each.quantity}",
         "state": each.state}
        for each in found.orders
    ]  # fmt: skip
    tables = [records_table(each).markup for each in (decided, ordered) if each]
    return h.sheet(summary, f"<p>{escape(summary)}</p>", *tables)


def fields(found: Any) -> h.Html:  # noqa: ANN401  (see above)
    """A small record, a `RunHeader` or a `Standing`: names and values."""
    told = {name: str(getattr(found, name)) for name in _fields(found)}
    summary = "\n".join(f"{name}: {value}" for name, value in told.items())
    return h.sheet(summary, h.pairs(told))


def gateways(found: Any) -> h.Html:  # noqa: ANN401
    """`Gateways`: the profiles, and which holds."""
    chosen = found.chosen()
    return records_table(
        {
            "profile": each.profile,
            "gateway": each.kind or "not said",
            "address": each.address,
            "chosen": each.profile == chosen,
        }
        for each in found.choices()
    )


def coverage(found: Mapping[Any, Sequence[Any] | None] | Sequence[Any]) -> h.Html:
    """What `desk.coverage()` gives, a `Holding` each: how much of each series is stored.

    Series without their sessions, as a list, are told by their bars alone.
    """
    if not hasattr(found, "items"):
        return records_table(
            {"series": f"{each.label} {each.key.bar_size}", "bars": each.figures.bars}
            for each in found
        )
    return records_table(
        {
            "series": f"{each.label} {each.key.bar_size}",
            "sessions": len(sessions or ()),
            "bars due": sum(one.due for one in sessions or ()),
            "stored": sum(one.stored for one in sessions or ()),
            "missing": sum(one.missing for one in sessions or ()),
        }
        for each, sessions in found.items()
    )


def study(found: Any) -> h.Html:  # noqa: ANN401
    """A `Study`: the completed bars of an instrument, and its averages after the last of them."""
    runs = {each: found.history.of(each).closes for each in Timeframe}
    closes = {each: float(run[-1]) for each, run in runs.items() if len(run)}
    bars = ", ".join(f"{counted(len(run), 'bar')} {each}" for each, run in runs.items())
    return _averages(bars, closes, found.readings)


def prospect(found: Prospect) -> h.Html:
    """What a position could be assigned."""
    return _averages(found.problem, found.closes, found.readings)


def averages(found: Mapping[int, Any]) -> h.Html:
    """What is known of several contracts, a `Study` or a `Prospect` each: a line for each."""
    lines = {key: prospect if hasattr(each, "closes") else study for key, each in found.items()}
    return records_table(
        {"contract": key, "what is known": repr(tell(found[key]))} for key, tell in lines.items()
    )


def holding(found: Any) -> h.Html:  # noqa: ANN401
    """A `Holding`: one series of a store."""
    summary = f"{found.label} {found.key.bar_size}: {counted(found.figures.bars, 'bar')}"
    return h.sheet(summary, escape(summary))


def tool(found: object) -> h.Html:
    """Something to work with, a journal or a watch: what it is for, and what it offers."""
    is_of = type(found)
    first = (inspect.getdoc(is_of) or "").partition("\n")[0]
    offered = [each for each in object.__dir__(found) if not each.startswith("_")]
    summary = f"{is_of.__name__}: {first}\n{', '.join(sorted(offered))}"
    said = f"<p><b>{is_of.__name__}</b>: {escape(first)}</p><p>{', '.join(sorted(offered))}</p>"
    return h.sheet(summary, said)


def _averages(first: str, closes: Mapping[Timeframe, float], readings: Sequence[Reading]) -> h.Html:
    """The last closes and how many averages there are; as HTML each of these, by its length."""
    last = [f"last close {each} {words.price(close)}" for each, close in closes.items()]
    known = sum(each.value is not None for each in readings)
    summary = ", ".join([*filter(None, [first]), *last, f"{known} of {len(readings)} averages"])
    lines: dict[int, dict[str, object]] = {}
    for each in readings:
        line = lines.setdefault(each.average.length, {"bars": each.average.length})
        line[f"{each.average.kind} {each.timeframe}"] = words.price(each.value)
    table = records_table(lines.values()).markup if lines else ""
    return h.sheet(summary, f"<p>{escape(summary)}</p>", table)


def _judged(held: Position, decided: str, reasons: Sequence[str]) -> str:
    return f"{decided:<10}{held.instrument.token}: {'; '.join(reasons)}"


def _fields(found: Any) -> Sequence[str]:  # noqa: ANN401
    return tuple(found.__dataclass_fields__)
