"""Answers about contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import has_calendar, open_stretches
from sellkit.simgateway import contract_messages
from sellkit.simgateway.clock import GATEWAY_ZONE
from sellkit.simgateway.contract_messages import Listed
from sellkit.simgateway.directory import exchanges_of, told_hours, venue_of

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
    zone, hours = _hours(session, security)
    return Listed(
        zone,
        *hours,
        rule=rules[0],
        rules=rules,
        exchanges=routes,
        under_con_id=0 if under is None else under.con_id,
    )


def _hours(session: Session, security: Security) -> tuple[str, tuple[str, str]]:
    """The zone of a contract's exchange, and its hours there; empty ones where none are known."""
    gateway, venue = session.gateway, venue_of(security)
    now = gateway.clock.now()
    stretches = open_stretches(venue)
    if stretches is None:
        return GATEWAY_ZONE, ("", "")
    zone = GATEWAY_ZONE if stretches.name == _AMERICAN else stretches.zone.key
    if not has_calendar(venue):
        hours = told_hours(stretches, now)
        return zone, (hours, hours)
    trading, liquid = gateway.market.hours(venue, now)
    # Options trade in the regular hours alone.
    return zone, (trading if venue == security.primary_exchange else liquid, liquid)
