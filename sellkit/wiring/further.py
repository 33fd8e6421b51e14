"""The schedule's further notebooks: when they are due, and one run of one."""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sellkit.errors import ConfigError
from sellkit.wiring.moment import checked_run_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sellkit.config import Overrides, Settings
    from sellkit.core.schedule import Following


def cron_entries(settings: Settings) -> Mapping[str, Following]:
    """By entry what tells its next moment; each of their notebooks is there.

    Raises
    ------
    ConfigError
        An expression, a zone or a notebook is none, or the extra `cron` is not installed.
    """
    entries = settings.file.schedule.entries
    if not entries:
        return {}
    try:
        from sellkit.adapters.cron import cron
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"[schedule.entries] needs {error.name}: pip install 'sellkit[cron]'"
        ) from None
    for name in entries:
        _notebook(settings, name)
    return {name: cron(name, each.cron, each.zone) for name, each in entries.items()}


def run_further(chosen: Overrides, name: str, run_id: str = "") -> Path:
    """Execute the notebook of an entry in a kernel of its own and keep it; where it is kept.

    Parameters
    ----------
    chosen
        What flags say; handed to the kernel through `SELLKIT_*` variables.
    name
        The entry's.
    run_id
        Identity of the run; empty for a new one.

    Raises
    ------
    ConfigError
        There is no such entry, or its notebook has not its parameters; nothing was started.
    RunFailed
        The notebook did not reach its end; it is kept.
    """
    from sellkit.adapters.clock import SystemClock
    from sellkit.adapters.kept_notebooks import FURTHER
    from sellkit.config import load
    from sellkit.wiring.log import open_log
    from sellkit.wiring.parts import open_runner

    settings = load(chosen)
    notebook, run_id = _notebook(settings, name), checked_run_id(run_id)
    open_log(settings, run_id)
    settings.as_overrides(chosen).export()
    now = SystemClock().now()
    folder = settings.data_dir / FURTHER / f"{now:%Y-%m-%d}"
    output = folder / f"{now:%H%M%SZ}_{name}_{run_id}.ipynb"
    runner = open_runner(settings)
    with _noted(settings, run_id, output):
        return runner.run(notebook, output, settings.file.schedule.entries[name].parameters)


@contextmanager
def _noted(settings: Settings, run_id: str, output: Path) -> Iterator[None]:
    """Around a notebook: the hash of what is kept of it is journalled, however it ends."""
    from sellkit.wiring.evidence import note_notebook
    from sellkit.wiring.parts import open_journal

    with closing(open_journal(settings)) as journal:
        is_first = journal.evidence.is_first()
        try:
            yield
        finally:
            if output.exists():
                note_notebook(journal, settings.data_dir, run_id, output, is_first=is_first)


def _notebook(settings: Settings, name: str) -> Path:
    entries = settings.file.schedule.entries
    if name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise ConfigError(f"[schedule.entries] has no {name!r}; it has {known}")
    path = settings.notebooks_dir / Path(entries[name].notebook).expanduser()
    if not path.is_file():
        raise ConfigError(f"schedule entry {name!r}: there is no notebook {path}")
    return path
