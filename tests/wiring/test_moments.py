"""Which moment a desk may be of: orders are for the present alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sellkit.config import Overrides
from sellkit.errors import ConfigError, NotConnected
from sellkit.wiring import open_desk

SETTINGS = """\
[profiles.paper]
port = 9
gateway = "paper"
"""


@pytest.fixture
def chosen(tmp_path: Path) -> Overrides:
    path = tmp_path / "sellkit.toml"
    path.write_text(SETTINGS, encoding="utf-8")
    return Overrides(config=str(path), profile="paper", data_dir=str(tmp_path / "data"))


@pytest.mark.parametrize("as_of", ["2026-01-28T11:00-05:00", "2999-01-28T11:00Z"])
def test_another_moment_than_the_present_is_never_live(chosen: Overrides, as_of: str) -> None:
    with pytest.raises(ConfigError, match="another moment than the present"):
        open_desk(as_of=as_of, dry_run=False, overrides=chosen)


def test_a_dry_run_of_a_past_moment_gets_as_far_as_the_gateway(chosen: Overrides) -> None:
    with pytest.raises(NotConnected):
        open_desk(as_of="2026-01-28T11:00-05:00", overrides=chosen)
