"""Answers about accounts and positions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from sellkit.simgateway import messages
from sellkit.simgateway.accounts import account_figures
from sellkit.simgateway.history import NOT_VALID, Refused
from sellkit.simgateway.pnl import PnlWatch
from sellkit.simgateway.watches import FigureWatch, short_rows, summary_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.simgateway.accounts import Figure
    from sellkit.simgateway.framing import Message
    from sellkit.simgateway.requests import Fields
    from sellkit.simgateway.session import Session

_UNSUBSCRIBED: Final = 2100
_TOO_MANY: Final = 322
_ALL: Final = ("", "All")
_MOST_SUMMARIES: Final = 2


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
    """The positions of one account, and from now on each change."""
    fields.skip()
    request_id, name, model = fields.request_id(), fields.text(), fields.text()
    fields.end()
    # No account here has a model portfolio, so none holds anything in one.
    accounts = () if model else _accounts(session, name)
    session.watches.positions[request_id] = accounts
    for account in accounts:
        held = session.gateway.exchange.holdings(account)
        session.send(*(messages.position_multi(request_id, one, model) for one in held))
    session.send(messages.position_multi_end(request_id))


def cancel_positions_multi(session: Session, fields: Fields) -> None:
    """No more changes of one account's positions."""
    session.watches.positions.pop(_cancelled(fields), None)


def account_updates(session: Session, fields: Fields) -> None:
    """The figures and the portfolio of one account, and from now on their changes."""
    fields.skip()
    subscribes, name = fields.flag(), fields.text()
    fields.end()
    watches, text = session.watches, "API client has been unsubscribed from account data."
    if not subscribes:
        watches.account = None
        session.error(messages.NO_REQUEST, _UNSUBSCRIBED, text)
        return
    account = _accounts(session, name or session.gateway.account)[0]
    if watches.account not in (None, account):
        text = f"New account data requested from TWS. {text}"
        session.error(messages.NO_REQUEST, _UNSUBSCRIBED, text)
    watches.tell_account(account)
    session.send(messages.account_download_end(account))


def account_updates_multi(session: Session, fields: Fields) -> None:
    """The figures of one account or of all, and from now on their changes."""
    fields.skip()
    request_id, name, model, is_short = (
        fields.request_id(),
        fields.text(),
        fields.text(),
        fields.flag(),
    )
    fields.end()

    def message_of(account: str, figure: Figure) -> Message:
        return messages.account_update_multi(request_id, account, model, *figure)

    rows_of = partial(short_rows if is_short else account_figures, session.gateway)
    accounts = () if model else _accounts(session, name)
    watch = _watch(session, accounts, rows_of, message_of, at_once=True)
    session.watches.multiple[request_id] = watch
    session.send(messages.account_update_multi_end(request_id))


def cancel_account_updates_multi(session: Session, fields: Fields) -> None:
    """No more changes of figures."""
    session.watches.multiple.pop(_cancelled(fields), None)


def account_summary(session: Session, fields: Fields) -> None:
    """The figures that were asked for, and from now on their changes."""
    fields.skip()
    request_id, group, tags = fields.request_id(), fields.text(), fields.text().split(",")
    fields.end()
    summaries = session.watches.summaries
    if request_id in summaries or len(summaries) >= _MOST_SUMMARIES:
        text = "Error processing request: Maximum number of account summary requests exceeded"
        raise Refused(_TOO_MANY, text)

    def message_of(account: str, figure: Figure) -> Message:
        return messages.account_summary(request_id, account, *figure)

    wanted = frozenset(tag.strip() for tag in tags)

    def rows_of(account: str) -> list[Figure]:
        return summary_rows(session.gateway, account, wanted)

    accounts = _accounts(session, group)
    summaries[request_id] = _watch(session, accounts, rows_of, message_of, at_once=False)
    session.send(messages.account_summary_end(request_id))


def cancel_account_summary(session: Session, fields: Fields) -> None:
    """No more changes of a summary."""
    session.watches.summaries.pop(_cancelled(fields), None)


def pnl(session: Session, fields: Fields) -> None:
    """The profit and loss of an account, and from now on each second what has changed."""
    _start_pnl(session, fields, is_single=False)


def pnl_single(session: Session, fields: Fields) -> None:
    """The profit and loss of one position, and from now on each second what has changed."""
    _start_pnl(session, fields, is_single=True)


def cancel_pnl(session: Session, fields: Fields) -> None:
    """No more profit and loss."""
    request_id = fields.request_id()
    fields.end()
    session.watches.pnl.pop(request_id, None)


def _start_pnl(session: Session, fields: Fields, *, is_single: bool) -> None:
    request_id, name, _model = fields.request_id(), fields.text(), fields.text()
    con_id = fields.integer() if is_single else None
    fields.end()
    if request_id in session.watches.pnl:
        raise Refused(NOT_VALID, f"Error validating request: {request_id} is in use")
    watch = PnlWatch(request_id, _accounts(session, name or session.gateway.account)[0], con_id)
    session.send(*watch.changes(session.gateway))
    session.watches.pnl[request_id] = watch


def _watch(
    session: Session,
    accounts: tuple[str, ...],
    rows_of: Callable[[str], list[Figure]],
    message_of: Callable[[str, Figure], Message],
    *,
    at_once: bool,
) -> FigureWatch:
    """A standing request for figures, of which everything was just told."""
    now = session.gateway.clock.now()
    watch = FigureWatch(accounts, rows_of, message_of, at_once, now)
    for account in accounts:
        session.send(*watch.changes(account))
    return watch


def _cancelled(fields: Fields) -> int:
    """The request that is to end."""
    fields.skip()
    request_id = fields.request_id()
    fields.end()
    return request_id


def _accounts(session: Session, name: str) -> tuple[str, ...]:
    """The accounts that a name means; none and `All` mean every one."""
    accounts = session.gateway.scenario.accounts
    if name in _ALL:
        return accounts
    if name not in accounts:
        raise Refused(NOT_VALID, f"Error validating request: Invalid account code {name!r}.")
    return (name,)
