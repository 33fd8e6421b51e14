"""What becomes of a client's subscriptions when the gateway has told it certain codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sellkit.simgateway.session import Session

CONNECTION_LOST: Final = 1100
DATA_LOST: Final = 1101
BUST_EVENT: Final = 10225


def settle(session: Session, code: int, request_id: int) -> None:
    """End the subscriptions that a code ends; nothing more is said about them.

    Parameters
    ----------
    code
        1101 ends all of them. 1100 ends bars that are kept up to date, unless the scenario lets
        them survive it: clients see them die at every break of the connection. 10225 ends the one
        that it is sent for.
    request_id
        What the code was sent for, -1 for nothing.
    """
    survive = session.gateway.rights.terms.bars_survive_outage
    if code == DATA_LOST:
        session.streams.clear()
    if code == DATA_LOST or (code == CONNECTION_LOST and not survive):
        session.end_bars()
    if code == BUST_EVENT:
        session.end_bars(request_id)
