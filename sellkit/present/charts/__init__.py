"""Charts for notebooks: offline, small, and readable on light and dark pages."""

from __future__ import annotations

from sellkit.present.charts.drawing import Style
from sellkit.present.charts.export import export
from sellkit.present.charts.heat import alternatives
from sellkit.present.charts.live import live
from sellkit.present.charts.mosaic import all_positions
from sellkit.present.charts.price import hours_and_days, price_and_average
from sellkit.present.charts.scene import SHOWN_BARS
from sellkit.present.charts.showing import show_charts
from sellkit.present.charts.worth import equity

__all__ = [
    "SHOWN_BARS",
    "Style",
    "all_positions",
    "alternatives",
    "equity",
    "export",
    "hours_and_days",
    "live",
    "price_and_average",
    "show_charts",
]


def __dir__() -> list[str]:
    return list(__all__)
