"""Frames as bytes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellkit.simgateway.framing import (
    MAX_PAYLOAD,
    BadFrame,
    FrameReader,
    SegmentGuard,
    encode,
    split,
)

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


def test_a_message_is_its_length_and_then_fields_that_each_end_in_nul() -> None:
    assert encode((49, 1, 1764349208)) == b"\x00\x00\x00\x1049\x001\x001764349208\x00"
    assert encode((62, 1)) == b"\x00\x00\x00\x0562\x001\x00"


def test_flags_are_digits_and_absent_fields_are_empty() -> None:
    assert encode((True, False, None, 1.0, Decimal("1E+2"), "x"))[4:] == (
        b"1\x000\x00\x001.0\x00100\x00x\x00"
    )


def test_a_character_beyond_ascii_is_sent_as_an_escape_that_clients_read_back() -> None:
    sent = encode(("Ä 株",))[4:-1]
    assert sent == b"\\xc4 \\u682a"
    assert sent.decode("unicode-escape") == "Ä 株"


def test_a_message_above_the_limit_is_not_sent() -> None:
    assert len(encode(("x" * (MAX_PAYLOAD - 1),))) == MAX_PAYLOAD + 4
    with pytest.raises(BadFrame, match="longer than"):
        encode(("x" * MAX_PAYLOAD,))


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=4), max_size=5), st.integers(1, 9))
def test_messages_are_read_however_the_stream_was_cut(messages: list[list[str]], step: int) -> None:
    stream = b"".join(encode(tuple(message)) for message in messages)
    reader = FrameReader()
    found = [
        payload
        for start in range(0, len(stream), step)
        for payload in reader.feed(stream[start : start + step])
    ]
    assert [split(payload) for payload in found] == [tuple(message) for message in messages]


def test_several_messages_in_one_segment_are_all_read() -> None:
    assert len(list(FrameReader().feed(encode((61, 1)) * 7 + b"\x00"))) == 7


def test_half_a_message_is_not_read() -> None:
    assert list(FrameReader().feed(encode(("reqPositions",))[:-1])) == []


def test_a_length_above_the_limit_is_refused_before_its_bytes_arrive() -> None:
    with pytest.raises(BadFrame, match="above"):
        list(FrameReader().feed(b"\x01\x00\x00\x00"))


@pytest.mark.parametrize("payload", [b"", b"61", b"61\x001"])
def test_a_payload_without_a_final_nul_is_refused(payload: bytes) -> None:
    with pytest.raises(BadFrame, match="NUL"):
        split(payload)


def test_a_run_of_writes_of_4096_bytes_is_risky() -> None:
    guard = SegmentGuard()
    assert guard.is_risky(4096)
    assert guard.is_risky(8192)
    assert not guard.is_risky(4095)
    guard.record(100, 0.0)
    guard.record(4000, 0.1)
    assert guard.is_risky(96)  # the last two
    assert guard.is_risky(4092)  # all three
    assert not guard.is_risky(97)


def test_a_pause_ends_a_run() -> None:
    guard = SegmentGuard()
    guard.record(4000, 0.0)
    guard.record(10, 5.0)
    assert not guard.is_risky(86)


def test_a_notice_makes_any_write_safe_however_busy_the_connection_is() -> None:
    guard, notice = SegmentGuard(), 73
    for size in range(1, 20_000):
        total = size
        while guard.is_risky(total):
            total += notice
            assert total < size + 65 * notice
        guard.record(total, 0.0)
