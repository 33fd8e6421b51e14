"""The project speaks of itself, not of a machine that it was written on."""

from __future__ import annotations

import pytest

from tests.architecture.source import ROOT, listing
from tests.architecture.text_hygiene import machine_paths, shared_data, text_files

THIS_FILE = "tests/architecture/test_text_hygiene.py"  # its examples are offences
SLASH = "/"  # apart from what follows it, so that this page names no path of a machine


def _files() -> list[tuple[str, str]]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so the project's files cannot be listed")
    return [(path, text) for path, text in text_files() if path != THIS_FILE]


def test_no_text_names_a_path_of_one_machine() -> None:
    found = [each for path, text in _files() for each in machine_paths(text, path)]
    assert not found, listing(found)


def test_one_line_alone_knows_the_place_of_the_real_data() -> None:
    found = [each for path, text in _files() for each in shared_data(text, path)]
    assert not found, listing(found)


@pytest.mark.parametrize(
    "line",
    [
        f"see {SLASH}work/main",
        f"open('{SLASH}tmp/x.csv')",
        f"cd {SLASH}root/",
        '"/home/ada/data"',
        "`/Users/ada/x`",
        f"{SLASH}tmp",
    ],
)
def test_a_machine_path_is_found(line: str) -> None:
    assert machine_paths(line + "\n", "README.md")


@pytest.mark.parametrize(
    "line", ["https://x.org/work/a", "docs/work/", "a/tmp/b", "make 1/root", "./tmp/"]
)
def test_a_part_of_a_longer_path_is_no_offence(line: str) -> None:
    assert not machine_paths(line, "README.md")


@pytest.mark.parametrize("line", ["'../shared/data/market'", 'x / "shared" / "data"'])
def test_a_second_line_that_knows_the_real_data_is_found(line: str) -> None:
    assert shared_data(line, "tests/core/test_x.py")
    assert not shared_data(line, "tests/conftest.py")
