"""A replay as notebooks and commands get it: settings, assignments and stored bars, no gateway."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.counting import counted
from sellkit.core.instrument import Instrument
from sellkit.core.portfolio import Account, Position
from sellkit.errors import ConfigError
from sellkit.operate.holdings import holdings
from sellkit.operate.study import freeze_of, frozen_in_words
from sellkit.wiring.gateways import chosen_profile
from sellkit.wiring.parts import desk_options, open_book, open_store, present_of
from sellkit.wiring.showing import public_names, show_richly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.config import Overrides, Settings
    from sellkit.core.assignments import Assignment
    from sellkit.core.instrument import Token
    from sellkit.operate.options import DeskOptions
    from sellkit.ports import BarStore, Progress
    from sellkit.research.alternatives import Alternatives
    from sellkit.research.course import ReplayTerms, Subject
    from sellkit.research.replay import Replaying
    from sellkit.research.replayed import Replay

USUALLY: Final = dt.timedelta(days=365)
_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be replayed.

    Attributes
    ----------
    begin, end
        The first and the last day, UTC; None for a year before the last, and for the present.
    tokens
        Only these positions, each as a token or a symbol; empty takes all that are assigned.
    reenters
        Whether what was sold is bought again.
    commission, spread_bp
        Of a trade; None takes the usual ones.
    """

    begin: dt.date | None = None
    end: dt.date | None = None
    tokens: Sequence[str] = ()
    reenters: bool = False
    commission: float | None = None
    spread_bp: float | None = None


def open_replay(
    *,
    profile: str = "",
    begin: str = "",
    end: str = "",
    tokens: Sequence[str] = (),
    reenters: bool = False,
) -> ReplayBench:
    """The assignments and the stored bars of a profile, ready to be replayed.

    Parameters
    ----------
    profile
        Name of a profile in the settings; empty takes the one chosen for the notebooks.
    begin, end
        The first and the last day, `2026-01-31`; empty takes the last year.
    tokens
        Only these positions, each as a token or a symbol.
    reenters
        Whether what was sold is bought again after a close strictly above the average.

    Raises
    ------
    ConfigError
        A day cannot be read, nothing is stored or assigned, or a token is not among them.
    """
    from sellkit.config import Overrides

    show_richly()
    days = day_of(begin, "begin"), day_of(end, "end")
    asked = Asked(begin=days[0], end=days[1], tokens=tokens, reenters=reenters)
    return bench(Overrides(profile=profile or chosen_profile() or None), asked)


def bench(chosen: Overrides, asked: Asked) -> ReplayBench:
    """What `open_replay` gives, for a command."""
    from sellkit.config import load

    settings, store = load(chosen), open_store(chosen)
    terms = _terms(settings, store, asked, _present(chosen, store))
    assigned = _assigned(open_book(settings).load().assignments, asked.tokens)
    subjects, without = _subjects(store, assigned, desk_options(settings))
    if not subjects:
        reasons = "; ".join(f"{token}: {reason}" for token, reason in without.items())
        raise ConfigError(f"there is nothing to replay: {reasons}")
    return ReplayBench(settings.profile, terms, subjects, without)


class ReplayBench:
    """Positions with their bars, to be replayed as often as one likes; made by `open_replay`.

    Parameters
    ----------
    profile
        Whose they are.
    terms
        From when to when, and how.
    subjects
        The positions.
    without
        By token, why a position has no bars.
    """

    def __init__(
        self,
        profile: str,
        terms: ReplayTerms,
        subjects: Sequence[Subject],
        without: Mapping[Token, str],
    ) -> None:
        self.profile = profile
        self.terms = terms
        self.subjects = tuple(subjects)
        self.without = dict(without)

    def __repr__(self) -> str:
        begin, end = (f"{each:%Y-%m-%d %H:%M}" for each in (self.terms.begin, self.terms.end))
        return (
            f"{counted(len(self.subjects), 'position')} of profile {self.profile} to replay "
            f"from {begin} to {end} UTC: run, alternatives"
        )

    def __dir__(self) -> list[str]:
        return public_names(self)

    def replaying(self) -> Replaying:
        """A replay to be run, of which what is done stays when it is interrupted."""
        from sellkit.research.replay import Replaying

        return Replaying(self.subjects, self.terms, self.without)

    def run(self, progress: Progress | None = None) -> Replay:
        """Judge every moment by the live evaluator, and see what came of each exit."""
        return self.replaying().run(progress or _lines())

    def alternatives(self, progress: Progress | None = None) -> Alternatives:
        """What each of the 28 choices would have come to, each position after the other."""
        from sellkit.research.alternatives import alternatives

        return alternatives(self.subjects, self.terms, progress)


