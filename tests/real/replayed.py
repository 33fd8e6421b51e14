"""A simulated gateway that replays recorded bars, and what a run beside it said."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.config import Overrides
from sellkit.core.assignments import ALL_AVERAGES, Timeframe
from sellkit.core.bars import Anchor, SeriesKey
from sellkit.core.gates import DeferredTicket, PreparedTicket
from sellkit.core.snapshot import SnapshotRow
from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.market import Listing, Market
from sellkit.simgateway.scenario import Holding, Scenario, Security
from sellkit.simgateway.server import serve
from sellkit.wiring import open_desk, run_notebook

ACCOUNT = "DU7654321"
LOGGERS = ("sellkit", "ib_insync", "eventkit", "papermill", "nbclient", "asyncio")
YES_OR_NO = {"yes": True, "no": False, "-": None}
LARGEST_NOTEBOOK = 2_000_000  # bytes; evidence is kept for every hour of every day

SETTINGS = """\
profile = "replay"

[accounts]
real = "{account}"

[bars]
hour_anchor = "{anchor}"
late_seconds = 0.0

[requests]
per_second = 1000.0

[profiles.replay]
port = {port}
clock = "broker"
assignments = "assigned_ma.csv"
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A position with its assignment, `SMA 50 1H` for instance."""

    symbol: str
    exchange: str
    con_id: int
    cost: Decimal
    choice: str

    @property
    def token(self) -> str:
        return f"{self.exchange}:{self.symbol}"


@dataclass(frozen=True, slots=True)
class Said:
    """What a run said of one position, read from its rows or from its journal.

    Attributes
    ----------
    readings
        All 28 averages by label; None where the history is too short. Read from a notebook's store
        they lack a timeframe of which no average is kept.
    verdict
        `prepared`, `withheld` or `deferred`; None without a ticket.
    is_above
        Above break-even; None where it is unknown.
    """

    decision: str
    close: float | None
    average: float | None
    bar_start: dt.datetime | None
    bar_end: dt.datetime | None
    bars_used: int | None
    reasons: tuple[str, ...]
    readings: Mapping[str, float | None]
    verdict: str | None
    is_above: bool | None


@contextmanager
def gateway_beside(
    folder: Path, held: list[Held], bars: Mapping[str, Path], at: str, anchor: str = "clock"
) -> Iterator[Overrides]:
    """A gateway at a moment of New York's clock that stands still, and settings that lead to it."""
    scenario = Scenario(
        accounts=(ACCOUNT,),
        holdings=tuple(
            Holding(
                ACCOUNT,
                Security(con_id=each.con_id, symbol=each.symbol, primary_exchange=each.exchange),
                Decimal(100 + number),
                each.cost,
            )
            for number, each in enumerate(held)
        ),
    )
    market = _market(tuple(scenario.listings()), tuple(bars.items()))
    rows = [f"{each.token},{each.choice.replace(' ', ',')}" for each in held]
    (folder / "assigned_ma.csv").write_text(
        "\n".join(["ticker,type,length,timeframe", *rows, ""]), encoding="utf-8"
    )
    clock = VirtualClock(parse_instant(at), speed=0)
    with serve(scenario, market=market, clock=clock) as gateway, own_surroundings():
        settings = folder / "sellkit.toml"
        settings.write_text(
            SETTINGS.format(account=ACCOUNT, anchor=anchor, port=gateway.port), encoding="utf-8"
        )
        yield Overrides(config=str(settings))
        assert gateway.exchange.placed_orders == []


@cache
def _market(listings: tuple[Listing, ...], bars: tuple[tuple[str, Path], ...]) -> Market:
    """One market for every moment of the same replay: it tells nothing of the time after `now`."""
    return Market(listings, replay=dict(bars))


@contextmanager
def own_surroundings() -> Iterator[None]:
    """Give back the environment and the loggers, which a run sets for its whole process."""
    environment = dict(os.environ)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(each, each.handlers[:], each.level, each.propagate) for each in loggers]
    for name in [name for name in os.environ if name.startswith("SELLKIT_")]:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(environment)
        for logger, handlers, level, propagate in before:
            for handler in set(logger.handlers) - set(handlers):
                handler.close()
            logger.handlers[:] = handlers
            logger.setLevel(level)
            logger.propagate = propagate


