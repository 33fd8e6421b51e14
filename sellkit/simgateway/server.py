"""Runs a gateway: on a thread beside a test or a notebook, or until it is interrupted."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from sellkit.simgateway.clock import Clock
    from sellkit.simgateway.prices import Prices
    from sellkit.simgateway.scenario import Scenario

_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 30
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def serve(
    scenario: Scenario,
    *,
    market: Prices | None = None,
    clock: Clock | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    handshake_seconds: float = 10.0,
    buffer_limit: int = 64 * 2**20,
    control_port: int | None = None,
) -> Iterator[Gateway]:
    """Run a gateway on a thread of its own for as long as the block lasts.

    Over several cells of a notebook an `ExitStack` holds the block open: its `enter_context` gives
    the gateway, its `close` ends it, and so does running the cell again.

    Parameters are those of `Gateway`.

    Raises
    ------
    ConfigError
        The host is not this machine, or the port is in use.

    Examples
    --------
    >>> with serve(default_scenario()) as gateway:
    ...     ib.connect(gateway.host, gateway.port, clientId=1)
    """
    gateway = Gateway(
        scenario,
        market=market,
        clock=clock,
        host=host,
        port=port,
        handshake_seconds=handshake_seconds,
        buffer_limit=buffer_limit,
        control_port=control_port,
    )
    started: Future[Callable[[], None]] = Future()
    # A daemon, so that a kernel in which nobody ended the block can still end.
    thread = threading.Thread(
        target=_run_thread, args=(gateway, started), name="simgateway", daemon=True
    )
    thread.start()
    stop = started.result(_START_SECONDS)
    try:
        yield gateway
    finally:
        stop()
        thread.join(_STOP_SECONDS)


def _run_thread(gateway: Gateway, started: Future[Callable[[], None]]) -> None:
    asyncio.run(_run_until_stopped(gateway, started))


async def _run_until_stopped(gateway: Gateway, started: Future[Callable[[], None]]) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    try:
        await gateway.start()
    except BaseException as error:  # noqa: BLE001  whoever waits for the start gets it
        started.set_exception(error)
        return

    def stop() -> None:
        loop.call_soon_threadsafe(stopped.set)

    started.set_result(stop)
    await stopped.wait()
    await gateway.stop()


def serve_forever(gateway: Gateway, on_ready: Callable[[Gateway], None]) -> None:
    """Run a gateway until the process is interrupted or told to end.

    Parameters
    ----------
    gateway
        One that has not been started.
    on_ready
        Called once it listens.

    Raises
    ------
    ConfigError
        The port is in use.
    """
    asyncio.run(_run_until_signalled(gateway, on_ready))


async def _run_until_signalled(gateway: Gateway, on_ready: Callable[[Gateway], None]) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stopped.set)

    # Plain handlers, because the loop's own do not exist on Windows.
    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        await gateway.start()
        # What is there by now stays; looking through it again and again would delay answers.
        gc.freeze()
        on_ready(gateway)
        await stopped.wait()
        await gateway.stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
