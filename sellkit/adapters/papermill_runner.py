"""Executes notebooks with papermill, and keeps each of them, however it ended."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import nbformat
import papermill
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillException
from traitlets import default

from sellkit.adapters import durable_file
from sellkit.adapters.executed_cells import first_failure, first_line, started_last
from sellkit.errors import ConfigError, RunFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

CELL_TIMEOUT_SECONDS: Final = 3600
_BIG: Final = 2_000_000
_ENGINE: Final = "sellkit"
_KERNEL: Final = "python3"
_READ_ONLY: Final = 0o444
"""Of what was kept: JupyterLab saves by itself, and then its hash is not the journal's."""
# What papermill and nbformat raise on a file that is no JSON, or JSON of another shape.
_UNREADABLE: Final = (OSError, ValueError, KeyError, TypeError, AttributeError)
_REMEDY: Final = "allow writing there, or choose another --data-dir"


class PapermillRunner:
    """The `NotebookRunner` by papermill, in a kernel of the Python that runs sellkit.

    Parameters
    ----------
    folder
        The kernel's working directory.
    cell_timeout_seconds
        How long one cell may take before the run has failed.
    echo
        Where what the cells print appears while they run, so that a person sees the progress of a
        long download; None shows nothing.
    """

    def __init__(
        self,
        folder: Path,
        *,
        cell_timeout_seconds: int = CELL_TIMEOUT_SECONDS,
        echo: TextIO | None = None,
    ) -> None:
        self._folder = folder
        self._echo = echo
        self._cell_timeout_seconds = cell_timeout_seconds

    def run(self, notebook: Path, output: Path, parameters: Mapping[str, object]) -> Path:
        """Execute and keep the notebook, also one that failed.

        It is written aside and gets its name when it is complete: what bears the name is whole, and
        may not be written any more, but for Windows.

        Raises
        ------
        ConfigError
            The notebook cannot be read or has no such parameter, or the output cannot be written;
            nothing was started.
        RunFailed
            A cell raised, the kernel died or the run was interrupted; the message names the cell,
            its error and the kept notebook.
        """
        _check_parameters(notebook, parameters)
        with durable_file.writing(output.parent, _REMEDY):
            durable_file.make_folder(output.parent)
            temporary = durable_file.aside(output, ".ipynb")
            temporary.touch(exist_ok=False)
        cause = None
        try:
            cause = self._execute(notebook, temporary, output, parameters)
        finally:
            is_kept = _keep(temporary, output)
        if not is_kept:
            raise RunFailed(f"{notebook} could not be executed: {_line(cause)}") from cause
        failure = first_failure(nbformat.read(output, as_version=4))  # type: ignore[no-untyped-call]
        if cause is not None or failure is not None:
            # papermill's error names the class of the cell's own error: it decides the exit code
            name = getattr(cause, "ename", "")
            message = f"{failure or _line(cause)}; the notebook is kept: {output}"
            raise RunFailed(message, error_name=name) from cause
        return output

    def _execute(
        self, notebook: Path, temporary: Path, output: Path, parameters: Mapping[str, object]
    ) -> BaseException | None:
        """Run it to its end; what ended it too early, if anything."""
        try:
            papermill.execute_notebook(
                _literal(notebook),
                _literal(temporary),
                dict(parameters),
                engine_name=_ENGINE,
                kernel_name=_KERNEL,
                language="python",
                progress_bar=False,
                # A save after each cell makes big outputs slow; the engine below saves before each,
                # as long as they are small, and at the end, whatever that end is.
                request_save_on_cell_execute=False,
                stdout_file=self._echo,
                execution_timeout=self._cell_timeout_seconds,
                # papermill's own `cwd` moves this whole process, other threads included.
                resources={"metadata": {"path": str(self._folder)}},
                kept=str(temporary),
                shown_as=str(output),
            )
        except (PapermillException, RuntimeError, OSError, KeyboardInterrupt) as error:
            # RuntimeError is a kernel that died or never came up, OSError a time-out among others.
            return error
        return None


