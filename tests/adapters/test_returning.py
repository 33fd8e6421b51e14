"""How patiently a connection comes back."""

from __future__ import annotations

import pytest

from sellkit.adapters.ib.notices import Farm, farm_of, masked
from sellkit.adapters.ib.returning import Returning
from sellkit.errors import ConfigError


@pytest.mark.parametrize(
    ("failures", "least", "most"), [(1, 0.5, 1), (2, 1, 2), (6, 16, 32), (7, 30, 60), (999, 30, 60)]
)
def test_a_wait_doubles_and_half_of_it_is_left_to_chance(
    failures: int, least: float, most: float
) -> None:
    returning = Returning()
    assert returning.delay(failures, 0.0) == least
    assert returning.delay(failures, 1.0) == most


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_delay_seconds": 0},
        {"longest_delay_seconds": -1},
        {"probe_seconds": 0},
        {"probe_timeout_seconds": float("nan")},
        {"settle_seconds": -1},
        {"alert_after": 0},
        {"jitter": 1.5},
    ],
)
def test_a_patience_by_which_nothing_could_be_done_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Returning(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "text", "farm"),
    [
        (2103, "Market data farm connection is broken:usfarm", ("market data", "usfarm")),
        (2104, "Market data farm connection is OK:usfarm.nj", ("market data", "usfarm.nj")),
        (2105, "HMDS data farm connection is broken: ushmds ", ("historical data", "ushmds")),
        (
            2107,
            "HMDS data farm connection is inactive but should be available upon demand.ushmds",
            ("historical data", "ushmds"),
        ),
        (
            2108,
            "Market data farm connection is inactive but should be available upon demand.usfarm.nj",
            ("market data", "usfarm.nj"),
        ),
        (2157, "Sec-def data farm connection is broken:secdefil", ("definitions", "secdefil")),
        (2103, "broken", ("market data", "without a name")),
    ],
)
def test_a_farm_is_told_by_its_purpose_and_its_name(
    code: int, text: str, farm: tuple[str, str]
) -> None:
    assert farm_of(code, text) == Farm(*farm)


def test_a_text_of_the_gateway_is_shown_without_account_numbers() -> None:
    told = "Invalid account code 'DU1234567' or U7654321, F12345, not 1100 or IBM"
    assert masked(told) == (
        "Invalid account code '(account)' or (account), (account), not 1100 or IBM"
    )
    assert masked("account DU1 of DU12", ["DU1"]) == "account (account) of DU12"
