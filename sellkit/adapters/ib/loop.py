"""One background thread that owns an event loop; everybody else calls it and waits."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 5.0


class LoopThread:
    """An event loop on a thread of its own.

    The caller's thread may run a loop of its own, as a notebook's does: it is never touched.

    Parameters
    ----------
    name
        Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._lock = threading.Lock()
        self._is_stopping = False
        started: Future[asyncio.AbstractEventLoop] = Future()
        # A daemon, so that a process whose owner forgot to close the connection can still end.
        self._thread = threading.Thread(target=self._run, args=(started,), name=name, daemon=True)
        self._thread.start()
        self._loop = started.result(_START_SECONDS)

    def call(self, work: Callable[[], Awaitable[Result]], timeout: float | None) -> Result:
        """Run a piece of work on the loop and wait for its result.

        Parameters
        ----------
        work
            Called on the loop's thread; what it returns is awaited there. It is a function, not its
            result, because much of ib_insync writes to the socket as soon as it is called.
        timeout
            In seconds; None for work that ends by itself.

        Raises
        ------
        TimeoutError
            The work took longer, and was cancelled.
        ConnectionError
            The loop has been stopped.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("the loop's own thread cannot wait for the loop")
        with self._lock:
            if self._is_stopping:
                raise ConnectionError("the connection was closed")
            future = asyncio.run_coroutine_threadsafe(_awaited(work), self._loop)
        try:
            return future.result(timeout)
        finally:
            # Of use when the wait ended early: by the time-out, or from the keyboard.
            future.cancel()

    def stop(self) -> None:
        """Cancel what still runs and end the thread; a second call does nothing."""
        with self._lock:
            if not self._is_stopping:
                self._is_stopping = True
                self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(_STOP_SECONDS)

    def _run(self, started: Future[asyncio.AbstractEventLoop]) -> None:
        # The runner cancels what is left, and closes the loop and the threads that it lent.
        with asyncio.Runner() as runner:
            runner.run(self._until_stopped(started))

    async def _until_stopped(self, started: Future[asyncio.AbstractEventLoop]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_report)
        self._stopped = asyncio.Event()
        started.set_result(loop)
        await self._stopped.wait()


async def _awaited(work: Callable[[], Awaitable[Result]]) -> Result:
    return await work()


def _report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Errors that nobody waits for: into the log, not onto the terminal."""
    error = context.get("exception")
    logger.warning(
        "loop_error", extra={"reason": context.get("message"), "error": error and repr(error)}
    )
