"""The scripts and styles of the panels: written in parts, and given to the browser in one piece."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def script(*parts: str) -> str:
    """One ES module; only the last part exports, the others stand before it in the same scope."""
    return "\n".join((_HERE / f"{part}.js").read_text(encoding="utf-8") for part in parts)


def style(*parts: str) -> str:
    """One style sheet."""
    return "\n".join((_HERE / f"{part}.css").read_text(encoding="utf-8") for part in parts)