def day_of(text: str, name: str) -> dt.date | None:
    """A day as a person writes it; None for nothing.

    Raises
    ------
    ConfigError
        It is none.
    """
    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError as error:
        raise ConfigError(f"{name} {text!r} is no day: write it as 2026-01-31") from error


def _lines() -> Progress:
    from sellkit.present.progress import LineProgress

    return LineProgress(print)


def _present(chosen: Overrides, store: BarStore) -> dt.datetime:
    now, _ = present_of(chosen, holdings(store))
    return now


def _terms(settings: Settings, store: BarStore, asked: Asked, now: dt.datetime) -> ReplayTerms:
    from sellkit.research.course import ReplayTerms
    from sellkit.research.series import Costs

    options, usual = desk_options(settings), Costs()
    midnight = dt.time(tzinfo=dt.UTC)
    end = now
    if asked.end is not None:
        end = min(now, dt.datetime.combine(asked.end, midnight) + _DAY)
    begin = end - USUALLY
    if asked.begin is not None:
        begin = dt.datetime.combine(asked.begin, midnight)
    if begin >= end:
        raise ConfigError(
            f"a replay from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC has no moment in "
            "it: let it begin earlier, and end before the present"
        )
    return ReplayTerms(
        begin=begin,
        end=end,
        anchor=options.anchor,
        rth=options.rth,
        lag=options.lag,
        daily_basis=options.daily_basis,
        at_close=options.limits.at_close,
        max_seed_weight=options.limits.max_seed_weight,
        costs=Costs(
            usual.per_share if asked.commission is None else asked.commission,
            usual.spread_bp if asked.spread_bp is None else asked.spread_bp,
        ),
        reenters=asked.reenters,
    )


def _assigned(sheet: Mapping[Token, Assignment], wanted: Sequence[str]) -> dict[Token, Assignment]:
    names = {each.strip().upper() for each in wanted}
    found = {
        token: each
        for token, each in sorted(sheet.items())
        if not names or names & {str(token), token.symbol}
    }
    known = {name for token in found for name in (str(token), token.symbol)}
    if unknown := sorted(names - known):
        held = ", ".join(map(str, sheet)) or "nothing"
        raise ConfigError(f"no average is assigned to {', '.join(unknown)}; assigned are {held}")
    if not found:
        raise ConfigError("nothing is assigned yet; `sellkit assign NASDAQ:AAPL SMA 50 1H` does it")
    return found


def _subjects(
    store: BarStore,
    assigned: Mapping[Token, Assignment],
    options: DeskOptions,
) -> tuple[list[Subject], dict[Token, str]]:
    from sellkit.core.market_time import has_calendar

    contracts = _contracts(store)
    subjects, without = [], {}
    for token, assignment in assigned.items():
        if token not in contracts:
            without[token] = "no bars of it are stored; `sellkit status` downloads them"
        elif not has_calendar(token.exchange):
            without[token] = f"no session calendar is known for the exchange {token.exchange}"
        else:
            instrument = Instrument(contracts[token], token)
            subjects.append(_subject(store, instrument, assignment, options))
    return subjects, without


def _contracts(store: BarStore) -> dict[Token, int]:
    """The contract that each token stands for: of several with bars the one named last."""
    stored = {each.key.con_id for each in store.figures()}
    return {token: con_id for con_id, token in store.names().items() if con_id in stored}


def _subject(
    store: BarStore,
    instrument: Instrument,
    assignment: Assignment,
    options: DeskOptions,
) -> Subject:
    from decimal import Decimal

    from sellkit.core.bars import BarSize
    from sellkit.research.course import Subject

    keys = [options.key(instrument.con_id, size) for size in (BarSize.M30, BarSize.D1)]
    halves, days = (store.read(key) for key in keys)
    revised = [store.revisions(key) for key in keys]
    freeze = freeze_of(instrument, store, options)
    # All is counted by the share, so a single one is held, of nobody's account.
    position = Position(Account("replay", ""), instrument, Decimal(1), None)
    return Subject(
        position,
        assignment,
        halves,
        days,
        doubt="" if freeze is None else frozen_in_words(freeze),
        revised_halves=revised[0],
        revised_days=revised[1],
    )
