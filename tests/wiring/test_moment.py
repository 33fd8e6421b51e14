"""The moment that a run describes, and clocks that must agree."""

from __future__ import annotations

import datetime as dt

import pytest

from sellkit.errors import ConfigError
from sellkit.wiring.moment import new_run_id, parse_moment, refuse_skew

NOW = dt.datetime(2025, 11, 26, 16, 0, 5, tzinfo=dt.UTC)


def test_no_text_is_the_present() -> None:
    assert parse_moment("  ") is None


@pytest.mark.parametrize("text", ["2025-11-26T11:00:05-05:00", " 2025-11-26T16:00:05Z "])
def test_a_time_with_its_zone_becomes_utc(text: str) -> None:
    moment = parse_moment(text)
    assert moment == NOW
    assert moment.tzinfo is dt.UTC


@pytest.mark.parametrize("text", ["2025-11-26T11:00:05", "2025-11-26", "eleven", "20251399"])
def test_a_time_without_a_zone_or_no_time_at_all_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        parse_moment(text)


@pytest.mark.parametrize("seconds", [-2, -1, 0, 1, 2, 3])
def test_clocks_within_two_seconds_agree(seconds: int) -> None:
    refuse_skew(NOW + dt.timedelta(seconds=seconds), NOW)


@pytest.mark.parametrize("seconds", [-86400, -3, 4, 86400])
def test_clocks_further_apart_are_refused(seconds: int) -> None:
    with pytest.raises(ConfigError, match='clock = "broker"'):
        refuse_skew(NOW + dt.timedelta(seconds=seconds), NOW)


def test_run_ids_are_eight_hex_digits_and_differ() -> None:
    ids = {new_run_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(each) == 8 and int(each, 16) >= 0 for each in ids)
