"""Only the gates approve, and no code path places an order."""

from __future__ import annotations

import json

import pytest

from tests.architecture.order_path import MAKER, PLACING, makers, placements
from tests.architecture.source import (
    Offence,
    listing,
    notebook_code,
    notebooks,
    python_sources,
)


def test_only_the_gates_construct_an_approved_ticket() -> None:
    found = [each for path, text in python_sources() for each in makers(text, path)]
    found += [
        Offence(path, cell, each.what)
        for path, notebook in notebooks()
        for cell, text in notebook_code(notebook)
        for each in makers(text, path)
    ]
    assert not found, listing(found)


def test_no_code_path_reaches_the_clients_order_call() -> None:
    found = [each for path, text in python_sources() for each in placements(text, path)]
    found += [
        Offence(path, 1, f"nothing may reach {word}")
        for path, notebook in notebooks()
        for word in PLACING
        if word in json.dumps(notebook)
    ]
    assert not found, listing(found)


@pytest.mark.parametrize(
    "text",
    [
        "ApprovedTicket(ticket)",
        "gates.ApprovedTicket(ticket)",
        "from sellkit.core.gates import ApprovedTicket as A\nA(ticket)",
        "object.__new__(ApprovedTicket)",
    ],
)
def test_a_second_maker_of_approved_tickets_is_found(text: str) -> None:
    assert makers(text, "sellkit/operate/submit.py")
    assert not makers(text, MAKER)


def test_asking_whether_a_ticket_is_approved_is_no_offence() -> None:
    assert not makers("isinstance(x, ApprovedTicket)", "sellkit/operate/submit.py")


@pytest.mark.parametrize(
    "text",
    [
        "ib.placeOrder(contract, order)",
        "call(ib.placeOrderAsync)",
        "getattr(ib, 'placeOrder')",
        "from somewhere import placeOrder as send",
    ],
)
def test_a_way_to_place_an_order_is_found(text: str) -> None:
    assert placements(text, "sellkit/adapters/ib/broker.py")
    assert not placements(text, "sellkit/simgateway/messages.py")
