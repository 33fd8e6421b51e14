"""The one order of a probe: nothing but a far purchase of a single share can be made of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sellkit.core.portfolio import GatewayKind
from sellkit.core.probe_order import (
    LEAST_DISTANCE,
    ProbeOrder,
    far_limit,
    lowest,
    takes_probe_orders,
)
from tests.build import account, instrument

LIVE = account("U1234567")
CENT = Decimal("0.01")


def order(limit: str = "60", market: str = "100", **changes: str) -> ProbeOrder:
    kind = changes.get("security_type", "STK")
    reference = changes.get("reference", "SKP-0123456789ab")
    return ProbeOrder(
        account(), instrument(security_type=kind), Decimal(market), Decimal(limit), reference
    )


def test_it_buys_one_share_at_a_limit_on_this_day_in_the_open() -> None:
    fields = order().order()["order"]
    assert fields == {
        "action": "BUY",
        "totalQuantity": "1",
        "orderType": "LMT",
        "lmtPrice": "60",
        "tif": "DAY",
        "account": "main",
        "orderRef": "SKP-0123456789ab",
        "outsideRth": False,
        "transmit": True,
    }


def test_a_limit_thirty_percent_away_is_the_nearest() -> None:
    assert Decimal("0.3") == LEAST_DISTANCE
    assert order("70").limit == 70
    with pytest.raises(ValueError, match="too near"):
        order("70.01")


@pytest.mark.parametrize("limit", ["0", "-1"])
def test_a_limit_that_is_not_above_zero_is_refused(limit: str) -> None:
    with pytest.raises(ValueError, match="not above 0"):
        order(limit)


def test_only_stocks_and_references_of_a_probe_are_taken() -> None:
    with pytest.raises(ValueError, match="no stock"):
        order(security_type="OPT")
    with pytest.raises(ValueError, match="not the reference"):
        order(reference="SK1-0123456789ab-1")


@pytest.mark.parametrize("market", ["0.03", "1", "99.99", "622.82", "5123.4567"])
def test_the_limit_that_is_worked_out_is_always_far_enough(market: str) -> None:
    limit = far_limit(Decimal(market), CENT)
    assert limit % CENT == 0
    assert 0 < limit <= Decimal(market) * (1 - LEAST_DISTANCE)


def test_the_lowest_price_leaves_out_what_is_none() -> None:
    assert lowest([None, Decimal(0), Decimal(9), Decimal(8), Decimal(-1)]) == 8
    assert lowest([None]) is None


def test_a_probes_order_is_taken_where_there_is_no_money_alone() -> None:
    paper, live = ["DU1234567"], ["U1234567"]
    assert takes_probe_orders(GatewayKind.SIMULATED, LIVE, live)
    assert takes_probe_orders(GatewayKind.PAPER, account(), paper)
    assert not takes_probe_orders(GatewayKind.LIVE, account(), paper)
    assert not takes_probe_orders(GatewayKind.LIVE, LIVE, live)
    assert not takes_probe_orders(GatewayKind.PAPER, LIVE, live)
    assert not takes_probe_orders(GatewayKind.PAPER, account(), paper + live)
