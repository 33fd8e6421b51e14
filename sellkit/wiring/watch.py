"""The watch as the command and a notebook get it: connected, with a clock and a heading."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sellkit.errors import NotConnected
from sellkit.wiring.gateways import profile_for
from sellkit.wiring.laying import Asked, lay_out
from sellkit.wiring.log import open_log
from sellkit.wiring.parts import connect, open_book, say_problems
from sellkit.wiring.showing import show_richly

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from typing import Self

    import pandas as pd

    from sellkit.adapters.clock import FlowingClock
    from sellkit.adapters.ib.broker import IbBroker
    from sellkit.adapters.sqlite_journal import SqliteJournal
    from sellkit.config import Overrides, Settings
    from sellkit.core.past import Past
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.standing import Standing
    from sellkit.core.watched import Watched
    from sellkit.operate.outlook import Outlook
    from sellkit.operate.watch import Watch
    from sellkit.present.heading import Heading
    from sellkit.wiring.desk import WiredDesk

_OTHERS = 2
"""Client ids above the profile's own that are taken: the viewers', and the schedule's clock."""

_LIVE = 4
"""For the live desk of a notebook, beside `sellkit watch` and a probe, which has the one before."""

_NOTEBOOKS = 3
"""So many with a live desk or a live chart may be open at once, each in a kernel of its own."""


@dataclass(frozen=True, slots=True)
class WiredWatch:
    """A watch on a gateway that is connected.

    Attributes
    ----------
    desk
        The adapters; no run is begun on it.
    engine
        Does the work.
    clock
        By which minutes begin.
    broker
        The connection.
    """

    desk: WiredDesk
    engine: Watch
    clock: FlowingClock
    broker: IbBroker

    @property
    def standing(self) -> Standing:
        """How the connection stands."""
        return self.broker.standing

    @property
    def broken_farms(self) -> tuple[str, ...]:
        """The data farms that are broken."""
        return self.broker.broken_farms

    def now(self) -> dt.datetime:
        """The time by which minutes begin, aware UTC; it answers at once."""
        return self.clock.reckoned()

    def run(self, publish: Callable[[Watched], None], minutes: int | None = None) -> None:
        """Refresh at once and at each minute's beginning, until `stop` or an interrupt.

        Parameters
        ----------
        publish
            Told each snapshot, on any thread.
        minutes
            How many minutes, skipped ones among them; None for no end.
        """
        clock = self.clock
        self.engine.run(clock.now, clock.wait_until, publish, minutes, wake=clock.stop)

    def heading(self, watched: Watched, now: dt.datetime) -> Heading:
        """What stands above a snapshot: mode, profile, account, gateway and the moment."""
        from sellkit.core.market_time import has_calendar
        from sellkit.present.heading import Heading

        exchanges = (each.token.exchange for each in watched.rows)
        run = self.desk.run
        return Heading(
            mode=run.mode,
            profile=run.profile,
            account=run.account,
            gateway=run.gateway,
            as_of=now.replace(microsecond=0),
            zone_exchange=next((each for each in exchanges if has_calendar(each)), "NYSE"),
        )

    def bars(self, row: SnapshotRow) -> pd.DataFrame:
        """The completed bars of a row's assigned timeframe, as stored by now; any thread may ask.

        They are read and judged anew, which takes some 20 ms.
        """
        from sellkit.core.assignments import Timeframe
        from sellkit.operate.study import Archive, Studies

        archive = Archive(self.desk.options, row.as_of)
        # What is stored is left as it is: the watch keeps the tables of averages itself.
        studies = Studies(self.desk.parts.store, archive, is_present=False)
        timeframe = row.assignment.timeframe if row.assignment else Timeframe.H1
        return studies.of(row.position.instrument).history.of(timeframe).frame

    def past(self, row: SnapshotRow) -> Past:
        """What the journal holds of a row's position."""
        return self.desk.past(row)

    def stop(self) -> None:
        """End `run`, from another thread."""
        self.clock.stop()

    def close(self) -> None:
        """End the connection, and with it what is still under way; a second call does nothing."""
        self.stop()
        self.desk.close()
        self.engine.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_watch(
    *,
    profile: str = "",
    account: str = "",
    overrides: Overrides | None = None,
    is_quiet: bool = False,
) -> WiredWatch:
    """Connect to the gateway of a profile, to look at it minute by minute.

    It has a client id of its own, two above the profile's, so that `sellkit status` can be asked
    beside it. The connection comes back by itself after a loss.

    Parameters
    ----------
    profile, account
        As for `open_desk`.
    overrides
        What flags say instead of the settings; a client id is taken as it is.
    is_quiet
        Nothing is logged to the terminal.

    Raises
    ------
    ConfigError
        A setting cannot be used; nothing was connected.
    BrokerError
        The gateway cannot be reached or does not answer.
    ForeignOrigin
        The profile's data belong to another gateway or account.
    """
    from sellkit.config import Overrides, load

    own_profile = profile_for(profile, overrides) or None
    chosen = (overrides or Overrides()).over(
        Overrides(profile=own_profile, account=account or None)
    )
    settings = load(chosen)
    open_log(settings, is_quiet=is_quiet)
    show_richly()
    say_problems(open_book(settings))
    own = chosen.client_id
    return _open(settings, _above(settings, _OTHERS) if own is None else own)


