"""Settings: defaults, the TOML file, `SELLKIT_*` variables, then flags; read once and checked.

Of two variables for one key the short one, `SELLKIT_PORT`, counts more than the long one.

The only place that knows pydantic and the environment. Relative paths in the file are taken from
the project's folder: the one that holds `config/`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sellkit.config.overrides import Overrides
from sellkit.config.schema import (
    MAX_CONCURRENCY,
    ProfileSettings,
    SettingsFile,
    default_profiles,
)
from sellkit.config.state_folder import state_folder
from sellkit.config.variables import laid_over, said_by_variables
from sellkit.core.limits import AtClose, Foreign
from sellkit.core.portfolio import GatewayKind
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from sellkit.config.variables import Said

__all__ = ["CHECKOUT", "Overrides", "Settings", "load"]

CHECKOUT = Path(__file__).resolve().parents[2]
DEFAULT_FILE = Path("config") / "sellkit.toml"


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """What holds for this process.

    Attributes
    ----------
    file
        The checked settings, overrides included.
    source
        Where they were read from; None when there is no file.
    profile
        The chosen profile's name.
    connection
        The chosen profile.
    data_dir, log_dir, assignments_path, notebooks_dir
        Absolute paths.
    state_dir
        Where the switches of live mode and the leases on accounts lie, for every data folder of a
        person on this machine; those of a simulated gateway's profile lie among its data.
    is_returning
        Whether nobody is looking, so that a connection is waited for and comes back after a loss.
    """

    file: SettingsFile
    source: Path | None
    profile: str
    connection: ProfileSettings
    root: Path
    data_dir: Path
    log_dir: Path
    assignments_path: Path
    notebooks_dir: Path
    state_dir: Path
    is_returning: bool = False

    def told(self) -> dict[str, str]:
        """What holds, in words by name; accounts by their aliases alone."""
        at, orders = self.connection, self.file.orders
        return {
            "profile": self.profile,
            "read from": str(self.source or "nothing: these are the defaults"),
            "gateway": f"{at.host}:{at.port}, {at.gateway or 'any kind'}, {at.clock} clock",
            "client ids": f"{at.client_id} for runs, {at.viewer_client_id} for what looks on",
            "account": at.account or "the only one",
            "named accounts": ", ".join(self.file.accounts) or "none",
            "assignments": str(self.assignments_path),
            "data": str(self.data_dir),
            "limits of an order": f"shares {orders.max_shares or 'unset'}, "
            f"notional {orders.max_notional or 'unset'}",
            "limits of a day": f"orders {orders.max_orders or 'unset'}, "
            f"notional {orders.max_daily_notional or 'unset'}",
        }

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self.told().items())

    def as_overrides(self, chosen: Overrides) -> Overrides:
        """What was chosen, with paths that hold in any working directory."""
        return replace(
            chosen,
            config=None if self.source is None else str(self.source),
            profile=self.profile,
            data_dir=str(self.data_dir.parent),
            log_dir=str(self.log_dir),
            state_dir=str(self.state_dir),
        )


def load(overrides: Overrides | None = None) -> Settings:
    """Read the settings.

    Raises
    ------
    ConfigError
        The file cannot be read, has an unknown key or a value of a wrong type, or a chosen name is
        not in it; the message names the file, the key and the value.
    """
    chosen = (overrides or Overrides()).over(Overrides.from_environment())
    source, root = _locate(chosen.config)
    table = _with_known_profiles({} if source is None else _read(source))
    said = said_by_variables(SettingsFile, table)
    file = _checked(laid_over(table, said), source, said)
    profile = chosen.profile or file.profile
    if profile not in file.profiles:
        known = ", ".join(sorted(file.profiles))
        raise ConfigError(
            f"profile {profile!r} is not in {source or 'the defaults'}; it has {known}"
        )
    file = _with_history(file, chosen)
    connection = _with_connection(file.profiles[profile], chosen)
    _refuse_binding(file, profile, connection)
    _refuse_extended_hours(file)
    data_dir = _under(Path.cwd(), chosen.data_dir) or root / file.paths.data
    data_dir = data_dir / profile
    return Settings(
        file=file,
        source=source,
        profile=profile,
        connection=connection,
        root=root,
        data_dir=data_dir,
        log_dir=_under(Path.cwd(), chosen.log_dir) or data_dir / "logs",
        assignments_path=root / (connection.assignments or file.assignments.path),
        notebooks_dir=_notebooks(root, file),
        state_dir=_under(Path.cwd(), chosen.state_dir) or _state(connection, data_dir),
        is_returning=bool(chosen.returning),
    )


def _locate(config: str | None) -> tuple[Path | None, Path]:
    if config is not None:
        path = Path(config).expanduser().resolve()
        return path, path.parent.parent if path.parent.name == "config" else path.parent
    for root in (Path.cwd(), CHECKOUT):
        if (root / DEFAULT_FILE).is_file():
            return root / DEFAULT_FILE, root
    return None, Path.cwd()


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"there is no settings file {path}; check --config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the settings file {path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the settings file {path} is not TOML: {error}") from error


def _checked(table: Mapping[str, Any], source: Path | None, said: tuple[Said, ...]) -> SettingsFile:
    try:
        return SettingsFile.model_validate(table)
    except ValidationError as error:
        problem = error.errors()[0]
        variables = {each.path: each.variable for each in said}
        variable = variables.get(tuple(str(part) for part in problem["loc"]))
        if variable is None:
            told = f"{source or 'the settings'}: {_in_words(problem)}"
        else:
            told = f"{variable}={problem['input']} is not usable: {_reason(problem)}"
        # Without its cause, which repeats what stands around the value: account numbers, too.
        raise ConfigError(told) from None


def _with_known_profiles(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table, with the three profiles that need not be written out, or only in part."""
    given = table.get("profiles", {})
    if not isinstance(given, dict):
        return dict(table)
    known = {name: each.model_dump() for name, each in default_profiles().items()}
    for name, values in given.items():
        known[name] = {**known.get(name, {}), **values} if isinstance(values, dict) else values
    return {**table, "profiles": known}


