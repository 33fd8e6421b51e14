"""How long a run waits for a gateway that is away by plan."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from sellkit.config import Overrides, load
from sellkit.core.market_time import UTC
from sellkit.core.upkeep import LOGIN, RESTART
from sellkit.errors import ConfigError
from sellkit.wiring.upkeep import patience_seconds, upkeep_of

if TYPE_CHECKING:
    from pathlib import Path

NIGHT = dt.datetime(2026, 6, 11, 3, 50, tzinfo=UTC)  # 23:50 in New York
SUNDAY = dt.datetime(2026, 6, 14, 6, 0, tzinfo=UTC)
NOON = dt.datetime(2026, 6, 11, 16, 0, tzinfo=UTC)


def config(folder: Path, text: str = "") -> Overrides:
    path = folder / "sellkit.toml"
    path.write_text(text, encoding="utf-8")
    return Overrides(config=str(path))


def test_a_run_waits_through_the_restart_and_no_longer_at_any_other_time(tmp_path: Path) -> None:
    settings = load(config(tmp_path))
    assert patience_seconds(settings, NIGHT) == 60 + 55 * 60
    assert patience_seconds(settings, NOON) == 60
    assert patience_seconds(settings, SUNDAY) == 60


def test_each_profile_has_its_own_windows(tmp_path: Path) -> None:
    text = "[profiles.paper]\nrestart_at = '22:00 Europe/Zurich'\nrestart_minutes = 10\n"
    settings = load(config(tmp_path, text))
    told = {name: upkeep_of(each) for name, each in settings.file.profiles.items()}
    assert told["demo"].windows == ()
    assert [each.name for each in told["live"].windows] == [RESTART, LOGIN]
    assert told["paper"].name(NIGHT) == ""
    assert told["paper"].name(dt.datetime(2026, 6, 10, 20, 9, tzinfo=UTC)) == RESTART


def test_a_time_that_is_none_is_refused_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"profiles\.paper\.restart_at .*write it as"):
        load(config(tmp_path, "[profiles.paper]\nrestart_at = '23:45'\n"))
