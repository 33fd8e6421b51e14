"""Arming and halt as small files in one folder, read anew whenever they are asked for."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file
from sellkit.core.arming import Arming, ArmingSeen, Halt
from sellkit.core.portfolio import GatewayKind
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sellkit.core.portfolio import Account

SECRET: Final = "SELLKIT_LIVE_SECRET"  # noqa: S105  (the variable's name)
SHORTEST_SECRET: Final = 16

_FOR: Final = b"sellkit arming 1\n"
_REMEDY: Final = "allow sellkit to write there, or set SELLKIT_STATE_DIR"


class SwitchFiles:
    """The `Switches` of a folder that all processes of one person on this machine share.

    Parameters
    ----------
    folder
        Made by the first write.
    secret
        What an arming record is bound to, by HMAC-SHA256 (RFC 2104): a record that another secret
        sealed, or that was changed, is none. None where this process was given none.
    """

    def __init__(self, folder: Path, secret: str | None) -> None:
        self._folder = folder
        self._secret = secret

    def arming(self, account: Account) -> ArmingSeen:
        """The record of an account, if it is bound to the secret of this process, or why not."""
        if self._secret is None:
            return ArmingSeen(None, f"{SECRET} is not set where this runs: live mode needs it")
        path = self.arming_path(account)
        try:
            told = json.loads(path.read_bytes())
            record, seal = told["arming"], str(told["seal"])
            arming = _arming_of(record)
        except FileNotFoundError:
            return ArmingSeen(None, f"live mode is not armed for {account}: `sellkit arm`")
        except (OSError, ValueError, KeyError, TypeError, InvalidOperation):
            return ArmingSeen(None, f"the arming of {account} cannot be read: `sellkit arm` anew")
        if not hmac.compare_digest(seal, _seal(record, self._secret)):
            return ArmingSeen(
                None,
                f"the arming of {account} was not made with this {SECRET}, or was changed since: "
                "`sellkit arm` anew",
            )
        return ArmingSeen(arming)

    def secret(self) -> str:
        """What a record can be bound to.

        Raises
        ------
        ConfigError
            It is missing or short.
        """
        if self._secret is None or len(self._secret) < SHORTEST_SECRET:
            raise ConfigError(
                f"{SECRET} is not set, or has fewer than {SHORTEST_SECRET} characters: set it to a "
                "text that nobody can guess, here and where live runs start"
            )
        return self._secret

    def arm(self, arming: Arming) -> None:
        """Write a record, in place of a former one of the account.

        Raises
        ------
        ConfigError
            The secret is missing or short, or the folder cannot be written.
        """
        record = _record_of(arming)
        told = {"arming": record, "seal": _seal(record, self.secret())}
        self._write(self._arming_path(arming.fingerprint), told)

    def disarm(self, account: Account | None) -> tuple[str, ...]:
        """Remove the record of an account, or every one; the aliases that stood in them."""
        pattern = "*" if account is None else account.fingerprint
        found = []
        with durable_file.writing(self._folder, _REMEDY):
            for path in sorted(self._folder.glob(f"arming-{pattern}.json")):
                found.append(_alias_in(path))
                path.unlink(missing_ok=True)
            if found:
                durable_file.sync_folder(self._folder)
        return tuple(found)

    def halt(self) -> Halt | None:
        """The halt that is in force; a file that cannot be read is one."""
        try:
            told = json.loads(self.halt_path.read_bytes())
            return Halt(dt.datetime.fromisoformat(told["at"]), str(told["by"]), str(told["reason"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            return Halt(None, "a file", f"{self.halt_path} is there and cannot be read ({error})")

    def set_halt(self, halt: Halt) -> None:
        """Halt every process; a halt that is in force stays as it is.

        Raises
        ------
        ConfigError
            It cannot be written: nothing is halted.
        """
        if self.halt() is None:
            at = None if halt.at is None else halt.at.astimezone(dt.UTC).isoformat()
            self._write(self.halt_path, {"at": at, "by": halt.by, "reason": halt.reason})

    def clear_halt(self) -> bool:
        """End the halt; whether there was one."""
        if self.halt() is None:
            return False
        with durable_file.writing(self._folder, _REMEDY):
            self.halt_path.unlink(missing_ok=True)
            durable_file.sync_folder(self._folder)
        return True

    def arming_path(self, account: Account) -> Path:
        """Where an account's record lies while it is armed."""
        return self._arming_path(account.fingerprint)

    @property
    def halt_path(self) -> Path:
        """Where the halt lies while there is one."""
        return self._folder / "halt.json"

    def _arming_path(self, fingerprint: str) -> Path:
        return self._folder / f"arming-{fingerprint}.json"

    def _write(self, path: Path, told: Mapping[str, object]) -> None:
        with durable_file.writing(self._folder, _REMEDY):
            durable_file.make_folder(self._folder)
            durable_file.replace(path, json.dumps(told, indent=1).encode())


def _record_of(arming: Arming) -> dict[str, str]:
    instants = {name: getattr(arming, name).isoformat() for name in ("armed_at", "until")}
    return {name: str(value) for name, value in asdict(arming).items()} | instants


def _arming_of(record: Mapping[str, str]) -> Arming:
    instants = {name: dt.datetime.fromisoformat(record[name]) for name in ("armed_at", "until")}
    if any(each.tzinfo is None for each in instants.values()):
        raise ValueError("a time without a zone")
    return Arming(
        arming_id=str(record["arming_id"]),
        profile=str(record["profile"]),
        account=str(record["account"]),
        fingerprint=str(record["fingerprint"]),
        gateway=GatewayKind(record["gateway"]),
        max_notional=Decimal(record["max_notional"]),
        **instants,
    )


def _seal(record: Mapping[str, object], secret: str) -> str:
    """Over every field, whatever their order."""
    message = _FOR + json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _alias_in(path: Path) -> str:
    try:
        return str(json.loads(path.read_bytes())["arming"]["account"])
    except (OSError, ValueError, KeyError, TypeError):
        return "one that cannot be read"
