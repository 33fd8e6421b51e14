"""`raw_ib`: ib_insync's own blocking calls in queued cells, for reading alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from sellkit.adapters.ib.reading_only import ASKING
from sellkit.simgateway.gateway import Gateway
from tests.cli.command import ACCOUNT, SETTINGS, gateway

SECONDS = 60
CHECKOUT = Path(__file__).parents[2]
BEGIN = "from sellkit.wiring import raw_ib, open_desk; ib = raw_ib()"
CONTRACT = "from ib_insync import Stock, MarketOrder; [spy] = ib.qualifyContracts(Stock('SPY', 'SMART', 'USD'))"  # noqa: E501
BARS = "bars = ib.reqHistoricalData(spy, '', '1 D', '1 hour', 'TRADES', True)"


@pytest.fixture(scope="module")
def serving() -> Iterator[Gateway]:
    with gateway() as going:
        yield going


@pytest.fixture(scope="module")
def settings(serving: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    (folder / "config").mkdir()
    path = folder / "config" / "sellkit.toml"
    path.write_text(SETTINGS.format(account=ACCOUNT, port=serving.port))
    return path


@contextmanager
def kernel(settings: Path) -> Iterator[Any]:
    environment = {
        **os.environ,
        "SELLKIT_CONFIG": str(settings),
        "PYTHONPATH": str(CHECKOUT),
    }
    manager, client = start_new_kernel(kernel_name="python3", env=environment)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def queued(client: Any, cells: Sequence[str], *asked: str) -> tuple[list[str], dict[str, str]]:
    """All cells sent at once, as by "Run All": each one's error, and what expressions say then."""
    sent = [client.execute(each, stop_on_error=False) for each in cells]
    sent.append(client.execute("", user_expressions={each: each for each in asked}))
    found: dict[str, Any] = {}
    while not found.keys() >= set(sent):
        reply = client.get_shell_msg(timeout=SECONDS)
        found[reply["parent_header"]["msg_id"]] = reply["content"]
    told = found[sent[-1]]["user_expressions"]
    errors = [f"{found[each].get('ename', '')}: {found[each].get('evalue', '')}" for each in sent]
    return errors[:-1], {each: told[each]["data"]["text/plain"] for each in asked}


def test_queued_cells_with_blocking_calls_all_run_on_the_kernel_as_installed(
    settings: Path, serving: Gateway
) -> None:
    cells = [BEGIN, CONTRACT, BARS, "x = 1", "ib.sleep(0.1)", "held = ib.positions()", BEGIN]
    cells += ["import asyncio; await asyncio.sleep(0); y = 2"]
    cells += ["trade = ib.placeOrder(spy, MarketOrder('BUY', 1))", "ib.client.reqGlobalCancel()"]
    with kernel(settings) as client:
        errors, told = queued(
            client, cells, "len(bars) > 0", "len(held) > 3", "(x, y)", "ib.isConnected()",
            "ib.client.clientId", "len(ib.trades())",
        )  # fmt: skip
        assert errors[:8] == [": "] * 8
        assert [each.partition(":")[0] for each in errors[8:]] == ["NotSent", "NotSent"]
        assert "an order (message 3) was not sent" in errors[8]
        assert list(told.values()) == ["True", "True", "(1, 2)", "True", "20", "0"]
        live = queued(client, ["desk = open_desk(dry_run=False)"])[0][0]
        assert "orders are not sent from here: restart the kernel" in live
        desk = ["desk = open_desk()", "held = desk.positions()", "ib.reqCurrentTime()", BEGIN]
        errors, told = queued(client, [*desk, "desk.close()"], "len(held)")
        assert errors[:3] == [": "] * 3
        assert "a desk is open in this process" in errors[3]
    assert serving.exchange.placed_orders == []


def test_where_queued_cells_would_hang_it_says_what_to_do_and_the_queue_goes_on(
    settings: Path,
) -> None:
    hidden = "import sys; sys.modules['nest_asyncio2'] = None"
    connected = "import ib_insync; ib = ib_insync.IB(); await ib.connectAsync({})"
    with kernel(settings) as client:
        (first, error, *rest), told = queued(client, [hidden, BEGIN, "x = 1"], "x")
        assert (first, rest, told["x"]) == (": ", [": "], "1")
        assert error.startswith("ConfigError: on ipykernel ")
        assert 'pip install "nest_asyncio2>=1.7.3"' in error
        address = error.partition("connectAsync(")[2].removesuffix(")")
        errors, told = queued(client, [connected.format(address)], "len(ib.positions()) > 3")
        assert (errors, told) == ([": "], {"len(ib.positions()) > 3": "True"})


def test_a_loop_that_was_nested_by_the_other_library_is_refused(settings: Path) -> None:
    with kernel(settings) as client:
        errors, told = queued(client, ["import nest_asyncio; nest_asyncio.apply()"])
        errors, told = queued(client, [BEGIN, "x = 1"], "x")
    assert "restart the kernel, and call raw_ib" in errors[0]
    assert told == {"x": "1"}


SCRIPT = """
import threading
from sellkit.errors import SellkitError
from sellkit.wiring import raw_ib

def told(act):
    try:
        act()
    except SellkitError as error:
        print(error)

for number in (0, 1, 11, 13, 19):
    told(lambda: raw_ib(client_id=number))
ib = raw_ib()
print(len(ib.positions()), raw_ib(client_id=33).isConnected(), ib.isConnected())
thread = threading.Thread(target=told, args=(raw_ib,))
thread.start()
thread.join()
"""


def test_in_a_script_it_needs_no_nesting_and_takes_no_client_id_of_sellkits(settings: Path) -> None:
    environment = {
        **os.environ,
        "SELLKIT_CONFIG": str(settings),
        "PYTHONPATH": str(CHECKOUT),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    *refused, worked, elsewhere = done.stdout.splitlines()
    assert [f"client id {each} is not free" in line for each, line in zip(
        (0, 1, 11, 13, 19), refused, strict=True)] == [True] * 5  # fmt: skip
    assert worked == "8 True True", done.stderr
    assert "this thread has no loop" in elsewhere


def test_another_kind_of_gateway_than_the_profile_expects_is_refused(settings: Path) -> None:
    script = "from sellkit.wiring import raw_ib; raw_ib(profile='other')"
    other = settings.with_name("other.toml")
    text = settings.read_text().replace("[profiles.demo]", "[profiles.other]")
    other.write_text(f'{text}gateway = "live"\n'.replace('profile = "demo"', 'profile = "other"'))
    environment = {**os.environ, "SELLKIT_CONFIG": str(other), "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "is simulated and the profile expects live" in done.stderr


def test_nothing_that_changes_anything_is_among_the_messages_that_may_go() -> None:
    orders, cancels, binding, exercise, advisors, log_level = {3}, {4, 58}, {15}, {21}, {19}, {14}
    display = {65, 66, 67, 68, 69, 70, 72, 73}
    forbidden = orders | cancels | binding | exercise | advisors | log_level | display
    assert not ASKING & forbidden
    assert max(ASKING) < 105
