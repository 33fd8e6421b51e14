"""How a figure is shown so that it asks nothing of the internet, and offers nothing to it."""

from __future__ import annotations

from typing import Any


def config() -> dict[str, Any]:
    """What every figure is configured with; a dictionary of its own, for plotly changes it."""
    return {
        "displaylogo": False,
        "responsive": True,
        # plotly would have a button that uploads the chart, and with it what somebody owns.
        "showSendToCloud": False,
        "plotlyServerURL": "",
    }
