"""The file of the latest probe: what cannot be read counts for none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sellkit.adapters.probe_file import ProbeFile
from sellkit.core.probing import bad, not_measured
from sellkit.errors import ConfigError
from tests.probes import probe_record

RECORD = probe_record(
    HOURS=bad("neither", "do not", compared=3), FINAL=not_measured("closed", "later")
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "paper" / "probe.json"


def test_what_was_written_is_read(path: Path) -> None:
    ProbeFile(path).write(RECORD)
    assert ProbeFile(path).read() == RECORD


def test_a_later_probe_takes_the_place_of_the_one_before(path: Path) -> None:
    ProbeFile(path).write(RECORD)
    ProbeFile(path).write(probe_record())
    assert ProbeFile(path).read() == probe_record()
    assert [each.name for each in path.parent.iterdir()] == ["probe.json"]


def test_no_account_number_stands_in_it(path: Path) -> None:
    ProbeFile(path).write(RECORD)
    assert "DU1234567" not in path.read_text()


def test_where_there_is_none_there_was_no_probe(path: Path) -> None:
    assert ProbeFile(path).read() is None


def changed(path: Path, **changes: object) -> str:
    ProbeFile(path).write(RECORD)
    return json.dumps(json.loads(path.read_bytes()) | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"form": 2},
        {"findings": [{"question": "the weather"}]},
        {"began_at": "2026-01-28T20:00:20"},
        {"gateway": None},
    ],
)
def test_a_file_that_cannot_be_read_counts_for_none(path: Path, changes: dict[str, object]) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(changed(path, **changes))
    assert ProbeFile(path).read() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '"form"'])
def test_half_a_file_counts_for_none(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert ProbeFile(path).read() is None


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(ConfigError, match="cannot be written"):
        ProbeFile(tmp_path / "data" / "probe.json").write(RECORD)
