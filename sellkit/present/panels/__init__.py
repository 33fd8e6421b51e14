"""Panels for notebooks that a person works in."""

from __future__ import annotations

from sellkit.present.panels.assigning import assign
from sellkit.present.panels.connecting import connect

__all__ = ["assign", "connect"]


def __dir__() -> list[str]:
    return list(__all__)
