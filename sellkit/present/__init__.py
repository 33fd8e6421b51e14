"""What a person sees: tables, charts, panels and progress, in a terminal and in a notebook.

The modules named here are what notebooks use; each is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["charts", "heard", "heatmap", "orders", "panels", "records", "runs", "stored", "tables"]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no {name}; it has {', '.join(__all__)}")
    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return list(__all__)
