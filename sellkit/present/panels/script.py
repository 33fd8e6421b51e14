"""The scripts and styles of the panels: written in parts, and given to the browser in one piece."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_LATE = _HERE.parent / "grid" / "late.js"


def script(*parts: str) -> str:
    """One ES module; only the last part exports, the others stand before it in the same scope.

    Before them all stands what makes a module hear that was loaded late.
    """
    files = (_LATE, *(_HERE / f"{part}.js" for part in parts))
    return "\n".join(each.read_text(encoding="utf-8") for each in files)


def style(*parts: str) -> str:
    """One style sheet."""
    return "\n".join((_HERE / f"{part}.css").read_text(encoding="utf-8") for part in parts)
