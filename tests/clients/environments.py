"""Environments of their own for clients whose packages clash with the project's, or are not in it.

Each lies in `.venv-clients` and is made when it is first needed, from a file of pinned and hashed
requirements; it is made anew when that file or the interpreter changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

from sellkit.adapters.durable_file import LOCK_SECONDS, locked
from sellkit.errors import ConfigError

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
FOLDER = ROOT / ".venv-clients"
REQUIRED = "SELLKIT_TEST_CLIENTS"
"""The variable that, set to `required`, makes a failure of what would else be a skip."""

_SECONDS = 600
_ENVIRONMENT = {"UV_HTTP_TIMEOUT": "30", "PIP_RETRIES": "1", "PIP_DEFAULT_TIMEOUT": "30"}


class Unavailable(Exception):
    """An environment could not be made: the reason, in one line."""


def is_required() -> bool:
    """Whether every client has to be there."""
    return os.environ.get(REQUIRED) == "required"


def python_of(name: str) -> Path:
    """The interpreter of an environment, which is made where there is none yet.

    Parameters
    ----------
    name
        That of the requirements' file, `ibapi` for instance; `ib_insync` is in the project's own
        environment.

    Raises
    ------
    Unavailable
        It cannot be made: there is no package index, or it does not answer.
    """
    if name == "ib_insync":
        return Path(sys.executable)
    folder, requirements = FOLDER / name, HERE / "requirements" / f"{name}.txt"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / ".made"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    FOLDER.mkdir(exist_ok=True)
    with ExitStack() as held:
        _hold(held, FOLDER / f"{name}.lock")  # several processes may run tests at once
        if not (stamp.is_file() and stamp.read_text() == wanted):
            _make(folder, python, requirements)
            stamp.write_text(wanted)
    return python


def _hold(held: ExitStack, path: Path) -> None:
    for _ in range(int(_SECONDS / LOCK_SECONDS)):
        with suppress(ConfigError):
            held.enter_context(locked(path))
            return
    raise Unavailable(f"another process has been making it for {_SECONDS} s")


def _make(folder: Path, python: Path, requirements: Path) -> None:
    uv = shutil.which("uv", path=os.pathsep.join((_own_folder(), os.environ.get("PATH", ""))))
    shutil.rmtree(folder, ignore_errors=True)
    hashed = ("--require-hashes", "-r", requirements)
    if uv is not None:
        _run(uv, "venv", "--quiet", "--python", sys.executable, folder)
        _run(uv, "pip", "install", "--quiet", "--python", python, *hashed)
    else:
        _run(sys.executable, "-m", "venv", folder)
        _run(python, "-m", "pip", "install", "--quiet", *hashed)


def _own_folder() -> str:
    return str(Path(sys.executable).parent)


def _run(*command: str | Path) -> None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env=os.environ | _ENVIRONMENT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error)) from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(" ".join(line.strip() for line in lines[-3:]) or "the installer failed")


def make(*names: str) -> dict[str, str]:
    """Make environments; what became of those that could not be made, by name."""
    failures = {}
    for name in names:
        try:
            python_of(name)
        except Unavailable as failure:
            failures[name] = str(failure)
    return failures
