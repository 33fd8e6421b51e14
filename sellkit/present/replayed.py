"""What a replay found, for a notebook, a terminal and machines.

Types of the layer of research are taken as they come: their names are in the docstrings.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sellkit.present import hypertext as h
from sellkit.present.columns import Cell, Column, Tone
from sellkit.present.words import percent, price
from sellkit.research.replayed import AFTER, exit_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TextIO

    from sellkit.research.alternatives import Alternatives
    from sellkit.research.chance import Verdict
    from sellkit.research.replayed import Exit, PositionReplay, Replay

_EXITS_SHOWN: Final = 200
_UNKNOWN: Final = "-"
_EVIDENCE: Final = 0.05
"""Of all choices together: below it the best of them is taken for more than lucky."""


def _whole(number: float) -> Cell:
    return Cell(f"{number:.0f}", Tone.PLAIN if number else Tone.QUIET)


def _gain(value: float) -> Cell:
    return Cell(percent(value), Tone.PLAIN)


POSITIONS: Final[tuple[Column[PositionReplay], ...]] = (
    Column("token", lambda each: Cell(str(each.token), Tone.STRONG)),
    Column("assigned", lambda each: Cell(each.assignment.label)),
    Column("judged", lambda each: _whole(each.decided), is_number=True),
    Column("undecided", lambda each: _whole(sum(each.undecided.values())), is_number=True),
    Column("exits", lambda each: _whole(len(each.exits)), is_number=True),
    Column("whipsaws", lambda each: _whole(each.whipsaws), is_number=True),
    Column("rule %", lambda each: _gain(each.equity.rule_percent), is_number=True),
    Column("holding %", lambda each: _gain(each.equity.holding_percent), is_number=True),
    Column("edge %", lambda each: Cell(percent(each.edge_percent), _edge(each)), is_number=True),
    Column("deepest fall %", lambda each: Cell(_fall(each.equity.rule_drawdown)), is_number=True),
    Column("of holding %", lambda each: Cell(_fall(each.equity.holding_drawdown)), is_number=True),
    Column("time out %", lambda each: _whole(each.out_percent), is_number=True),
)


def _edge(each: PositionReplay) -> Tone:
    return Tone.GOOD if each.edge_percent > 0 else Tone.PLAIN


def _fall(value: float) -> str:
    return f"{value:.2f}"


def _after(name: str, count: int) -> Callable[[tuple[PositionReplay, Exit]], Cell]:
    return lambda pair: _moved(getattr(pair[1], f"after_{name}")[count])


EXITS: Final[tuple[Column[tuple[PositionReplay, Exit]], ...]] = (
    Column("token", lambda pair: Cell(str(pair[0].token), Tone.STRONG)),
    Column("decided, UTC", lambda pair: Cell(f"{pair[1].at:%Y-%m-%d %H:%M}")),
    Column("close", lambda pair: Cell(price(pair[1].close)), is_number=True),
    Column("average", lambda pair: Cell(price(pair[1].average)), is_number=True),
    Column("sold, UTC", lambda pair: Cell(_sold(pair[1]))),
    Column("at", lambda pair: Cell(_met(pair[1])), is_number=True),
    *(Column(f"+{count} bars %", _after("bars", count), is_number=True) for count in AFTER),
    *(Column(f"+{count} days %", _after("days", count), is_number=True) for count in AFTER),
    Column("to the end %", lambda pair: _moved(pair[1].since_percent), is_number=True),
    Column("avoided %", lambda pair: Cell(_known(pair[1].avoided_percent)), is_number=True),
    Column("back above", lambda pair: Cell(_back(pair[1]), _whipsaw(pair[1]))),
    Column("held", lambda pair: Cell("yes" if pair[1].was_held else "no")),
)


def _sold(sold: Exit) -> str:
    return "no bar after it" if sold.fill is None else f"{sold.fill.at:%Y-%m-%d %H:%M}"


def _met(sold: Exit) -> str:
    return price(None if sold.fill is None else sold.fill.price)


def _moved(value: float | None) -> Cell:
    return Cell(percent(value))


def _known(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.2f}"


def _back(sold: Exit) -> str:
    if sold.back_above is None:
        return "never"
    bars = "1 bar" if sold.back_above == 1 else f"{sold.back_above} bars"
    return f"whipsaw, {bars}" if sold.is_whipsaw else bars


def _whipsaw(sold: Exit) -> Tone:
    return Tone.WARN if sold.is_whipsaw else Tone.PLAIN


def notes(replay: Replay) -> list[str]:
    """What has to be known to read the numbers rightly, a sentence each."""
    terms, positions = replay.terms, replay.positions
    held = (
        "what was sold is bought again at the open after a close strictly above"
        if terms.reenters
        else "what was sold stays sold: later exits are those of whoever held then"
    )
    found = [
        f"exits meet the open of the next bar (at the close: {terms.at_close}); {held}",
        f"costs: {terms.costs.per_share:g} a share and half a spread of {terms.costs.spread_bp:g} "
        "bp for each trade; gates that ask the account of that time are not applied",
    ]
    if later := sum(each.told_later for each in positions):
        found.append(
            f"{later} of {sum(each.decided for each in positions)} decisions rest on bars that "
            "were told more than an hour late: a run at that time may have seen others, or none"
        )
    if corrected := sum(each.corrected for each in positions):
        found.append(f"{corrected} bars were told otherwise before; they count as told last")
    if withheld := sum(each.withheld for each in positions):
        found.append(f"{withheld} EXITs were withheld: the average owes too much to its seed")
    if terms.at_close == "before_close":
        found.append("bars are judged whole: what was known of a last bar before the bell is lost")
    if not replay.is_whole:
        found.insert(0, "INTERRUPTED: positions are missing")
    return found


def undecided(replay: Replay) -> Iterator[str]:
    """Why moments stayed undecided, position by position."""
    for each in replay.positions:
        for reason, count in each.undecided.items():
            yield f"{each.token}: {count} undecided: {reason}"
    for token, reason in replay.without.items():
        yield f"{token}: not replayed: {reason}"


def replay_sheet(replay: Replay) -> h.Html:
    """A `Replay`: positions, what to know of them, and the exits."""
    head = f"<p><b>{escape(_headline(replay))}</b></p>"
    told = h.bullets([*notes(replay), *undecided(replay)])
    parts = [head, _table(replay.positions, POSITIONS), told]
    exits = replay.exits
    if exits:
        shown = exits[-_EXITS_SHOWN:]
        if len(shown) < len(exits):
            parts.append(f'<p class="quiet">the last {len(shown)} of {len(exits)} exits</p>')
        parts.append(_table(shown, EXITS))
    return h.sheet(repr(replay), *parts)


def position_sheet(position: PositionReplay) -> h.Html:
    """A `PositionReplay`: its figures and its exits."""
    pairs = [(position, each) for each in position.exits]
    tables = [_table([position], POSITIONS), *([_table(pairs, EXITS)] if pairs else [])]
    return h.sheet(repr(position), *tables)


def _headline(replay: Replay) -> str:
    return repr(replay).partition("\n")[0]


def _table(rows: Sequence[Any], columns: Sequence[Column[Any]]) -> str:
    titles = [h.column_title(each) for each in columns]
    return h.table(titles, (h.row(_cells(each, columns)) for each in rows))


def _cells(row: Any, columns: Sequence[Column[Any]]) -> list[str]:  # noqa: ANN401
    first, *others = columns
    return [h.row_name(first.cell(row)), *(h.column_cell(each, each.cell(row)) for each in others)]


def print_replay(
    replay: Replay, found: Alternatives | None = None, stream: TextIO | None = None
) -> None:
    """Print positions, the alternatives beside them, and what to know of the numbers."""
    from sellkit.present.fitted import fitted_table, open_console, print_plainly  # noqa: PLC0415

    out = stream or sys.stdout
    console = open_console(out)
    print(_headline(replay), file=out)
    if replay.positions:
        print_plainly(fitted_table(replay.positions, POSITIONS, console.width), console, out)
    if found is not None:
        print("\n".join(beside(replay, found)), file=out)
    print("\n".join([*notes(replay), *undecided(replay)]), file=out)


def beside(replay: Replay, found: Alternatives) -> Iterator[str]:
    """The assigned average among the 28 alternatives, a line for each position."""
    yield (
        "among the alternatives that had bars enough, each bought again after a close strictly "
        "above, over the sessions of which hours and days are stored:"
    )
    study = found.study
    for place, name in enumerate(study.names):
        position = next((each for each in replay.positions if str(each.token) == name), None)
        gains = np.where(study.decided[place] > 0, study.against_holding[place] * 100, np.nan)
        if position is None:
            continue
        label, sessions = position.assignment.label, int(study.bars[place, 1])
        own = gains[labels().index(label)]
        if np.isnan(own):
            yield f"{name}: {sessions} sessions are too few for {label}"
            continue
        best, count = int(np.nanargmax(gains)), int(np.isfinite(gains).sum())
        yield (
            f"{name}: {label} {percent(own)} % against holding over {sessions} sessions, number "
            f"{int((gains > own).sum()) + 1} of {count}; the best was {labels()[best]} "
            f"{percent(gains[best])} %, {_luck(found.luck.get(name))}"
        )


def _luck(verdict: Verdict | None) -> str:
    """How much the best of many is worth."""
    if verdict is None:
        return "of too few sessions to tell it from luck"
    share = f"{verdict.p_value:.0%} of histories drawn by chance have a best one as good"
    told = "more than luck" if verdict.p_value < _EVIDENCE else "no more than luck"
    return f"{told}: {share}"


def labels() -> tuple[str, ...]:
    """The names of the 28, in the order of a study's arrays."""
    from sellkit.research.result import LABELS  # noqa: PLC0415

    return LABELS


