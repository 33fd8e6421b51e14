"""The gateways that the settings know: chosen for notebooks, tested, a simulated one started."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from sellkit.core.counting import counted
from sellkit.errors import ConfigError, NotConnected, SellkitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sellkit.config import Overrides, Settings
    from sellkit.present.panels.connecting import Examined, Found, GatewayChoice
    from sellkit.wiring.desk import WiredDesk

_FILE: Final = "notebook_profile"
_ASIDE: Final = 70
"""How far a test's client id lies from the viewer's, which a notebook may be using."""

_KINDS: Final = ("simulated", "paper", "live", "")
_NAMED: Final = 6

_running: dict[str, ExitStack] = {}
"""The simulated gateways of this process, by address."""


def chosen_profile() -> str:
    """The profile that was chosen for the notebooks; empty when none was, or a variable says it.

    Raises
    ------
    ConfigError
        The settings cannot be used.
    """
    from sellkit.config import Overrides, load

    if Overrides.from_environment().profile:
        return ""
    settings = load()
    path = _path(settings)
    name = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    return name if name in settings.file.profiles else ""


def profile_for(profile: str, overrides: Overrides | None) -> str:
    """The profile of who looks from a notebook: the named one, else the one chosen there.

    Parameters
    ----------
    profile
        The name that was given; empty for none.
    overrides
        What flags say; where a command gave some, nothing that was chosen for notebooks counts.
    """
    return profile if profile or overrides is not None else chosen_profile()


class Gateways:
    """The profiles of the settings, as a person chooses among them."""

    def choices(self) -> tuple[GatewayChoice, ...]:
        """The profiles: simulated ones first, then paper, then live."""
        from sellkit.config import load
        from sellkit.present.panels.connecting import GatewayChoice

        found = [
            GatewayChoice(name, f"{each.host}:{each.port}", str(each.gateway or ""))
            for name, each in load().file.profiles.items()
        ]
        return tuple(sorted(found, key=lambda each: (_KINDS.index(each.kind), each.profile)))

    def chosen(self) -> str:
        """The profile that notebooks use which name none."""
        from sellkit.config import load

        return chosen_profile() or load().profile

    def choose(self, profile: str) -> None:
        """Let notebooks use it from now on.

        Raises
        ------
        ConfigError
            A variable of the environment says another, the settings have no such profile, or it
            cannot be written down.
        """
        from sellkit.adapters import durable_file
        from sellkit.config import Overrides, load

        said = Overrides.from_environment().profile
        if said and said != profile:
            raise ConfigError(
                f"SELLKIT_PROFILE={said} in the environment says which profile holds; unset it to "
                "choose here"
            )
        path = _path(load(Overrides(profile=profile)))
        with durable_file.writing(path.parent, "allow writing there; nothing was chosen"):
            durable_file.make_folder(path.parent)
            durable_file.replace(path, f"{profile}\n".encode())

    def test(self, profile: str) -> Examined:
        """Connect, look and leave; a failure is among what was found."""
        from sellkit.config import Overrides, load
        from sellkit.present.panels.connecting import Examined, Found
        from sellkit.wiring import open_desk

        settings = load(Overrides(profile=profile))
        client_id = settings.connection.viewer_client_id + _ASIDE
        try:
            with open_desk(profile=profile, overrides=Overrides(client_id=client_id)) as desk:
                found = tuple(_looked(desk, settings))
                return Examined(found, desk.heading().conditions, str(desk.run.gateway))
        except NotConnected as error:
            return Examined((Found(str(error), is_good=False),), advice=_remedy(settings))
        except SellkitError as error:
            return Examined((Found(str(error), is_good=False),))

    def start(self, profile: str) -> str:
        """Start a simulated gateway where the profile expects one; gives how long it lives.

        Raises
        ------
        ConfigError
            The profile is for another kind, the host is not this machine, or the port is in use.
        """
        from sellkit.config import Overrides, load
        from sellkit.core.portfolio import GatewayKind
        from sellkit.simgateway.default_portfolio import default_scenario
        from sellkit.simgateway.server import serve

        connection = load(Overrides(profile=profile)).connection
        if connection.gateway is not GatewayKind.SIMULATED:
            raise ConfigError(f"the profile {profile} is not for a simulated gateway")
        address = f"{connection.host}:{connection.port}"
        if address not in _running:
            with ExitStack() as stack:
                stack.enter_context(
                    serve(default_scenario(), host=connection.host, port=connection.port)
                )
                atexit.register(end_started)
                _running[address] = stack.pop_all()
        return "until this notebook's kernel ends."


def gateways() -> Gateways:
    """The profiles of the settings, for `panels.connect`."""
    return Gateways()


def end_started() -> None:
    """End every simulated gateway that this process started, as its end does."""
    while _running:
        _running.popitem()[1].close()


def _path(settings: Settings) -> Path:
    return settings.data_dir.parent / _FILE


def _looked(desk: WiredDesk, settings: Settings) -> Iterator[Found]:
    """What can be told of a connection, in the order in which it matters."""
    from sellkit.present.panels.connecting import Found

    connection, snapshot, sheet = settings.connection, desk.snapshot(), desk.sheet()
    wanted = ", as the profile wants" if connection.gateway else ""
    yield Found(
        f"A {desk.run.gateway} gateway answers at {connection.host}:{connection.port}{wanted}."
    )
    standing = desk.parts.broker.standing
    ready = "It is ready." if standing.is_ready else f"It is not ready: {standing.reason}"
    yield Found(ready, is_good=standing.is_ready)
    held = counted(len(snapshot.positions), "position")
    resting = counted(len(snapshot.open_orders), "open order")
    yield Found(f"Account {desk.account}: {held}, {resting}.")
    lacking = [
        str(each.instrument.token)
        for each in snapshot.positions
        if each.instrument.is_decided
        and each.quantity > 0
        and each.instrument.token not in sheet.assignments
    ]
    yield _assigned(lacking)
    for problem in sheet.problems:
        yield Found(problem, is_good=False)
    stored = len(desk.parts.store.figures())
    yield Found(f"Bars stored: {stored} series." if stored else "No bars are stored yet.")


def _assigned(lacking: Sequence[str]) -> Found:
    from sellkit.present.panels.connecting import Found

    if not lacking:
        return Found("Every position that may be decided has its average.")
    more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
    return Found(f"Without an average: {', '.join(lacking[:_NAMED])}{more}.", is_good=False)


def _remedy(settings: Settings) -> str:
    from sellkit.core.portfolio import GatewayKind

    if settings.connection.gateway is GatewayKind.SIMULATED:
        port = settings.connection.port  # which need not be the command's own
        return (
            f"Start one with the button, or leave `sellkit gateway --port {port}` running in a "
            "terminal."
        )
    return (
        "Start IB Gateway or TWS, log in, and allow API clients on that port: Configure > API > "
        "Settings. The port stands in config/sellkit.toml."
    )
