"""Modules, functions and nesting stay within their budgets."""

from __future__ import annotations

from tests.architecture.shape import offences
from tests.architecture.source import listing, python_sources


def test_modules_and_functions_are_within_their_budgets() -> None:
    found = [each for path, text in python_sources() for each in offences(text, path)]
    assert not found, listing(found)


def test_a_module_of_301_lines_is_too_long() -> None:
    assert not offences("x = 1\n" * 300, "x.py")
    assert offences("x = 1\n" * 301, "x.py")


def test_a_function_of_41_lines_is_too_long() -> None:
    assert not offences("def f():\n" + "    x = 1\n" * 39, "x.py")
    assert offences("def f():\n" + "    x = 1\n" * 40, "x.py")


def test_a_docstring_does_not_count_as_length() -> None:
    docstring = '    """One.\n' + "    more\n" * 30 + '    """\n'
    assert not offences("def f():\n" + docstring + "    x = 1\n" * 39, "x.py")
    assert offences("def f():\n" + docstring + "    x = 1\n" * 40, "x.py")


def test_four_blocks_in_each_other_are_too_deep() -> None:
    head = "def f():\n  for a in b:\n    if a:\n      with a:\n"
    assert not offences(head + "        pass", "x.py")
    assert offences(head + "        while a:\n          pass", "x.py")


def test_an_elif_is_not_deeper_than_its_if() -> None:
    chain = "def f():\n  if a:\n    pass\n" + "  elif b:\n    pass\n" * 5
    assert not offences(chain, "x.py")
