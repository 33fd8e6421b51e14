"""A half-hour that never came: what it decides nothing for, and what still counts behind it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.real.recomputed import CHOICES
from tests.real.replayed import Held, Said, by_desk, by_notebook, gateway_beside
from tests.real.tickers import EXCHANGES, Moment, held_at, wanted_of

TAKEN_OUT = pd.Timestamp("2026-01-14 19:30", tz="UTC")
NAMED = "the bar 2026-01-14 19:00 to 20:00 UTC is incomplete: 1 of 2 half-hours"
HOURLY = [choice for choice in CHOICES if choice.endswith("1H")]


@pytest.fixture(scope="module")
def holed(market_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded half-hours without the one from 14:30 to 15:00 on 2026-01-14."""
    folder = tmp_path_factory.mktemp("holed") / "intraday_30m"
    shutil.copytree(market_data / "intraday_30m", folder, ignore=shutil.ignore_patterns("*.csv"))
    for path in folder.glob("*.parquet"):
        file = pd.read_parquet(path)
        kept = file[file["ts"] != TAKEN_OUT]
        assert len(kept) == len(file) - 1, path
        kept.to_parquet(path, index=False)
    return folder


def _said_over_the_hole(
    holed: Path, moment: Moment, folder: Path
) -> tuple[list[Held], dict[str, Said]]:
    choices = {symbol: HOURLY[number] for number, symbol in enumerate(EXCHANGES)}
    held = held_at(holed, moment, choices)
    with gateway_beside(folder, held, {"30m": holed}, moment.at) as chosen:
        return held, by_notebook(chosen, held) if moment.by_notebook else by_desk(chosen)


def test_an_hour_without_its_last_half_decides_nothing_and_names_the_bar(
    holed: Path, tmp_path: Path
) -> None:
    moment = Moment("the hour with the hole", "2026-01-14T15:00:05", 0, by_notebook=True)
    held, said = _said_over_the_hole(holed, moment, tmp_path)
    assert set(said) == {each.symbol for each in held} == set(EXCHANGES)
    for symbol, each in said.items():
        assert each.decision == "UNDECIDED", symbol
        assert NAMED in each.reasons, symbol
        assert (each.average, each.verdict, each.is_above) == (None, None, None), symbol


def test_after_a_hole_only_the_bars_behind_it_count(holed: Path, tmp_path: Path) -> None:
    moment = Moment("a session after the hole", "2026-01-15T16:00:05", 0)
    held, said = _said_over_the_hole(holed, moment, tmp_path)
    wanted = wanted_of(holed, moment, held)
    assert {symbol: each.decision for symbol, each in said.items()} == {
        symbol: each.decision for symbol, each in wanted.items()
    }
    assert [each.decision for each in wanted.values()].count("UNDECIDED") == len(held) - 2
    for symbol, each in wanted.items():
        assert any(each.reason in reason for reason in said[symbol].reasons), symbol
        assert said[symbol].close == each.close, symbol
