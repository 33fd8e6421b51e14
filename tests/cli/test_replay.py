"""`sellkit replay`, which asks no gateway: history, and recorded runs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.cli import main
from sellkit.config import Overrides
from sellkit.core.bars import BarSize, SeriesKey
from sellkit.core.instrument import Token
from sellkit.wiring import open_desk
from tests.cli.command import Workspace, gateway
from tests.real.replayed import own_surroundings
from tests.research.replaying import PER_SESSION, days_of, halves, wavy

SETTINGS = """\
profile = "demo"
[profiles.demo]
port = 4012
clock = "broker"
assignments = "config/assigned_ma.csv"
"""
ASSIGNED = "ticker,type,length,timeframe\nNASDAQ:AAPL,SMA,5,1H\nNYSE:JPM,SMA,50,1H\n"
APPLE = 265598


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which bars of Apple are stored, and Apple and another are assigned."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "sellkit.toml").write_text(SETTINGS)
    (tmp_path / "config" / "assigned_ma.csv").write_text(ASSIGNED)
    bars = halves(wavy(30 * PER_SESSION, seed=5))
    store = ParquetBarStore(tmp_path / "data" / "demo")
    store.add(SeriesKey(APPLE, BarSize.M30), bars)
    store.add(SeriesKey(APPLE, BarSize.D1), days_of(bars))
    store.name({APPLE: Token("NASDAQ", "AAPL")})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command prints; it ends well."""
    assert main(["replay", *words]) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("place")
def test_history_is_told_with_the_alternatives_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = told(capsys)
    assert out.startswith("1 position from 2025-02-1")
    assert "NASDAQ:AAPL  SMA 5 1H" in out
    assert "against holding over 30 sessions" in out
    assert "NYSE:JPM: not replayed: no bars of it are stored; `sellkit status` downloads" in out
    assert "no bar is stored of that time, nor of any before" in out
    without = told(capsys, "--no-alternatives", "--from", "2026-01-05", "--token", "aapl")
    assert "against holding over" not in without
    assert "not replayed" not in without
    assert "no bar is stored of that time" not in without


def test_exits_go_to_a_file_that_is_whole_or_not_there(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = told(capsys, "--from", "2026-01-05", "--out", "exits.csv")
    assert out.endswith("written to exits.csv\n")
    rows = list(csv.DictReader((place / "exits.csv").read_text().splitlines()))
    assert {each["ticker"] for each in rows} == {"NASDAQ:AAPL"}
    as_json = json.loads(told(capsys, "--json", "--from", "2026-01-05"))
    assert len(as_json["exits"]) == len(rows) > 5
    assert as_json["not_replayed"] == {
        "NYSE:JPM": "no bars of it are stored; `sellkit status` downloads them"
    }
    assert told(capsys, "--csv", "--from", "2026-01-05") == (place / "exits.csv").read_text()


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "exits.txt"), "name it .json or .csv"),
        (("--out", "absent/exits.csv"), "there is no folder"),
        (("--from", "2026-02-02", "--to", "2026-01-05"), "has no moment in it"),
        (("--commission", "-1"), "it is 0 or more"),
        (("--token", "KO"), "no average is assigned to KO; assigned are NASDAQ:AAPL, NYSE:JPM"),
        (("--token", "JPM"), "there is nothing to replay: NYSE:JPM: no bars of it are stored"),
        (("--run", "last", "--csv"), "take no other flag"),
        (("--recorded", "2026-13-01"), "--recorded '2026-13-01' is no day"),
        (("--recorded", "2026-01-05"), "no run judged positions on 2026-01-05"),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_a_line(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert main(["replay", *words]) == 2
    refused = [line for line in capsys.readouterr().err.splitlines() if "sellkit replay" in line]
    assert len(refused) == 1
    assert said in refused[0]


@pytest.mark.usefixtures("place")
def test_ctrl_c_keeps_what_was_replayed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        """A screen at which somebody presses Ctrl-C."""

        def write(self, text: str) -> int:
            if "%" in text:
                raise KeyboardInterrupt
            return len(text)

        def flush(self) -> None: ...

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr("sys.stderr", Interrupted())
    assert main(["replay", "--json"]) == 130
    found = json.loads(capsys.readouterr().out)
    assert found["is_whole"] is False
    assert found["notes"][0].startswith("INTERRUPTED")


def test_nothing_stored_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "sellkit.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    assert main(["replay"]) == 2
    assert "no bars are stored" in capsys.readouterr().err


# --- a run that was recorded --------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A folder in which a run was recorded; the gateway is gone."""
    with gateway() as running, own_surroundings():
        place = Workspace.make(tmp_path_factory.mktemp("recorded") / "place", running.port)
        chosen = Overrides(config=str(place.settings), data_dir=str(place.folder / "data"))
        with open_desk(overrides=chosen, run_id="0a1b2c3d") as desk:
            desk.bring_up_to_date()
            desk.record(desk.decide())
    return place


@pytest.mark.parametrize("words", [("--run", "last"), ("--recorded", "2026-06-10")])
def test_a_recorded_run_is_judged_again_byte_for_byte(
    recorded: Workspace,
    words: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(recorded.folder)
    said = "run 0a1b2c3d of 2026-06-10 15:00:20 UTC: 8 decisions equal, byte for byte\n"
    before = recorded.files()
    assert told(capsys, *words) == said
    assert recorded.files() == before


def test_a_run_that_is_judged_otherwise_now_says_in_what(
    recorded: Workspace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = recorded.copy(tmp_path / "place")
    store, key = ParquetBarStore(place.data), SeriesKey(APPLE, BarSize.M30)
    bars = store.read(key)
    store.drop(key)
    store.add(key, bars.assign(close=bars["close"].round(0), low=1.0, high=10_000.0))
    monkeypatch.chdir(place.folder)
    assert main(["replay", "--run", "0a1b"]) == 1
    out = capsys.readouterr().out
    assert "NASDAQ:AAPL different: " in out
    assert "close was " in out
