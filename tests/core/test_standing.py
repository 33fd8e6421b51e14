"""How a connection stands, and when that speaks against a decision."""

from __future__ import annotations

import datetime as dt

import pytest

from sellkit.core.standing import Standing
from tests.build import NOW, SECOND, standing


@pytest.mark.parametrize(("is_ready", "reason"), [(True, "a reason"), (False, "")])
def test_there_is_a_reason_exactly_when_it_is_not_ready(is_ready: bool, reason: str) -> None:
    with pytest.raises(ValueError, match="contradict"):
        Standing(1, is_ready, reason, NOW)


def test_a_ready_connection_of_the_same_epoch_gives_no_doubt() -> None:
    assert standing(epoch=3).doubt(3) is None


@pytest.mark.parametrize("epoch", [1, 3])
def test_what_was_read_in_another_epoch_is_doubted(epoch: int) -> None:
    assert "made anew" in (standing(epoch=2).doubt(epoch) or "")


def test_a_standing_that_did_not_change_was_not_interrupted() -> None:
    assert standing().interrupted(standing()) == standing()


@pytest.mark.parametrize("since", [NOW - SECOND, NOW + SECOND])
def test_a_ready_standing_that_began_at_another_time_was_interrupted(since: dt.datetime) -> None:
    now = Standing(1, True, "", since).interrupted(standing())
    assert not now.is_ready
    assert "interrupted" in now.reason


def test_a_standing_that_is_not_ready_keeps_its_own_reason() -> None:
    now = standing("the gateway is gone")
    assert now.interrupted(standing()) == now
