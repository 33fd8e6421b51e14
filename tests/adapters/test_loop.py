"""The thread that owns the event loop."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from sellkit.adapters.ib.loop import LoopThread


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    thread = LoopThread("a-loop")
    yield thread
    thread.stop()


def names() -> list[str]:
    return [each.name for each in threading.enumerate()]


async def name_of_thread() -> str:
    return threading.current_thread().name


async def for_ever() -> None:
    await asyncio.Event().wait()


def test_work_is_called_and_awaited_on_the_loops_thread(loop: LoopThread) -> None:
    called_on: list[str] = []

    def work() -> asyncio.Future[str]:
        called_on.append(threading.current_thread().name)
        return asyncio.ensure_future(name_of_thread())

    assert loop.call(work, 10) == "a-loop"
    assert called_on == ["a-loop"]


def test_an_error_of_the_work_reaches_the_caller(loop: LoopThread) -> None:
    async def fail() -> None:
        raise KeyError("a defect")

    with pytest.raises(KeyError, match="a defect"):
        loop.call(fail, 10)


def test_work_that_takes_too_long_is_cancelled(loop: LoopThread) -> None:
    cancelled = threading.Event()

    async def slow() -> None:
        try:
            await for_ever()
        finally:
            cancelled.set()

    with pytest.raises(TimeoutError):
        loop.call(slow, 0.05)

    assert cancelled.wait(10)


def test_the_loop_cannot_wait_for_itself(loop: LoopThread) -> None:
    async def nested() -> None:
        loop.call(for_ever, 10)

    with pytest.raises(RuntimeError, match="own thread"):
        loop.call(nested, 10)


def test_it_is_called_from_a_thread_that_runs_a_loop_of_its_own(loop: LoopThread) -> None:
    async def cell() -> str:
        return loop.call(name_of_thread, 10)

    assert asyncio.run(cell()) == "a-loop"


def test_stopping_ends_waiting_work_and_the_thread(recwarn: pytest.WarningsRecorder) -> None:
    thread = LoopThread("stopped-loop")
    begun = threading.Event()

    async def wait() -> None:
        begun.set()
        await for_ever()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(thread.call, wait, None)
        assert begun.wait(10)
        thread.stop()
        assert isinstance(waiting.exception(10), CancelledError)

    thread.stop()
    gc.collect()
    assert "stopped-loop" not in names()
    assert [str(each.message) for each in recwarn] == []


def test_a_stopped_loop_takes_no_work() -> None:
    thread = LoopThread("stopped-loop")
    thread.stop()

    with pytest.raises(ConnectionError, match="closed"):
        thread.call(for_ever, 10)


def test_an_error_that_nobody_waits_for_is_a_warning_in_the_log(
    loop: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise KeyError("a defect")

    async def leave_behind() -> None:
        asyncio.get_running_loop().call_soon(fail)
        await asyncio.sleep(0)

    loop.call(leave_behind, 10)

    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.WARNING, "loop_error")
    assert record.name.startswith("sellkit.")
    assert "a defect" in vars(record)["error"]
