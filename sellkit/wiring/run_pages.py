"""Writes past runs as pages to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from sellkit.adapters.notebook_pages import NotebookPages
    from sellkit.core.past_runs import PastRun
    from sellkit.ports import Progress
    from sellkit.wiring.past_runs import PastRuns

PAGES: Final = "pages"
"""Where they are written to below a profile's folder, unless told otherwise."""


def write_pages(past: PastRuns, folder: Path, progress: Progress) -> tuple[Path, int]:
    """Write an index of all runs, and a page for each notebook; those up to date stay.

    Parameters
    ----------
    past
        The runs.
    folder
        Where.
    progress
        Where it shows how far it is.

    Returns
    -------
    tuple
        The index, and how many pages of notebooks were written.

    Raises
    ------
    ConfigError
        nbconvert is not installed, or the folder cannot be written.
    """
    from sellkit.adapters import durable_file
    from sellkit.adapters.clock import SystemClock
    from sellkit.adapters.notebook_pages import NotebookPages
    from sellkit.present.runs.site import INDEX, index_page

    pages, runs = NotebookPages(), past.find()
    with durable_file.writing(folder, "name another one with --to"):
        durable_file.make_folder(folder)
        progress.start("pages of runs", len(runs))
        try:
            written = sum(_write(past, folder, each, pages, progress) for each in runs)
        finally:
            progress.stop()
        months = [past.hours(each, runs) for each in past.months()]
        made_at = f"{SystemClock().now():%Y-%m-%d %H:%M} UTC"
        durable_file.replace(
            folder / INDEX, index_page(past.profile, runs, months, made_at).encode()
        )
    return folder / INDEX, written


def _write(
    past: PastRuns, folder: Path, run: PastRun, pages: NotebookPages, progress: Progress
) -> bool:
    from sellkit.adapters.notebook_pages import stamped
    from sellkit.present.runs.site import page_of, run_page, stamp_of

    name, stamp = page_of(run), stamp_of(run)
    progress.advance(of=run.facts.run_id)
    if name is None or stamped(folder / name, stamp):
        return False
    is_notebook = run.notebook is not None and run.notebook.cells
    body = pages.body(past.notebook(run)) if is_notebook else ""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(run_page(run, body, stamp), encoding="utf-8")
    return True
