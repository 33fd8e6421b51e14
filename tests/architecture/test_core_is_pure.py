"""`core` neither reads nor writes, waits nor guesses."""

from __future__ import annotations

import pytest

from tests.architecture.purity import MODULES, offences
from tests.architecture.source import listing, python_sources


def test_core_touches_nothing_outside_itself() -> None:
    found = [each for path, text in python_sources("sellkit/core") for each in offences(text, path)]
    assert not found, listing(found)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_an_impure_import_is_found(module: str) -> None:
    assert offences(f"import {module}", "sellkit/core/x.py")
    assert offences(f"def f():\n    from {module} import x", "sellkit/core/x.py")


@pytest.mark.parametrize(
    "call",
    [
        "open('x')",
        "print(1)",
        "import pandas as pd\npd.read_parquet(x)",
        "frame.to_csv(x)",
        "path.read_text()",
    ],
)
def test_an_impure_call_is_found(call: str) -> None:
    assert offences(call, "sellkit/core/x.py")


def test_arithmetic_is_no_offence() -> None:
    assert not offences("import math\nx = math.floor(frame.close.mean())", "sellkit/core/x.py")
