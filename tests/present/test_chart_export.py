"""Charts as files."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from sellkit.core.assignments import Timeframe
from sellkit.errors import ConfigError
from sellkit.present import charts
from tests.present.holdings import HEADING, HOLDINGS, bars_of, portfolio, row_of

APPLE = HOLDINGS[0]
NAME = "NASDAQ-AAPL_SMA-50-1H_EXIT_DRY-RUN"
PNG = b"\x89PNG\r\n"


def _chart() -> Any:
    return charts.price_and_average(
        bars_of(APPLE, Timeframe.H1), row_of(APPLE), heading=HEADING, style=charts.Style()
    )


def test_a_page_of_several_charts_holds_all_that_it_needs(tmp_path: Path) -> None:
    page = charts.all_positions(
        portfolio(), lambda _: bars_of(APPLE, Timeframe.H1), heading=HEADING
    )
    done = charts.export([_chart(), page], tmp_path / "charts", kinds=["html"])
    assert [each.name for each in done.files] == [f"{NAME}.html"]
    assert not done.problems
    text = done.files[0].read_text(encoding="utf-8")
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", text)
    assert text.count("Plotly.newPlot(") == 2
    assert text.count("plotly.js v") == 1
    assert text.count('"showSendToCloud": false') == 2
    assert "<title>NASDAQ:AAPL · SMA 50 1H · EXIT · DRY RUN." in text


def test_without_a_browser_a_sentence_says_so_and_the_plain_picture_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("kaleido", reason="the extra `export` is not installed")
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nowhere"))
    done = charts.export(_chart(), tmp_path, kinds=["svg", "png"])
    assert [each.name for each in done.files] == [f"{NAME}.svg"]
    assert done.files[0].read_text(encoding="utf-8") == _chart().picture
    assert "PNG files were not written: " in repr(done)
    assert "install one, or let the variable BROWSER_PATH name it" in repr(done)


def test_without_kaleido_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    done = charts.export(_chart(), tmp_path, kinds=["png"])
    assert not done.files
    assert 'pip install "sellkit[export]"' in repr(done)


@pytest.mark.slow
def test_a_browser_draws_png_and_svg(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("kaleido", reason="the extra `export` is not installed")
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        pytest.skip("no Chromium is installed: PNG and SVG files are NOT tested")
    done = charts.export(_chart(), tmp_path, name="mine", kinds=["svg", "png"])
    assert [each.name for each in done.files] == ["mine.svg", "mine.png"], done.problems
    assert done.files[1].read_bytes().startswith(PNG)
    assert done.files[1].stat().st_size > 50_000
    words = " ".join(ET.fromstring(done.files[0].read_text(encoding="utf-8")).itertext())
    assert "NASDAQ:AAPL · SMA 50 1H · EXIT · DRY RUN" in words
    assert not [each for each in caplog.records if each.levelno < 40 and "kaleido" in each.name]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("chosen", "kinds", "what"),
    [([], ["html"], "there is no chart"), (None, ["gif"], "gif is none of html, svg, png")],
)
def test_what_cannot_be_exported_is_refused(
    tmp_path: Path, chosen: Any, kinds: list[str], what: str
) -> None:
    with pytest.raises(ConfigError, match=what):
        charts.export(_chart() if chosen is None else chosen, tmp_path, kinds=kinds)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ConfigError, match=r"cannot be written to .*taken"):
        charts.export(_chart(), tmp_path / "taken", kinds=["html"])
