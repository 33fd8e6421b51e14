"""Units of systemd for a person's own services: a schedule, started again, and its watchdog."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STOP_SECONDS: Final = 120
"""A run that was begun is asked to end, and its notebook written, before a stop is forced."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_UNIT: Final = """\
# Written by `sellkit schedule install`, which writes it anew.
[Unit]
Description=sellkit schedule of the profile {profile}
# However often it ends, it is started again.
StartLimitIntervalSec=0

[Service]
Type=exec
WorkingDirectory={folder}
ExecStart={words}
Environment=PYTHONUNBUFFERED=1
# Secrets stand in this file alone, as NAME=value lines, readable by you only (chmod 600).
EnvironmentFile=-%E/sellkit/environment
Restart=always
RestartSec=10
# Code 2 is a setting that cannot be used, or the end of the session calendar: a person mends it.
RestartPreventExitStatus=2
# Code 130 is a stop that was asked for, after which everything is in order.
SuccessExitStatus=130
# A run outlives a schedule that dies, and the next one takes it over; a stop ends both in order.
KillMode=process
TimeoutStopSec={stop_seconds}

[Install]
WantedBy=default.target
"""
_LOOK: Final = """\
# Written by `sellkit watchdog install`, which writes it anew.
[Unit]
Description=sellkit watchdog of the profile {profile}

[Service]
Type=oneshot
WorkingDirectory={folder}
ExecStart={words}
Environment=PYTHONUNBUFFERED=1
# Secrets stand in this file alone, as NAME=value lines, readable by you only (chmod 600).
EnvironmentFile=-%E/sellkit/environment
# Code 1 is a schedule that is late: it has been told, and the next look comes all the same.
SuccessExitStatus=1
# A channel that never answers is given up, and tried again by the next look.
TimeoutStartSec={look_seconds}
"""
_TIMER: Final = """\
# Written by `sellkit watchdog install`, which writes it anew.
[Unit]
Description=sellkit watchdog of the profile {profile}, every {minutes} minutes

[Timer]
OnCalendar=*:0/{minutes}
AccuracySec=10s

[Install]
WantedBy=timers.target
"""
_LOOK_SECONDS: Final = 240
_LOOK_MINUTES: Final = 5


@dataclass(frozen=True, slots=True)
class SystemdUnit:
    """The file of one.

    Attributes
    ----------
    path
        Where systemd looks for it.
    text
        What stands in it.
    """

    path: Path
    text: str

    @property
    def name(self) -> str:
        """As `systemctl --user` calls it."""
        return self.path.name


def schedule_unit(folder: Path, profile: str, root: Path, words: Sequence[str]) -> SystemdUnit:
    """The unit that runs a schedule.

    Parameters
    ----------
    folder
        Where units of a person lie.
    profile
        The schedule's, which the unit is named after.
    root
        The folder that it works in.
    words
        The command line, its program by its whole path.

    Raises
    ------
    ConfigError
        A path or a word has a line break in it, or another character that no unit can hold.
    """
    text = _UNIT.format(
        profile=_text(profile),
        folder=_folder(root),
        words=" ".join(map(_word, words)),
        stop_seconds=STOP_SECONDS,
    )
    return SystemdUnit(folder / f"sellkit-{_name(profile)}.service", text)


def watchdog_units(
    folder: Path, profile: str, root: Path, words: Sequence[str]
) -> tuple[SystemdUnit, SystemdUnit]:
    """The unit that looks once whether a schedule is late, and the timer that has it look.

    Parameters and errors are those of `schedule_unit`.
    """
    text = _LOOK.format(
        profile=_text(profile),
        folder=_folder(root),
        words=" ".join(map(_word, words)),
        look_seconds=_LOOK_SECONDS,
    )
    timer = _TIMER.format(profile=_text(profile), minutes=_LOOK_MINUTES)
    path = folder / f"sellkit-watchdog-{_name(profile)}"
    return (
        SystemdUnit(path.with_name(f"{path.name}.service"), text),
        SystemdUnit(path.with_name(f"{path.name}.timer"), timer),
    )


def _name(profile: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", profile)


def _folder(path: Path) -> str:
    """As it is, blanks included; but a backslash at the end would go on with the next line."""
    told = _text(str(path))
    return f"{told}/" if told.endswith("\\") else told


def _word(word: str) -> str:
    """As systemd.service(5) wants a word of a command line: % and $ doubled, quoted if need be."""
    told = _text(word).replace("$", "$$")
    if _PLAIN.fullmatch(told):
        return told
    escaped = told.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text(value: str) -> str:
    if not value.isprintable():
        raise ConfigError(f"a systemd unit cannot hold {value!r}: use a path without it")
    return value.replace("%", "%%")
