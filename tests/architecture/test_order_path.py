"""Only the gates approve, and one module places orders, once; a probe has a way of its own."""

from __future__ import annotations

import ast
import inspect
import json
from dataclasses import fields

import pytest

from sellkit.adapters.ib.orders.probing import IbProbeLine
from sellkit.core.probe_order import ProbeOrder
from tests.architecture.order_path import (
    MAKER,
    PLACING,
    PROBE,
    PROBE_CONNECTS,
    PROBE_MAKERS,
    ROUTE,
    SENDER,
    TOUR,
    constructed,
    leads_elsewhere,
    makers,
    placements,
)
from tests.architecture.source import (
    Offence,
    listing,
    notebook_code,
    notebooks,
    parse,
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


def test_one_module_alone_reaches_the_clients_order_call() -> None:
    found = [each for path, text in python_sources() for each in placements(text, path)]
    found += [
        Offence(path, 1, f"only {SENDER} may reach {word}")
        for path, notebook in notebooks()
        for word in PLACING
        if path != TOUR and word in json.dumps(notebook)
    ]
    assert not found, listing(found)


def test_that_module_names_it_once_and_it_is_reached_with_an_approved_ticket_alone() -> None:
    """The second half is what the route's signature says."""
    sources = dict(python_sources())
    named = [
        each
        for each in ast.walk(parse(sources[SENDER]))
        if isinstance(each, ast.Attribute) and each.attr in PLACING
    ]
    assert len(named) == 1
    users = [path for path, text in sources.items() if "orders.sending" in text]
    assert users == [PROBE, ROUTE]


@pytest.mark.parametrize("name", PROBE_MAKERS)
def test_what_a_probe_places_with_is_made_in_one_place(name: str) -> None:
    assert constructed(name, python_sources()) == PROBE_MAKERS[name]


def test_one_module_alone_connects_for_a_probe_and_its_order_is_written_once() -> None:
    sources = dict(python_sources())
    connects = [path for path, text in sources.items() if "ProbingBroker.connect(" in text]
    assert connects == PROBE_CONNECTS
    assert constructed("place", [(PROBE, sources[PROBE])]) == [PROBE]


def test_nothing_that_is_given_to_a_probes_order_says_how_much_or_which_way() -> None:
    """Quantity, side, kind and time in force are written out; the limit is held to the market."""
    names = {each.name for each in fields(ProbeOrder)}
    assert names == {"account", "instrument", "market", "limit", "reference"}
    given = list(inspect.signature(IbProbeLine.place).parameters)
    assert given == ["self", "account", "instrument", "reference"]


def test_a_second_maker_of_a_probes_order_is_found() -> None:
    text = "from sellkit.core import probe_order\nprobe_order.ProbeOrder(a, b, c, d, e)"
    assert constructed("ProbeOrder", [("x.py", text)]) == ["x.py"]


def test_the_tour_trades_on_the_gateway_that_it_starts_and_on_no_other() -> None:
    (tour,) = [notebook for path, notebook in notebooks() if path == TOUR]
    assert not leads_elsewhere(text for _, text in notebook_code(tour))


START = "gateway = running.enter_context(serve(default_scenario()))"


@pytest.mark.parametrize(
    "text",
    [
        "await ib.connectAsync('127.0.0.1', 4001, clientId=1)",
        "ib.connect(gateway.host, 4002)",
        "ib.client.connect(host=gateway.host, port=7497)",
        "from sellkit.wiring import open_desk",
        "import sellkit.adapters.ib",
        "gateway = something_else",
    ],
)
def test_a_way_from_the_tour_to_another_gateway_is_found(text: str) -> None:
    assert leads_elsewhere([START, text])


def test_a_connection_to_the_own_gateway_is_no_offence() -> None:
    cells = [START, "ib.connect(gateway.host, gateway.port, clientId=1)", "ib.disconnect()"]
    assert not leads_elsewhere(cells)


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
    assert not placements(text, SENDER)
    assert not placements(text, "sellkit/simgateway/messages.py")
