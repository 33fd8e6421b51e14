"""Answers about contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import CALENDAR_OF_EXCHANGE, calendar_for
from sellkit.simgateway import contract_messages
from sellkit.simgateway.clock import GATEWAY_ZONE
from sellkit.simgateway.contract_messages import Listed

if TYPE_CHECKING:
    from sellkit.simgateway.requests import Fields
    from sellkit.simgateway.scenario import Security
    from sellkit.simgateway.session import Session

_ISSUER_SINCE: Final = 176
_AMERICAN: Final = "XNYS"


def contract_details(session: Session, fields: Fields) -> None:
    """The one contract that fits; several or none are an error."""
    fields.skip()
    request_id = fields.request_id()
    query = fields.contract()
    fields.flag()  # expired ones, of which there are none
    fields.skip(3 if session.version >= _ISSUER_SINCE else 2)
    fields.end()
    security = session.gateway.exchange.find(query)
    session.send(
        contract_messages.contract_details(
            session.version,
            request_id,
            security,
            query.exchange or "SMART",
            _listed(session, security),
        ),
        contract_messages.contract_details_end(request_id),
    )


def matching_symbols(session: Session, fields: Fields) -> None:
    """Contracts whose symbol or name fits a pattern."""
    request_id, pattern = fields.request_id(), fields.text()
    fields.end()
    found = session.gateway.exchange.matching(pattern)
    session.send(contract_messages.symbol_samples(session.version, request_id, found))


def market_rule(session: Session, fields: Fields) -> None:
    """The steps in which a price moves."""
    rule = fields.integer()
    fields.end()
    step = session.gateway.exchange.rule_step(rule)
    session.send(contract_messages.market_rule(rule, step))


def _listed(session: Session, security: Security) -> Listed:
    gateway, exchange = session.gateway, security.primary_exchange
    rule = gateway.exchange.rule_of(security)
    calendar = CALENDAR_OF_EXCHANGE.get(exchange)
    if calendar is None:
        return Listed(GATEWAY_ZONE, "", "", rule)
    zone = GATEWAY_ZONE if calendar == _AMERICAN else calendar_for(exchange).zone.key
    return Listed(zone, *gateway.market.hours(exchange, gateway.clock.now()), rule)
