"""Panels for notebooks that a person works in."""

from __future__ import annotations

from sellkit.present.panels.assigning import assign

__all__ = ["assign"]
