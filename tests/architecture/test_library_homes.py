"""Each library has one home; so have the environment and the wall clock."""

from __future__ import annotations

import pytest

from tests.architecture.library_homes import LIBRARIES, NAMES, offences
from tests.architecture.source import listing, python_sources


def test_every_confined_library_stays_at_home() -> None:
    found = [each for path, text in python_sources() for each in offences(text, path)]
    assert not found, listing(found)


@pytest.mark.parametrize("library", sorted(LIBRARIES))
def test_an_import_outside_its_home_is_found(library: str) -> None:
    assert offences(f"import {library}", "sellkit/core/x.py")
    assert offences(f"def f():\n    from {library}.part import x", "sellkit/operate/x.py")


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_confined_name_outside_its_home_is_found(name: str) -> None:
    module, _, rest = name.partition(".")
    assert offences(f"import {module}\nx = {name}", "sellkit/operate/x.py")
    assert offences(f"import {module} as m\nx = m.{rest}", "sellkit/operate/x.py")


@pytest.mark.parametrize("library", sorted(LIBRARIES))
def test_an_import_at_home_is_no_offence(library: str) -> None:
    for home in LIBRARIES[library]:
        assert not offences(f"import {library}", home + "x.py" * home.endswith("/"))


def test_imports_under_another_name_and_by_string_are_found() -> None:
    assert offences("from time import sleep as rest\nrest(1)", "sellkit/operate/x.py")
    assert offences(
        "import importlib\nimportlib.import_module('ib_insync.wrapper')", "sellkit/x.py"
    )


def test_an_import_for_types_alone_is_found() -> None:
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ib_insync import IB"
    assert [each.line for each in offences(text, "sellkit/present/x.py")] == [3]


def test_a_clock_that_is_passed_in_may_be_asked() -> None:
    assert not offences("def f(clock):\n    return clock.now()", "sellkit/operate/x.py")
