"""The runs of a profile as notebooks and commands look back at them; no gateway is asked."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from sellkit.core.month import Month
from sellkit.core.run_difference import differences
from sellkit.core.run_filter import RunFilter
from sellkit.errors import DataError
from sellkit.operate.review import LATEST, Beside, beside, look, named, of_run, reviewed
from sellkit.wiring.comparison import Comparison
from sellkit.wiring.gateways import profile_for
from sellkit.wiring.parts import desk_options, open_journal
from sellkit.wiring.runs import scheduled_calendars
from sellkit.wiring.showing import public_names, show_richly

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from sellkit.config import Overrides, Settings
    from sellkit.core.custody import Finding
    from sellkit.core.past_runs import JournalledRun, PastRun
    from sellkit.core.run_difference import JournalledDecision
    from sellkit.core.run_hours import HourCalendar
    from sellkit.operate.archive import Archived
    from sellkit.ports import Progress

_BEYOND: Final = dt.timedelta(days=1)


def open_runs(*, profile: str = "", overrides: Overrides | None = None) -> PastRuns:
    """Look back at the runs of a profile.

    Parameters
    ----------
    profile
        Name of a profile in the settings; empty takes the one chosen for the notebooks, and else
        the settings' own choice.
    overrides
        What flags say instead of the settings.

    Returns
    -------
    PastRuns
        `close()` it, or use it in a `with` block.

    Raises
    ------
    ConfigError
        A setting cannot be used.
    """
    from sellkit.config import Overrides, load

    show_richly()
    chosen = Overrides(profile=profile_for(profile, overrides) or None)
    return PastRuns(load((overrides or Overrides()).over(chosen)))


class PastRuns:
    """The runs of a profile, with their verdicts; made by `open_runs`.

    Parameters
    ----------
    settings
        The profile's.
    """

    def __init__(self, settings: Settings) -> None:
        from sellkit.adapters.kept_notebooks import KeptNotebooks

        self.settings = settings
        self._journal = open_journal(settings)
        self._notebooks = KeptNotebooks(settings.data_dir)

    def __repr__(self) -> str:
        return f"the runs of profile {self.profile}: find, one, compare, hours, verify, archive"

    def __dir__(self) -> list[str]:
        return public_names(self)

    @property
    def profile(self) -> str:
        """Whose runs they are."""
        return self.settings.profile

    def find(self, wanted: RunFilter | None = None) -> tuple[PastRun, ...]:
        """The runs that are wanted, the latest first; all without a filter.

        Parameters
        ----------
        wanted
            What they have to be.
        """
        return tuple(reviewed(self._told(), self._notebooks, wanted or RunFilter()))

    def one(self, name: str = LATEST) -> PastRun:
        """One run.

        Parameters
        ----------
        name
            Its id, the beginning of it, or `last`.

        Raises
        ------
        ConfigError
            There is no such run, or more than one.
        """
        return look(named(self._told(), name), self._notebooks)

    def decisions(self, run: PastRun) -> tuple[JournalledDecision, ...]:
        """What a run decided, as journalled."""
        return self._journal.past_runs.decisions(run.facts.run_id)

    def beside(self, run: PastRun) -> Beside:
        """What a run knew beside its decisions: its connection, quotes, and bars told anew."""
        return beside(self._journal, run.facts.run_id)

    def compare(self, first: str = "", second: str = "") -> Comparison:
        """Two runs side by side; the last two that judged positions where none is named.

        Parameters
        ----------
        first, second
            As for `one`.
        """
        told = self._told()
        if first and second:
            chosen = [named(told, first), named(told, second)]
        else:
            chosen = [each for each in told if each.decisions][-2:]
        runs = tuple(look(each, self._notebooks) for each in chosen)
        if len(runs) < 2:
            return Comparison(runs, ())
        return Comparison(runs, differences(*map(self.decisions, runs)))

    def hours(self, month: str | Month = "", runs: Sequence[PastRun] | None = None) -> HourCalendar:
        """The hours of a month that were due, each with what became of it.

        Parameters
        ----------
        month
            `2026-06`; empty takes the latest run's, or the present one.
        runs
            All of them, where they were looked at already; read when left out.

        Raises
        ------
        ConfigError
            That is no month.
        """
        from sellkit.core.run_hours import hour_calendar, let_pass

        told = self._told()
        wanted = self._month(month, told)
        if runs is None:
            around = RunFilter(since=wanted.first - _BEYOND, until=wanted.last + _BEYOND)
            runs = tuple(reviewed(told, self._notebooks, around))
        file = self.settings.file
        found = hour_calendar(
            wanted,
            scheduled_calendars(self.settings),
            runs[::-1],
            anchor=file.bars.hour_anchor,
            now=self._now(told),
            grace=dt.timedelta(seconds=file.orders.max_bar_age_seconds),
            since=min(_moments(told), default=None),
            early=desk_options(self.settings).limits.early,
        )
        return let_pass(found, self._missed(wanted))

    def months(self) -> tuple[Month, ...]:
        """The months that have runs, the latest first."""
        moments = (each.moment for each in self._told())
        return tuple(sorted({Month.of(each) for each in moments if each is not None}, reverse=True))

    def verify(self, name: str) -> tuple[PastRun, tuple[Finding, ...], int]:
        """One run held against the journal, as `sellkit audit verify` does with all of them.

        Parameters
        ----------
        name
            As for `one`.

        Returns
        -------
        tuple
            The run; what is wrong with its rows, its links of the chain, its tickets and its
            notebook; and how many findings concern something else.
        """
        from sellkit.wiring.evidence import audit

        run = self.one(name)
        places = self._journal.past_runs.places(run.facts.run_id)
        findings, others = of_run(audit(self.settings).findings, places, run.facts.run_id)
        return run, findings, others

    def archive(self, before: Month, progress: Progress) -> tuple[Archived, ...]:
        """Put the notebooks of the months before one into archives; see `operate.archive`.

        Parameters
        ----------
        before
            The first month that stays as it is.
        progress
            Where it shows how far it is.
        """
        from sellkit.adapters.clock import SystemClock
        from sellkit.adapters.month_archive import MonthArchives
        from sellkit.operate.archive import archive

        if not self._is_there():
            return ()
        self._notebooks.close()
        store = MonthArchives(self.settings.data_dir)
        return archive(store, self._journal.evidence, before, SystemClock().now(), progress)

    def notebook(self, run: PastRun) -> bytes:
        """The executed notebook of a run, wherever it lies.

        Raises
        ------
        DataError
            There is none.
        """
        path = run.facts.path
        content = None if path is None else self._notebooks.read(path)
        if content is None:
            why = "was kept: it was run by hand" if path is None else f"is there any more: {path}"
            raise DataError(f"no notebook of run {run.facts.run_id} {why}")
        return content

    def close(self) -> None:
        """Close the journal and the archives; a later use opens them again."""
        with ExitStack() as stack:
            stack.callback(self._journal.close)
            stack.callback(self._notebooks.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _is_there(self) -> bool:
        """A journal that is not there yet tells of no run, and is not made."""
        return (self.settings.data_dir / "journal.sqlite").exists()

    def _missed(self, month: Month) -> dict[dt.datetime, str]:
        """What the schedule let pass of its hours around a month, and why."""
        from sellkit.core.schedule import HOURLY

        first, last = month.first - _BEYOND, month.last + _BEYOND
        slots = self._journal.slots.missed(HOURLY) if self._is_there() else ()
        return {each.due.at: each.reason for each in slots if first <= each.due.at.date() <= last}

    def _told(self) -> tuple[JournalledRun, ...]:
        return self._journal.past_runs.all() if self._is_there() else ()

    def _month(self, month: str | Month, told: Sequence[JournalledRun]) -> Month:
        if isinstance(month, Month):
            return month
        if month.strip():
            return Month.parse(month)
        return Month.of(self._latest(told) or self._now(told))

    def _latest(self, told: Sequence[JournalledRun]) -> dt.datetime | None:
        return max(_moments(told), default=None)

    def _now(self, told: Sequence[JournalledRun]) -> dt.datetime:
        """The present; where the gateway tells the time, the moment of the latest run."""
        from sellkit.adapters.clock import SystemClock

        latest = self._latest(told)
        if self.settings.connection.clock == "system" or latest is None:
            return SystemClock().now()
        return latest


def _moments(told: Sequence[JournalledRun]) -> Iterator[dt.datetime]:
    return (each.moment for each in told if each.moment is not None)