def _in_words(problem: ErrorDetails) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown key {place}; check its spelling"
    if not place:  # two keys that do not go together: the reason names them
        return _reason(problem)
    return f"{place} = {problem['input']!r} is not usable: {_reason(problem)}"


def _reason(problem: ErrorDetails) -> str:
    return problem["msg"].removeprefix("Value error, ")


def _with_history(file: SettingsFile, chosen: Overrides) -> SettingsFile:
    if chosen.concurrency is not None and not 1 <= chosen.concurrency <= MAX_CONCURRENCY:
        raise ConfigError(
            f"--concurrency {chosen.concurrency} is not between 1 and {MAX_CONCURRENCY}"
        )
    history, requests = file.history, file.requests
    if chosen.rth is not None:
        history = history.model_copy(update={"rth": chosen.rth})
    if chosen.concurrency is not None:
        requests = requests.model_copy(update={"concurrency": chosen.concurrency})
    return file.model_copy(update={"history": history, "requests": requests})


def _with_connection(profile: ProfileSettings, chosen: Overrides) -> ProfileSettings:
    if chosen.port is not None and not 1 <= chosen.port <= 65535:
        raise ConfigError(f"--port {chosen.port} is not between 1 and 65535")
    if chosen.client_id is not None and chosen.client_id < 0:
        raise ConfigError(f"--client-id {chosen.client_id} is below 0")
    update = {
        name: value
        for name in ("host", "port", "client_id", "account")
        if (value := getattr(chosen, name)) is not None
    }
    if "client_id" in update:
        update["viewer_client_id"] = update["client_id"]
    return profile.model_copy(update=update)


def _refuse_binding(file: SettingsFile, profile: str, connection: ProfileSettings) -> None:
    if file.orders.foreign is Foreign.BIND and connection.client_id != 0:
        raise ConfigError(
            f'orders.foreign = "bind" needs client_id = 0, and that of the profile {profile!r} is '
            f"{connection.client_id}: only client 0 can take over orders placed by hand"
        )


def _refuse_extended_hours(file: SettingsFile) -> None:
    if file.orders.at_close is AtClose.BEFORE_CLOSE and not file.history.rth:
        raise ConfigError(
            'orders.at_close = "before_close" needs history.rth = true: the last bar of extended '
            "hours ends when no order can be sent"
        )


def _under(base: Path, text: str | None) -> Path | None:
    return None if text is None else base / Path(text).expanduser()


def _state(connection: ProfileSettings, data_dir: Path) -> Path:
    if connection.gateway is GatewayKind.SIMULATED:
        return data_dir / "state"
    return state_folder()


def _notebooks(root: Path, file: SettingsFile) -> Path:
    own = root / file.paths.notebooks
    return own if own.is_dir() else CHECKOUT / "notebooks"
