"""Stored tables of averages, carried on by the bars that came since instead of computed anew.

A table's `attrs["state"]` says what it was computed of: how many bars, a checksum of their starts
and closes, and the EMAs after the last one with what rounding took off them. Only when the bars at
hand begin with exactly those bars is the table carried on. Bars that were revised, put on another
basis, filled in before or between, or cut off leave another checksum, and the table is computed
anew.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from sellkit.core.assignments import ALL_AVERAGES, LENGTHS
from sellkit.core.bars import micros
from sellkit.core.indicators import BARS_USED, followed
from sellkit.core.running import LONGEST, RunningAverages

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Closes = NDArray[np.float64]

STATE: Final = "state"
VERSION: Final = 1
COLUMNS: Final = (*(each.column for each in ALL_AVERAGES), BARS_USED)

# From so many new bars on the whole series is done as quickly.
_MANY: Final = 1_000


def extended(
    bars: pd.DataFrame, stored: pd.DataFrame | None
) -> tuple[pd.DataFrame, RunningAverages]:
    """The table of averages of a bar frame, and the state after its last bar.

    Parameters
    ----------
    bars
        An unbroken run of completed bars.
    stored
        The table as it was kept, with its attributes; None when there is none.

    Returns
    -------
    tuple
        One row a bar: `sma_5` ... `ema_200`, NaN with too few bars, and `bars_used`. It is the
        stored table itself when no bar came. All numbers are those of a computation from the
        first bar, to the last bit.
    """
    closes = bars["close"].to_numpy()
    state = None if stored is None else _state_of(stored, bars)
    if stored is None or state is None or len(bars) - state.count > _MANY:
        values, state = followed(closes)
        return _table(bars, values, state), state
    if state.count == len(bars):
        return stored, state
    fresh = bars.iloc[state.count :]
    values = np.empty((len(ALL_AVERAGES), len(fresh)))
    for bar, close in enumerate(fresh["close"].tolist()):
        state.advance(close)
        values[:, bar] = state.values()
    grown = np.concatenate([stored.to_numpy(np.float64).T[:-1], values], axis=1)
    return _table(bars, grown, state), state


def continued(
    bars: pd.DataFrame, before: tuple[pd.DataFrame, RunningAverages] | None
) -> RunningAverages:
    """The state after the last bar, carried on from that of an earlier frame.

    Parameters
    ----------
    bars
        An unbroken run of completed bars.
    before
        An earlier run, and the state after its last bar; it is left as it is. Where the bars do not
        begin with just those bars, all is computed from the first one.
    """
    closes = bars["close"].to_numpy()
    if before is None or not _begins_with(bars, before[0]) or len(before[0]) + _MANY < len(bars):
        return followed(closes)[1]
    state = before[1].copy()
    state.advance_all(closes[len(before[0]) :].tolist())
    return state


def _begins_with(bars: pd.DataFrame, former: pd.DataFrame) -> bool:
    count = len(former)
    if count > len(bars):
        return False
    closes = bars["close"].to_numpy()[:count]
    same = np.array_equal(closes, former["close"].to_numpy())
    return same and np.array_equal(micros(bars.index)[:count], micros(former.index))


def _table(bars: pd.DataFrame, values: Closes, state: RunningAverages) -> pd.DataFrame:
    table = pd.DataFrame(values.T, index=bars.index, columns=list(COLUMNS[:-1]))
    table[BARS_USED] = np.arange(1, len(bars) + 1, dtype=np.int64)
    table.attrs[STATE] = _told(bars, state)
    return table


def _told(bars: pd.DataFrame, state: RunningAverages) -> str:
    # A float's hexadecimal form is all of its bits.
    facts = {
        "version": VERSION,
        "bars": state.count,
        "checksum": _checksum(bars, state.count),
        "ema": [value.hex() for value in state.ema],
        "carry": [value.hex() for value in state.carry],
    }
    return json.dumps(facts)


def _state_of(stored: pd.DataFrame, bars: pd.DataFrame) -> RunningAverages | None:
    """The state after the table's last bar; None when the table cannot be carried on."""
    facts = _facts(stored)
    if facts is None:
        return None
    count = len(stored)
    if count > len(bars) or facts["checksum"] != _checksum(bars, count):
        return None
    closes = bars["close"].to_numpy()[max(0, count - LONGEST) : count]
    state = RunningAverages()
    state.resume(closes.tolist(), count)
    state.ema = [float.fromhex(value) for value in facts["ema"]]
    state.carry = [float.fromhex(value) for value in facts["carry"]]
    shown = stored.iloc[-1].to_numpy(np.float64)[:-1] if count else np.array(state.values())
    return state if np.array_equal(shown, state.values(), equal_nan=True) else None


def _facts(stored: pd.DataFrame) -> dict[str, Any] | None:
    told = stored.attrs.get(STATE)
    if not isinstance(told, str) or tuple(stored.columns) != COLUMNS:
        return None
    facts: dict[str, Any] = json.loads(told)
    is_ours = facts.get("version") == VERSION and facts.get("bars") == len(stored)
    is_whole = len(facts.get("ema", ())) == len(facts.get("carry", ())) == len(LENGTHS)
    return facts if is_ours and is_whole else None


def _checksum(bars: pd.DataFrame, count: int) -> str:
    starts = np.ascontiguousarray(micros(bars.index)[:count], dtype=np.int64)
    closes = np.ascontiguousarray(bars["close"].to_numpy()[:count], dtype=np.float64)
    seen = hashlib.blake2b(starts.tobytes(), digest_size=16)
    seen.update(closes.tobytes())
    return seen.hexdigest()
