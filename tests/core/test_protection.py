"""Protective orders that rest no more while what they protect is held."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sellkit.core.portfolio import AccountSnapshot, OpenOrder, Side
from sellkit.core.protection import Resting, lapsed
from tests.build import NOW, open_order, position, snapshot

STOP = open_order()


def seen(order: OpenOrder = STOP, **changes: Any) -> Resting:
    """A stop for all of the usual position, seen an hour ago."""
    usual: dict[str, Any] = {
        "order": order,
        "seen_at": NOW - dt.timedelta(hours=1),
        "held": Decimal(100),
        "is_accounted": False,
    }
    return Resting(**(usual | changes))


def now(quantity: str = "100", *orders: OpenOrder) -> AccountSnapshot:
    return snapshot([position(quantity=quantity)], orders)


def test_a_stop_that_is_gone_while_the_position_is_held_has_lapsed() -> None:
    assert lapsed([seen()], now()) == (seen(),)


@pytest.mark.parametrize("kind", ["STP", "STPLMT", "TRAIL", "TRAILLIMIT"])
def test_every_kind_of_stop_protects(kind: str) -> None:
    one = seen(replace(STOP, order_type=kind))
    assert lapsed([one], now()) == (one,)


def test_after_a_split_of_the_position_it_has_lapsed_as_well() -> None:
    assert lapsed([seen()], now("400")) == (seen(),)


def test_one_that_still_rests_has_not() -> None:
    assert lapsed([seen()], now("100", replace(STOP, stop_price=Decimal(70)))) == ()


def test_one_without_a_number_of_the_accounts_is_told_by_its_clients() -> None:
    nameless = replace(STOP, perm_id="0")
    assert lapsed([seen(nameless)], now("100", nameless)) == ()
    other = replace(nameless, order_id="8", remaining=Decimal(1))
    assert lapsed([seen(nameless)], now("100", other)) == (seen(nameless),)


def test_one_that_the_journal_accounts_for_has_not() -> None:
    assert lapsed([seen(is_accounted=True)], now()) == ()


@pytest.mark.parametrize("left", ["0", "-5"])
def test_without_anything_to_protect_none_has(left: str) -> None:
    assert lapsed([seen()], now(left)) == ()
    assert lapsed([seen()], snapshot([])) == ()


def test_one_whose_shares_went_with_it_was_executed() -> None:
    half = seen(replace(STOP, remaining=Decimal(40)))
    assert lapsed([half], now("60")) == ()
    assert lapsed([half], now("61")) == (half,)


def test_another_stop_for_the_whole_position_takes_its_place() -> None:
    fresh = replace(STOP, perm_id="4321")
    assert lapsed([seen()], now("100", fresh)) == ()
    assert lapsed([seen()], now("101", fresh)) == (seen(),)


def test_what_protects_nothing_is_not_missed() -> None:
    buys = seen(replace(STOP, side=Side.BUY))
    limit = seen(replace(STOP, order_type="LMT"))
    assert lapsed([buys, limit], now()) == ()


def test_one_for_a_day_that_is_over_is_not_missed() -> None:
    of_a_day = replace(STOP, time_in_force="DAY")
    yesterday = seen(of_a_day, seen_at=NOW - dt.timedelta(days=1))
    assert lapsed([yesterday], now()) == ()
    assert lapsed([seen(of_a_day)], now()) == (seen(of_a_day),)
