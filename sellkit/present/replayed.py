"""What a replay found, for a notebook and a terminal."""

from __future__ import annotations

import sys
from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sellkit.core.counting import counted
from sellkit.present import hypertext as h
from sellkit.present.columns import Cell
from sellkit.present.replayed_columns import EXITS, POSITIONS
from sellkit.present.words import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from sellkit.present.columns import Column
    from sellkit.research.alternatives import Alternatives
    from sellkit.research.chance import Verdict
    from sellkit.research.replayed import PositionReplay, Replay

_EXITS_SHOWN: Final = 200
_EVIDENCE: Final = 0.05
"""Of all choices together: below it luck alone hardly explains the best of them."""

_LEFT_OUT: Final = (
    "prices are without dividends, and money that is out earns no interest: holding really made "
    "more by its dividends, and time out cost them",
    "only what is assigned today is replayed: what was sold or delisted before is missing, so that "
    "holding looks better here than it was",
)


def notes(replay: Replay) -> list[str]:
    """What has to be known to read the numbers rightly, a sentence each."""
    terms, positions = replay.terms, replay.positions
    held = (
        "what was sold is bought again at the open after a close strictly above"
        if terms.reenters
        else "what was sold stays sold: worth and time out are of the first exit alone, and later "
        "exits are those of whoever held then"
    )
    found = [
        f"exits meet the open of the next bar (at the close: {terms.at_close}); {held}",
        f"costs: {terms.costs.per_share:g} a share and half a spread of {terms.costs.spread_bp:g} "
        "bp for each trade, without the least that an order costs; gates that ask the account of "
        "that time are not applied",
        *_LEFT_OUT,
    ]
    if later := sum(each.told_later for each in positions):
        found.append(
            f"{later} of {sum(each.decided for each in positions)} decisions rest on bars that "
            "were told more than an hour late: a run at that time may have seen others, or none"
        )
    if corrected := sum(each.corrected for each in positions):
        found.append(
            f"{counted(corrected, 'bar')} told with another close later; moments before that were "
            "judged on the former one, prices of sales and what came after are the latest"
        )
    if withheld := sum(each.withheld for each in positions):
        found.append(
            f"at {counted(withheld, 'close')} an EXIT was withheld: the average owed too much to "
            "its seed"
        )
    if terms.at_close == "before_close":
        found.append(
            "bars are judged whole, and an exit at the close is priced at the next opening: what "
            "was known of a last bar before the bell, and the price then, are lost"
        )
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
            parts.append(
                f'<p class="quiet">the last {len(shown)} of {counted(len(exits), "exit")}</p>'
            )
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
        gains = _gains(found, place)
        if position is None:
            continue
        label, sessions = position.assignment.label, int(study.bars[place, 1])
        own = gains[labels().index(label)]
        if np.isnan(own):
            yield f"{name}: {counted(sessions, 'session')}, too few for {label}"
            continue
        best, count = int(np.nanargmax(gains)), int(np.isfinite(gains).sum())
        span = counted(sessions, "session")
        yield (
            f"{name}: {label} {percent(own)} % against holding over {span}, number "
            f"{int((gains > own).sum()) + 1} of {count}; the best was {labels()[best]} "
            f"{percent(gains[best])} %, {_luck(found.luck.get(name))}"
        )
    if len(found.luck) > 1:
        yield _of_many(found)
    yield from _other_terms(replay)


def _other_terms(replay: Replay) -> Iterator[str]:
    """In what the alternatives are not traded as the replay is."""
    terms = replay.terms
    if terms.at_close != "next_open":
        yield f"the alternatives sell at the next opening, whatever is set (here {terms.at_close})"
    if terms.daily_basis == "hourly":
        yield "the alternatives hold days against daily averages, and not every hour as is set"


def _luck(verdict: Verdict | None) -> str:
    """How much the best of many is worth."""
    if verdict is None:
        return "of too few sessions to tell it from luck"
    share = f"{_share(verdict.p_value)} of histories drawn by chance have a best one as good"
    is_rare = verdict.p_value < _EVIDENCE
    told = "hardly luck alone" if is_rare else "not to be told from luck"
    return f"{told}: {share}"


def _share(p_value: float) -> str:
    return "under 1%" if p_value < 0.01 else f"{p_value:.0%}"


def _of_many(found: Alternatives) -> str:
    """What has to be known of one position that was picked among several."""
    count = len(found.luck)
    few = sum(each.p_value < _EVIDENCE for each in found.luck.values())
    return (
        f"luck is judged position by position: of {count}, {few} below {_EVIDENCE:.0%}, where luck "
        f"alone gives {_EVIDENCE * count:.1f} in the mean; and whoever chose them may have known "
        "this very history"
    )


def labels() -> tuple[str, ...]:
    """The names of the 28, in the order of a study's arrays."""
    from sellkit.research.result import LABELS  # noqa: PLC0415

    return LABELS


def alternatives_sheet(found: Alternatives) -> h.Html:
    """An `Alternatives`: the best of the 28 for each position, and what luck has to do with it."""
    titles = [h.title(text) for text in ("token", "sessions", "best", "against holding %", "luck")]
    rows = []
    for place, name in enumerate(found.study.names):
        gains = _gains(found, place)
        known = np.isfinite(gains).any()
        best = labels()[int(np.nanargmax(gains))] if known else "-"
        gain = percent(float(np.nanmax(gains))) if known else "-"
        cells = (str(int(found.study.bars[place, 1])), best, gain, _luck(found.luck.get(name)))
        rows.append(h.row([h.row_name(Cell(name)), *(h.td(escape(each)) for each in cells)]))
    told = (
        "Each sold at the open after a close strictly below and bought again after one strictly "
        "above, with costs. Of 28 choices some best one there always is: where chance often has "
        "one as good, it says nothing; and where it hardly ever has, that was then."
    )
    many = [f'<p class="quiet">{escape(_of_many(found))}</p>'] if len(found.luck) > 1 else []
    return h.sheet(repr(found), f"<p>{told}</p>", h.table(titles, rows), *many)


def _gains(found: Alternatives, place: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Against holding, in percent; NaN for a choice that had too few bars to decide."""
    study = found.study
    gains = study.against_holding[place] * 100
    return np.where(study.decided[place] > 0, gains, np.nan)