class _KeepingEngine(NBClientEngine):  # type: ignore[misc]
    """papermill's engine, saving at the end and putting into the cell what ended it."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,  # noqa: ANN401  (papermill has no types)
        kernel_name: str,
        *,
        kept: str,
        shown_as: str,
        **settings: object,
    ) -> None:
        nb_man.nb.metadata.papermill["output_path"] = shown_as
        try:
            super().execute_managed_notebook(
                _Saved(nb_man, Path(kept)),
                kernel_name,
                kernel_manager_class=_ThisPythonManager,
                **settings,
            )
        except BaseException as error:
            _put_in_place(nb_man.nb, error)
            raise
        finally:
            nb_man.output_path = kept  # papermill's last save follows, and goes there


class _Saved:
    """papermill's record of an execution, on the disk as it stands when each cell begins.

    Of a process that is killed the notebook is kept as it was then; one that has grown big is not
    written again and again.
    """

    def __init__(self, record: Any, path: Path) -> None:  # noqa: ANN401  (as above)
        self._record = record
        self._path = path

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._record, name)

    def cell_start(self, *args: object, **named: object) -> None:
        self._record.cell_start(*args, **named)
        if self._path.stat().st_size < _BIG:
            text = nbformat.writes(self._record.nb)  # type: ignore[no-untyped-call]
            durable_file.replace(self._path, text.encode())


class _ThisPython(KernelSpecManager):
    """One kernel specification, made here: the interpreter that runs sellkit.

    The name python3 is looked up in the user's home and in JUPYTER_PATH, too, where it may stand
    for any Python; and the file that ipykernel installs in the environment says no more than
    `python`. `get_kernel_dict` is what ipykernel would write, beginning with `sys.executable`.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        # Its log goes to the terminal of whoever started the run; what matters is in the notebook.
        return KernelSpec(**get_kernel_dict(extra_arguments=["--log-level=CRITICAL"]))


class _ThisPythonManager(AsyncKernelManager):
    @default("kernel_spec_manager")
    def _make_kernel_spec_manager(self) -> KernelSpecManager:
        return _ThisPython()


papermill_engines.register(_ENGINE, _KeepingEngine)


def _check_parameters(notebook: Path, parameters: Mapping[str, object]) -> None:
    try:
        known = papermill.inspect_notebook(_literal(notebook))
    except (*_UNREADABLE, PapermillException, nbformat.ValidationError) as error:
        raise ConfigError(f"{notebook} cannot be read as a notebook: {_line(error)}") from error
    unknown = ", ".join(sorted(set(parameters) - set(known)))
    if unknown:
        choices = ", ".join(known) or "none"
        raise ConfigError(f"{notebook} has no parameter {unknown}; it has {choices}")


def _keep(temporary: Path, output: Path) -> bool:
    """Give what was executed its name; whether there was anything to keep."""
    with durable_file.writing(output.parent, _REMEDY):
        if temporary.stat().st_size == 0:
            temporary.unlink()
            return False
        durable_file.settle(temporary, output)
        if os.name != "nt":  # where a file that may not be written cannot be archived either
            output.chmod(_READ_ONLY)
    return True


def _put_in_place(notebook: Any, error: BaseException) -> None:  # noqa: ANN401  (as above)
    """Show an error that no cell shows in the cell that had been started last."""
    for cell in started_last(notebook):
        shown: dict[str, object] = {
            "output_type": "error",
            "ename": type(error).__name__,
            "evalue": str(error),
        }
        if all(each.output_type != "error" for each in cell.outputs):
            shown["traceback"] = [_line(error)]
            cell.outputs.append(nbformat.from_dict(shown))  # type: ignore[no-untyped-call]


def _literal(path: Path) -> str:
    """A path as papermill takes it: braces would stand for parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _line(error: BaseException | None) -> str:
    return first_line(type(error).__name__, str(error))
