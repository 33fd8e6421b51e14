"""The plain export: a line for each position, that any program can read."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sellkit.adapters.signal_log import JsonLinesSignalLog, line
from sellkit.core.gates import ApprovedTicket, DeferredTicket, DeniedTicket, judge
from sellkit.core.lifecycle import TicketState
from sellkit.core.signals import Decision, Signal
from sellkit.core.snapshot import SnapshotRow
from sellkit.core.tickets import TicketRecord
from sellkit.errors import ConfigError
from tests import build
from tests.fakes_tickets import FakeTicketBook

KEYS = [
    "timestamp",
    "account",
    "ticker",
    "close",
    "ma_type",
    "ma_length",
    "timeframe",
    "ma_value",
    "distance_pct",
    "decision",
    "reasons",
    "action_prepared",
    "action_executed",
    "order_id",
    "errors",
    "run_id",
]


def logged(path: Path) -> list[dict[str, Any]]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line, parse_constant=refuse) for line in lines]


def one(tmp_path: Path, row: SnapshotRow) -> dict[str, Any]:
    path = tmp_path / "logs" / "signals.jsonl"
    JsonLinesSignalLog(path).append("r1", [row])
    (line,) = logged(path)
    return line


def test_a_line_has_exactly_the_agreed_keys_and_values(tmp_path: Path) -> None:
    proof = build.certificate()
    ticket = build.ticket(proof=proof)
    free = build.limits(require_above_break_even=False)
    row = build.row(signal=ticket.signal, verdict=judge(ticket, build.facts(limits=free)))
    line = one(tmp_path, row)
    assert list(line) == KEYS
    assert line == {
        "timestamp": "2026-01-28T20:00:20+00:00",
        "account": "main",
        "ticker": "NASDAQ:AAPL",
        "close": 99.0,
        "ma_type": "SMA",
        "ma_length": 50,
        "timeframe": "1H",
        "ma_value": 100.0,
        "distance_pct": pytest.approx(100 / 99),
        "decision": "EXIT",
        "reasons": ["a reason"],
        "action_prepared": "SELL 100 MKT",
        "action_executed": None,
        "order_id": ticket.reference,
        "errors": [],
        "run_id": "r1",
    }


def test_a_withheld_order_is_no_prepared_action_and_says_why(tmp_path: Path) -> None:
    ticket = build.ticket()
    verdict = DeniedTicket(ticket, ("too many", "too late"))
    line = one(tmp_path, build.row(signal=ticket.signal, verdict=verdict))
    assert line["action_prepared"] is None
    assert line["reasons"] == ["a reason", "too many", "too late"]
    assert line["order_id"] == ticket.reference


def test_a_deferred_order_is_prepared(tmp_path: Path) -> None:
    ticket = build.ticket()
    verdict = DeferredTicket(ticket, build.utc("2026-01-29 14:30"))
    line = one(tmp_path, build.row(signal=ticket.signal, verdict=verdict))
    assert line["action_prepared"] == "SELL 100 MKT"


def test_an_undecided_position_tells_its_errors_and_no_numbers(tmp_path: Path) -> None:
    signal = Signal(build.position(), None, Decision.UNDECIDED, ("unassigned", "no bars"))
    line = one(tmp_path, build.row(signal=signal, last_close=None, readings=()))
    assert line["errors"] == ["unassigned", "no bars"]
    empty = ("close", "ma_type", "ma_length", "timeframe", "ma_value", "distance_pct", "order_id")
    assert all(line[name] is None for name in empty)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_becomes_null(tmp_path: Path, odd: float) -> None:
    hold = build.signal(decision=Decision.HOLD)
    row = build.row(signal=hold, last_close=odd, readings=build.readings(odd))
    line = one(tmp_path, row)
    assert (line["close"], line["ma_value"], line["distance_pct"]) == (None, None, None)


def test_runs_follow_one_another(tmp_path: Path) -> None:
    log = JsonLinesSignalLog(tmp_path / "signals.jsonl")
    log.append("r1", [build.row(), build.row()])
    log.append("r2", [])
    log.append("r3", [build.row()])
    assert [line["run_id"] for line in logged(tmp_path / "signals.jsonl")] == ["r1", "r1", "r3"]


def test_a_torn_last_line_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "signals.jsonl"
    log = JsonLinesSignalLog(path)
    log.append("r1", [build.row()])
    with path.open("a") as file:
        file.write('{"timestamp": "2026-01')
    log.append("r2", [build.row()])
    first, torn, last = path.read_text().splitlines()
    assert json.loads(first)["run_id"] == "r1"
    assert torn == '{"timestamp": "2026-01'
    assert json.loads(last)["run_id"] == "r2"


def test_the_account_number_is_not_written(tmp_path: Path) -> None:
    assert build.NUMBER not in str(one(tmp_path, build.row()))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    # Below a regular file nobody can write, root neither.
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=rf"{tmp_path / 'file'}.*--log-dir"):
        JsonLinesSignalLog(tmp_path / "file" / "signals.jsonl").append("r1", [build.row()])


def sent(state: TicketState, filled: str) -> TicketRecord:
    book = FakeTicketBook()
    record = book.intend("r1", build.ticket(), build.NOW)
    return replace(record, state=state, filled=Decimal(filled), cause="because")


def test_what_was_executed_stands_in_the_line() -> None:
    told = line(
        "r1", build.row(verdict=ApprovedTicket(build.ticket())), [sent(TicketState.DONE, "100")]
    )
    assert (told["action_executed"], told["errors"]) == ("SELL 100", [])


def test_the_parts_of_several_attempts_add_up() -> None:
    parts = [sent(TicketState.CANCELLED, "30"), sent(TicketState.DONE, "70")]
    assert line("r1", build.row(), parts)["action_executed"] == "SELL 100"


def test_an_order_whose_fate_is_open_is_an_error_in_the_line() -> None:
    told = line("r1", build.row(), [sent(TicketState.UNCERTAIN, "0")])
    assert (told["action_executed"], told["errors"]) == (None, ["UNCERTAIN: because"])
