"""What a person meets in a notebook: names that the tab key offers, and what `?` says of each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from sellkit import present

_SHOWING = (f"sellkit.present.{name}" for name in present.__all__)
MODULES = (
    "sellkit.wiring",
    *(each for each in _SHOWING if hasattr(import_module(each), "__all__")),
)
SELF = ("self", "cls")


def public(name: str) -> Iterator[tuple[str, Any]]:
    """The functions and classes that a module offers, each with its whole name."""
    module = import_module(name)
    for each in module.__all__:
        found = getattr(module, each)
        if callable(found):
            yield f"{name}.{each}", found


EVERY = dict(each for name in MODULES for each in public(name))


def lacking(found: Callable[..., Any]) -> list[str]:
    """What its docstring leaves out."""
    text = inspect.getdoc(found) or ""
    problems = [] if text.partition("\n")[0].endswith((".", ":")) else ["a first line, a sentence"]
    taken = [each for each in inspect.signature(found).parameters if each not in SELF]
    sections = ("Attributes", "Parameters") if inspect.isclass(found) else ("Parameters",)
    if taken and not any(f"{each}\n{'-' * len(each)}" in text for each in sections):
        problems.append(f"a section on its parameters {', '.join(taken)}")
    lines = [line.strip() for line in text.splitlines()]
    named = {word.strip(", ") for line in lines for word in line.split(",")}
    problems += [f"a word on {each}" for each in taken if each not in named]
    return problems


@pytest.mark.parametrize("name", sorted(EVERY))
def test_each_public_name_says_what_it_does_and_what_it_takes(name: str) -> None:
    assert not lacking(EVERY[name]), name


@pytest.mark.parametrize("name", MODULES)
def test_the_tab_key_offers_what_a_module_is_for_and_nothing_else(name: str) -> None:
    module = import_module(name)
    assert dir(module) == sorted(module.__all__)


def test_the_tab_key_offers_the_modules_that_notebooks_use_and_loads_them_when_asked() -> None:
    assert dir(present) == list(present.__all__)
    assert all(isinstance(getattr(present, name), ModuleType) for name in present.__all__)
    with pytest.raises(AttributeError, match="has no columnz; it has charts"):
        present.columnz  # noqa: B018


def test_a_docstring_that_leaves_something_out_is_noticed() -> None:
    def silent(one: int, two: int) -> None:
        """Do it.

        Parameters
        ----------
        one
            The first.
        """

    def vague(one: int) -> None:
        """Do it."""

    assert lacking(silent) == ["a word on two"]
    assert lacking(vague) == ["a section on its parameters one", "a word on one"]
    assert lacking(lambda: None) == ["a first line, a sentence"]
