"""Answers about accounts and positions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sellkit.simgateway import messages
from sellkit.simgateway.accounts import Figure, account_figures, figures, ledger
from sellkit.simgateway.clock import local_time
from sellkit.simgateway.history import NOT_VALID, Refused

if TYPE_CHECKING:
    from sellkit.simgateway.accounts import Valued
    from sellkit.simgateway.requests import Fields
    from sellkit.simgateway.session import Session

_UNSUBSCRIBED: Final = 2100
_LEDGER: Final = "$LEDGER"
_ALL: Final = ("", "All")


def positions(session: Session, fields: Fields) -> None:
    """Every position of every account, and from now on each change."""
    fields.skip()
    fields.end()
    session.wants_positions = True
    session.send(*(messages.position(held) for held in session.gateway.exchange.holdings()))
    session.send(messages.position_end())


def cancel_positions(session: Session, fields: Fields) -> None:
    """No more changes of positions."""
    fields.skip()
    fields.end()
    session.wants_positions = False


def positions_multi(session: Session, fields: Fields) -> None:
    """The positions of one account."""
    fields.skip()
    request_id, name, model = fields.request_id(), fields.text(), fields.text()
    fields.end()
    for account in _accounts(session, name):
        # No account here has a model portfolio, so none holds anything in one.
        held = [] if model else session.gateway.exchange.holdings(account)
        session.send(*(messages.position_multi(request_id, one, model) for one in held))
    session.send(messages.position_multi_end(request_id))


def account_updates(session: Session, fields: Fields) -> None:
    """The figures and the portfolio of one account, as they are now."""
    fields.skip()
    subscribes, name = fields.flag(), fields.text()
    fields.end()
    if not subscribes:
        session.account_told = None
        text = "API client has been unsubscribed from account data."
        session.error(messages.NO_REQUEST, _UNSUBSCRIBED, text)
        return
    account = _accounts(session, name or session.gateway.account)[0]
    gateway = session.gateway
    own = account_figures(gateway, account)
    session.account_told = account
    session.figures_told = {(key, currency): value for key, value, currency in own}
    ready = [Figure("AccountReady", "true", ""), Figure("AccountCode", account, "")]
    for figure in (*ready, *own):
        session.send(messages.account_value(*figure, account))
    for holding, price, value, unrealized in _valued(session, account):
        realized = gateway.exchange.ledger.realized(account, holding.security)
        size = (price, value, Decimal(str(unrealized)), realized)
        session.send(messages.portfolio(holding, *size))
    now = local_time(gateway.clock.now())
    session.send(messages.account_update_time(f"{now:%H:%M}"))
    session.send(messages.account_download_end(account))


def account_updates_multi(session: Session, fields: Fields) -> None:
    """The figures of one account."""
    fields.skip()
    request_id, name, model, is_short = (
        fields.request_id(),
        fields.text(),
        fields.text(),
        fields.flag(),
    )
    fields.end()
    for account in _accounts(session, name):
        for figure in account_figures(session.gateway, account):
            if is_short and figure.currency == "":
                continue
            session.send(messages.account_update_multi(request_id, account, model, *figure))
    session.send(messages.account_update_multi_end(request_id))


def account_summary(session: Session, fields: Fields) -> None:
    """The figures that were asked for, of every account."""
    fields.skip()
    request_id, _group, tags = fields.request_id(), fields.text(), fields.text().split(",")
    fields.end()
    wants_ledger = any(tag.startswith(_LEDGER) for tag in tags)
    books = session.gateway.exchange.ledger
    for account in session.gateway.scenario.accounts:
        valued = _valued(session, account)
        is_margin = account in session.gateway.scenario.margin_accounts
        own = figures(books.total_cash(account), valued, is_margin=is_margin)
        rows = [figure for figure in own if figure.key in tags]
        if wants_ledger:
            rows += ledger(books.cash(account), valued, books.realized_by_currency(account))
        session.send(*(messages.account_summary(request_id, account, *figure) for figure in rows))
    session.send(messages.account_summary_end(request_id))


def _accounts(session: Session, name: str) -> tuple[str, ...]:
    """The accounts that a name means; none and `All` mean every one."""
    accounts = session.gateway.scenario.accounts
    if name in _ALL:
        return accounts
    if name not in accounts:
        raise Refused(NOT_VALID, f"Error validating request: Invalid account code {name!r}.")
    return (name,)


def _valued(session: Session, account: str) -> list[Valued]:
    gateway = session.gateway
    return gateway.valuer.positions(account, gateway.clock.now())
