"""Opens an executed notebook for who looks at it; what was kept is never the file that opens."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sellkit.core.past_runs import PastRun
    from sellkit.wiring.past_runs import PastRuns


def open_notebook(past: PastRuns, run: PastRun) -> int:
    """Print where it lies, and open a copy in JupyterLab where a person sits at a terminal.

    JupyterLab saves by itself, and a notebook that was saved anew is not the one that was kept: so
    a copy is opened. One that lies in an archive is copied out of it for a pipe, too.
    """
    content = past.notebook(run)
    kept = run.notebook
    name = PurePosixPath(run.facts.path or "").name
    if kept is None or kept.archive is None:
        print(past.settings.data_dir / str(run.facts.path))
    else:
        print(f"it lies in {past.settings.data_dir / kept.archive}", file=sys.stderr)
    is_watched = sys.stdin.isatty() and sys.stdout.isatty()
    with_lab = is_watched and find_spec("jupyterlab") is not None
    if kept is not None and kept.archive is None and not with_lab:
        return 0
    copy = Path(tempfile.mkdtemp(prefix="sellkit-")) / name
    copy.write_bytes(content)
    if not with_lab:
        print(copy)
        return 0
    return _lab(copy)


def _lab(copy: Path) -> int:
    """JupyterLab on a copy, until it is ended; without a screen it says where to look."""
    from sellkit.config.screen import has_screen

    print(f"JupyterLab opens a copy, {copy}; Ctrl-C ends it", flush=True)
    words = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={copy.parent}"]
    words += [f"--LabApp.default_url=/lab/tree/{copy.name}"]
    words += [] if has_screen() else ["--no-browser"]
    return subprocess.run(words, check=False).returncode  # noqa: S603  (its own interpreter)
