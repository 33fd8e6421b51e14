"""The contracts in work: one at a time for each, and exits go first."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from sellkit.operate.keys import Keys
from tests.build import account

MAIN, SECOND = account(), account("DU0000002", "second")
LONG = 60.0


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


def exit_of(keys: Keys, *con_ids: int, seconds: float = 0.0) -> frozenset[int]:
    """What an exit gets; it gives it back at once."""
    with keys.held(MAIN, con_ids, seconds) as mine:
        return mine


def await_exit(keys: Keys, con_id: int) -> None:
    """Until an exit waits for a contract."""
    while not keys.is_awaited(MAIN, con_id):
        pass


def test_a_contract_in_work_is_not_taken_twice_and_given_back() -> None:
    keys = Keys()
    with keys.held(MAIN, [1, 2]) as mine:
        assert mine == {1, 2}
        assert exit_of(keys, 2, 3) == {3}
    assert exit_of(keys, 1, 2) == {1, 2}


def test_an_error_gives_everything_back() -> None:
    keys = Keys()
    with pytest.raises(ZeroDivisionError), keys.held(MAIN, [1]):
        _ = 1 / 0
    with pytest.raises(ZeroDivisionError), keys.lent(MAIN, [1]):
        _ = 1 / 0
    assert exit_of(keys, 1) == {1}


def test_the_same_contract_of_another_account_is_another_one() -> None:
    keys = Keys()
    with keys.held(MAIN, [1]), keys.held(SECOND, [1]) as mine, keys.lent(SECOND, [1]) as lent:
        assert (mine, lent) == ({1}, frozenset())


def test_another_exit_is_not_waited_for() -> None:
    keys = Keys()
    with keys.held(MAIN, [1]):
        assert exit_of(keys, 1, seconds=LONG) == frozenset()


def test_another_strategy_is_lent_nothing_that_an_exit_has() -> None:
    keys = Keys()
    with keys.held(MAIN, [1]), keys.lent(MAIN, [1, 2]) as lent:
        assert lent == {2}


def test_an_exit_waits_for_what_is_lent(pool: ThreadPoolExecutor) -> None:
    keys = Keys()
    with keys.lent(MAIN, [1]):
        waiting: Future[frozenset[int]] = pool.submit(exit_of, keys, 1, 2, seconds=LONG)
        await_exit(keys, 1)
        assert not waiting.done()
    assert waiting.result() == {1, 2}
    assert not keys.is_awaited(MAIN, 1)


def test_nothing_is_lent_that_an_exit_waits_for(pool: ThreadPoolExecutor) -> None:
    keys = Keys()
    with keys.lent(MAIN, [1]):
        waiting: Future[frozenset[int]] = pool.submit(exit_of, keys, 1, 2, seconds=LONG)
        await_exit(keys, 2)
        with keys.lent(MAIN, [2, 3]) as lent:
            assert lent == {3}
    waiting.result()


def test_an_exit_does_not_wait_for_ever() -> None:
    keys = Keys()
    with keys.lent(MAIN, [1]):
        assert exit_of(keys, 1, 2, seconds=0.01) == {2}
