"""More exits at once than the client may send messages in a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from sellkit.adapters.clock import BrokerClock
from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.ib.way import Way
from sellkit.operate.trading import Patience
from sellkit.simgateway.scenario_file import load_scenario
from tests.faults.catalogue import FAULTS
from tests.faults.play import SECONDS, Play, playing

SYMBOLS: Final = tuple(f"S{number:03d}" for number in range(60))
RATE: Final = 20
"""Messages a second, as after some that were too many: orders have to wait for each other."""
POSITION: Final = """
[[positions]]
symbol = "{symbol}"
conId = {con_id}
primaryExchange = "NASDAQ"
startPrice = 230.0
listed = 2026-01-15
position = 10
avgCost = 100.0
"""


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Sixty positions, all of which may signal at once."""
    path = tmp_path / "many.toml"
    each = enumerate(SYMBOLS)
    path.write_text("".join(POSITION.format(symbol=s, con_id=9000 + n) for n, s in each))
    with playing(FAULTS[55], tmp_path) as stage:
        stage.scenario = load_scenario(path)
        stage.begin()
        stage.armoury.changes = {"many_exits": len(SYMBOLS)}
        stage.armoury.patience = Patience(pause=0.05)
        yield stage


def by_the_gateways_clock(play: Play) -> IbBroker:
    """A connection that asks the gateway for the time, as every virtual day does."""
    broker = play.connect(sends_orders=True, clock=None, request_timeout_seconds=3 * SECONDS)
    assert isinstance(broker.clock, BrokerClock)
    return broker


def slowed(broker: IbBroker) -> None:
    """Let its client send no more than `RATE` messages a second."""

    async def throttle(way: Way) -> None:
        way.link.throttle(RATE)

    broker._bridge.ask("fewer messages", throttle)


def test_sixty_exits_go_out_once_each_however_few_messages_fit_in_a_second(play: Play) -> None:
    play.turn(fall=SYMBOLS)
    with closing(by_the_gateways_clock(play)) as broker:
        ran = play.run_live(broker, between=lambda _decision: slowed(broker))
    assert ran.error is None
    assert ran.sent is not None
    assert ran.sent.states() == {symbol: ["DONE"] for symbol in SYMBOLS}, play.armoury.alarms
    sent = Counter(int(each.fields[2]) for each in play.heard("placeOrder"))
    assert sent == dict.fromkeys(range(9000, 9060), 1), sent
    assert not list(play.gateway.exchange.holdings())
