"""The smallest use of sellkit: one signal written to the plain log, and read back.

    python -m sellkit.part_time_larry some/folder

It connects to nothing: a position is made up, the rule judges it on a few bars typed here, and the
record that every run leaves for a position is written and read.
"""

import datetime as dt
import json
import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd

from sellkit.adapters.signal_log import JsonLinesSignalLog
from sellkit.core.aggregate import CompletedBars, completed
from sellkit.core.assignments import Assignment
from sellkit.core.bars import BarSize, empty_bars, slots_until
from sellkit.core.evaluate import History, evaluate
from sellkit.core.instrument import Instrument, Token
from sellkit.core.market_time import calendar_for
from sellkit.core.portfolio import Account, Position
from sellkit.core.snapshot import SnapshotRow

CLOSES = [101.0, 102.0, 103.0, 102.5, 99.0]
MOMENT = dt.datetime(2025, 11, 26, 21, 0, tzinfo=dt.UTC)


def main(folder: Path) -> dict[str, object]:
    """Judge five closes against SMA 5, write the record to `folder`, and return it as read."""
    token = Token.parse("nasdaq:aapl")
    holding = Position(Account("main", "DU0"), Instrument(265598, token), Decimal(10), Decimal(90))
    slots = slots_until(MOMENT, BarSize.D1, calendar_for("NASDAQ"), count=len(CLOSES))
    bars = pd.DataFrame(
        {name: CLOSES for name in ("open", "high", "low", "close")} | {"volume": 0.0},
        index=pd.DatetimeIndex([slot.start for slot in slots]).as_unit("us"),
    ).assign(fetched_at=pd.Timestamp(MOMENT).as_unit("us"))
    history = History(CompletedBars(None, empty_bars(), "not looked at"), completed(bars, slots))
    signal = evaluate(holding, Assignment.parse("NASDAQ:AAPL", "sma", "5", "1d"), history)
    row = SnapshotRow(
        as_of=MOMENT, signal=signal, last_close=CLOSES[-1], readings=(), open_orders=(),
        verdict=None, max_seed_weight=0.001,
    )  # fmt: skip
    path = folder / "signals.jsonl"
    JsonLinesSignalLog(path).append("larry", [row])
    record: dict[str, object] = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
    return record


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")), indent=2))
