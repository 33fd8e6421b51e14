"""`sellkit data`: what is stored, told and exported without a gateway, and mended with one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.adapters.bar_store.series_name import name_of
from sellkit.simgateway.gateway import Gateway
from tests.cli.command import Workspace, gateway

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def serving() -> Iterator[Gateway]:
    with gateway() as running:
        yield running


@pytest.fixture(scope="module")
def filled(serving: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A folder with the bars of one `status`."""
    place = Workspace.make(tmp_path_factory.mktemp("data") / "desk", serving.port)
    assert place.sellkit("status", "--client-id", "40").code == 4
    return place


def test_what_is_stored_is_listed_by_name(filled: Workspace) -> None:
    answer = filled.sellkit("data", "list", "nasdaq:aapl")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].split()[:3] == ["series", "bars", "first"]
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "NASDAQ:AAPL 1 day",
        "NASDAQ:AAPL 30 mins",
    ]


def test_looking_changes_nothing(filled: Workspace) -> None:
    before = filled.files()
    for action in ("list", "coverage", "verify"):
        assert filled.sellkit("data", action).code == 0
    assert filled.files() == before


def test_a_hole_is_told_and_mended(filled: Workspace, tmp_path: Path) -> None:
    place = filled.copy(tmp_path / "holed")
    for path in place.data.glob("segments/*.parquet"):
        told = pd.read_parquet(path)
        keep = ~told["series"].astype(str).str.startswith("265598-1d")
        if keep.all():
            continue
        path.unlink()
    assert place.sellkit("data", "list", "NASDAQ:AAPL").out.count("1 day") == 0
    mended = place.sellkit("data", "repair", "--client-id", "41")
    assert mended.code == 0, mended
    assert "all well" in mended.out
    assert place.sellkit("data", "list", "NASDAQ:AAPL").out.count("1 day") == 1
    assert list(place.data.glob("segments/*.parquet")) == []


def test_an_export_reads_back_exactly_in_either_form(filled: Workspace, tmp_path: Path) -> None:
    for form in ("csv", "parquet"):
        answer = filled.sellkit(
            *("data", "export", "NASDAQ:AAPL", "--to", str(tmp_path), "--form", form)
        )
        assert answer.code == 0, answer
    written = pd.read_csv(tmp_path / "NASDAQ_AAPL_1day.csv")
    other = pd.read_parquet(tmp_path / "NASDAQ_AAPL_1day.parquet")
    assert len(written) > 200
    assert written["close"].tolist() == other["close"].tolist()
    assert written["start"].str.endswith("Z").all()


def test_no_series_is_exported_over_another_of_the_same_name(
    filled: Workspace, tmp_path: Path
) -> None:
    place = filled.copy(tmp_path / "twice")
    store = ParquetBarStore(place.data)
    day = next(key for key in store.keys() if name_of(key).startswith("265598-1d"))  # noqa: SIM118
    store.add(replace(day, rth=False), store.read(day).iloc[:20])
    answer = place.sellkit("data", "export", "NASDAQ:AAPL", "--to", str(tmp_path / "out"))
    written = {str(path): len(pd.read_csv(path)) for path in (tmp_path / "out").iterdir()}
    assert sorted(answer.out.split()) == sorted(written)
    assert sorted(written.values())[0] == 20
    assert len(written) == 3


def test_a_torn_file_is_found(filled: Workspace, tmp_path: Path) -> None:
    place = filled.copy(tmp_path / "torn")
    torn = max(place.data.glob("segments/*.parquet"), key=lambda path: path.stat().st_size)
    torn.write_bytes(torn.read_bytes()[:-20])
    answer = place.sellkit("data", "verify")
    assert answer.code == 1
    assert torn.name in answer.out


def test_a_damaged_file_is_put_aside_and_fetched_anew(filled: Workspace, tmp_path: Path) -> None:
    place = filled.copy(tmp_path / "damaged")
    before = place.sellkit("data", "coverage").out
    damaged = max(place.data.glob("segments/*.parquet"), key=lambda path: path.stat().st_size)
    content = damaged.read_bytes()[:-20]
    damaged.write_bytes(content)
    assert place.sellkit("status", "--client-id", "42").code == 2
    mended = place.sellkit("data", "repair", "--client-id", "42")
    assert mended.code == 0, mended
    assert f"segments/{damaged.name}: moved to damaged/" in mended.out
    assert (place.data / "damaged" / damaged.name).read_bytes() == content
    assert place.sellkit("data", "verify").code == 0
    assert place.sellkit("data", "coverage").out == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "NASDAQ:XXX"), "no bars of NASDAQ:XXX are stored; stored are NASDAQ:AAPL, "),
        (("export",), "sellkit data export --to FOLDER"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    filled: Workspace, words: tuple[str, ...], said: str
) -> None:
    answer = filled.sellkit("data", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_an_empty_store_says_what_to_do(serving: Gateway, tmp_path: Path) -> None:
    place = Workspace.make(tmp_path / "desk", serving.port)
    answer = place.sellkit("data", "list")
    assert answer.code == 2
    assert "`sellkit status` downloads them" in answer.err
