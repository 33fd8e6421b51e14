"""Answers about contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import CALENDAR_OF_EXCHANGE, calendar_for
from sellkit.simgateway import contract_messages
from sellkit.simgateway.clock import GATEWAY_ZONE
from sellkit.simgateway.contract_messages import Listed
from sellkit.simgateway.directory import exchanges_of

if TYPE_CHECKING:
    from sellkit.simgateway.requests import Fields
    from sellkit.simgateway.scenario import Security
    from sellkit.simgateway.session import Session

_ISSUER_SINCE: Final = 176
_AMERICAN: Final = "XNYS"


def contract_details(session: Session, fields: Fields) -> None:
    """Every contract that fits; without an exchange, once for each on which it trades."""
    fields.skip()
    request_id = fields.request_id()
    query = fields.contract()
    fields.flag()  # expired ones, of which there are none
    fields.skip(3 if session.version >= _ISSUER_SINCE else 2)
    fields.end()
    for security, exchange in session.gateway.exchange.directory.find_all(query):
        listed = _listed(session, security)
        session.send(
            contract_messages.contract_details(
                session.version, request_id, security, exchange, listed
            )
        )
    session.send(contract_messages.contract_details_end(request_id))


def matching_symbols(session: Session, fields: Fields) -> None:
    """Contracts whose symbol or name fits a pattern."""
    request_id, pattern = fields.request_id(), fields.text()
    fields.end()
    directory = session.gateway.exchange.directory
    found = [(one, directory.derivatives(one)) for one in directory.matching(pattern)]
    session.send(contract_messages.symbol_samples(session.version, request_id, found))


def market_rule(session: Session, fields: Fields) -> None:
    """The steps in which a price moves."""
    number = fields.integer()
    fields.end()
    rule = session.gateway.exchange.rules.rule(number)
    session.send(contract_messages.market_rule(rule))


def _listed(session: Session, security: Security) -> Listed:
    gateway = session.gateway
    routes = exchanges_of(security)
    rules = gateway.exchange.rules.numbers_of(security, routes)
    under = gateway.exchange.directory.underlying(security)
    zone, hours = _hours(session, security.primary_exchange)
    return Listed(
        zone,
        *hours,
        rule=rules[0],
        rules=rules,
        exchanges=routes,
        under_con_id=0 if under is None else under.con_id,
    )


def _hours(session: Session, exchange: str) -> tuple[str, tuple[str, str]]:
    """The zone of an exchange, and its hours in it; empty ones where no calendar is known."""
    calendar = CALENDAR_OF_EXCHANGE.get(exchange)
    if calendar is None:
        return GATEWAY_ZONE, ("", "")
    zone = GATEWAY_ZONE if calendar == _AMERICAN else calendar_for(exchange).zone.key
    gateway = session.gateway
    return zone, gateway.market.hours(exchange, gateway.clock.now())
