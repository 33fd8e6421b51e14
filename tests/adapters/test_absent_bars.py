"""What the source has no bar for, on disk."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from sellkit.adapters.bar_store import absent_bars
from sellkit.core.coverage import Absence

ASKED = dt.datetime(2026, 1, 28, 20, 0, tzinfo=dt.UTC)
START = dt.datetime(2025, 6, 2, tzinfo=dt.UTC)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "1-1d-TRADES-rth-clock.json"
    kept = {START: Absence(ASKED), START + dt.timedelta(days=1): Absence(ASKED, 3)}
    absent_bars.write(path, kept)
    assert absent_bars.read(path) == kept


@pytest.mark.parametrize("content", [b"", b"{", b"7", b'[{"x": ["y"]}]', b"\xff\x00", b'{"a": 1}'])
def test_a_torn_file_is_read_as_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "torn.json"
    path.write_bytes(content)
    assert absent_bars.read(path) == {}
