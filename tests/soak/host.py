"""The simulated gateway in a process of its own: it can be restarted, and asked what is true.

What it tells over the wire may be bent and broken; what it answers here is the market's own word.
"""

from __future__ import annotations

import datetime as dt
import signal
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control import Control
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.history import HistoryBar, HistoryQuery, Refused
from sellkit.simgateway.market import Market
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.adapters.processes import PROCESSES
from tests.faults.invariants import SENDING
from tests.faults.markets import Scaled, TwiceAndBackwards

SCENARIO = Path(__file__).with_name("market.toml")
PATIENCE = 60.0
LONGEST = {"1 day": "2 Y", "30 mins": "300 D"}
"""So far back a question for the truth goes; the market begins later."""


class Bent(TwiceAndBackwards, Scaled):
    """Tells bars twice and backwards, or Apple's at another scale, while it is told to."""

    is_backwards = False

    def history(self, query: HistoryQuery, now: dt.datetime) -> list[HistoryBar]:
        if self.is_backwards:
            return super().history(query, now)
        tell = Market.history if self.factor == 1 else Scaled.history
        return tell(self, query, now)


def _host(start: dt.datetime, state: Path, words: Connection) -> None:
    """Serve until told to end; what `Host` does not know of a gateway it asks here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    scenario = load_scenario(SCENARIO)
    clock, port, is_over = VirtualClock(start, 0), 0, False
    while not is_over:
        market = Bent.of(scenario)  # what has happened to prices the state brings back
        assert isinstance(market, Bent)
        serving = serve(
            scenario, clock=clock, market=market, port=port, control_port=0, state=state
        )
        with serving as gateway:
            port = gateway.port
            assert gateway.control is not None
            words.send((gateway.port, gateway.control.address))
            pause = _answer(gateway, market, words)
        is_over = pause is None
        threading.Event().wait(pause or 0)


def _answer(gateway: Gateway, market: Bent, words: Connection) -> float | None:
    """Answer until the gateway is to end; for how long, or None for ever."""
    while True:
        what, *more = words.recv()
        if what == "end":
            return more[0] if more else None
        if what == "bend":
            for name, value in more[0].items():
                setattr(market, name, value)
            words.send(None)
        elif what == "sent":
            names = [each.name for each in list(gateway.requests) if each.client_id != 0]
            words.send([name for name in names if name in SENDING])
        else:
            words.send(_truth(gateway, market, *more))


def _truth(
    gateway: Gateway, market: Market, symbol: str, exchange: str, size: str
) -> list[HistoryBar]:
    query = HistoryQuery(symbol, exchange, None, LONGEST[size], size, "TRADES", True)
    try:
        return Market.history(market, query, gateway.clock.now())
    except Refused:
        return []


class Host:
    """The other process, seen from here.

    Attributes
    ----------
    port
        Where the gateway listens, the same after each restart.
    control
        Steers the gateway that runs now.
    """

    def __init__(self, start: dt.datetime, state: Path) -> None:
        self._words, theirs = PROCESSES.Pipe()
        self._process = PROCESSES.Process(target=_host, args=(start, state, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._meet()

    def restart(self, seconds: float) -> None:
        """End the gateway, and let another one carry its state on after some real seconds."""
        self.control.close()
        self._words.send(("end", seconds))
        self._meet()

    def bend(self, **how: object) -> None:
        """Set attributes of the market: `is_backwards`, `factor`, `since`."""
        self._ask("bend", how)

    def sent(self) -> list[str]:
        """Messages by which an order is placed, changed or cancelled."""
        return list(self._ask("sent"))

    def truth(self, symbol: str, exchange: str, size: str) -> Sequence[HistoryBar]:
        """All bars of a symbol, as the market has them now."""
        return list(self._ask("truth", symbol, exchange, size))

    def close(self) -> None:
        """End the gateway for good."""
        self.control.close()
        if self._process.is_alive():
            self._words.send(("end",))
            self._process.join(PATIENCE)
        self._process.kill()
        self._words.close()

    def _meet(self) -> None:
        self.port, address = self._heard()
        self.control = Control(address)

    def _ask(self, *words: object) -> Any:
        self._words.send(words)
        return self._heard()

    def _heard(self) -> Any:
        if not self._words.poll(PATIENCE):
            raise TimeoutError("the process of the gateway does not answer")
        return self._words.recv()