def exits_csv(replay: Replay) -> str:
    """The exits as CSV, a line each."""
    records = [exit_record(*pair) for pair in replay.exits]
    if not records:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def to_json(replay: Replay, found: Alternatives | None = None) -> str:
    """All of it as JSON; null for what is unknown, times as ISO text in UTC."""
    told = {
        "begin": replay.terms.begin.isoformat(),
        "end": replay.terms.end.isoformat(),
        "is_whole": replay.is_whole,
        "notes": notes(replay),
        "positions": [_record(each) for each in replay.positions],
        "not_replayed": {str(token): why for token, why in replay.without.items()},
        "exits": [exit_record(*pair) for pair in replay.exits],
        "alternatives": None if found is None else _alternatives(found),
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _record(each: PositionReplay) -> dict[str, object]:
    return {
        "ticker": str(each.token),
        "average": each.assignment.label,
        "judged": each.decided,
        "moments": each.moments,
        "undecided": dict(each.undecided),
        "withheld": each.withheld,
        "told_later": each.told_later,
        "corrected": each.corrected,
        "exits": len(each.exits),
        "whipsaws": each.whipsaws,
        "rule_percent": each.equity.rule_percent,
        "holding_percent": each.equity.holding_percent,
        "rule_drawdown_percent": each.equity.rule_drawdown,
        "holding_drawdown_percent": each.equity.holding_drawdown,
        "out_percent": each.out_percent,
    }


def _alternatives(found: Alternatives) -> dict[str, object]:
    gains = found.study.against_holding * 100
    return {
        name: {
            "against_holding_percent": {
                label: None if np.isnan(value) else float(value)
                for label, value in zip(labels(), gains[place], strict=True)
            },
            "sessions": int(found.study.bars[place, 1]),
            "luck_p_value": found.luck[name].p_value if name in found.luck else None,
        }
        for place, name in enumerate(found.study.names)
    }
