"""A profile's folder with runs that are over: journalled, each with an executed notebook."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from sellkit.adapters.kept_notebooks import digest
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.signals import Decision
from sellkit.core.snapshot import SnapshotRow
from tests import build
from tests.adapters.journal_writers import RUN

MINUTE = dt.timedelta(minutes=1)
HELD = {"NASDAQ:AAPL": 265598, "NASDAQ:MSFT": 272093}


def cell(source: str = "1 + 1", count: int | None = 1, *outputs: object) -> dict[str, object]:
    """A code cell that ran."""
    return {
        "cell_type": "code",
        "execution_count": count,
        "id": f"c{count}",
        "metadata": {},
        "outputs": list(outputs),
        "source": source,
    }


def error(name: str = "NotConnected", text: str = "the gateway went away") -> dict[str, object]:
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": [text]}


def page(markup: str) -> dict[str, object]:
    data = {"text/html": markup, "text/plain": "a table"}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def notebook(*cells: object) -> bytes:
    """An executed notebook; one that ran without these."""
    content = {
        "cells": list(cells or (cell(),)),
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content).encode()


def rows(at: dt.datetime, *words: str) -> list[SnapshotRow]:
    """A row for each of the words `EXIT`, `HOLD` and so on: Apple's, then Microsoft's."""
    found = []
    for (token, con_id), word in zip(HELD.items(), words, strict=False):
        position = build.position(token, con_id=con_id)
        signal = replace(
            build.signal(position), decision=Decision(word), reasons=(f"because of {word}",)
        )
        found.append(replace(build.row(signal=signal), as_of=at))
    return found


class Profile:
    """The folder, to which runs are added.

    Parameters
    ----------
    folder
        Where the journal and the notebooks are to lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def add(
        self,
        at: dt.datetime,
        words: Sequence[str] = ("HOLD",),
        *,
        outcome: str | None = "decided",
        content: bytes | None = None,
        mode: str = "DRY RUN",
        run_id: str | None = None,
        began: dt.datetime | None = None,
        is_kept: bool = True,
    ) -> str:
        """One more run, which judged its positions at a moment; its notebook's path."""
        self.count += 1
        name = run_id or f"{self.count:08x}"
        begun = began or at
        header = replace(RUN, run_id=name, started_at=begun, as_of=at, mode=mode)
        with closing(SqliteJournal(self.folder / "journal.sqlite")) as journal:
            journal.begin(header)
            if words:
                seen = build.snapshot((), taken_at=at)
                journal.record_decision(name, seen, build.standing(), rows(at, *words))
            if outcome is not None:
                journal.finish(name, begun + dt.timedelta(seconds=12), outcome)
            path = f"runs/{begun:%Y-%m-%d}/{begun:%H%M%SZ}_{name}.ipynb"
            if is_kept:
                self.write(path, content or notebook())
                sha256 = digest(content or notebook())
                journal.evidence.record_notebook(name, path, sha256, begun + MINUTE)
        return path

    def write(self, path: str, content: bytes) -> None:
        """Put a notebook down, or another in its place."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(content)
