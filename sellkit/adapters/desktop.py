"""Shows a message on the desktop of this machine's Linux user, by libnotify's own program."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import Level
from sellkit.errors import NotTold

if TYPE_CHECKING:
    from sellkit.core.message import Message

_PROGRAM: Final = "notify-send"
_SECONDS: Final = 10.0
_URGENCIES: Final = {Level.INFO: "low", Level.WARNING: "normal", Level.CRITICAL: "critical"}


def show(message: Message) -> None:
    """Show a message.

    Raises
    ------
    NotTold
        The program is not installed, or there is no desktop that it reaches.
    """
    program = shutil.which(_PROGRAM)
    if program is None:
        raise NotTold(f"{_PROGRAM} is not installed: it is part of libnotify (libnotify-bin)")
    words = [program, "--app-name=sellkit", f"--urgency={_URGENCIES[message.level]}", "--"]
    try:
        done = subprocess.run(  # noqa: S603  (the system's own program)
            [*words, message.title, message.body],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotTold(f"{_PROGRAM} does not work: {type(error).__name__}") from error
    if done.returncode:
        said = done.stderr.strip().partition("\n")[0]
        raise NotTold(f"{_PROGRAM} reaches no desktop: {said or f'exit code {done.returncode}'}")
