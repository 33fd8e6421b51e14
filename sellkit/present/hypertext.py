"""HTML for notebooks: themed by JupyterLab's own colours, complete in itself, and small."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

from sellkit.present.columns import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sellkit.present.columns import Cell, Column
    from sellkit.present.heading import Heading

# Colours are the theme's own. JupyterLab drops this block from a notebook that it does not trust,
# an executed one for instance: what must not be lost, alignment and decisions, stands in the cells.
_STYLE: Final = """<style>
.sellkit-table{overflow-x:auto;color:var(--jp-ui-font-color1,inherit)}
.sellkit-table .sellkit-heading{font-size:13px;margin-bottom:4px}
.sellkit-table table{border-collapse:collapse;font-size:12px;margin:0;border:0}
.sellkit-table table+table{margin-top:14px}
.sellkit-table table th,.sellkit-table table td{padding:4px 7px;text-align:left;
 vertical-align:top;border:0;border-bottom:1px solid var(--jp-border-color2,#8886);
 white-space:nowrap;max-width:none}
.sellkit-table table thead th{font-weight:600;color:var(--jp-ui-font-color2,inherit);
 vertical-align:bottom}
.sellkit-table table .number{text-align:right;font-variant-numeric:tabular-nums}
.sellkit-table table .prose{white-space:normal;min-width:6em;max-width:34em}
.sellkit-table .quiet{color:var(--jp-ui-font-color2,#777)}
.sellkit-table ul{margin:0;padding-left:1.2em}
.sellkit-table dl{display:grid;grid-template-columns:max-content auto;gap:0 .8em;margin:0}
.sellkit-table dt{color:var(--jp-ui-font-color2,#777);font-weight:400;
 margin:0;width:auto;float:none;white-space:nowrap}
.sellkit-table dd{margin:0;width:auto}
</style>"""

# Each reads on white and on black alike.
_PILL: Final = "color:#fff;padding:1px 7px;border-radius:9px;background:"
_TONES: Final = {
    Tone.EXIT: f'style="{_PILL}#b3261e"',
    Tone.HOLD: f'style="{_PILL}#23703a"',
    Tone.UNDECIDED: f'style="{_PILL}#8a5a00"',
    Tone.GOOD: 'style="font-weight:700;border-bottom:2px solid #2e9d62"',
    Tone.WARN: 'style="border-bottom:2px solid #c98a00"',
    Tone.STRONG_WARN: 'style="font-weight:700;border-bottom:2px solid #c98a00"',
    Tone.STRONG: 'style="font-weight:700"',
    Tone.QUIET: 'class="quiet"',
}

_SENTENCE_EM: Final = 20
_LONG: Final = 20
"""Characters from which a column's text is taken for sentences; a shorter one leaves them room."""


@dataclass(frozen=True, slots=True, repr=False)
class Html:
    """A piece of a page that a notebook shows as it is.

    Attributes
    ----------
    markup
        The HTML.
    summary
        What stands there where HTML cannot be shown.
    """

    markup: str
    summary: str

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return self.summary


def page(heading: Heading, summary: str, *tables: str) -> Html:
    """Tables under one heading, with the style they need."""
    return sheet(f"{heading}\n{summary}", heading._repr_html_(), *tables)


def sheet(summary: str, *parts: str) -> Html:
    """Pieces of HTML below each other, with the style they need."""
    return Html(f'{_STYLE}<div class="sellkit-table">{"".join(parts)}</div>', summary)


def table(titles: Iterable[str], rows: Iterable[str]) -> str:
    """A table of headings and rows that are HTML already."""
    return f"<table><thead><tr>{''.join(titles)}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def title(text: str, kind: str = "", width: int = _SENTENCE_EM) -> str:
    """The heading of a column; one of prose is at least so wide, in em."""
    return f'<th scope="col"{_attributes(kind, heading_em=width)}>{escape(text)}</th>'


def column_title(column: Column[Any]) -> str:
    """The heading of one of the status table's columns."""
    room = column.room or 0
    return title(column.title, _kind(column), room // 2 if room < _LONG else _SENTENCE_EM)


def row(cells: Sequence[str]) -> str:
    """One row; its first cell names it."""
    return f"<tr>{''.join(cells)}</tr>"


def row_name(cell: Cell, *, is_tall: bool = False) -> str:
    """The cell that names its row."""
    return f'<th scope="row"{_attributes("", is_tall=is_tall)}>{escape(cell.text)}</th>'


def column_cell(column: Column[Any], cell: Cell) -> str:
    """A cell of the status table."""
    return td(toned(cell), _kind(column))


def toned(cell: Cell) -> str:
    """A cell's text in its tone."""
    if cell.tone is Tone.PLAIN:
        return escape(cell.text)
    return f"<span {_TONES[cell.tone]}>{escape(cell.text)}</span>"


def td(markup: str, kind: str = "", *, is_tall: bool = False) -> str:
    """A cell of HTML; those of a tall row begin at its top."""
    return f"<td{_attributes(kind, is_tall=is_tall)}>{markup}</td>"


def bullets(lines: Sequence[str]) -> str:
    """Lines as a list; a single one stands alone."""
    if len(lines) == 1:
        return escape(lines[0])
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def pairs(values: dict[str, str]) -> str:
    """Names and values below each other."""
    inner = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in values.items())
    return f"<dl>{''.join(inner)}</dl>"


def _kind(column: Column[Any]) -> str:
    if column.is_number:
        return "number"
    return "prose" if column.is_prose else ""


def _attributes(kind: str, *, is_tall: bool = False, heading_em: int = 0) -> str:
    named = f' class="{kind}"' if kind else ""
    if kind == "prose" and heading_em:  # or a page without the style makes it a narrow tower
        return f'{named} style="text-align:left;min-width:{heading_em}em"'
    if kind == "number":
        return named  # to the right, as JupyterLab has every cell
    placed = "text-align:left;vertical-align:top" if is_tall else "text-align:left"
    return f'{named} style="{placed}"'
