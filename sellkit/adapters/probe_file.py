"""The latest probe of a profile, in one small file that survives a crash at any moment."""

from __future__ import annotations

import datetime as dt
import json
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from sellkit.adapters import durable_file
from sellkit.core.portfolio import GatewayKind
from sellkit.core.probing import Finding, Outcome, ProbedGateway, ProbeRecord, Question

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

log = logging.getLogger(__name__)

_FORM: Final = 1
_REMEDY: Final = "allow sellkit to write there, or give --data-dir"
_INSTANTS: Final = ("began_at", "ended_at")


class ProbeFile:
    """Where the latest probe of a profile is kept.

    Parameters
    ----------
    path
        The file; it and its folder are made by the first probe.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> ProbeRecord | None:
        """The latest probe; None when there is none, or none that can be read: it counts for none.

        Nothing that a later form adds is guessed at.
        """
        try:
            return _record_of(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("probe_unreadable", extra={"path": str(self._path), "reason": str(error)})
            return None

    def write(self, record: ProbeRecord) -> None:
        """Keep a probe in place of the one before; on the disk when this returns.

        Raises
        ------
        ConfigError
            It cannot be written.
        """
        told = {"form": _FORM, "is_passed": record.is_passed} | asdict(record)
        text = json.dumps(told, indent=1, default=_plain)
        with durable_file.writing(self._path.parent, _REMEDY):
            durable_file.make_folder(self._path.parent)
            durable_file.replace(self._path, f"{text}\n".encode())


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the file")


def _record_of(told: Mapping[str, Any]) -> ProbeRecord:
    if told["form"] != _FORM:
        raise ValueError(f"its form is {told['form']}, not {_FORM}")
    gateway = told["gateway"]
    return ProbeRecord(
        gateway=ProbedGateway(
            address=str(gateway["address"]),
            kind=GatewayKind(gateway["kind"]),
            account=str(gateway["account"]),
            fingerprint=str(gateway["fingerprint"]),
            server_version=int(gateway["server_version"]),
        ),
        **{name: _instant(told[name]) for name in _INSTANTS},
        findings=tuple(_finding_of(each) for each in told["findings"]),
    )


def _finding_of(told: Mapping[str, Any]) -> Finding:
    return Finding(
        question=Question(told["question"]),
        outcome=Outcome(told["outcome"]),
        answer=str(told["answer"]),
        follows=str(told["follows"]),
        at=_instant(told["at"]),
        figures=dict(told["figures"]),
        is_measured=bool(told["is_measured"]),
    )


def _instant(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return found
