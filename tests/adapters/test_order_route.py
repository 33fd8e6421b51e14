"""The route of orders, over a real socket to the simulated gateway."""

from __future__ import annotations

from decimal import Decimal

from sellkit.core.portfolio import Side
from sellkit.core.reports import ReportKind
from tests.adapters.orders_world import MAIN, world
from tests.simgateway.trading import held


def test_an_order_is_written_once_and_told_with_its_perm_id_and_its_fill() -> None:
    with world() as at:
        draft = at.send()
        told = at.until_status("Filled")

        (executed,) = [each for each in told if each.kind is ReportKind.EXECUTION]
        assert executed.fill is not None
        assert (executed.fill.quantity, executed.fill.side) == (Decimal(40), Side.SELL)
        assert executed.fill.account == MAIN
        assert executed.reference == draft.reference
        assert {each.order_id for each in told} == {draft.order_id}
        assert executed.perm_id not in (None, "0", "")
        assert [each.number for each in told] == list(range(1, len(told) + 1))
        assert len(at.placed()) == 1
        assert held(at.gateway) == 0
