"""Requests as clients write them."""

from __future__ import annotations

import math

import pytest

from sellkit.simgateway.framing import UNSET_DOUBLE, UNSET_INTEGER
from sellkit.simgateway.requests import BadRequest, Fields, choose_version


@pytest.mark.parametrize(
    ("hello", "version"),
    [
        (b"v100..157", 157),
        (b"v157..176", 176),
        (b"v157..176 +PACEAPI", 176),
        (b"v157..178", 178),
        (b"v100..222", 178),
        (b"v100..158", 157),
        (b"v158..158", None),
        (b"v100..156", None),
        (b"v179..222", None),
        (b"v157", None),
        (b"157..176", None),
        (b"v157..176\0", None),
        (b"", None),
    ],
)
def test_the_version_is_the_newest_of_both_and_never_158(hello: bytes, version: int | None) -> None:
    assert choose_version(hello) == version


@pytest.mark.parametrize("text", ["", UNSET_DOUBLE, "1.7976931348623157e+308", UNSET_INTEGER])
def test_every_way_to_write_unset_is_read_as_unset(text: str) -> None:
    assert Fields((text,)).number() is None
    assert Fields((text,)).integer(unset=-7) == -7


def test_numbers_are_read_as_every_client_writes_them() -> None:
    values = ("100", "100.0", "-1.5e+3", "Infinite")
    fields = Fields(values)
    assert [fields.number() for _ in values] == [100.0, 100.0, -1500.0, math.inf]


@pytest.mark.parametrize(
    "text", ["abc", "1.0", "1 ", "\u0661", "0x10", "1" * 30, str(2**31), str(-(2**31) - 1)]
)
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="no whole number"):
        Fields((text,)).integer()


@pytest.mark.parametrize("text", ["abc", "nan", "inf", "1,5", "--1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="no number"):
        Fields((text,)).number()


def test_what_is_no_flag_is_refused() -> None:
    assert [Fields((text,)).flag() for text in ("1", "0", "", "true")] == [True, False, False, True]
    with pytest.raises(BadRequest, match="no flag"):
        Fields(("2",)).flag()


def test_fields_too_few_or_too_many_are_refused() -> None:
    fields = Fields(("61", "1", "2"))
    fields.skip(2)
    with pytest.raises(BadRequest, match="1 field left over"):
        fields.end()
    fields.skip()
    with pytest.raises(BadRequest, match="field 4 is missing"):
        fields.text()


def test_a_contract_without_a_number_or_strike_asks_for_none() -> None:
    values = ("0", "AAPL", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")
    query = Fields(values).contract()
    assert query.con_id is None
    assert query.strike is None
    assert query.symbol == "AAPL"


def test_fields_are_passed_over_as_far_as_there_are_any() -> None:
    fields = Fields(("1", "2", "3"))
    fields.skip(2)
    fields.skip(-1)
    assert fields.text() == "3"
    with pytest.raises(BadRequest, match="field 4 is missing"):
        Fields(("1", "2", "3")).skip(10**12)
