"""Recorded runs judged again on the stored bars; no gateway is asked, and nothing is written."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from sellkit.core.retraced import Likeness, RetracedRun, compared
from sellkit.errors import ConfigError
from sellkit.operate.review import named
from sellkit.wiring.parts import desk_options, open_journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.config import Settings
    from sellkit.core.past_runs import JournalledRun
    from sellkit.core.retraced import RecordedRun, Retraced
    from sellkit.operate.retrace import Retracer
    from sellkit.ports import Progress


def retrace(
    settings: Settings, progress: Progress, *, run: str = "", day: dt.date | None = None
) -> tuple[RetracedRun, ...]:
    """Judge one run again, or all that judged on a day.

    Parameters
    ----------
    run
        Its id, the beginning of one, or `last`.
    day
        The date, UTC.

    Raises
    ------
    ConfigError
        There is no such run, or none on that day.
    """
    from sellkit.adapters.bar_store import ParquetBarStore
    from sellkit.operate.retrace import Retracer

    retracer = Retracer(ParquetBarStore(settings.data_dir), desk_options(settings))
    with closing(open_journal(settings)) as journal, ExitStack() as stack:
        is_there = (settings.data_dir / "journal.sqlite").exists()
        chosen = _chosen(journal.past_runs.all() if is_there else (), run, day)
        stack.callback(progress.stop)
        progress.start("judging again", len(chosen))
        found = []
        for each in chosen:
            recorded = journal.recordings.recorded(each.run_id)
            if recorded is None:
                raise ConfigError(f"run {each.run_id} decided nothing that could be replayed")
            found.append(retraced(recorded, retracer))
            progress.advance(of=each.run_id)
    return tuple(found)


def _chosen(told: Sequence[JournalledRun], run: str, day: dt.date | None) -> list[JournalledRun]:
    if day is None:
        return [named(told, run)]
    moments = ((each, each.judged_at) for each in told)
    found = [each for each, at in moments if at is not None and at.date() == day]
    if not found:
        raise ConfigError(f"no run judged positions on {day} (UTC); `sellkit runs list` shows all")
    return found


def retraced(recorded: RecordedRun, retracer: Retracer) -> RetracedRun:
    """Strictly first; what is not equal then, once more with bars that were told again since."""
    strict = _held_against(recorded, retracer, is_lenient=False)
    if all(each.likeness is Likeness.EQUAL for each in strict):
        return RetracedRun(recorded.run_id, recorded.as_of, strict)
    lenient = _held_against(recorded, retracer, is_lenient=True)
    order = list(Likeness)
    best = tuple(
        min(pair, key=lambda each: (order.index(each.likeness), len(each.differences)))
        for pair in zip(strict, lenient, strict=True)
    )
    return RetracedRun(recorded.run_id, recorded.as_of, best)


def _held_against(
    recorded: RecordedRun, retracer: Retracer, *, is_lenient: bool
) -> tuple[Retraced, ...]:
    from sellkit.adapters.decision_facts import of_decision

    decision = retracer.decide(recorded, is_lenient=is_lenient)
    replayed = {
        row.position.instrument.con_id: of_decision(recorded.run_id, row) for row in decision.rows
    }
    return tuple(compared(each, replayed.get(_contract(each))) for each in recorded.rows)


def _contract(row: object) -> int:
    return int(str(row["con_id"]))  # type: ignore[index]
