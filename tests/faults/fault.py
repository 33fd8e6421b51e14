"""What a numbered fault is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the catalogue.

    Attributes
    ----------
    number
        Its number, which never changes.
    done
        What is done.
    expected
        What has to come of it.
    """

    number: int
    done: str
    expected: str