def open_live_watch(chosen: Overrides) -> WiredWatch:
    """As `open_watch`, for a live panel beside the desk that was opened with `chosen`.

    Its client id is four above the desk's, which may be one that was chosen, or up to two more
    where other notebooks have those. Present prices are
    asked for what would be sold, and the gates of live mode looked at, so that each row tells
    whether its order would be sent now. The log goes where the desk's goes.
    """
    from sellkit.config import load

    settings = load(chosen)
    first = _above(settings, _LIVE)
    *others, last = range(first, first + _NOTEBOOKS)
    for client_id in others:
        try:
            return _open(settings, client_id, is_live=True)
        except NotConnected as error:
            if not _is_taken(error, settings, client_id):
                raise
    return _open(settings, last, is_live=True)


def _is_taken(error: NotConnected, settings: Settings, client_id: int) -> bool:
    from sellkit.adapters.ib.notices import in_use

    address = f"{settings.connection.host}:{settings.connection.port}"
    return str(error).startswith(in_use(client_id, address, sends_orders=False))


def _open(settings: Settings, client_id: int, *, is_live: bool = False) -> WiredWatch:
    from sellkit.adapters.clock import FlowingClock
    from sellkit.operate.watch import Watch

    with ExitStack() as stack:
        broker = connect(settings, client_id=client_id, is_watch=True)
        stack.callback(broker.close)
        desk = lay_out(settings, broker, Asked(None, "", None, all_positions=False))
        outlook = _outlook(settings, desk, broker) if is_live else None
        watch = Watch(desk.parts, desk.account, desk.options, outlook=outlook)
        wired = WiredWatch(desk, watch, FlowingClock(broker.clock), broker)
        stack.pop_all()
    return wired


def _outlook(settings: Settings, desk: WiredDesk, broker: IbBroker) -> Outlook:
    """What live mode would say, of facts that are only read: the lease is not taken."""
    from sellkit.operate.outlook import Outlook
    from sellkit.wiring.live import open_lease, open_permission
    from sellkit.wiring.probed import known_standing

    permission = open_permission(
        settings,
        broker,
        cast("SqliteJournal", desk.parts.journal),  # it is what a desk is laid out with
        desk.account,
        lease=open_lease(settings, desk.account),
        probe=lambda: known_standing(settings, desk.account),
    )
    return Outlook(lambda: permission.live_facts(None))


def _above(settings: Settings, places: int) -> int:
    return max(settings.connection.client_id, settings.connection.viewer_client_id) + places
