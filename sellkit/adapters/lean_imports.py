"""Imports that leave out what a library would take seconds to load, and sellkit never uses."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

IRI_PARSER: Final = "rfc3987_syntax"
"""jsonschema loads it for strings of the format `iri`, which no notebook's schema has; it builds
39 grammars while it is imported (https://github.com/python-jsonschema/jsonschema/issues/1428)."""


@contextmanager
def imported_without(module: str) -> Iterator[None]:
    """Within the block `module` counts as not installed; what was imported before it stays."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.modules.pop(module, None)
