"""The executed notebooks of a profile's runs, by run: complete ones, and what a killed one left."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file
from sellkit.adapters.executed_cells import started_last, told_by
from sellkit.adapters.kept_notebooks import FURTHER, RUNS

if TYPE_CHECKING:
    from pathlib import Path

_READ_ONLY: Final = 0o444
_REMEDY: Final = "allow sellkit to write there"


class ProfileRuns:
    """The `RunFolder` of a profile.

    Parameters
    ----------
    folder
        The profile's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has_trace(self, run_id: str) -> bool:
        """Whether a run has begun to write its notebook; on Windows, where nobody knows, it has."""
        return sys.platform == "win32" or self.is_complete(run_id) or bool(self._asides(run_id))

    def is_complete(self, run_id: str) -> bool:
        """Whether the notebook of a run was written to its end, whatever that was."""
        return self._find(run_id) is not None

    def keep(self, run_id: str, why: str) -> str | None:
        """Give what a killed run left of its notebook its name, with why it ended in place."""
        path = self._find(run_id)
        for left in () if path else self._asides(run_id):
            path = _completed(left, why) or path
            left.unlink(missing_ok=True)
        return None if path is None else path.relative_to(self._folder).as_posix()

    def failure(self, run_id: str) -> str | None:
        """The first cell of a complete notebook that failed; None when none did."""
        path = self._find(run_id)
        return None if path is None else told_by(path.read_bytes())[1]

    def _find(self, run_id: str) -> Path | None:
        return next(iter(self._named(f"[!.]*_{run_id}.ipynb")), None)

    def _asides(self, run_id: str) -> list[Path]:
        """What is being written, or was when its writer was killed."""
        return self._named(f".*_{run_id}.ipynb.*.ipynb")

    def _named(self, pattern: str) -> list[Path]:
        return [
            each for name in (RUNS, FURTHER) for each in self._folder.glob(f"{name}/*/{pattern}")
        ]


def _completed(left: Path, why: str) -> Path | None:
    """The notebook that was being written, under its name; None where nothing was written yet."""
    content = left.read_bytes()
    if not content:
        return None
    path = left.with_name(left.name[1:].split(".ipynb.")[0] + ".ipynb")
    with durable_file.writing(path.parent, _REMEDY):
        durable_file.replace(path, _with_failure(content, why))
        if os.name != "nt":  # as the runner leaves one that came to its end
            path.chmod(_READ_ONLY)
    return path


def _with_failure(content: bytes, why: str) -> bytes:
    """A notebook with an error in the cell that was begun last; what cannot be read stays as is."""
    try:
        notebook = json.loads(content)
        for cell in started_last(notebook):
            if all(each["output_type"] != "error" for each in cell["outputs"]):
                error = {"ename": "RunFailed", "evalue": why, "traceback": [f"RunFailed: {why}"]}
                cell["outputs"].append({"output_type": "error", **error})
        return json.dumps(notebook, indent=1, ensure_ascii=False).encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        return content
