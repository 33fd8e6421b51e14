"""What a person meets in a notebook, as HTML: one function for each kind of object.

The objects say themselves in plain text; here is what stands in its place where HTML can be shown.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from sellkit.core.market_time import has_calendar
from sellkit.present import hypertext as h
from sellkit.present import words
from sellkit.present.columns import Cell, Tone
from sellkit.present.heading import Heading
from sellkit.present.orders import tickets_table
from sellkit.present.records import records_table
from sellkit.present.tables import bare_table, notebook_table
from sellkit.present.watched_columns import watched_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.tickets import TicketRecord
    from sellkit.core.watched import Watched, WatchedRow

# Types of the layers beside this one are taken as they come: their names are in the docstrings.


def desk(found: Any) -> str:  # noqa: ANN401  (see above)
    """An open `Desk`: its heading. The gateway is asked for nothing."""
    return _heading(found.run, ())._repr_html_()


def decision(found: Any) -> str:  # noqa: ANN401
    """An `HourlyDecision`: the status table, under its heading where it says who asked."""
    if found.run is None:
        return escaped(found)
    tokens = [row.position.instrument.token for row in found.rows]
    return notebook_table(found.rows, _heading(found.run, tokens)).markup


def download(found: Any) -> str:  # noqa: ANN401
    """A `DownloadReport`: how much came, and a line for each series that lacks something."""
    lines = [
        {
            "series": f"{each.series.instrument.token} {each.series.key.bar_size}",
            "fetched": each.fetched,
            "requests": each.requests,
            "problem": each.problem or each.late,
        }
        for each in found.outcomes
        if each.problem or each.late
    ]
    first = repr(found).partition("\n")[0]
    return h.sheet("", f"<p>{escape(first)}</p>", _records(lines)).markup


def reconciliation(found: Any) -> str:  # noqa: ANN401
    """A `Reconciliation`: journal and gateway side by side, what is unexplained first."""
    lines = [
        h.row(
            [
                h.row_name(Cell(each.subject)),
                h.td(h.toned(_explained(is_explained=each.is_explained))),
                *(h.td(escape(text), "prose") for text in (each.journal, each.broker, each.note)),
            ]
        )
        for each in found.lines
    ]
    titles = [h.title(text) for text in ("what", "explained", "journal", "gateway", "to do")]
    tables = [h.table(titles, lines)] if lines else []
    if found.tickets:
        tables.append(tickets_table(found.tickets))
    first = repr(found).partition("\n")[0]
    return h.sheet("", f"<p>{escape(first)}</p>", *tables).markup


def tickets(found: Sequence[TicketRecord]) -> str:
    """Attempts, as far as each has come."""
    return h.sheet("", tickets_table(found)).markup


def assignments(found: Any) -> str:  # noqa: ANN401
    """An `AssignmentSheet`: each assignment, and each row that cannot be used."""
    lines = [
        {"token": str(token), "average": str(each.average), "timeframe": str(each.timeframe)}
        for token, each in sorted(found.assignments.items())
    ]
    problems = f"<p>{h.bullets(found.problems)}</p>" if found.problems else ""
    return h.sheet("", _records(lines), problems).markup


def positions(found: Sequence[Any]) -> str:
    """Positions, as the gateway listed them."""
    lines = [
        {
            "token": str(each.instrument.token),
            "type": each.instrument.security_type,
            "size": words.shares(each.quantity),
            "cost": words.price(each.average_cost),
            "currency": each.instrument.currency,
            "account": str(each.account),
        }
        for each in found
    ]
    return h.sheet("", _records(lines)).markup


def watched(found: Watched) -> str:
    """A minute of a watch: each row with its age at that time."""
    first, *_ = repr(found).split("\n")
    columns = watched_columns(found.refreshed_at or found.due)
    rows = (
        h.row([h.column_cell(column, column.cell(each)) for column in columns])
        for each in found.rows
    )
    table = h.table(map(h.column_title, columns), rows)
    return h.sheet("", f"<p>{escape(first)}</p>", table if found.rows else "").markup


def watched_row(found: WatchedRow) -> str:
    """One row of a watch: the position as `status` tells it."""
    trouble = f"<p>{h.bullets(found.reasons)}</p>" if found.reasons else ""
    return trouble + bare_table((found.row,)).markup


def settings(found: Any) -> str:  # noqa: ANN401
    """`Settings`: what holds, accounts by their aliases."""
    return h.sheet("", h.pairs(found.told())).markup


def result(found: Any) -> str:  # noqa: ANN401
    """A `RunResult`: where its notebook is, and each decision with its reasons."""
    lines = [
        {
            "token": str(each["ticker"]),
            "decision": str(each["decision"]),
            "reasons": "; ".join(map(str, each["reasons"])),
        }
        for each in found.decisions
    ]
    first = repr(found).partition("\n")[0]
    parts = [_records(lines)] + ([tickets_table(found.orders)] if found.orders else [])
    return h.sheet("", f"<p>{escape(first)}</p>", *parts).markup


def escaped(found: object) -> str:
    """Its plain text, as it stands."""
    return h.sheet("", f"<pre>{escape(repr(found))}</pre>").markup


def _records(lines: Sequence[dict[str, Any]]) -> str:
    return records_table(lines).markup if lines else ""


def _explained(*, is_explained: bool) -> Cell:
    return Cell("yes", Tone.QUIET) if is_explained else Cell("UNEXPLAINED", Tone.EXIT)


def _heading(run: Any, tokens: Sequence[Any]) -> Heading:  # noqa: ANN401  (a `RunHeader`)
    exchanges = (each.exchange for each in tokens)
    return Heading(
        mode=run.mode,
        profile=run.profile,
        account=run.account,
        gateway=run.gateway,
        as_of=run.as_of,
        zone_exchange=next((each for each in exchanges if has_calendar(each)), "NYSE"),
    )
