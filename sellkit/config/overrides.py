"""What flags and `SELLKIT_*` variables say instead of the file."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from sellkit.config.secret import FOLDER, secrets_folder
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What flags or `SELLKIT_*` variables say instead of the file; None leaves the file's value."""

    config: str | None = None
    profile: str | None = None
    host: str | None = None
    port: int | None = None
    client_id: int | None = None
    account: str | None = None
    data_dir: str | None = None
    log_dir: str | None = None
    state_dir: str | None = None
    concurrency: int | None = None
    rth: bool | None = None
    returning: bool | None = None

    def over(self, other: Self) -> Overrides:
        """These values, and the other's where these are None."""
        return Overrides(
            **{
                each.name: getattr(other, each.name)
                if getattr(self, each.name) is None
                else getattr(self, each.name)
                for each in fields(self)
            }
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Overrides:
        """Read `SELLKIT_CONFIG`, `SELLKIT_PORT` and so on; a blank one counts as absent."""
        found: dict[str, Any] = {}
        for each in fields(cls):
            name = f"SELLKIT_{each.name.upper()}"
            text = environment.get(name, "").strip()
            if text:
                found[each.name] = _converted(name, each.name, text)
        return cls(**found)

    def variables(self) -> dict[str, str]:
        """The variables that say the same in any folder; that of the secrets is named in full."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        said = {f"SELLKIT_{n.upper()}": str(v) for n, v in told.items() if v is not None}
        if os.environ.get(FOLDER, "").strip():
            said[FOLDER] = str(secrets_folder().absolute())
        return said

    def export(self) -> None:
        """Set the variables, so that a kernel started from here finds the same values."""
        os.environ.update(self.variables())

    def environment(self) -> dict[str, str]:
        """Every variable of a process that is to find the same values, secrets as they are."""
        return {**os.environ, **self.variables()}


def _converted(variable: str, name: str, text: str) -> str | int | bool:
    if name in {"rth", "returning"}:
        if text.lower() not in {"true", "false"}:
            raise ConfigError(f"{variable}={text} is not true or false")
        return text.lower() == "true"
    if name in {"port", "client_id", "concurrency"}:
        if not text.isdecimal():
            raise ConfigError(f"{variable}={text} is not a whole number")
        return int(text)
    return text
