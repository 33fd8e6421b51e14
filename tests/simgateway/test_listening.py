"""How connections are closed when the gateway ends."""

from __future__ import annotations

import asyncio
import socket

from sellkit.simgateway.listening import close_all

_MORE_THAN_THE_KERNEL_HOLDS = b"x" * 2**25


def test_who_serves_a_client_that_never_reads_has_ended_once_all_are_closed() -> None:
    connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
    ended: list[str] = []

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections[task] = writer
        writer.write(_MORE_THAN_THE_KERNEL_HOLDS)
        await writer.drain()
        for _ in range(3):  # turns that it takes to find the connection closed
            await asyncio.sleep(0)
        ended.append("ended")

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()[:2]) as client:
            while not connections:
                await asyncio.sleep(0)
            await close_all(connections, 0.05)
            assert ended == ["ended"]
            assert client.fileno() >= 0
        server.close()

    asyncio.run(run())
