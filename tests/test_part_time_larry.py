"""The smallest example of the public API: it is small, it runs, and it reads what it wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import sellkit


def test_the_example_writes_one_signal_record_and_reads_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sellkit.part_time_larry", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (line,) = (tmp_path / "signals.jsonl").read_text(encoding="utf-8").splitlines()
    record = json.loads(line)
    assert json.loads(done.stdout) == record
    assert (record["ticker"], record["decision"], record["close"]) == ("NASDAQ:AAPL", "EXIT", 99.0)
    assert record["reasons"] == ["close 99.0000 is strictly below SMA 5 1D 101.5000"]
    assert record["action_executed"] is None


def test_the_example_has_under_60_lines() -> None:
    example = Path(sellkit.__file__).parent / "part_time_larry.py"
    assert len(example.read_text(encoding="utf-8").splitlines()) < 60
