"""`sellkit runs`, which asks no gateway."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import pytest

from sellkit.cli import main
from sellkit.config.screen import has_screen
from tests.build import NOW, utc
from tests.past import Profile, cell, error, notebook, page

SETTINGS = """\
profile = "demo"
[profiles.demo]
port = 4012
clock = "broker"
"""
FIRST, FAILED, LAST = "00000001", "00000002", "00000003"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, as the current one."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "sellkit.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def profile(place: Path) -> Profile:
    """Two runs of January, the second of which failed, and one of February."""
    made = Profile(place / "data" / "demo")
    made.add(NOW, ["EXIT", "HOLD"], content=notebook(cell("shown", 1, page("<b>a table</b>"))))
    gone = notebook(cell(), cell("x", 2, error()))
    later = NOW + dt.timedelta(hours=1)
    made.add(later, [], outcome="failed: cell 2: NotConnected", content=gone)
    made.add(utc("2026-02-03 15:00"), ["HOLD", "HOLD"], mode="LIVE")
    return made


def told(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    """What a command prints, on either way; it ends with this code."""
    assert main(["runs", *words]) == code
    said = capsys.readouterr()
    return said.out + said.err


@pytest.mark.parametrize("words", [(), ("list", "--all"), ("list", "--token", "AAPL")])
def test_without_a_journal_there_is_no_run_and_none_is_made(
    place: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert told(capsys, 0, *words) == "no run of profile demo yet; `sellkit run` makes one\n"
    for action in (["show", "last"], ["compare"], ["html"], ["verify", "x"]):
        assert told(capsys, 2, *action).count("\n") == 1
    assert "no month" in told(capsys, 0, "archive", "--before", "2026-02")
    assert told(capsys, 0, "list", "--json") == "[]\n"
    assert not (place / "data").exists()


@pytest.mark.usefixtures("profile")
def test_runs_are_listed_the_latest_first_with_their_verdicts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = told(capsys, 0).splitlines()
    assert [each.split()[2] for each in lines[2:5]] == [LAST, FAILED, FIRST]
    assert "cell 2: NotConnected: the gateway went away" in lines[3]
    assert lines[-1] == "3 runs: 2 decided, 1 failed"


@pytest.mark.usefixtures("profile")
@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (("--month", "2026-01"), [FAILED, FIRST]),
        (("--since", "2026-01-29"), [LAST]),
        (("--until", "2026-01-28", "--last", "1"), [FAILED]),
        (("--mode", "live"), [LAST]),
        (("--mode", "dry", "--verdict", "decided"), [FIRST]),
        (("--token", "msft"), [LAST, FIRST]),
        (("--token", "KO"), []),
        (("--account", "other"), []),
    ],
)
def test_runs_are_chosen_by_day_mode_verdict_and_token(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], ids: list[str]
) -> None:
    found = json.loads(told(capsys, 0, "list", "--json", *words))
    assert [each["run_id"] for each in found] == ids
    assert ("no run is like that" in told(capsys, 0, "list", *words)) is not bool(ids)


@pytest.mark.usefixtures("profile")
def test_a_run_is_shown_by_the_beginning_of_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert "2 of 2" not in told(capsys, 0, "show", FIRST)
    shown = json.loads(told(capsys, 0, "show", "last", "--json"))
    assert (shown["run_id"], len(shown["positions"])) == (LAST, 2)
    assert shown["sha256"] == shown["sha256_journalled"]
    assert [each["is_ready"] for each in shown["standings"]] == [1]
    assert "connection ready, since " in told(capsys, 0, "show", "last")


@pytest.mark.usefixtures("profile")
def test_two_runs_are_compared_the_last_two_without_a_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = told(capsys, 0, "compare")
    assert said.startswith(f"1 decision differs between {FIRST} and {LAST}\nNASDAQ:AAPL\n")
    assert said == told(capsys, 0, "compare", FIRST, LAST)
    found = json.loads(told(capsys, 0, "compare", LAST, FIRST, "--json"))["differences"]
    assert [each["second"]["reasons"] for each in found] == [["because of EXIT"]]


@pytest.mark.usefixtures("profile")
def test_the_calendar_names_the_missing_hours_of_a_month(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = json.loads(told(capsys, 0, "calendar", "--month", "2026-01", "--json"))
    assert found["missing"][0] == "2026-01-29T15:00:00+00:00"
    assert len(found["missing"]) == 14
    assert "Mon 19  closed" in told(capsys, 0, "calendar", "--month", "2026-01")
    assert told(capsys, 0, "calendar").startswith("2026-02, hours of XNYS")


def test_open_prints_the_path_and_where_nobody_sits_at_a_terminal_no_more(
    profile: Profile, capsys: pytest.CaptureFixture[str]
) -> None:
    path = profile.folder / "runs" / "2026-01-28" / f"200020Z_{FIRST}.ipynb"
    assert told(capsys, 0, "open", FIRST) == f"{path}\n"


def test_an_archived_notebook_is_copied_out_of_its_archive(
    profile: Profile, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (profile.folder / "runs" / "2026-01-28" / f"200020Z_{FIRST}.ipynb").read_bytes()
    assert "2026-01: 2 notebooks in runs/2026-01.zip" in told(
        capsys, 0, "archive", "--before", "2026-02"
    )
    assert main(["runs", "open", FIRST]) == 0
    said = capsys.readouterr()
    assert "runs/2026-01.zip" in said.err
    assert Path(said.out.strip()).read_bytes() == before
    assert told(capsys, 0, "verify", FIRST).endswith("as it was written; its verdict is decided\n")
    assert main(["audit", "verify"]) == 0
    assert "no month before 2026-02" in told(capsys, 0, "archive", "--before", "2026-02")


def test_verify_names_what_is_wrong_with_one_run_and_that_there_is_more(
    profile: Profile, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, 0, "verify", "last").startswith(f"run {LAST}: as it was written")
    path = f"runs/2026-01-28/200020Z_{FIRST}.ipynb"
    profile.write(path, notebook(cell("2")))
    said = told(capsys, 1, "verify", FIRST)
    assert said.startswith(f"{path}: the executed notebook was changed after its run")
    assert "1 finding; its verdict is altered" in said
    assert "1 finding elsewhere" in told(capsys, 1, "verify", LAST)


def test_pages_are_written_with_an_index_and_only_when_they_are_new(
    profile: Profile, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("nbconvert")
    folder = profile.folder / "pages"
    assert "3 pages of notebooks written" in told(capsys, 0, "html")
    text = (folder / "2026-01-28" / f"200020Z_{FIRST}.html").read_text(encoding="utf-8")
    assert "<b>a table</b>" in text
    assert "NotConnected" in (folder / "2026-01-28" / f"210020Z_{FAILED}.html").read_text()
    assert f'href="2026-01-28/200020Z_{FIRST}.html"' in (folder / "index.html").read_text()
    told(capsys, 0, "archive", "--before", "2026-02")
    assert "2 pages of notebooks written" in told(capsys, 0, "html"), "they say where it lies"
    assert "0 pages of notebooks written" in told(capsys, 0, "html")
    assert "3 pages" in told(capsys, 0, "html", "--to", "elsewhere")
    assert (Path("elsewhere") / "index.html").exists()


def test_without_the_extra_that_makes_pages_it_says_what_to_install(
    profile: Profile, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nbconvert", None)
    line = told(capsys, 2, "html")
    assert 'pip install "sellkit[lab]"' in line
    assert line.count("\n") == 1
    assert not (profile.folder / "pages").exists()


def test_a_notebook_that_is_none_has_a_page_that_says_so(
    profile: Profile, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("nbconvert")
    profile.write(f"runs/2026-01-28/200020Z_{FIRST}.ipynb", b"{")
    assert "3 pages" in told(capsys, 0, "html")
    text = profile.folder / "pages" / "2026-01-28" / f"200020Z_{FIRST}.html"
    assert "cannot be read as a notebook" in text.read_text(encoding="utf-8")


@pytest.mark.usefixtures("profile")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show",), "takes 1 run, and was given 0"),
        (("show", "0000"), "any of 3"),
        (("show", "zz"), "no run 'zz'"),
        (("compare", FIRST), "two runs, or none"),
        (("list", FIRST), "takes no run"),
        (("list", "--month", "2026-13"), "no month"),
        (("list", "--month", "2026-01", "--since", "2026-01-01"), "--month"),
        (("list", "--since", "soon"), "no day"),
        (("list", "--last", "0"), "shows nothing"),
        (("calendar", "--verdict", "failed"), "--verdict is for"),
        (("calendar", "--month", "2199-01"), "lies outside"),
        (("verify", FIRST, "--json"), "--json is for"),
        (("list", "--to", "x"), "--to is for"),
        (("archive",), "--before 2026-06"),
        (("archive", "--before", "2026"), "no month"),
        (("archive", "--before", "2199-01"), "is not over"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    line = told(capsys, 2, *words)
    assert says in line
    assert line.count("\n") == 1


def test_a_screen_is_one_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSH_CONNECTION", "SSH_TTY", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert not has_screen()
    monkeypatch.setenv("DISPLAY", ":0")
    assert has_screen()
    monkeypatch.setenv("SSH_CONNECTION", "a b c d")
    assert not has_screen()