def by_desk(chosen: Overrides) -> dict[str, Said]:
    """Connect, fetch and decide in this process; by symbol."""
    with open_desk(overrides=chosen) as desk:
        desk.bring_up_to_date()
        decision = desk.decide()
    return {row.position.instrument.token.symbol: _of_row(row) for row in decision.rows}


def _of_row(row: SnapshotRow) -> Said:
    proof = row.signal.certificate
    verdict: dict[type, str] = {PreparedTicket: "prepared", DeferredTicket: "deferred"}
    return Said(
        decision=str(row.signal.decision),
        close=row.last_close,
        average=None if proof is None else proof.average,
        bar_start=None if proof is None else proof.slot.start,
        bar_end=None if proof is None else proof.slot.end,
        bars_used=None if proof is None else proof.bars_used,
        reasons=row.signal.reasons,
        readings={each.label: each.value for each in row.readings},
        verdict=None if row.verdict is None else verdict.get(type(row.verdict), "withheld"),
        is_above=row.above_break_even,
    )


def by_notebook(chosen: Overrides, held: list[Held]) -> dict[str, Said]:
    """Execute the hourly notebook, and read all that it leaves behind; by symbol.

    Decisions and tickets come from the journal, the averages from the store, and break-even from
    the status table in the kept notebook.
    """
    result = run_notebook(chosen)
    assert result.notebook.stat().st_size < LARGEST_NOTEBOOK
    assert chosen.config is not None
    store = ParquetBarStore(Path(chosen.config).parent / "data" / "replay")
    tickets = {ticket["con_id"]: str(ticket["verdict"]) for ticket in result.tickets}
    lines = (result.notebook.parents[2] / "logs" / "signals.jsonl").read_text(encoding="utf-8")
    logged = {line["ticker"]: line for line in map(json.loads, lines.splitlines())}
    by_contract = {fact["con_id"]: fact for fact in result.decisions}
    above = _shown_break_even(result.notebook)
    assert len(by_contract) == len(result.decisions)
    found = {}
    for each in held:
        fact = by_contract[each.con_id]
        assert logged[each.token]["ma_value"] == fact["average"]
        readings = _stored_averages(store, each.con_id)
        said = _of_fact(fact, readings, tickets.get(each.con_id))
        found[each.symbol] = replace(said, is_above=YES_OR_NO[above[each.token]])
    assert len(found) == len(result.decisions)
    return found


def _of_fact(
    fact: Mapping[str, object], readings: Mapping[str, float | None], verdict: str | None
) -> Said:
    reasons = fact["reasons"]
    assert isinstance(reasons, list)
    return Said(
        decision=str(fact["decision"]),
        close=_number(fact["last_close"]),
        average=_number(fact["average"]),
        bar_start=_instant(fact["bar_start"]),
        bar_end=_instant(fact["bar_end"]),
        bars_used=None if fact["bars_used"] is None else int(str(fact["bars_used"])),
        reasons=tuple(reasons),
        readings=readings,
        verdict=verdict,
        is_above=None,
    )


def _stored_averages(store: ParquetBarStore, con_id: int) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for timeframe in Timeframe:
        table = store.read_averages(SeriesKey(con_id, timeframe.bar_size, anchor=Anchor.CLOCK))
        if table is None:
            continue
        for each in ALL_AVERAGES:
            value = float(table[each.column].iloc[-1])
            found[f"{each} {timeframe}"] = None if value != value else value  # noqa: PLR0124  (NaN)
    return found


def _shown_break_even(notebook: Path) -> dict[str, str]:
    """What the column `abv_be` says in the kept notebook's status table, by token."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    pages = ["".join(each["data"].get("text/html", ())) for each in _outputs(cells)]
    (page,) = [each for each in pages if ">abv_be<" in each]
    titles, *rows = [
        [unescape(re.sub("<[^>]*>", "", cell)) for cell in re.findall("<t[hd].*?</t[hd]>", row)]
        for row in re.findall("<tr>.*?</tr>", page.partition("</table>")[0])
    ]
    return {row[0]: row[titles.index("abv_be")] for row in rows}


def _outputs(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [output for cell in cells for output in cell.get("outputs", ()) if "data" in output]


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _instant(value: object) -> dt.datetime | None:
    return None if value is None else dt.datetime.fromisoformat(str(value))
