"""Charts as files: a page that opens offline, and pictures."""

from __future__ import annotations

import importlib.util
import logging
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError
from sellkit.present.charts import palette
from sellkit.present.charts.offline import config

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sellkit.present.charts.figure import Chart

KINDS: Final = ("html", "svg", "png")
_NO_KALEIDO: Final = 'kaleido is not installed: pip install "sellkit[export]"'
_NO_BROWSER: Final = (
    "there is no Chrome or Chromium to draw with: install one, or let the variable BROWSER_PATH "
    "name it"
)
_PLAIN: Final = "SVG files are the plain pictures"
_NONE: Final = "PNG files were not written"
_NOISY: Final = ("kaleido", "choreographer", "logistro")
_WIDTH: Final = 1100
_SHARPNESS: Final = 2
_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
:root{{color-scheme:light dark;{ink}:#212121}}
body{{margin:16px;font-family:system-ui,sans-serif;background:#fff}}
@media(prefers-color-scheme:dark){{:root{{{ink}:#e8e8e8}}body{{background:#111}}}}
</style></head><body>
{charts}
</body></html>
"""


@dataclass(frozen=True, slots=True, repr=False)
class Exported:
    """What was written, and what could not be.

    Attributes
    ----------
    files
        The page first.
    problems
        A sentence for each kind that could not be written as asked.
    """

    files: tuple[Path, ...]
    problems: tuple[str, ...]

    def __repr__(self) -> str:
        written = [f"{each} ({each.stat().st_size / 1000:,.0f} KB)" for each in self.files]
        return "\n".join([*written, *self.problems])


def export(
    charts: Chart | list[Chart] | tuple[Chart, ...],
    folder: Path,
    *,
    name: str = "",
    kinds: Sequence[str] = KINDS,
) -> Exported:
    """Write charts to files that open without sellkit and without the internet.

    HTML is one page of all charts, with plotly.js in it (5 MB) and nothing else to load. PNG and
    SVG files, one for each chart, are drawn by a Chrome or Chromium by way of kaleido, which takes
    some seconds. Where either is missing, a sentence says what to install, and an SVG file is the
    plain picture that executed notebooks carry.

    Parameters
    ----------
    charts
        One, or several for one page.
    folder
        Made when it is not there.
    name
        Of the files, without an ending; the title of the first chart when left out.
    kinds
        Which of `html`, `svg` and `png`.

    Raises
    ------
    ConfigError
        There is no such kind, no chart, or the folder cannot be written to.
    """
    chosen: list[Chart] = list(charts) if isinstance(charts, list | tuple) else [charts]
    unknown = ", ".join(each for each in kinds if each not in KINDS)
    if unknown or not chosen:
        what = f"{unknown} is none of {', '.join(KINDS)}" if unknown else "there is no chart"
        raise ConfigError(f"charts cannot be exported: {what}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _written(chosen, folder / (name or _stem(chosen[0])), kinds)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"charts cannot be written to {folder}: {reason}") from error


def _written(chosen: Sequence[Chart], stem: Path, kinds: Sequence[str]) -> Exported:
    files = [_page(chosen, stem)] if "html" in kinds else []
    drawn = {each: _paths(stem, each, len(chosen)) for each in kinds if each != "html"}
    # All at once: to start the browser takes longer than to draw.
    wanted = [path for paths in drawn.values() for path in paths]
    problem = _draw(list(chosen) * len(drawn), wanted) if wanted else None
    if problem is None:
        return Exported((*files, *wanted), ())
    problems = [f"{_NONE}: {problem}"] if "png" in drawn else []
    if plain := drawn.get("svg"):
        for chart, path in zip(chosen, plain, strict=True):
            path.write_text(chart.picture, encoding="utf-8")
        files += plain
        problems.append(f"{_PLAIN}: {problem}")
    return Exported(tuple(files), tuple(problems))


def _page(chosen: Sequence[Chart], stem: Path) -> Path:
    """One HTML file; plotly.js stands in it once."""
    from plotly.io import to_html  # noqa: PLC0415  (loads plotly)

    pieces = [
        to_html(
            {name: part for name, part in chart.figure.items() if name != "config"},
            full_html=False,
            include_plotlyjs=place == 0,
            config=config(),
            validate=False,
        )
        for place, chart in enumerate(chosen)
    ]
    path = stem.with_name(f"{stem.name}.html")
    named = (
        f'<div role="figure" aria-label="{escape(chart.summary)}">{piece}</div>'
        for chart, piece in zip(chosen, pieces, strict=True)
    )
    told, ink = escape(chosen[0].summary), palette.INK_VARIABLE
    page = _PAGE.format(title=told, ink=ink, charts="\n".join(named))
    path.write_text(page, encoding="utf-8")
    return path


def _draw(chosen: Sequence[Chart], paths: Sequence[Path]) -> str | None:
    """Have a browser draw the charts; why it could not, or None."""
    if importlib.util.find_spec("kaleido") is None:
        return _NO_KALEIDO
    import plotly.io  # noqa: PLC0415  (loads plotly)

    for each in _NOISY:  # they would fill a notebook
        logging.getLogger(each).setLevel(logging.ERROR)
    try:
        plotly.io.write_images(
            list(chosen), [str(each) for each in paths], width=_WIDTH, scale=_SHARPNESS
        )
    except Exception as error:  # noqa: BLE001  (whatever a browser fails with is said in a cell)
        return _reason(error)
    return None


def _reason(error: Exception) -> str:
    """No browser, or what the one that there is said first."""
    said = str(error).strip()
    if "get_chrome" in said:
        return _NO_BROWSER
    first = said.splitlines()[0] if said else type(error).__name__
    return f"the browser that was to draw them failed ({first}); {_NO_BROWSER}"


def _paths(stem: Path, kind: str, count: int) -> list[Path]:
    ends = [""] if count == 1 else [f"_{number}" for number in range(1, count + 1)]
    return [stem.with_name(f"{stem.name}{end}.{kind}") for end in ends]


def _stem(chart: Chart) -> str:
    """`NASDAQ-AAPL_SMA-50-1H_EXIT_DRY-RUN`."""
    parts = (re.sub(r"[^A-Za-z0-9.]+", "-", each).strip("-") for each in chart.name.split(" · "))
    return "_".join(each for each in parts if each) or "chart"
