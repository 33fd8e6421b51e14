"""An executed hourly notebook: small, complete and readable without the internet."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from nbconvert.exporters.html import HTMLExporter

from sellkit.adapters.papermill_runner import PapermillRunner
from tests.notebooks.thirty import EXITING, NUMBER, SYMBOLS, thirty

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CHECKOUT = Path(__file__).parents[2]
LIMIT = 300_000
FIGURE = "application/vnd.plotly.v1+json"
SECRET = "a-secret-of-the-test-for-live-runs"
# Without a server behind them: the names of formats.
NAMES = ("http://www.w3.org/2000/svg",)


@dataclass(frozen=True)
class Executed:
    """A run of the hourly notebook, and what nbconvert makes of it."""

    path: Path
    text: str
    notebook: dict[str, Any]
    html: str

    @property
    def shown(self) -> list[dict[str, Any]]:
        """The MIME bundles of all outputs."""
        outputs = (each for cell in self.notebook["cells"] for each in cell.get("outputs", []))
        return [each["data"] for each in outputs if "data" in each]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Executed:
    folder = tmp_path_factory.mktemp("executed")
    with pytest.MonkeyPatch.context() as patch, thirty(folder) as (gateway, settings):
        patch.setenv("SELLKIT_CONFIG", str(settings))
        patch.setenv("SELLKIT_LIVE_SECRET", SECRET)
        patch.setenv("PYTHONPATH", str(CHECKOUT))
        notebook = CHECKOUT / "notebooks" / "hourly_run.ipynb"
        path = PapermillRunner(CHECKOUT).run(notebook, folder / "run.ipynb", {"run_id": "r1"})
        assert gateway.exchange.placed_orders == []
    text = path.read_text(encoding="utf-8")
    html, _ = HTMLExporter().from_filename(str(path))
    return Executed(path, text, json.loads(text), html)


def test_thirty_positions_with_five_signals_take_less_than_300_kilobytes(
    executed: Executed, record_property: pytest.RecordProperty
) -> None:
    size = executed.path.stat().st_size
    record_property("bytes", size)
    figures = [each for each in executed.shown if FIGURE in each]
    assert len(figures) == EXITING
    tables = [each for each in executed.shown if "text/html" in each]
    assert all(any(f"NASDAQ:{name}" in _joined(t, "text/html") for t in tables) for name in SYMBOLS)
    assert size < LIMIT


def _plain(text: str) -> str:
    """Without the markup that sets it in the page's ink."""
    return re.sub("<[^>]*>", "", text)


def test_every_chart_has_a_picture_and_a_sentence_beside_it(executed: Executed) -> None:
    for each in (bundle for bundle in executed.shown if FIGURE in bundle):
        assert "· EXIT · DRY RUN" in _joined(each, "image/svg+xml")
        assert "· EXIT · DRY RUN" in _joined(each, "text/plain")


def test_what_the_run_has_just_journalled_is_marked_on_its_charts(executed: Executed) -> None:
    for each in (bundle for bundle in executed.shown if FIGURE in bundle):
        marks = {_plain(trace.get("name", "")): trace for trace in each[FIGURE]["data"]}
        assert "is strictly below" in marks["EXIT decided"]["hovertext"][0]
        assert _plain(marks["order"]["hovertext"][0]).startswith("SELL ")


def test_nothing_in_it_is_a_widget_or_asks_a_server(executed: Executed) -> None:
    assert "widgets" not in executed.notebook["metadata"]
    assert "application/vnd.jupyter.widget" not in executed.text
    assert "<script" not in executed.text
    found = set(re.findall(r"https?://[^\s\"'<>\\]+", executed.text))
    assert found <= {*NAMES}


def test_neither_the_accounts_number_nor_the_secret_stands_in_it(executed: Executed) -> None:
    for each in (executed.text, executed.html):
        assert NUMBER not in each
        assert SECRET not in each


def test_html_by_nbconvert_has_the_table_the_decisions_and_a_picture_of_each_chart(
    executed: Executed,
) -> None:
    page = _Page()
    page.feed(executed.html)
    pictures = [each for each in page.images if each.startswith("data:image/svg+xml;base64,")]
    assert len(pictures) == EXITING
    assert not [each for each in page.images if each.startswith("http")]
    assert page.tables >= 3
    assert "is strictly below" in executed.html


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.images: list[str] = []
        self.tables = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attrs).get("src") or "")
        self.tables += tag == "table"


def _joined(bundle: dict[str, Any], kind: str) -> str:
    """A text of a bundle, which a file has as lines."""
    return "".join(bundle.get(kind, ""))
