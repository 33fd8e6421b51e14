"""The parts of the gateway's bench run; no time is judged here."""

from __future__ import annotations

from tests.bench.bench_gateway import (
    bars_line,
    compare_bars,
    compare_orders,
    order_lines,
)
from tests.bench.prepared import Frames
from tests.simgateway.wire import frame, hello

SMALL = {"symbols": ["AAPL"], "size": "1 day", "duration": "5 D", "date_format": 2}


def test_frames_are_counted_however_they_were_cut() -> None:
    parts = [hello("v157..176"), frame(71, 2, 5, ""), frame(49, 1)]
    frames = Frames()
    found = [one for byte in b"".join(parts) for one in frames.feed(bytes((byte,)))]
    assert found == parts
    assert Frames().feed(b"".join(parts)) == parts


def test_clients_get_the_same_bars_from_prepared_bytes_as_from_the_gateway() -> None:
    with_gateway, with_peer = compare_bars(2, SMALL, rounds=1)
    assert with_gateway.bars == with_peer.bars == 2 * 5
    assert "ratio" in bars_line("bars", with_gateway, with_peer)[0]


def test_a_client_sees_the_same_fills_from_prepared_bytes_as_from_the_gateway() -> None:
    trips, peer_trips = compare_orders(resting=2, trips=3, rounds=2)
    assert [len(each) for each in (*trips, *peer_trips)] == [3] * 4
    assert len(order_lines("order", trips, peer_trips)) == 2
