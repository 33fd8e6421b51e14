"""What a client watches of accounts: what it was told, and what it is to hear next.

A changed position is told at once. Figures follow every three minutes of the gateway's clock, and
with a changed position where Interactive Brokers does so, too.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sellkit.simgateway import messages
from sellkit.simgateway.accounts import Figure, account_figures, figures, ledger, standing
from sellkit.simgateway.clock import local_time
from sellkit.simgateway.pnl import PnlWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sellkit.simgateway.accounts import Valued
    from sellkit.simgateway.framing import Message
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.scenario import Security
    from sellkit.simgateway.session import Session

REFRESH: Final = dt.timedelta(minutes=3)
"""How often an account is told without a change of its positions."""

NET_LIQUIDATION: Final = "NetLiquidation"
_LEDGER: Final = "$LEDGER"
_ALL_CURRENCIES: Final = "ALL"


class Told:
    """The figures that a client was told, by account, key and currency."""

    def __init__(self) -> None:
        self._told: dict[str, dict[tuple[str, str], str]] = {}

    def changed(self, account: str, rows: Iterable[Figure]) -> list[Figure]:
        """The figures that differ from those told before; all of them at first."""
        told = self._told.setdefault(account, {})
        found: list[Figure] = []
        for row in rows:
            key, value, currency = row
            if told.get((key, currency)) != value:
                told[key, currency] = value
                found.append(row)
        return found


@dataclass(slots=True)
class FigureWatch:
    """A request for figures that stands: a summary, or the figures of several accounts.

    Attributes
    ----------
    rows_of
        The figures of an account that are wanted.
    message_of
        The message that tells one of them.
    at_once
        Whether they are told with a changed position, too.
    told_at
        When they were last looked at.
    """

    accounts: tuple[str, ...]
    rows_of: Callable[[str], list[Figure]]
    message_of: Callable[[str, Figure], Message]
    at_once: bool
    told_at: dt.datetime
    told: Told = field(default_factory=Told)

    def changes(self, account: str) -> list[Message]:
        """Messages about what has changed in an account; about everything at first."""
        rows = self.told.changed(account, self.rows_of(account))
        return [self.message_of(account, row) for row in rows]


class Watches:
    """Everything about accounts that one client asked to be kept informed of.

    Attributes
    ----------
    account
        The one account of which it gets figures and portfolio, None for none.
    summaries, multiple, positions, pnl
        Standing requests by their id; `positions` has the accounts of each.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.account: str | None = None
        self.summaries: dict[int, FigureWatch] = {}
        self.multiple: dict[int, FigureWatch] = {}
        self.positions: dict[int, tuple[str, ...]] = {}
        self.pnl: dict[int, PnlWatch] = {}
        self._told = Told()
        self._told_at = dt.datetime.min.replace(tzinfo=dt.UTC)

    @property
    def _gateway(self) -> Gateway:
        return self._session.gateway

    # --- one account at a time ----------------------------------------------------------------

    def tell_account(self, account: str) -> None:
        """Tell everything about an account, and its changes from now on."""
        self.account, self._told = account, Told()
        own = account_figures(self._gateway, account)
        ready = [Figure("AccountReady", "true", ""), Figure("AccountCode", account, "")]
        self._told.changed(account, own)
        for figure in (*ready, *own):
            self._session.send(messages.account_value(*figure, account))
        now = self._gateway.clock.now()
        for valued in self._gateway.valuer.positions(account, now):
            self._session.send(portfolio_message(self._gateway, valued))
        self._session.send(messages.account_update_time(f"{local_time(now):%H:%M}"))
        self._told_at = now

    # --- what happens -------------------------------------------------------------------------

    def position_changed(self, account: str, security: Security) -> None:
        """Tell a changed position, and what it changed in the account.

        Cut off, nothing is said, and the figures count as not yet told.
        """
        gateway, session = self._gateway, self._session
        if gateway.faults.is_mute:
            return
        holding = gateway.exchange.ledger.holding(account, security)
        if session.wants_positions:
            session.send(messages.position(holding))
        for request_id, accounts in self.positions.items():
            if account in accounts:
                session.send(messages.position_multi(request_id, holding, ""))
        if self.account == account:
            valued = gateway.valuer.value(holding, gateway.clock.now())
            changed = self._told.changed(account, account_figures(gateway, account))
            told = [messages.account_value(*figure, account) for figure in changed]
            session.send(portfolio_message(gateway, valued), *told)
        for watch in self.multiple.values():
            if watch.at_once and account in watch.accounts:
                session.send(*watch.changes(account))

    def refresh(self, now: dt.datetime) -> None:
        """Tell what is due at a second of the gateway's clock; cut off, it stays due."""
        if self._gateway.faults.is_mute:
            return
        if self.account is not None and now - self._told_at >= REFRESH:
            self.tell_account(self.account)
        for watch in (*self.summaries.values(), *self.multiple.values()):
            if now - watch.told_at >= REFRESH:
                watch.told_at = now
                for account in watch.accounts:
                    self._session.send(*watch.changes(account))
        for pnl in self.pnl.values():
            self._session.send(*pnl.changes(self._gateway))


def portfolio_message(gateway: Gateway, valued: Valued) -> Message:
    """A position with its market value."""
    holding = valued.holding
    realized = gateway.exchange.ledger.realized(holding.account, holding.security)
    unrealized = Decimal(str(valued.unrealized))
    return messages.portfolio(holding, valued.shown_price, valued.value, unrealized, realized)


def summary_rows(gateway: Gateway, account: str, tags: frozenset[str]) -> list[Figure]:
    """The figures of a summary that were asked for.

    `$LEDGER` asks for all currencies together, `$LEDGER:EUR` for one of them, and `$LEDGER:ALL` for
    each, and for all together.
    """
    own = standing(gateway, account)
    rows = [figure for figure in figures(own) if figure.key in tags]
    wanted = {tag.partition(":")[2] or "BASE" for tag in tags if tag.startswith(_LEDGER)}
    if wanted:
        rows += [
            figure
            for figure in ledger(own, account)
            if _ALL_CURRENCIES in wanted or figure.currency in wanted
        ]
    return rows


def short_rows(gateway: Gateway, account: str) -> list[Figure]:
    """The ledger of an account and its net liquidation value, and nothing else."""
    own = standing(gateway, account)
    net = [figure for figure in figures(own) if figure.key == NET_LIQUIDATION]
    return net + ledger(own, account)
