"""The subcommands, one module each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import argparse


class Command(Protocol):
    """What every module here offers."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own arguments; the common flags are there already."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it and return the exit code; a refusal raises a `SellkitError`."""
        ...
