"""Joins the parts: the only place that knows every adapter."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from sellkit.errors import ConfigError
from sellkit.wiring.alerts import open_alerts
from sellkit.wiring.gateways import chosen_profile, gateways
from sellkit.wiring.guide import checklist, remedies
from sellkit.wiring.laying import Asked, lay_out
from sellkit.wiring.log import open_log
from sellkit.wiring.moment import parse_moment
from sellkit.wiring.parts import connect, open_book, open_journal, say_problems, terminal_progress
from sellkit.wiring.past_runs import open_runs
from sellkit.wiring.raw import raw_ib, refuse_nested
from sellkit.wiring.replaying import open_replay
from sellkit.wiring.runs import (
    check_confirmable,
    open_clock,
    refuse_unless_opened,
    run_notebook,
    scheduled_calendars,
)
from sellkit.wiring.showing import show_richly
from sellkit.wiring.watch import open_watch

if TYPE_CHECKING:
    from sellkit.config import Overrides
    from sellkit.ports import Progress
    from sellkit.wiring.desk import WiredDesk

__all__ = [
    "check_confirmable",
    "checklist",
    "gateways",
    "open_alerts",
    "open_book",
    "open_clock",
    "open_desk",
    "open_emptied_desk",
    "open_journal",
    "open_reconciling_desk",
    "open_replay",
    "open_runs",
    "open_watch",
    "raw_ib",
    "refuse_unless_opened",
    "remedies",
    "run_notebook",
    "scheduled_calendars",
    "terminal_progress",
]


def open_desk(  # noqa: PLR0913  (a notebook names each of them)
    *,
    profile: str = "",
    as_of: str = "",
    dry_run: bool = True,
    account: str = "",
    run_id: str = "",
    overrides: Overrides | None = None,
    all_positions: bool = False,
    confirms: str = "",
    progress: Progress | None = None,
) -> WiredDesk:
    """Connect to the gateway of a profile and lay out everything a run needs.

    Parameters
    ----------
    profile
        Name of a profile in the settings; empty takes the one chosen for the notebooks, which
        only look, and else the settings' own choice.
    as_of
        ISO time with its zone, `2025-11-28T13:00-05:00`; empty is the present.
    dry_run
        Orders are only prepared. False may send them: when the account is armed, and every gate
        lets them pass.
    account
        Alias of the account; empty takes the settings' own, or the only one.
    run_id
        Identity of the run in the journal; with one the run is opened there at once.
    overrides
        What flags say instead of the settings.
    all_positions
        Download also for positions without an assignment.
    confirms
        A run whose many exits a person looked at and wants; counts once, and in live mode alone.
    progress
        Where long work shows how far it is; plain lines when left out.

    Returns
    -------
    WiredDesk
        Connected; `close()` it, or use it in a `with` block.

    Raises
    ------
    ConfigError
        A setting or a parameter cannot be used; nothing was connected.
    BrokerError
        The gateway cannot be reached or does not answer.
    ForeignOrigin
        The profile's data belong to another gateway or account.
    """
    from sellkit.config import Overrides

    moment = parse_moment(as_of)
    if not profile and overrides is None and dry_run and not run_id:
        profile = chosen_profile()
    chosen = Overrides(profile=profile or None, account=account or None)
    if not dry_run and moment is not None:
        raise ConfigError(
            f"as_of {as_of!r} asks for another moment than the present, for which nothing can be "
            "sent; leave it empty, or leave dry_run=True"
        )
    asked = Asked(moment, run_id, progress, all_positions, is_live=not dry_run, confirms=confirms)
    return _open((overrides or Overrides()).over(chosen), asked)


def open_reconciling_desk(overrides: Overrides) -> WiredDesk:
    """A desk that holds the journal of orders against the gateway, and sends nothing.

    Parameters
    ----------
    overrides
        What flags say instead of the settings.
    """
    return _open(overrides, Asked(None, "", None, False, is_live=True, looks_only=True))


def open_emptied_desk(
    overrides: Overrides, *, all_positions: bool, progress: Progress
) -> WiredDesk:
    """As `open_desk`, with every stored bar and average removed.

    Nothing is removed before the gateway is connected and the bars are known to be its account's.

    Parameters
    ----------
    overrides
        What flags say instead of the settings.
    all_positions
        Download also for positions without an assignment.
    progress
        Where long work shows how far it is.
    """
    return _open(overrides, Asked(None, "", progress, all_positions, is_emptied=True))


def _open(overrides: Overrides, asked: Asked) -> WiredDesk:
    from sellkit.config import load

    settings = load(overrides)
    if asked.is_live:
        refuse_nested()
    open_log(settings, asked.run_id)
    show_richly()
    say_problems(open_book(settings))
    with ExitStack() as stack:
        is_run = bool(asked.run_id) or (asked.is_live and not asked.looks_only)
        broker = connect(settings, is_run=is_run, sends_orders=asked.is_live)
        stack.callback(broker.close)
        desk = lay_out(settings, broker, asked)
        desk.chosen, desk.tells = overrides, asked.is_live and not asked.run_id
        if asked.run_id:
            desk.begin()
        stack.pop_all()
    return desk


def __dir__() -> list[str]:
    return list(__all__)
