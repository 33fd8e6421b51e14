"""Panels for notebooks that a person works in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.present.panels.assigning import assign
from sellkit.present.panels.connecting import connect
from sellkit.present.panels.extra import missing_lab

if TYPE_CHECKING:
    from sellkit.present.hypertext import Html
    from sellkit.present.panels.live_panel import LiveDesk, LivePanel

__all__ = ["assign", "connect", "live"]


def live(desk: LiveDesk) -> LivePanel | Html:
    """The live desk: every position from minute to minute, on a thread of its own.

    It connects beside the desk, with a client id of its own, and comes back by itself after a loss.
    Calling it again replaces the former panel of the same profile and account. It sends nothing;
    its Halt button stops whoever does.

    Parameters
    ----------
    desk
        Whose profile, account and settings; its own connection may be closed.
    """
    missing = missing_lab()
    if missing is not None:
        return missing
    from sellkit.present.panels.live_panel import LivePanel  # noqa: PLC0415  (anywidget is an extra)

    return LivePanel.open(desk)


def __dir__() -> list[str]:
    return list(__all__)
