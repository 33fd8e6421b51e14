"""One client's connection: what it subscribed to, and the way out to it."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from sellkit.simgateway import messages
from sellkit.simgateway.clock import steady_seconds
from sellkit.simgateway.dispatch import answer
from sellkit.simgateway.framing import LENGTH_BYTES, SegmentGuard, encode, split
from sellkit.simgateway.kinds import Direction
from sellkit.simgateway.passage import Passage
from sellkit.simgateway.subjects import Subjects
from sellkit.simgateway.watches import Watches

if TYPE_CHECKING:
    from sellkit.simgateway.bar_stream import BarStream
    from sellkit.simgateway.framing import Message
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.streams import QuoteStream

logger = logging.getLogger(__name__)

HISTORICAL_FARM_OK: Final = 2106
# Answers with bars that wait for the one worker: further ones let those of other clients pass.
_COMPOSED_AT_ONCE: Final = 2
_ASKS_FOR_BARS: Final = "reqHistoricalData"
_BARS: Final = "historicalData"


class Session:
    """A client's connection.

    What is sent within one turn of the event loop leaves as one write. A client that does not read
    is dropped once `buffer_limit` bytes wait for it; nobody else ever waits for it.

    Attributes
    ----------
    version
        The protocol version that was agreed; 0 before the handshake.
    client_id
        None until the client has started the API.
    has_asked_to_start
        Whether it has sent the request to start the API.
    is_silent
        Nothing is said to the client, and nothing taken from it.
    inbound, subjects
        The way of its requests to their answers, and what each of them is about.
    wants_positions
        Whether it asked for changes of positions.
    watches
        What it asked to be told of accounts.
    data_type
        The kind of prices that it wants: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen.
    streams, history, bar_streams
        Its subscriptions to prices, its open requests for bars, and the bars that are kept up to
        date, by request id.
    heads
        Requests for the time of a first bar that it has not given up, by id.
    composers
        To be held while an answer with bars is made.
    """

    def __init__(self, gateway: Gateway, writer: asyncio.StreamWriter, buffer_limit: int) -> None:
        self.gateway = gateway
        self.version = 0
        self.client_id: int | None = None
        self.has_asked_to_start = False
        self.is_silent = False
        self.wants_positions = False
        self.watches = Watches(self)
        self.streams: dict[int, QuoteStream] = {}
        self.history: dict[int, asyncio.Task[None]] = {}
        self.bar_streams: dict[int, BarStream] = {}
        self.heads: set[int] = set()
        self.composers = asyncio.Semaphore(_COMPOSED_AT_ONCE)
        self.data_type = 1
        self._writer = writer
        self._limit = buffer_limit
        self._waiting = bytearray()
        self._guard = SegmentGuard()
        self._loop = asyncio.get_running_loop()
        self.subjects = Subjects(self)
        self.inbound = Passage(self, Direction.IN, partial(answer, self))
        self._outbound = Passage(self, Direction.OUT, lambda values: self.queue(encode(values)))

    @property
    def is_closing(self) -> bool:
        """Whether nothing more will be said."""
        return self._writer.transport.is_closing()

    @property
    def owner(self) -> int:
        """The client's id, once it has one."""
        if self.client_id is None:
            raise RuntimeError("the client has not started the API")
        return self.client_id

    def send(self, *outgoing: Message) -> None:
        """Send messages, in this order, at the end of this turn."""
        if self._outbound.is_clear and not self.gateway.recorder.is_on:
            self.queue(b"".join(map(encode, outgoing)))
            return
        for message in outgoing:
            self.send_frame(encode(message))

    def send_frame(self, frame: bytes) -> None:
        """Send a frame at the end of this turn, unless a fault has other plans with it."""
        if self._outbound.is_clear:
            self.queue(frame)
        else:
            self._outbound.take(split(frame[LENGTH_BYTES:]))

    def queue(self, frame: bytes) -> None:
        """Send bytes at the end of this turn; no fault touches them."""
        if self.is_closing:
            return
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting += frame
        if self.gateway.recorder.is_on:
            self.gateway.recorder.sent(self.client_id, frame)
        if self._writer.transport.get_write_buffer_size() + len(self._waiting) > self._limit:
            logger.warning("session_dropped", extra={"client_id": self.client_id})
            self.drop()

    def error(self, request_id: int, code: int, text: str) -> None:
        """Send an error, a warning or a notice."""
        self.send(messages.error(self.version, request_id, code, text))

    def flush(self) -> None:
        """Write what waits. A notice goes behind it where its length alone could lose it."""
        if not self._waiting or self.is_closing or not self.gateway.keeper.save():
            return
        while self.client_id is not None and self._guard.is_risky(len(self._waiting)):
            text = self.gateway.historical_farm_text
            notice = messages.error(self.version, messages.NO_REQUEST, HISTORICAL_FARM_OK, text)
            self._waiting += encode(notice)
        self._guard.record(len(self._waiting), steady_seconds())
        self._writer.write(bytes(self._waiting))
        self._waiting.clear()

    @property
    def kept_history(self) -> int:
        """Its requests for history that count as open, though their answer has been made."""
        return len(self.bar_streams.keys() | self._outbound.waiting(_BARS)) + len(self.heads)

    def withdraw_bars(self, request_id: int) -> bool:
        """Lose a delayed request for bars, or its delayed answer; False when there is neither."""
        was_asked = self.inbound.withdraw(_ASKS_FOR_BARS, request_id)
        return self._outbound.withdraw(_BARS, request_id) or was_asked

    def end_bars(self, request_id: int | None = None) -> int:
        """Keep bars up to date no longer, of one request or of all; gives how many there were."""
        wanted = [request_id] if request_id is not None else list(self.bar_streams)
        ended = [self.bar_streams.pop(number, None) for number in wanted]
        for stream in ended:
            if stream is not None and stream.job is not None:
                stream.job.cancel()
        return len(ended) - ended.count(None)

    def hang_up(self) -> None:
        """Close the connection behind what has been sent."""
        self.flush()
        self._writer.close()

    def drop(self) -> None:
        """Close the connection and forget what has not been sent."""
        self._waiting.clear()
        self._writer.transport.abort()

    def fall_silent(self, seconds: float | None) -> None:
        """Say nothing and take nothing for real seconds, or for ever; the socket stays open."""
        self.flush()
        self.is_silent = True
        if seconds is not None:
            self._loop.call_later(seconds, self._speak_again)

    def _speak_again(self) -> None:
        self.is_silent = False

    async def drained(self) -> None:
        """Wait until this client has read most of what it was sent."""
        self.flush()
        if not self.is_closing:
            await self._writer.drain()

    def end(self) -> None:
        """Give up everything that runs for the client."""
        for job in self.history.values():
            job.cancel()
        self.history.clear()
        self.end_bars()
        self.heads.clear()
        self.streams.clear()
        self.inbound.end()
        self._outbound.end()
        self._writer.close()
