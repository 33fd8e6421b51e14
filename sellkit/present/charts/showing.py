"""Charts shown in a notebook, one below the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.present.charts.price import price_and_average

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from sellkit.core.past import Past
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.present.heading import Heading


def show_charts(
    rows: Iterable[SnapshotRow],
    bars_of: Callable[[SnapshotRow], pd.DataFrame],
    *,
    heading: Heading,
    past_of: Callable[[SnapshotRow], Past] | None = None,
) -> None:
    """Show a chart for each row in a notebook, one below the other.

    They are drawn by JupyterLab itself: offline, and in an executed notebook that is opened later;
    a picture of each is kept for HTML. A sentence names the rows that have no bars, or says that
    there are no rows.

    Parameters
    ----------
    rows
        What to draw, in this order.
    bars_of
        Gives the completed bars of a row's assigned timeframe; not asked of a row without a last
        close, an option's for instance.
    heading
        Its mode stands in every title.
    past_of
        Gives what the journal holds of a row, `desk.past`; nothing of it is marked when left out.
    """
    from IPython.display import display  # noqa: PLC0415  (only a notebook has it at hand)

    chosen = list(rows)
    for row in (each for each in chosen if each.last_close is not None):
        past = past_of(row) if past_of else None
        chart = price_and_average(bars_of(row), row, heading=heading, past=past)
        display(chart.bundle, raw=True)  # type: ignore[no-untyped-call]
    tokens = [str(row.position.instrument.token) for row in chosen if row.last_close is None]
    if tokens or not chosen:
        without = f"without bars there is no chart of {', '.join(tokens)}"
        text = f"{heading.mode}: {without if tokens else 'no position is among those to draw'}."
        display({"text/plain": text}, raw=True)  # type: ignore[no-untyped-call]
