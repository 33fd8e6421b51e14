"""What becomes of whatever goes wrong while an order is written."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest
from ib_insync import Contract, Order

from sellkit.adapters.ib.error_codes import submission_errors
from sellkit.adapters.ib.link import Link
from sellkit.adapters.ib.orders.sending import Attempt, order_of, place
from sellkit.errors import NotConnected, NotSent, SubmissionUncertain
from tests.build import ticket

FAILURES = [
    ConnectionError("gone"),
    CancelledError(),
    TimeoutError(),
    NotConnected("no"),
    KeyError(1),
]


@pytest.mark.parametrize("error", FAILURES)
def test_what_fails_before_an_order_begins_was_not_sent_and_never_will_be(
    error: Exception,
) -> None:
    attempt = Attempt()
    with (
        pytest.raises(NotSent, match="the order SK1 was not sent"),
        submission_errors("the order SK1", attempt.give_up),
    ):
        raise error
    assert not attempt.begin()
    assert not attempt.has_begun


@pytest.mark.parametrize("error", FAILURES)
def test_what_fails_after_it_began_leaves_it_uncertain(error: Exception) -> None:
    attempt = Attempt()
    assert attempt.begin()
    with (
        pytest.raises(SubmissionUncertain, match="it is not sent again"),
        submission_errors("the order SK1", attempt.give_up),
    ):
        raise error


def test_a_refusal_in_so_many_words_passes_even_when_it_had_begun() -> None:
    attempt = Attempt()
    attempt.begin()
    with pytest.raises(NotSent, match="so many"), submission_errors("it", attempt.give_up):
        raise NotSent("so many words")


def test_an_interrupted_wait_ends_the_attempt() -> None:
    attempt = Attempt()
    with pytest.raises(KeyboardInterrupt), submission_errors("it", attempt.give_up):
        raise KeyboardInterrupt
    assert not attempt.begin()


@pytest.mark.parametrize(
    "changes", [{"lmtPrize": "1"}, {"overridePercentageConstraints": True}, {"whatIf": True}]
)
def test_an_order_with_a_field_that_is_never_sent_is_not_sent(changes: dict[str, object]) -> None:
    with pytest.raises(NotSent, match=next(iter(changes))):
        order_of(ticket().order()["order"] | changes, "DU1")


def test_an_order_without_a_field_that_is_always_sent_is_not_sent() -> None:
    order = ticket().order()["order"]
    for name in order:
        with pytest.raises(NotSent, match=name):
            order_of({each: order[each] for each in order if each != name}, "DU1")


def test_numbers_are_written_without_an_exponent() -> None:
    order = ticket().order()["order"] | {"totalQuantity": "1E+2"}
    assert str(order_of(order, "DU1").totalQuantity) == "100"


# --- the write itself, before a client that does what the library's might ----------------------


@dataclass
class Transport:
    """A socket's transport: `closes_after` writes it is closing, `waiting` bytes are not taken."""

    closes_after: int | None = None
    waiting: int = 0
    written: int = 0

    def is_closing(self) -> bool:
        return self.closes_after is not None and self.written >= self.closes_after

    def get_write_buffer_size(self) -> int:
        return self.waiting


@dataclass
class Client:
    """The library's client as far as sending goes; `queues` has it put the order aside."""

    transport: Transport
    queues: bool = False
    queued: int = 0
    just_sent: int = 0
    is_ready: bool = True
    orders: list[int] = field(default_factory=list)
    RequestsInterval = 1
    MaxRequests = 45

    def __post_init__(self) -> None:
        self.conn = SimpleNamespace(transport=self.transport, numMsgSent=3)
        self._msgQ: deque[str] = deque(["a message"] * self.queued)
        self._timeQ: deque[float] = deque([math.inf] * self.just_sent)

    def isReady(self) -> bool:  # noqa: N802
        return self.is_ready

    def placeOrder(self, order_id: int, _contract: Contract, _order: Order) -> None:  # noqa: N802
        if self.queues:
            self._msgQ.append("an order")
            return
        self.orders.append(order_id)
        self.conn.numMsgSent += 1
        self.transport.written += 1


def write(client: Client, attempt: Attempt | None = None) -> None:
    """Have an order written by it."""
    link = cast("Link", SimpleNamespace(ib=SimpleNamespace(client=client)))
    order = order_of(ticket().order()["order"], "DU1")

    async def work() -> None:
        place(link, 7, Contract(), order, attempt or Attempt())

    asyncio.run(work())


def test_an_order_is_written_to_a_client_that_is_idle() -> None:
    client = Client(Transport(), just_sent=44)
    write(client)
    assert client.orders == [7]


@pytest.mark.parametrize(
    ("client", "why"),
    [
        (Client(Transport(waiting=17)), "has not taken 17 bytes"),
        (Client(Transport(), queued=2), "2 messages in the queue before it"),
        (Client(Transport(), just_sent=45), r"as many messages as allowed .* \(45\)"),
        (Client(Transport(closes_after=0)), "the connection is closing"),
        (Client(Transport(), is_ready=False), "the connection is closing"),
    ],
)
def test_an_order_is_not_given_to_a_client_that_would_not_write_it_now(
    client: Client, why: str
) -> None:
    with pytest.raises(NotSent, match=why):
        write(client)
    assert not client.orders


def test_an_order_that_the_client_put_aside_is_taken_back() -> None:
    client = Client(Transport(), queues=True)
    with pytest.raises(NotSent, match="did not write it"):
        write(client)
    assert not client._msgQ


def test_a_connection_that_breaks_under_the_write_leaves_the_order_uncertain() -> None:
    client = Client(Transport(closes_after=1))
    with pytest.raises(SubmissionUncertain, match="nobody knows whether the gateway has it"):
        write(client)
    assert client.orders == [7]


def test_an_attempt_that_was_given_up_is_not_written() -> None:
    client, attempt = Client(Transport()), Attempt()
    attempt.give_up()
    with pytest.raises(NotSent, match="given up"):
        write(client, attempt)
    assert not client.orders
