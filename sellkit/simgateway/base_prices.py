"""Where a market's prices come from before anything happens to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.simgateway.moves import Moved
from sellkit.simgateway.synthetic import Synthetic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sellkit.simgateway.row_source import RowSource
    from sellkit.simgateway.timetable import Hours


def base_prices(
    seed: int,
    replay: Mapping[str, Path],
    hours: Callable[[str], Hours],
    *,
    always_open: bool,
) -> RowSource:
    """Recorded prices where there are folders of them, else made-up ones, which can be moved.

    Raises
    ------
    ConfigError, InvalidBars
        A folder or a file that cannot be replayed.
    """
    if not replay:
        return Moved(Synthetic(seed, hours, always_open=always_open), hours)
    # pyarrow is heavy, and a synthetic market does not need it.
    from sellkit.simgateway.replay import Replay  # noqa: PLC0415

    return Replay(replay, hours)
